/**
 * The landscape as one page that needs nothing else: surfaces to be turned by hand, contours, and numbers.
 *
 * @packageDocumentation
 */

import { readFileSync } from "node:fs";
import { htmlDocument } from "../report/document.ts";
import type { Figure } from "../report/figures.ts";
import { count, fixed, percent, short } from "../report/format.ts";
import { type Html, html, trusted } from "../report/html.ts";
import { dataName } from "../report/words.ts";
import type { LossScale } from "./scene.js";
import { type Group, groupsOf, panelOf, type Surface } from "./surfaces.ts";
import { onName } from "./words.ts";

export interface LandscapePage {
  readonly title: string;
  readonly command: string;
  readonly surfaces: readonly Surface[];
  readonly scales: Readonly<Record<"linear" | "log", LossScale>>;
  readonly first: "linear" | "log";
  /** From above, and along each direction. */
  readonly figures: readonly Figure[];
  readonly words: readonly string[];
  /** Names of the other files, relative to the page. */
  readonly files: readonly string[];
}

const ownStyle = `
body { max-width: 76rem; }
.panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(15.5rem, 1fr)); gap: 0.4rem 0.6rem; }
.panels figure { margin: 0; }
.panels h3 { text-align: center; margin: 0.6rem 0 0; }
canvas { display: block; width: 100%; aspect-ratio: 6 / 5; cursor: grab; touch-action: none; color: var(--ink); border-radius: 6px; }
canvas:active { cursor: grabbing; }
canvas:focus-visible { outline: 2px solid var(--link); }
fieldset { border: 0; padding: 0; margin: 0 0 0.4rem; font-size: 0.9rem; color: var(--quiet); }
fieldset legend { float: left; padding: 0; margin-right: 1rem; }
fieldset label { margin-right: 1rem; }
`;

const headings: Readonly<Record<Group["on"], string>> = {
  dequantized: "The loss around the weights that the networks compute with",
  latent: "The loss around the latent weights, quantized again at every point",
};

/** The text of a module, to stand inside a script element after those that it imports from. */
const moduleText = (name: string): string =>
  readFileSync(new URL(name, import.meta.url), "utf8")
    .replaceAll(/^import .*;\n/gm, "")
    .replaceAll("</script", "<\\/script");

/** Data for a script element: JSON in which no tag can begin. */
const json = (value: unknown): string => JSON.stringify(value).replaceAll("<", "\\u003c");

export function page(landscape: LandscapePage): string {
  const { title, command, surfaces, scales, first, words, files } = landscape;
  const groups = groupsOf(surfaces);
  const lines = surfaces[0]!.settings.grid.axes === 1;
  const turned = groups.map(({ id, surfaces }) => ({ id: `turn-${id}`, panels: surfaces.map(panelOf) }));
  return htmlDocument(
    title,
    html`<header>
<h1>${title}</h1>
<p class="lead">${whatIsShown(surfaces)}</p>
<p>The paper’s Figure 2 shows ResNet-18, without numbers, without the extent of its plane, and without saying which weights were displaced: only the order of the precisions can be compared.</p>
</header>
<main>
${lines ? "" : turnable(groups, first)}<h2 id="flat">${lines ? "The loss along a line" : "The same, flat"}</h2>
${landscape.figures.map(
  ({ heading, caption, inline }) => html`<figure>
<h3>${heading}</h3>
<div class="scroll" tabindex="0" role="region" aria-label="${heading}">${trusted(inline)}</div>
<figcaption>${caption}</figcaption>
</figure>
`,
)}<h2 id="words">What the numbers say</h2>
<ul class="plain">
${words.map(
  (sentence) => html`<li>${sentence}</li>
`,
)}</ul>
${table(surfaces)}
</main>
<footer>
<p>Made by <code>${command}</code>. The numbers and drawings are in ${files.map((name, k) => html`${k === 0 ? "" : ", "}<a href="${name}">${name}</a>`)}.</p>
</footer>
${
  lines
    ? ""
    : html`<script type="module">
${trusted(moduleText("./scene.js"))}
${trusted(moduleText("./viewer.js"))}
start(${trusted(json(turned))}, ${trusted(json(scales))}, ${trusted(json(first))});
</script>
`
}`,
    ownStyle,
  );
}

/** The surfaces, to be turned by hand. */
const turnable = (
  groups: readonly Group[],
  first: LandscapePage["first"],
): Html => html`<h2 id="figure-2">Figure 2: the surfaces</h2>
<p>Drag a surface, or use the arrow keys on it, to turn all of them; a double click turns them back. All heights and colours are on one scale.</p>
<fieldset>
<legend>Height</legend>
${(["linear", "log"] as const).map(
  (type) =>
    html`<label><input type="radio" name="height" value="${type}"${trusted(type === first ? ' checked="checked"' : "")}> ${type === "log" ? "logarithm of the loss" : "loss"}</label>
`,
)}</fieldset>
${groups.map(
  ({ id, on, surfaces }) => html`<figure id="turn-${id}">
<h3>${headings[on]}</h3>
<div class="panels">
${surfaces.map(
  ({ label, shape }) => html`<figure>
<h3>${label}</h3>
<canvas tabindex="0" role="img" aria-label="${`Surface of the loss around ${label}: ${fixed(shape.center, 3)} in the centre, at most ${Number.isFinite(shape.highest) ? fixed(shape.highest, 3) : "not finite"}.`}"></canvas>
</figure>
`,
)}</div>
</figure>
`,
)}`;

function whatIsShown(surfaces: readonly Surface[]): string {
  const { settings, run } = surfaces[0]!;
  const { grid, images, seed, normalization } = settings;
  const models = [...new Set(surfaces.map(({ run }) => run.config.model))].join(", ");
  const lengths = {
    filter: "each filter as long as that of the network",
    layer: "each layer as long as that of the network",
    none: "not normalized",
  };
  return `The training loss of ${models} on ${count(images, "image")} of ${dataName(run.config.data.name)}, ${
    grid.axes === 1
      ? `at ${grid.n} points of a line through the trained weights, along a random direction d₁`
      : `at ${grid.n} × ${grid.n} points of a plane through the trained weights, spanned by two random directions d₁ and d₂`
  } (seed ${seed}, ${lengths[normalization]}; biases, batch norm and steps stay where they are), ${grid.range} to either side. All networks have the same ${grid.axes === 1 ? "direction, up to that length" : "directions, up to those lengths"}.`;
}

const table = (
  surfaces: readonly Surface[],
): Html => html`<div class="scroll" tabindex="0" role="region" aria-label="Numbers of the surfaces"><table>
<caption>Numbers of the surfaces</caption>
<thead><tr><th class="row" scope="col">Network</th><th scope="col">displaced</th><th scope="col">in the centre</th><th scope="col">highest</th><th scope="col">mean</th><th scope="col">within 1 nat</th><th scope="col">within 0.1 of accuracy</th><th scope="col">curvature along d₁</th>${surfaces[0]!.settings.grid.axes === 1 ? "" : html`<th scope="col">along d₂</th>`}<th scope="col">clipped, centre</th><th scope="col">corners</th></tr></thead>
<tbody>
${surfaces.map(({ label, settings, shape, clipped }) => {
  const number = (x: number): string => (Number.isFinite(x) ? fixed(x, 3) : "∞");
  const { center, highest, mean, within1, accurate, curvature } = shape;
  return html`<tr><th class="row" scope="row">${label}</th><td>${onName[settings.on]}</td><td>${number(center)}</td><td>${number(highest)}</td><td>${number(mean)}</td><td>${percent(within1)}</td><td>${percent(accurate)}</td>${curvature.map((along) => html`<td>${short(along)}</td>`)}<td>${clipped === null ? "–" : percent(clipped.center)}</td><td>${clipped === null ? "–" : percent(clipped.corners)}</td></tr>
`;
})}</tbody>
</table></div>`;
