/**
 * The measures that the runs of a sweep have, and what they predict in the pool.
 *
 * @packageDocumentation
 */

import { join } from "node:path";
import { canonicalJson } from "../config.ts";
import type { MeasuredRun } from "../measuring/measure.ts";
import type { Aggregate } from "../report/aggregate.ts";
import { toCsv } from "../report/csv.ts";
import { columnsOf, type MeasuredRuns } from "../report/measures.ts";
import { rankingColumns, rankingRow } from "../report/measures-files.ts";
import { type Ranked, ranking } from "../report/ranking.ts";
import { namesIn, readJson, type SweepFolder } from "./folder.ts";
import type { Standing } from "./rows.ts";

/** Measures with the same settings: those that most runs have; of two with as many, the first by their text. */
export function measuredIn({ runs }: SweepFolder, standings: readonly Standing[]): MeasuredRuns {
  const bySettings = new Map<string, Map<string, MeasuredRun>>();
  for (const { id, state } of standings) {
    if (state.state !== "done") continue;
    const folder = join(runs, id, "measures");
    for (const name of namesIn(folder).filter((name) => name.endsWith(".json"))) {
      const found = readJson(join(folder, name)) as Partial<MeasuredRun> | undefined;
      if (found?.run !== id || !found.settings || !Array.isArray(found.measures)) continue;
      const key = canonicalJson(found.settings);
      if (!bySettings.has(key)) bySettings.set(key, new Map());
      bySettings.get(key)!.set(id, found as MeasuredRun);
    }
  }
  const all = [...bySettings].sort(([a, x], [b, y]) => y.size - x.size || (a < b ? -1 : 1));
  return all[0]?.[1] ?? new Map();
}

/** What all measures predict: over the whole pool, and within each precision. */
export interface PoolRanking {
  /** `all`, or the precision. */
  readonly over: string;
  readonly ranked: readonly Ranked[];
}

export function poolRanking({ precisions }: Aggregate, measured: MeasuredRuns): PoolRanking[] {
  const columns = columnsOf(measured);
  const runs = precisions.flatMap(({ runs }) => runs);
  return [
    { over: "all", ranked: ranking(runs, columns) },
    ...precisions.map(({ name, runs }) => ({ over: name, ranked: ranking(runs, columns) })),
  ];
}

export const poolRankingCsv = (rankings: readonly PoolRanking[]): string =>
  toCsv(
    ["over", ...rankingColumns],
    rankings.flatMap(({ over, ranked }) => ranked.map((one) => ({ over, ...rankingRow(one) }))),
  );

/** A row for each run, a column for each measure: `null` where it has none. */
export function measuresTable({ runs }: Aggregate, measured: MeasuredRuns): string {
  const names = [...new Set([...measured.values()].flatMap(({ measures }) => measures.map(({ id }) => id)))];
  return toCsv(
    ["id", ...names],
    runs.flatMap(({ id }) => {
      const found = measured.get(id);
      if (found === undefined) return [];
      const values = new Map(found.measures.map((measure) => [measure.id, measure.value]));
      return [{ id, ...Object.fromEntries(names.map((name) => [name, values.get(name) ?? null])) }];
    }),
  );
}
