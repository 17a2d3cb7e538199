/**
 * What a pool of settings says: Table 1 as means over the settings, and each precision against full precision, setting by
 * setting.
 *
 * @packageDocumentation
 */

import { type BootstrapInterval, bootstrapIntervals } from "../../measures/bootstrap.ts";
import { createRng } from "../../tensor/random.ts";
import { precisionName } from "../precision.ts";
import type { Metric } from "../report/aggregate.ts";
import { metrics } from "../report/aggregate.ts";
import { inColumns } from "../report/columns.ts";
import { toCsv } from "../report/csv.ts";
import { fixed, signed } from "../report/format.ts";
import { settingOf } from "./grid.ts";
import type { Standing } from "./rows.ts";

/** The numbers of Table 1, in its order. */
const shown = ["trainAccuracy", "testAccuracy", "trainLoss", "testLoss", "gap"] as const satisfies Metric[];
type Shown = (typeof shown)[number];
const names: Readonly<Record<Shown, readonly [title: string, column: string]>> = {
  trainAccuracy: ["Train acc., %", "train_accuracy"],
  testAccuracy: ["Test acc., %", "test_accuracy"],
  trainLoss: ["Train loss", "train_loss"],
  testLoss: ["Test loss", "test_loss"],
  gap: ["Gap", "gap"],
};

export interface Cell extends BootstrapInterval {
  readonly median: number;
}

export interface PoolRow {
  readonly bits: number;
  readonly complete: number;
  readonly diverged: number;
  readonly failed: number;
  readonly open: number;
  /** Over the settings with a complete run; `null` without any. n counts settings. */
  readonly cells: Readonly<Record<Shown, Cell>> | null;
}

/** One precision against full precision: this − FP32, over the settings that are complete in both. */
export interface PoolDifference {
  readonly bits: number;
  readonly cells: Readonly<Record<Shown, Cell>> | null;
}

export interface Pool {
  readonly rows: readonly PoolRow[];
  readonly differences: readonly PoolDifference[];
}

export function median(xs: readonly number[]): number {
  const sorted = [...xs].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

type Numbers = Readonly<Record<Shown, number>>;
const numbers = (of: (metric: Shown) => number): Numbers =>
  Object.fromEntries(shown.map((metric) => [metric, of(metric)])) as Numbers;
const meanOf = (all: readonly Numbers[]): Numbers =>
  numbers((metric) => all.reduce((sum, one) => sum + one[metric], 0) / all.length);

/** The numbers of a complete run, if all of them are finite. */
function numbersOf({ state }: Standing): Numbers | null {
  if (state.state !== "done" || state.result.status !== "complete") return null;
  const found = numbers((metric) => metrics[metric](state.result));
  return Object.values(found).every(Number.isFinite) ? found : null;
}

/** Settings are drawn again, the same for all columns: what belongs to a setting stays together. */
function cellsOf(settings: readonly Numbers[], name: string): Readonly<Record<Shown, Cell>> | null {
  if (settings.length === 0) return null;
  const columns = shown.map((metric) => settings.map((numbers) => numbers[metric]));
  const intervals = bootstrapIntervals(columns, createRng(0).fork(`pool/${name}`));
  return Object.fromEntries(
    shown.map((metric, i) => [metric, { ...intervals[i]!, median: median(columns[i]!) }]),
  ) as Record<Shown, Cell>;
}

/** The means within each group, in the order in which the groups first come. */
function meansBy<T>(items: readonly T[], key: (item: T) => string, of: (item: T) => Numbers): Numbers[] {
  const groups = new Map<string, Numbers[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), of(item)]);
  return [...groups.values()].map(meanOf);
}

/**
 * Several seeds of one setting are its mean first, so that every setting counts once. Runs that have diverged are in no
 * mean, and are counted.
 *
 * @implements QGen.tab.1
 * @deviation The paper gives means alone, and does not say whether runs have diverged.
 */
export function poolOf(standings: readonly Standing[]): Pool {
  const bits = [...new Set(standings.map(({ config }) => config.bits))].sort((a, b) => b - a);
  const complete = standings.flatMap((run) => {
    const numbers = numbersOf(run);
    return numbers === null ? [] : [{ ...run, numbers, setting: settingOf(run.config) }];
  });
  const at = (b: number) => complete.filter(({ config }) => config.bits === b);
  const key = ({ setting, config }: (typeof complete)[number]): string => `${setting} ${config.seed}`;
  const float = new Map(at(32).map((run) => [key(run), run.numbers]));
  return {
    rows: bits.map((b) => {
      const all = standings.filter(({ config }) => config.bits === b);
      const means = meansBy(
        at(b),
        ({ setting }) => setting,
        ({ numbers }) => numbers,
      );
      const failed = all.filter(({ state }) => state.state === "failed").length;
      const open = all.filter(({ state }) => state.state === "open").length;
      const diverged = all.length - at(b).length - failed - open;
      return { bits: b, complete: at(b).length, diverged, failed, open, cells: cellsOf(means, `${b}`) };
    }),
    differences: (float.size === 0 ? [] : bits.filter((b) => b !== 32)).map((b) => {
      const pairs = at(b).filter((run) => float.has(key(run)));
      const means = meansBy(
        pairs,
        ({ setting }) => setting,
        (run) => numbers((metric) => run.numbers[metric] - float.get(key(run))![metric]),
      );
      return { bits: b, cells: cellsOf(means, `${b} - 32`) };
    }),
  };
}

const scaleOf = (metric: Shown): number => (metric.endsWith("Accuracy") ? 100 : 1);
const digitsOf = (metric: Shown): number => (metric.endsWith("Accuracy") ? 2 : 3);

/** Both tables as one file: `of` is the precision, or the precision − FP32. Accuracies are shares. */
export function poolCsv({ rows, differences }: Pool): string {
  const parts = ["mean", "low", "high", "median"] as const;
  const columns = shown.flatMap((metric) => parts.map((part) => `${names[metric][1]}_${part}`));
  const row = (of: string, cells: PoolRow["cells"], counts: Partial<PoolRow>) => ({
    of,
    settings: cells?.gap.n ?? 0,
    complete: counts.complete ?? null,
    diverged: counts.diverged ?? null,
    failed: counts.failed ?? null,
    open: counts.open ?? null,
    ...Object.fromEntries(
      shown.flatMap((metric) =>
        parts.map((part) => [`${names[metric][1]}_${part}`, cells?.[metric][part] ?? null]),
      ),
    ),
  });
  return toCsv(
    ["of", "settings", "complete", "diverged", "failed", "open", ...columns],
    [
      ...rows.map((each) => row(precisionName(each.bits), each.cells, each)),
      ...differences.map(({ bits, cells }) => row(`${precisionName(bits)} - FP32`, cells, {})),
    ],
  );
}

/** For a terminal. */
export function poolText({ rows, differences }: Pool): string {
  const titles = shown.map((metric) => names[metric][0]);
  const one = (cells: PoolRow["cells"], write: (x: number, digits: number) => string): string[] =>
    shown.map((metric) => {
      if (cells === null) return "–";
      const { mean, low, high } = cells[metric];
      const text = (x: number): string => write(scaleOf(metric) * x, digitsOf(metric));
      return low === null || high === null ? text(mean) : `${text(mean)} [${text(low)}, ${text(high)}]`;
    });
  const medians = (cells: PoolRow["cells"]): string[] =>
    shown.map((metric) =>
      cells === null ? "–" : fixed(scaleOf(metric) * cells[metric].median, digitsOf(metric)),
    );
  const counts = ({ complete, diverged, failed, open }: PoolRow): string[] =>
    [complete, diverged, failed, open].map(String);
  const table = inColumns(
    [
      ["", "", "done", "diverged", "failed", "open", ...titles],
      ...rows.flatMap((row) => [
        [precisionName(row.bits), "mean", ...counts(row), ...one(row.cells, fixed)],
        ["", "median", "", "", "", "", ...medians(row.cells)],
      ]),
    ],
    2,
  );
  if (differences.length === 0) return table;
  const paired = inColumns([
    ["", "settings", ...titles],
    ...differences.map(({ bits, cells }) => [
      `${precisionName(bits)} − FP32`,
      String(cells?.gap.n ?? 0),
      ...one(cells, signed),
    ]),
  ]);
  const parts = differences.flatMap(({ bits, cells }) => {
    if (cells === null) return [];
    const [gap, test, train] = [cells.gap.mean, cells.testLoss.mean, cells.trainLoss.mean];
    return [
      `${precisionName(bits)}: gap ${signed(gap, 3)} = test loss ${signed(test, 3)} − training loss ${signed(train, 3)}`,
    ];
  });
  return `${table}\n\nAgainst FP32 of the same setting, first weights and batches\n${paired}\n\n${parts.join("\n")}\n[ ]: 95% bootstrap intervals of the mean over settings.`;
}
