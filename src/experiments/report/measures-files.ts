import { table3Columns } from "../paper/tables.ts";
import { precisionOf } from "../precision.ts";
import type { Aggregate } from "./aggregate.ts";
import { inColumns } from "./columns.ts";
import { toCsv } from "./csv.ts";
import { fixed, meanSd } from "./format.ts";
import { cellOf, type MeasuresReport } from "./measures.ts";
import type { Ranked } from "./ranking.ts";

/** Table 3 as data, the paper's rows among them. */
export const table3Csv = (all: Aggregate, { measured, paper }: MeasuresReport): string =>
  toCsv(
    [
      "source",
      "dataset",
      "model",
      "precision",
      "networks",
      ...table3Columns.flatMap((id) => [id, `${id}_sd`]),
    ],
    [
      ...all.precisions.map((precision) => ({
        source: "here",
        dataset: all.recipe.data.name,
        model: all.recipe.model,
        precision: precision.name,
        networks: precision.runs.length,
        ...Object.fromEntries(
          table3Columns.flatMap((id) => {
            const cell = cellOf(measured, precision, id);
            return [
              [id, cell?.mean ?? null],
              [`${id}_sd`, cell?.sd ?? null],
            ];
          }),
        ),
      })),
      ...paper.map((row) => ({
        source: "paper",
        dataset: row.dataset,
        model: row.model,
        precision: row.precision,
        networks: 1,
        ...Object.fromEntries(
          table3Columns.flatMap((id) => [
            [id, row[id]],
            [`${id}_sd`, null],
          ]),
        ),
      })),
    ],
  );

/** Every measure of every run, one row each. */
export const measuresCsv = ({ runs }: Aggregate, { measured }: MeasuresReport): string =>
  toCsv(
    ["id", "precision", "seed", "measure", "equation", "raw", "value", "note"],
    runs.flatMap((run) =>
      (measured.get(run.id)?.measures ?? []).map(({ id, equation, raw, value, note }) => ({
        id: run.id,
        precision: precisionOf(run.config),
        seed: run.config.seed,
        measure: id,
        equation,
        raw,
        value,
        note,
      })),
    ),
  );

export const rankingColumns = [
  "measure",
  "runs",
  "tau",
  "granulated_tau",
  "information",
  "sign_error_mean",
  "sign_error_worst",
] as const;

export const rankingRow = ({ measure, runs, tau, granulated, information, ...errors }: Ranked) => ({
  measure,
  runs,
  tau,
  granulated_tau: granulated,
  information,
  sign_error_mean: errors.meanError,
  sign_error_worst: errors.worstError,
});

/** What every measure predicts in a pool, one row each. */
export const rankingCsv = (ranking: readonly Ranked[]): string =>
  toCsv(rankingColumns, ranking.map(rankingRow));

/** Table 3 for a terminal: ours, and below each row the paper's. */
export function table3Text(all: Aggregate, { measured, paper }: MeasuresReport): string {
  const heads = table3Columns.map((id) => id.replace("pacbayes", "PAC-Bayes").replaceAll("_", "-"));
  const rows = all.precisions.flatMap((precision) => [
    [
      precision.name,
      "here",
      ...table3Columns.map((id) => {
        const cell = cellOf(measured, precision, id);
        return cell === null ? "–" : meanSd(cell, 2);
      }),
    ],
    ...paper
      .filter((row) => row.precision === precision.name)
      .map((row) => [
        "",
        row.model.replace("NiN ", "paper "),
        ...table3Columns.map((id) => fixed(row[id], 2)),
      ]),
  ]);
  return inColumns([["", "", ...heads], ...rows], 2);
}

/** The best predictors of the gap for a terminal. */
export function rankingText(ranking: readonly Ranked[], most: number): string {
  const number = (x: number | null): string => (x === null ? "–" : fixed(x, 2));
  const heads = ["what predicts the gap", "τ", "granulated τ", "information", "sign error", "worst"];
  const rows = ranking
    .slice(0, most)
    .map(({ measure, tau, granulated, information, meanError, worstError }) => [
      measure,
      ...[tau, granulated, information, meanError, worstError].map(number),
    ]);
  return inColumns([heads, ...rows]);
}
