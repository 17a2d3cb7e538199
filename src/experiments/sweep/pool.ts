/**
 * What a pool of settings says: Table 1 as means over the settings, and each precision against full precision, setting by
 * setting.
 *
 * @packageDocumentation
 */

import { type BootstrapInterval, bootstrapIntervals } from "../../measures/bootstrap.ts";
import { precisionName } from "../precision.ts";
import {
  type Aggregate,
  aggregate,
  differencesOf,
  type Metric,
  type Precision,
  valuesOf,
} from "../report/aggregate.ts";
import { poolRng } from "../report/pairs.ts";
import type { Standing } from "./rows.ts";

/** The numbers of Table 1, in its order. */
export const shown = [
  "trainAccuracy",
  "testAccuracy",
  "trainLoss",
  "testLoss",
  "gap",
] as const satisfies Metric[];
export type Shown = (typeof shown)[number];

export interface Cell extends BootstrapInterval {
  readonly median: number;
}

/** A cell for each column; `null` where no setting has a number. n counts settings. */
export type Cells = Readonly<Record<Shown, Cell>> | null;

export interface PoolRow {
  readonly bits: number;
  readonly complete: number;
  readonly diverged: number;
  readonly failed: number;
  readonly open: number;
  readonly cells: Cells;
}

/** One precision against full precision: this − FP32, over the settings that are complete in both. */
export interface PoolDifference {
  readonly bits: number;
  readonly cells: Cells;
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

/** Settings are drawn again, the same for all columns: what belongs to a setting stays together. */
export function cellsOf(numbers: (metric: Shown) => readonly number[], name: string): Cells {
  const columns = shown.map(numbers);
  if (columns[0]!.length === 0) return null;
  const intervals = bootstrapIntervals(columns, poolRng(name));
  return Object.fromEntries(
    shown.map((metric, i) => [metric, { ...intervals[i]!, median: median(columns[i]!) }]),
  ) as Record<Shown, Cell>;
}

/** The runs of a sweep that have ended, by precision; `null` where none has. */
export function aggregateOf(standings: readonly Standing[]): Aggregate | null {
  const results = standings.flatMap(({ state }) => (state.state === "done" ? [state.result] : []));
  return results.length === 0 ? null : aggregate(results, "setting");
}

/**
 * Several seeds of one setting are its mean first, so that every setting counts once. Runs that have diverged are in no
 * mean, and are counted.
 *
 * @implements QGen.tab.1
 * @deviation The paper gives means alone, and does not say whether runs have diverged.
 */
export function poolOf(standings: readonly Standing[]): Pool {
  const all = aggregateOf(standings);
  const bits = [...new Set(standings.map(({ config }) => config.bits))].sort((a, b) => b - a);
  const at = (b: number): Precision | undefined => all?.precisions.find((precision) => precision.bits === b);
  const float = at(32);
  return {
    rows: bits.map((b) => {
      const here = at(b);
      const tried = standings.filter(({ config }) => config.bits === b);
      const complete = here?.runs.length ?? 0;
      const failed = tried.filter(({ state }) => state.state === "failed").length;
      const open = tried.filter(({ state }) => state.state === "open").length;
      const cells = here === undefined ? null : cellsOf((metric) => valuesOf(here, metric), here.name);
      return { bits: b, complete, diverged: tried.length - complete - failed - open, failed, open, cells };
    }),
    differences:
      float === undefined
        ? []
        : bits
            .filter((b) => b !== 32)
            .map((b) => {
              const to = at(b);
              const name = `${precisionName(b)} - FP32`;
              return {
                bits: b,
                cells: to === undefined ? null : cellsOf((metric) => differencesOf(float, to, metric), name),
              };
            }),
  };
}
