/**
 * The report as one page that needs nothing else.
 *
 * @packageDocumentation
 */

import { precisionOf } from "../precision.ts";
import type { RobustTable } from "../robustness/table.ts";
import type { Aggregate } from "./aggregate.ts";
import { type Claim, score } from "./claim.ts";
import { htmlDocument } from "./document.ts";
import type { Figure } from "./figures.ts";
import { count, duration, fixed, listed } from "./format.ts";
import { type Html, html, type Part } from "./html.ts";
import type { MeasuresReport } from "./measures.ts";
import { measuresHtml } from "./measures-html.ts";
import { circumstances, claimList, figureHtml } from "./parts.ts";
import type { Reference } from "./reference.ts";
import { robustnessHtml } from "./robustness-html.ts";
import { table1Html, table2Html } from "./tables.ts";
import {
  changeInTable1,
  howTheyWereTrained,
  normRemark,
  type Scale,
  scaleNote,
  whatDiffers,
  whatWasRun,
} from "./words.ts";

export interface Page {
  readonly title: string;
  readonly scale: Scale;
  readonly command: string;
  readonly all: Aggregate;
  readonly reference: Reference;
  readonly claims: readonly Claim[];
  readonly figures: readonly Figure[];
  /** What the measures say, where they were taken. */
  readonly measures?: MeasuresReport | undefined;
  /** On corrupted images, where they were tested on them. */
  readonly robustness?: readonly RobustTable[] | undefined;
  /** Names of the other files of the report, relative to the page. */
  readonly files: readonly string[];
}

export function page(report: Page): string {
  const { title, scale, all, claims, figures } = report;
  const { excluded, runs, missing, differing } = all;
  return htmlDocument(
    title,
    html`<header>
<h1>${title}</h1>
<p class="lead">${whatWasRun(all).join(" ")}</p>
<p>${howTheyWereTrained(all).join(" ")}</p>
<p class="scale">${scaleNote(scale)}</p>
</header>
<main>
${
  excluded.length === 0
    ? null
    : html`<p><strong>${excluded.length} of ${count(runs.length, "run")} ${excluded.length === 1 ? "is" : "are"} in no number below</strong>${missing.length === 0 ? "" : `, so that nothing is known of ${listed(missing)}`}: <a href="#not-counted">which, and why</a>.</p>`
}
${
  differing.length === 0
    ? null
    : html`<p><strong>These runs do not share one recipe:</strong> they differ in ${listed(differing)}. What looks like an effect of the precision may come from there. The recipe above is that of the first.</p>`
}
<h2 id="claims">What the numbers say to the paper’s claims</h2>
<p>Of ${count(claims.length, "claim")}, ${score(claims)}. Every difference is taken between runs of the same seed; its interval is Student’s t, at 95%, with no correction for asking several times.</p>
${claimList(claims)}
<h2 id="table-1">Table 1: accuracy, loss and gap</h2>
${table1(report)}
<p>What differs from the paper:</p>
<ul class="plain">${whatDiffers(all, report.reference).map((sentence) => html`<li>${sentence}</li>\n`)}</ul>
<h2 id="table-2">Table 2: norms of the weights</h2>
${table2(report)}
<p>${normRemark(all, report.reference).join(" ")}</p>
${report.measures === undefined ? null : measuresHtml(all, report.reference, report.measures)}
${report.robustness === undefined || report.robustness.length === 0 ? null : robustnessHtml(report.robustness)}
<h2 id="figures">Figures</h2>
${figures.length === 0 ? html`<p>There is no run to draw.</p>` : figures.map(figureHtml)}
${excluded.length === 0 ? null : notCounted(all)}
<h2 id="how">How this was made</h2>
${howMade(report)}
</main>
`,
  );
}

const spreadNote = ({ seeds }: Aggregate): string =>
  seeds.length === 1 ? "One seed, so no spread." : "Mean ± standard deviation over the seeds.";

function table1({ all, reference }: Page): Html {
  const changes = changeInTable1(all, reference);
  const [most, fewest] = [all.precisions[0]?.name, all.precisions.at(-1)?.name];
  const whose = `its ${reference.dataset} NiN${reference.sameData ? "" : " (other data)"}`;
  return table1Html(
    all,
    reference,
    html`${changes.length === 0 ? "" : `From ${most} to ${fewest}: ${changes.join(", ")}. `}${spreadNote(all)} Rows “paper”: what the paper prints for ${whose}, each the mean of 243 networks. Losses and gap in nats, without dropped or augmented images.`,
  );
}

const table2 = ({ all, reference }: Page): Html =>
  table2Html(
    all,
    reference,
    html`L2 norms of all convolution weights as one vector: w as trained, ŵ as quantized, and the way from the start w₀. ${spreadNote(all)} “FP32 ÷ this” divides ‖w‖ at FP32 by ‖w‖ at that precision${all.seeds.length > 1 ? ", seed by seed" : ""}; the paper prints one norm for each network of its ${reference.dataset} NiN${reference.sameData ? "" : " (other data)"}.`,
  );

const notCounted = ({ excluded }: Aggregate): Html => html`<h2 id="not-counted">Runs that are not counted</h2>
<div class="scroll" role="region" aria-label="Runs that are not counted" tabindex="0"><table>
<caption>${count(excluded.length, "run")} in no mean, no interval and no figure.</caption>
<thead><tr><th scope="col" class="row">Precision</th><th scope="col">Seed</th><th scope="col">Epochs done</th><th scope="col" class="source">Why</th></tr></thead>
<tbody>${excluded.map(({ run, why }) => html`<tr><th scope="row" class="row">${precisionOf(run.config)}</th><td>${run.config.seed}</td><td>${run.curve.length} of ${run.config.epochs}</td><td class="source">${why}</td></tr>\n`)}</tbody>
</table></div>
`;

function howMade({ command, all, files }: Page): Html {
  const { runs, recipe, seeds } = all;
  const facts: readonly (readonly [string, Part])[] = [
    ["Command", html`<pre><code>${command}</code></pre>`],
    ["Seeds", listed(seeds)],
    ...circumstances(runs),
    ["Files", files.map((file, i) => html`${i === 0 ? "" : ", "}<a href="${file}">${file}</a>`)],
  ];
  return html`<dl>${facts.map(([name, fact]) => html`<dt>${name}</dt><dd>${fact}</dd>\n`)}</dl>
<details class="block"><summary>Configuration, the same for all runs up to bits and seed</summary>
<pre><code>${JSON.stringify(recipe, null, 2)}</code></pre></details>
<details class="block"><summary>All ${count(runs.length, "run")}</summary>
<div class="scroll" role="region" aria-label="All runs" tabindex="0"><table>
<caption>All runs</caption>
<thead><tr><th scope="col" class="row">Precision</th><th scope="col">Seed</th><th scope="col">Epoch</th><th scope="col">Train loss</th><th scope="col">Test loss</th><th scope="col">Gap</th><th scope="col">Time</th><th scope="col" class="source">SHA-256 of the weights</th></tr></thead>
<tbody>${runs.map((run) => {
    const number = (x: number): string => (Number.isFinite(x) ? fixed(x, 4) : "–");
    return html`<tr><th scope="row" class="row">${precisionOf(run.config)}</th><td>${run.config.seed}</td><td>${run.selectedEpoch}</td><td>${number(run.train.loss)}</td><td>${number(run.test.loss)}</td><td>${number(run.gap)}</td><td>${duration(run.seconds)}</td><td class="source"><code>${run.weightsSha256.slice(0, 12)}</code></td></tr>\n`;
  })}</tbody>
</table></div></details>`;
}
