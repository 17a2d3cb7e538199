/**
 * What is compared with what: the runs of one seed, or of one setting.
 *
 * @packageDocumentation
 */

import { bootstrapIntervals } from "../../measures/bootstrap.ts";
import { createRng } from "../../tensor/random.ts";
import { settingOf } from "../config.ts";
import type { RunResult } from "../result.ts";
import type { Precision } from "./aggregate.ts";
import { type Interval, interval } from "./statistics.ts";

/** One setting with several seeds has seeds as its units; a pool has settings, each of which counts once. */
export type Unit = "seed" | "setting";

export const keyOf = ({ config }: RunResult, unit: Unit): string =>
  unit === "seed" ? String(config.seed) : settingOf(config);

/** Items by key, in the order in which the keys first come. */
function grouped<T>(items: readonly T[], key: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group === undefined) groups.set(key(item), [item]);
    else group.push(item);
  }
  return [...groups.values()];
}

/** The runs of each unit. */
export const groupsOf = ({ runs, unit }: Pick<Precision, "runs" | "unit">): RunResult[][] =>
  grouped(runs, (run) => keyOf(run, unit));

/** For each unit, the runs of two precisions that have everything in common but their bits. */
export function pairsOf(from: Precision, to: Precision): (readonly [RunResult, RunResult])[][] {
  const { unit } = from;
  const pairKey = (run: RunResult): string => [keyOf(run, unit), run.config.seed].join(" ");
  const partners = new Map(to.runs.map((run) => [pairKey(run), run]));
  const pairs = from.runs.flatMap((run) => {
    const partner = partners.get(pairKey(run));
    return partner === undefined ? [] : [[run, partner] as const];
  });
  return grouped(pairs, ([run]) => keyOf(run, unit));
}

/**
 * The mean of differences and where the true one lies: Student's t for a few seeds, a bootstrap for the settings of a
 * pool, whose differences need not be normal.
 *
 * @param name - of the comparison: the settings that are drawn follow from it
 */
export const intervalOf = (differences: readonly number[], unit: Unit, name: string): Interval =>
  unit === "seed" ? interval(differences) : bootstrapIntervals([differences], poolRng(name))[0]!;

export const poolRng = (name: string) => createRng(0).fork(`pool/${name}`);
