/**
 * Tables 1 and 2 of the paper for the networks of a report, beside what the paper prints.
 *
 * @packageDocumentation
 */

import type { Table1Row } from "../paper/tables.ts";
import { precisionName } from "../precision.ts";
import { type Aggregate, type Metric, type Precision, ratio, summaryOf, unique } from "./aggregate.ts";
import { inColumns } from "./columns.ts";
import { toCsv } from "./csv.ts";
import { fixed, meanSd } from "./format.ts";
import { type Html, html } from "./html.ts";
import type { Reference } from "./reference.ts";
import type { Summary } from "./statistics.ts";

const inPercent = ({ n, mean, sd, min, max }: Summary): Summary => ({
  n,
  mean: 100 * mean,
  sd: sd === null ? null : 100 * sd,
  min: 100 * min,
  max: 100 * max,
});

export interface Column {
  readonly metric: Metric;
  readonly name: string;
  readonly digits: number;
  readonly printed: keyof Table1Row & `${string}_${string}`;
}
/** The numbers of Table 1, in its order. */
export const columns = [
  { metric: "trainAccuracy", name: "Train acc., %", digits: 2, printed: "train_acc" },
  { metric: "testAccuracy", name: "Test acc., %", digits: 2, printed: "test_acc" },
  { metric: "trainLoss", name: "Train loss", digits: 3, printed: "train_loss" },
  { metric: "testLoss", name: "Test loss", digits: 3, printed: "test_loss" },
  { metric: "gap", name: "Gap", digits: 3, printed: "generalization_gap" },
] as const satisfies readonly Column[];
const cellOf = (precision: Precision, { metric }: Column): Summary =>
  metric.endsWith("Accuracy") ? inPercent(summaryOf(precision, metric)) : summaryOf(precision, metric);

/** Names of all precisions that were tried, from the most bits to the fewest. */
const triedOf = ({ runs }: Aggregate): string[] =>
  unique(runs.map(({ config }) => config.bits)).map((bits) => precisionName(bits));

const find = ({ precisions }: Aggregate, name: string): Precision | undefined =>
  precisions.find((precision) => precision.name === name);

/** `none`, where no run counts, is said, not left out. */
const none = (columns: number): Html => html`<td class="none" colspan="${columns}">no run that counts</td>`;

/** @implements QGen.tab.1 */
export function table1Html(all: Aggregate, reference: Reference, caption: Html): Html {
  const rows = triedOf(all).map((name) => {
    const here = find(all, name);
    const printed = reference.table1.find(({ precision }) => precision === name);
    const ours =
      here && columns.map((column) => html`<td>${meanSd(cellOf(here, column), column.digits)}</td>`);
    return html`<tbody>
<tr><th scope="rowgroup" class="row" rowspan="${printed ? 2 : 1}">${name}</th><td class="source">here, n = ${here?.runs.length ?? 0}</td>${ours ?? none(columns.length)}</tr>
${
  printed === undefined
    ? null
    : html`<tr class="paper"><td class="source">paper</td>${columns.map((column) => html`<td>${fixed(Number(printed[column.printed]), column.digits)}</td>`)}</tr>`
}</tbody>`;
  });
  return html`<figure class="table"><figcaption>${caption}</figcaption>
<div class="scroll" role="region" aria-label="Table 1" tabindex="0"><table>
<caption>Table 1</caption>
<thead><tr><th scope="col" class="row">Precision</th><th scope="col" class="source">Source</th>${columns.map(({ name }) => html`<th scope="col">${name}</th>`)}</tr></thead>
${rows}
</table></div></figure>`;
}

/** Table 1 as data; accuracies in percent. */
export function table1Csv(all: Aggregate, reference: Reference): string {
  const names = columns.flatMap(({ printed }) => [`${printed}_mean`, `${printed}_sd`]);
  const here = all.precisions.map((precision) => ({
    source: "here",
    dataset: all.recipe.data.name,
    model: all.recipe.model,
    precision: precision.name,
    networks: precision.runs.length,
    ...Object.fromEntries(
      columns.flatMap((column) => {
        const { mean, sd } = cellOf(precision, column);
        return [
          [`${column.printed}_mean`, mean],
          [`${column.printed}_sd`, sd],
        ];
      }),
    ),
  }));
  const paper = reference.table1.map((row) => ({
    source: "paper",
    dataset: row.dataset,
    model: row.model,
    precision: row.precision,
    networks: 243,
    ...Object.fromEntries(
      columns.flatMap(({ printed }) => [
        [`${printed}_mean`, row[printed]],
        [`${printed}_sd`, null],
      ]),
    ),
  }));
  return toCsv(["source", "dataset", "model", "precision", "networks", ...names], [...here, ...paper]);
}

/** Table 1 for a terminal: ours, and below each row the paper's. */
export function table1Text(all: Aggregate, reference: Reference): string {
  const rows = triedOf(all).flatMap((name) => {
    const here = find(all, name);
    const printed = reference.table1.find(({ precision }) => precision === name);
    const ours = columns.map((column) => (here ? meanSd(cellOf(here, column), column.digits) : "–"));
    return [
      [name, "here", ...ours],
      ...(printed === undefined
        ? []
        : [["", "paper", ...columns.map((c) => fixed(Number(printed[c.printed]), c.digits))]]),
    ];
  });
  return inColumns([["", "", ...columns.map(({ name }) => name)], ...rows], 2);
}

const norms = ["weights", "quantized", "distance"] as const;

/** @implements QGen.tab.2 */
export function table2Html(all: Aggregate, reference: Reference, caption: Html): Html {
  const float = find(all, "FP32");
  const rows = triedOf(all).map((name) => {
    const here = find(all, name);
    const factor = here && float && here !== float ? ratio(float, here, "weights") : null;
    const ours =
      here &&
      html`${norms.map((metric) =>
        metric === "quantized" && here === float
          ? html`<td class="none">–</td>`
          : html`<td>${meanSd(summaryOf(here, metric), 2)}</td>`,
      )}<td>${factor === null ? "–" : meanSd(factor, 3)}</td>`;
    const printed = reference.table2.map(({ norms }) => {
      const [norm, most] = [norms.get(name), norms.get("FP32")];
      return html`<td class="paper first">${norm === undefined ? "–" : fixed(norm, 2)}</td><td class="paper">${
        norm === undefined || most === undefined || name === "FP32" ? "–" : fixed(most / norm, 3)
      }</td>`;
    });
    return html`<tr><th scope="row" class="row">${name}</th>${ours ?? none(norms.length + 1)}${printed}</tr>\n`;
  });
  return html`<figure class="table"><figcaption>${caption}</figcaption>
<div class="scroll" role="region" aria-label="Table 2" tabindex="0"><table>
<caption>Table 2</caption>
<thead><tr><th rowspan="2" scope="col" class="row">Precision</th><th colspan="4" scope="colgroup">Here</th>${reference.table2.map(({ model }) => html`<th colspan="2" scope="colgroup" class="paper first">Paper, ${model}</th>`)}</tr>
<tr><th scope="col">‖w‖</th><th scope="col">‖ŵ‖</th><th scope="col">‖w − w₀‖</th><th scope="col">FP32 ÷ this</th>${reference.table2.map(() => html`<th scope="col" class="paper first">norm</th><th scope="col" class="paper">FP32 ÷ this</th>`)}</tr></thead>
<tbody>${rows}</tbody>
</table></div></figure>`;
}

/** Table 2 as data. Ratios are FP32 over this, seed by seed. */
export function table2Csv(all: Aggregate, reference: Reference): string {
  const float = find(all, "FP32");
  const blank = { weights_sd: null, quantized_mean: null, quantized_sd: null, distance_mean: null };
  const here = all.precisions.map((precision) => {
    const [weights, quantized, distance] = norms.map((metric) => summaryOf(precision, metric));
    const [latent, rounded] = (["weights", "quantized"] as const).map((metric) =>
      float === undefined ? null : ratio(float, precision, metric),
    );
    return {
      source: "here",
      dataset: all.recipe.data.name,
      model: all.recipe.model,
      precision: precision.name,
      networks: precision.runs.length,
      weights_mean: weights!.mean,
      weights_sd: weights!.sd,
      quantized_mean: quantized!.mean,
      quantized_sd: quantized!.sd,
      distance_mean: distance!.mean,
      distance_sd: distance!.sd,
      fp32_ratio_weights_mean: latent?.mean ?? null,
      fp32_ratio_weights_sd: latent?.sd ?? null,
      fp32_ratio_quantized_mean: rounded?.mean ?? null,
      fp32_ratio_quantized_sd: rounded?.sd ?? null,
    };
  });
  const paper = reference.table2.flatMap(({ model, norms }) =>
    [...norms].map(([precision, norm]) => ({
      source: "paper",
      dataset: reference.dataset,
      model,
      precision,
      networks: 1,
      weights_mean: norm,
      ...blank,
      distance_sd: null,
      fp32_ratio_weights_mean: norms.get("FP32")! / norm,
      fp32_ratio_weights_sd: null,
      fp32_ratio_quantized_mean: null,
      fp32_ratio_quantized_sd: null,
    })),
  );
  const names = Object.keys(paper[0] ?? {});
  return toCsv(names, [...here, ...paper]);
}
