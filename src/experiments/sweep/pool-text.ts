/**
 * A pool as CSV and for a terminal, the paper's numbers beside it.
 *
 * @packageDocumentation
 */

import { precisionName } from "../precision.ts";
import { inColumns } from "../report/columns.ts";
import { toCsv } from "../report/csv.ts";
import { fixed, signed } from "../report/format.ts";
import type { Reference } from "../report/reference.ts";
import { type Column, columns } from "../report/tables.ts";
import type { Cells, Pool, PoolRow, Shown } from "./pool.ts";

const csvNames: Readonly<Record<Shown, string>> = {
  trainAccuracy: "train_accuracy",
  testAccuracy: "test_accuracy",
  trainLoss: "train_loss",
  testLoss: "test_loss",
  gap: "gap",
};

const isShare = (metric: string): boolean => metric.endsWith("Accuracy");
/** Accuracies in percent. */
export const scaleOf = ({ metric }: Pick<Column, "metric">): number => (isShare(metric) ? 100 : 1);

/** The paper's row of Table 1. */
export const printedRow = ({ table1 }: Reference, bits: number) =>
  table1.find(({ precision }) => precision === precisionName(bits));

/**
 * Both tables as one file: `of` is the precision, or the precision − FP32. Accuracies are shares. The paper's rows are
 * means over its 243 settings.
 */
export function poolCsv({ rows, differences }: Pool, reference: Reference): string {
  const parts = ["mean", "low", "high", "median"] as const;
  const metrics = columns.map(({ metric }) => metric);
  const names = metrics.flatMap((metric) => parts.map((part) => `${csvNames[metric]}_${part}`));
  const row = (of: string, cells: Cells, counts: Partial<PoolRow>) => ({
    source: "here",
    of,
    settings: cells?.gap.n ?? 0,
    complete: counts.complete ?? null,
    diverged: counts.diverged ?? null,
    failed: counts.failed ?? null,
    open: counts.open ?? null,
    ...Object.fromEntries(
      metrics.flatMap((metric) =>
        parts.map((part) => [`${csvNames[metric]}_${part}`, cells?.[metric][part] ?? null]),
      ),
    ),
  });
  const paper = rows.flatMap(({ bits }) => {
    const printed = printedRow(reference, bits);
    if (printed === undefined) return [];
    const cells = columns.flatMap((column) => [
      [`${csvNames[column.metric]}_mean`, printed[column.printed] / scaleOf(column)] as const,
      ...parts.slice(1).map((part) => [`${csvNames[column.metric]}_${part}`, null] as const),
    ]);
    const blank = { complete: null, diverged: null, failed: null, open: null };
    return [
      {
        source: "paper",
        of: precisionName(bits),
        settings: 243,
        ...blank,
        ...Object.fromEntries<number | null>(cells),
      },
    ];
  });
  return toCsv(
    ["source", "of", "settings", "complete", "diverged", "failed", "open", ...names],
    [
      ...rows.map((each) => row(precisionName(each.bits), each.cells, each)),
      ...differences.map(({ bits, cells }) => row(`${precisionName(bits)} - FP32`, cells, {})),
      ...paper,
    ],
  );
}

type TableColumn = (typeof columns)[number];

/** In the unit of its column. */
export const meanText = (cells: Cells, column: TableColumn, write: typeof fixed): string =>
  cells === null ? "–" : write(scaleOf(column) * cells[column.metric].mean, column.digits);

export function intervalOf(
  cells: Cells,
  column: TableColumn,
  write: typeof fixed,
): readonly [low: string, high: string] | null {
  const { low = null, high = null } = cells?.[column.metric] ?? {};
  if (low === null || high === null) return null;
  const text = (x: number): string => write(scaleOf(column) * x, column.digits);
  return [text(low), text(high)];
}

/** `0.123 [0.100, 0.150]` */
function cellText(cells: Cells, column: TableColumn, write: typeof fixed): string {
  const interval = intervalOf(cells, column, write);
  return `${meanText(cells, column, write)}${interval === null ? "" : ` [${interval.join(", ")}]`}`;
}

export const medianText = (cells: Cells, column: TableColumn): string =>
  cells === null ? "–" : fixed(scaleOf(column) * cells[column.metric].median, column.digits);

/** `gap −0.095 = test loss +0.020 − training loss +0.115`, as the numbers add up. */
export const decomposition = (cells: NonNullable<Cells>): string =>
  `gap ${signed(cells.gap.mean, 3)} = test loss ${signed(cells.testLoss.mean, 3)} − training loss ${signed(cells.trainLoss.mean, 3)}`;

/** For a terminal. */
export function poolText({ rows, differences }: Pool, reference: Reference): string {
  const titles = columns.map(({ name }) => name);
  const counts = ({ complete, diverged, failed, open }: PoolRow): string[] =>
    [complete, diverged, failed, open].map(String);
  const none = ["", "", "", ""];
  const table = inColumns(
    [
      ["", "", "done", "diverged", "failed", "open", ...titles],
      ...rows.flatMap((row) => {
        const printed = printedRow(reference, row.bits);
        return [
          [
            precisionName(row.bits),
            "mean",
            ...counts(row),
            ...columns.map((column) => cellText(row.cells, column, fixed)),
          ],
          ["", "median", ...none, ...columns.map((column) => medianText(row.cells, column))],
          ...(printed === undefined
            ? []
            : [["", "paper", ...none, ...columns.map((c) => fixed(printed[c.printed], c.digits))]]),
        ];
      }),
    ],
    2,
  );
  const paper = `paper: the mean of its 243 settings of NiN on ${reference.dataset}${reference.sameData ? "" : " (other data)"}.`;
  if (differences.length === 0) return `${table}\n${paper}`;
  const paired = inColumns([
    ["", "settings", ...titles],
    ...differences.map(({ bits, cells }) => [
      `${precisionName(bits)} − FP32`,
      String(cells?.gap.n ?? 0),
      ...columns.map((column) => cellText(cells, column, signed)),
    ]),
  ]);
  const parts = differences.flatMap(({ bits, cells }) =>
    cells === null ? [] : [`${precisionName(bits)}: ${decomposition(cells)}`],
  );
  return `${table}\n${paper}\n\nAgainst FP32 of the same setting, first weights and batches\n${paired}\n\n${parts.join("\n")}\n[ ]: 95% bootstrap intervals of the mean over settings.`;
}
