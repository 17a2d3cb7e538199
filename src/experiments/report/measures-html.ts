/**
 * Table 3, hypothesis 1 and the ranking on the page of a report.
 *
 * @packageDocumentation
 */

import { table3Columns } from "../paper/tables.ts";
import { precisionName } from "../precision.ts";
import type { Aggregate } from "./aggregate.ts";
import { count, fixed, listed, meanSd, range, short, signed } from "./format.ts";
import { type Html, html } from "./html.ts";
import { cellOf, type H1Row, type MeasuresReport } from "./measures.ts";
import type { Ranked } from "./ranking.ts";
import type { Reference } from "./reference.ts";

/** How many measures the ranking shows; all are in the CSV. */
export const SHOWN = 12;

export const scrolling = (label: string, content: Html): Html =>
  html`<div class="scroll" role="region" aria-label="${label}" tabindex="0"><table>
<caption>${label}</caption>
${content}
</table></div>`;

function table3(all: Aggregate, { measured, paper }: MeasuresReport): Html {
  const heads = ["init", "orig", "mag-init", "mag-orig"];
  const rows = all.precisions.map((precision) => {
    const printed = paper.filter((row) => row.precision === precision.name);
    const cells = table3Columns.map((id) => {
      const cell = cellOf(measured, precision, id);
      return html`<td>${cell === null ? "–" : meanSd(cell, 2)}</td>`;
    });
    return html`<tbody>
<tr><th scope="rowgroup" class="row" rowspan="${1 + printed.length}">${precision.name}</th><td class="source">here, n = ${precision.runs.length}</td>${cells}</tr>
${printed.map((row) => html`<tr class="paper"><td class="source">paper, ${row.model}</td>${table3Columns.map((id) => html`<td>${fixed(row[id], 2)}</td>`)}</tr>\n`)}</tbody>`;
  });
  return scrolling(
    "Table 3",
    html`<thead><tr><th rowspan="2" scope="col" class="row">Precision</th><th rowspan="2" scope="col" class="source">Source</th><th colspan="4" scope="colgroup">PAC-Bayes</th><th colspan="4" scope="colgroup">Sharpness</th></tr>
<tr>${[...heads, ...heads].map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>
${rows}`,
  );
}

function h1Table(rows: readonly H1Row[]): Html {
  const bits = rows.flatMap(({ test }) => test?.levels.map((level) => level.bits) ?? []);
  const levels = [...new Set(bits)].sort((a, b) => b - a);
  const cells = ({ test }: H1Row): Html[] =>
    levels.map((bits) => {
      const level = test?.levels.find((one) => one.bits === bits);
      if (level === undefined) return html`<td>–</td>`;
      const { mean, low, high } = level.simultaneous;
      const digits = Math.min(3, Math.max(2, short(mean).split(".")[1]?.length ?? 0));
      return html`<td>${signed(mean, digits)}${low === null || high === null ? "" : ` (${range(low, high, digits)})`}</td>`;
    });
  return scrolling(
    "Hypothesis 1",
    html`<thead><tr><th scope="col" class="row">Measure</th><th scope="col" class="source">H1</th>${levels.map((bits) => html`<th scope="col">${precisionName(bits)} − FP32</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr><th scope="row" class="row">${row.name}</th><td class="source">${row.test?.verdict ?? "no numbers"}</td>${cells(row)}</tr>\n`)}</tbody>`,
  );
}

export const number = (x: number | null): string => (x === null ? "–" : fixed(x, 2));

/** How to read the ranking. */
export function rankingWords(ranked: readonly Ranked[]): string {
  const axes = ranked[0]?.axes ?? [];
  return `Kendall’s τ between measure and gap over ${count(ranked[0]?.runs ?? 0, "run")}, which differ in ${axes.length === 0 ? "nothing but their seeds" : listed(axes)}: 1 is the same order, −1 the reverse. Granulated: with one setting varied at a time. Information: what the order of the measure tells of the order of the gaps, given the settings, 0 to 1. Sign error: how often, and in the worst environment, a difference points the wrong way.${ranked.length > SHOWN ? ` The first ${SHOWN} of ${ranked.length} measures.` : ""}`;
}

/** The best predictors of the gap in a pool of runs. */
export const rankingTable = (ranked: readonly Ranked[]): Html =>
  scrolling(
    "Which measure predicts the gap",
    html`<thead><tr><th scope="col" class="row">Measure</th><th scope="col">τ</th><th scope="col">granulated τ</th><th scope="col">information</th><th scope="col">sign error, mean</th><th scope="col">worst</th></tr></thead>
<tbody>${ranked
      .slice(0, SHOWN)
      .map(
        ({ measure, tau, granulated, information, meanError, worstError }) =>
          html`<tr><th scope="row" class="row">${measure}</th>${[tau, granulated, information, meanError, worstError].map((x) => html`<td>${number(x)}</td>`)}</tr>\n`,
      )}</tbody>`,
  );

/** The sections that a report has more where its runs were measured. */
export function measuresHtml(all: Aggregate, reference: Reference, report: MeasuresReport): Html {
  const [measured] = report.measured.values();
  if (measured === undefined) return html``;
  const { draws, restarts, on, ball, step } = measured.settings;
  const whose = `its ${reference.dataset} NiN${reference.sameData ? "" : " (other data)"}`;
  return html`<h2 id="table-3">Table 3: how flat the minima are</h2>
<p>Each number is √(x/m) of a measure x, lower is flatter. The radii come from searches on ${count(measured.images, "training image")}: ${count(draws, "draw")} of noise for PAC-Bayes, ${count(restarts, "ascent")} for sharpness (${ball === "linf" ? "box" : "L2 ball"}, ${step === "sgd" ? "SGD" : "sign"} steps), ${on === "latent" ? "on the latent weights, quantized again each time" : "on the weights that the networks compute with"}. Rows “paper”: ${whose}, one network each. Numbers of different sizes of network and of training set cannot be compared; their order between precisions can.</p>
${table3(all, report)}
<h2 id="h1">Hypothesis 1: is some quantized minimum as flat?</h2>
<p>Quantized minus FP32, paired by ${all.unit}: below zero is flatter. Intervals are a paired bootstrap’s, right for all bit widths of a row at once. “Supported”: at some bit width the interval lies below zero. “Contradicted”: at every bit width it lies above.</p>
${h1Table(report.h1)}
<h2 id="ranking">Which measure predicts the gap</h2>
<p>${rankingWords(report.ranking)}</p>
${rankingTable(report.ranking)}
`;
}
