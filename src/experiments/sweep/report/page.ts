/**
 * A pool as one page that needs nothing else.
 *
 * @packageDocumentation
 */

import { settingOf } from "../../config.ts";
import { precisionName } from "../../precision.ts";
import type { Aggregate } from "../../report/aggregate.ts";
import { type Claim, score } from "../../report/claim.ts";
import { htmlDocument } from "../../report/document.ts";
import type { Figure } from "../../report/figures.ts";
import { count, listed } from "../../report/format.ts";
import { type Html, html } from "../../report/html.ts";
import type { MeasuresReport } from "../../report/measures.ts";
import { measuresHtml } from "../../report/measures-html.ts";
import { claimList, figureHtml } from "../../report/parts.ts";
import type { Reference } from "../../report/reference.ts";
import { table2Html } from "../../report/tables.ts";
import { dataName, normRemark, optimizerName } from "../../report/words.ts";
import type { Grid } from "../grid.ts";
import type { PoolRanking } from "../measured.ts";
import type { Pool } from "../pool.ts";
import type { Standing } from "../rows.ts";
import { chooser, highlight, highlightStyle } from "./highlight.ts";
import { howMade } from "./how.ts";
import { settingName, valuesOfAxes } from "./settings.ts";
import { decompositionTable, differencesTable, table1Html, withinTable } from "./tables.ts";

/** The runs that have ended, and what they say. */
export interface Ended {
  readonly all: Aggregate;
  readonly claims: readonly Claim[];
  /** Where they were measured. */
  readonly measures: MeasuresReport | null;
  readonly rankings: readonly PoolRanking[];
}

export interface PoolPage {
  readonly grid: Grid;
  readonly command: string;
  readonly standings: readonly Standing[];
  readonly pool: Pool;
  readonly reference: Reference;
  /** What has ended, and what it says; `null` before there is any. */
  readonly ended: Ended | null;
  readonly figures: readonly Figure[];
  /** Names of the other files of the report, relative to the page. */
  readonly files: readonly string[];
}

export const titleOf = ({ data }: Grid): string => `Table 1 over a pool of settings: ${dataName(data.name)}`;

export function poolPage(report: PoolPage): string {
  const { grid, pool, reference, ended, figures, standings } = report;
  return htmlDocument(
    titleOf(grid),
    html`<header>
<h1>${titleOf(grid)}</h1>
<p class="lead">${whatWasRun(report)}</p>
<p class="scale">${whatDiffers(grid, reference).join(" ")}</p>
</header>
<main>
${standing(standings)}
${
  ended === null
    ? html`<p>No run has ended yet.</p>`
    : html`<h2 id="claims">What the pool says to the paper’s claims</h2>
<p>Of ${count(ended.claims.length, "claim")}, ${score(ended.claims)}. Every difference is taken within a setting: the same network, recipe, first weights and batches at two precisions. Its interval is a bootstrap’s over the settings, at 95%, with no correction for asking several times.</p>
${claimList(ended.claims)}`
}
<h2 id="table-1">Table 1: accuracy, loss and gap</h2>
${table1Html(pool, reference)}
<h2 id="differences">Each precision against full precision</h2>
${pool.differences.length === 0 ? html`<p>There is no FP32 to compare with.</p>` : [differencesTable(pool), decompositionTable(pool)]}
${ended === null ? null : chooser(valuesOfAxes(ended.all))}
${figures.map(figureHtml)}
${
  ended === null
    ? null
    : html`<h2 id="table-2">Table 2: norms of the weights</h2>
${table2Html(ended.all, reference, html`L2 norms of all convolution weights as one vector: w as trained, ŵ as quantized, and the way from the start w₀. Mean ± standard deviation over the settings, most of which is that networks of several sizes are among them. “FP32 ÷ this” is taken within a setting.`)}
<p>${normRemark(ended.all, reference).join(" ")}</p>`
}
${ended === null || ended.measures === null ? null : measuresSections(ended, ended.measures, reference)}
${notCounted(report)}
<h2 id="how">How this was made</h2>
${howMade(report)}
</main>
${highlight}`,
    highlightStyle,
  );
}

const measuresSections = (
  { all, rankings }: Ended,
  measures: MeasuresReport,
  reference: Reference,
): Html => html`${measuresHtml(all, reference, measures)}<p>Over all runs, a measure may follow the gap just since both follow the bits. Within a precision it cannot:</p>
${withinTable(rankings)}
<p>Measured were ${measures.measured.size} of ${count(all.runs.length, "run")}. Table 3 has means over all of them, with networks of several sizes.</p>
`;

const settingsIn = (standings: readonly Standing[]): number =>
  new Set(standings.map(({ config }) => settingOf(config))).size;

function whatWasRun({ grid, standings }: PoolPage): string {
  const { data, epochs, batchSize } = grid;
  const settings = settingsIn(standings);
  const seeds = grid.seeds.length === 1 ? "" : `, each with ${count(grid.seeds.length, "seed")}`;
  return `${count(settings, "setting")} of NiN${seeds}, trained at ${listed(grid.bits.map(precisionName))} on ${count(data.train, "image")} of ${dataName(data.name)} for ${count(epochs, "epoch")} in batches of ${batchSize}, and tested on ${count(data.test, "image")}: ${count(standings.length, "run")}.`.replace(
    /^one/,
    "One",
  );
}

/** In what the pool differs from the paper's. */
function whatDiffers(grid: Grid, { dataset, sameData }: Reference): string[] {
  const { data, depths, widths, epochs } = grid;
  return [
    ...(sameData ? [] : [`The paper’s numbers are those of its ${dataset} networks: other data.`]),
    `The paper’s pool has 243 settings, ${dataset === "CIFAR-100" ? "3 to 5" : "2 to 4"} deep and 8 to 12 wide, with three optimizers, trained on 50,000 images for 300 epochs; these are ${listed(depths)} deep and ${listed(widths)} wide, with ${listed(grid.optimizers.map(({ optimizer }) => optimizerName(optimizer)))}, trained on ${data.train.toLocaleString("en-US")} images for ${epochs} epochs.`,
    ...(data.train < 50_000 || epochs < 300
      ? ["In which direction a number moves can be compared, how large it is cannot."]
      : []),
  ];
}

function standing(standings: readonly Standing[]): Html | null {
  const of = (state: string): number => standings.filter((one) => one.state.state === state).length;
  const [open, failed] = [of("open"), of("failed")];
  if (open + failed === 0) return null;
  const parts = [
    ...(open === 0 ? [] : [`${count(open, "run")} of ${standings.length} are still to be done`]),
    ...(failed === 0 ? [] : [`${count(failed, "run")} could not be completed`]),
  ];
  return html`<p><strong>${parts.join(", and ")}.</strong> The numbers below are those of the others.</p>`;
}

function notCounted({ standings, ended }: PoolPage): Html | null {
  const excluded = new Map(ended?.all.excluded.map(({ run, why }) => [run.id, why]));
  const rows = standings.flatMap(({ id, config, state }) => {
    const why = state.state === "failed" ? state.reason : excluded.get(id);
    const what = state.state === "failed" ? "failed" : "diverged";
    return why === undefined ? [] : [{ config, what, why }];
  });
  if (rows.length === 0)
    return html`<h2 id="not-counted">Runs that are not counted</h2>\n<p>None: no run has diverged, and none has failed.</p>`;
  return html`<h2 id="not-counted">Runs that are not counted</h2>
<div class="scroll" role="region" aria-label="Runs that are not counted" tabindex="0"><table>
<caption>${count(rows.length, "run")} in no mean, no interval and no figure.</caption>
<thead><tr><th scope="col" class="row">Precision</th><th scope="col" class="source">Setting</th><th scope="col" class="source">What</th><th scope="col" class="source">Why</th></tr></thead>
<tbody>${rows.map(({ config, what, why }) => html`<tr><th scope="row" class="row">${precisionName(config.bits)}</th><td class="source">${settingName(config)}${config.seed === 0 ? "" : `, seed ${config.seed}`}</td><td class="source">${what}</td><td class="source">${why}</td></tr>\n`)}</tbody>
</table></div>`;
}
