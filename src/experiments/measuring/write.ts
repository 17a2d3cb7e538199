import { join } from "node:path";
import { writeAtomic } from "../files.ts";
import { htmlDocument } from "../report/document.ts";
import { type Drawing, draw } from "../report/figures.ts";
import { short } from "../report/format.ts";
import { html, trusted } from "../report/html.ts";
import { rankingCsv } from "../report/measures-files.ts";
import { rankingTable, rankingWords } from "../report/measures-html.ts";
import type { Ranked } from "../report/ranking.ts";
import { searchesAlt, searchSteps } from "./figure.ts";
import { letters, radiusNames } from "./radii.ts";
import { displacementWords } from "./settings.ts";
import { type Labelled, notesOf, radiusText } from "./text.ts";

const title = "Generalization measures";

/** A drawing shows the searches of so many runs, the first ones. */
const drawn = 12;

/** The figure of the searches of some runs, all of them with the same settings. */
export function searchesDrawing(all: readonly Labelled[]): Drawing {
  const runs = all.slice(0, drawn);
  const { target, displacement } = runs[0]!.measured.settings;
  const { height, title: it } = displacementWords[displacement];
  return {
    id: "searches",
    heading: "The searches for the radii, step by step",
    caption: `${runs.length < all.length ? `The first ${runs.length} of ${all.length} networks. ` : ""}Each mark is a radius that was tried; above it, ${height} there. A search looks for the radius at which that reaches the dashed line; where it ends, the mark is filled. A bar says that ${it} lies somewhere along it: the images that were left could not change on which side of the line.`,
    alt: searchesAlt(runs),
    spec: searchSteps(runs, target),
  };
}

/**
 * Writes the numbers of some runs and the figure of their searches. The same numbers give the same bytes.
 *
 * @throws Complaint where the directory cannot be written
 */
export async function writeMeasures(
  runs: readonly Labelled[],
  ranked: readonly Ranked[],
  directory: string,
): Promise<{ readonly html: string; readonly json: string }> {
  const json = `${JSON.stringify({ title, runs, ranking: ranked }, null, 2)}\n`;
  const [figure] = await draw([searchesDrawing(runs)]);
  const page = htmlDocument(
    title,
    html`<h1>${title}</h1>
<p class="lead">What was found out about ${runs.map(({ label }) => label).join(", ")}, from ${runs[0]!.measured.images} training images.</p>
<figure id="searches"><h3>${figure!.heading}</h3>
<div class="scroll">${trusted(figure!.inline)}</div>
<figcaption>${figure!.caption} <a href="searches.svg">SVG</a></figcaption></figure>
<h2>Radii</h2>
<div class="scroll"><table><caption>Radii</caption>
<thead><tr><th scope="col" class="row">radius</th>${runs.map(({ label }) => html`<th scope="col">${label}</th>`)}</tr></thead>
<tbody>${radiusNames.map((name) => html`<tr><th scope="row" class="row">${letters[name]}</th>${runs.map(({ measured }) => html`<td>${radiusText(measured.radii[name])}</td>`)}</tr>\n`)}</tbody>
</table></div>
<h2>Measures</h2>
<p>Lower is flatter, or simpler. Most are √(x/m), as in Table 3; those of curvature are as they are.</p>
<div class="scroll"><table><caption>Measures</caption>
<thead><tr><th scope="col" class="row">measure</th><th scope="col" class="source">from</th>${runs.map(({ label }) => html`<th scope="col">${label}</th>`)}</tr></thead>
<tbody>${runs[0]!.measured.measures.map(
      ({ id, name, equation, source }) =>
        html`<tr><th scope="row" class="row">${name}</th><td class="source">${equation === null ? source : `eq. ${equation.split(".").at(-1)}`}</td>${runs.map(
          ({ measured }) => {
            const value = measured.measures.find((other) => other.id === id)?.value ?? null;
            return html`<td>${value === null ? "–" : short(value)}</td>`;
          },
        )}</tr>\n`,
    )}</tbody>
</table></div>
${ranked.length === 0 ? null : html`<h2>Which measure predicts the gap</h2>\n<p>${rankingWords(ranked)}</p>\n${rankingTable(ranked)}\n`}<ul class="plain">${notesOf(runs).map((note) => html`<li>${note}</li>\n`)}</ul>
`,
  );
  for (const [name, content] of [
    ["measures.json", json],
    ["ranking.csv", rankingCsv(ranked)],
    ["searches.svg", figure!.standalone],
    ["measures.html", page],
  ] as const)
    writeAtomic(join(directory, name), content);
  return { html: join(directory, "measures.html"), json };
}
