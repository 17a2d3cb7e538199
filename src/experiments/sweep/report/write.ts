/**
 * Writes what a sweep says: tables, one page, its figures, and a summary for `qgen claims`.
 *
 * @packageDocumentation
 */

import { join } from "node:path";
import { settingOf } from "../../config.ts";
import { writeAtomic } from "../../files.ts";
import { type Aggregate, type Metric, metrics, summaryOf } from "../../report/aggregate.ts";
import { claimsOf } from "../../report/claims.ts";
import { draw } from "../../report/figures.ts";
import { listed } from "../../report/format.ts";
import { type MeasuredRuns, measuresReport } from "../../report/measures.ts";
import { table3Csv } from "../../report/measures-files.ts";
import { type Reference, referenceFor } from "../../report/reference.ts";
import { type Grid, table1Grid } from "../grid.ts";
import { measuresTable, type PoolRanking, poolRanking, poolRankingCsv } from "../measured.ts";
import { aggregateOf, type Pool, poolOf } from "../pool.ts";
import { poolCsv } from "../pool-text.ts";
import { exportsOf, type Standing } from "../rows.ts";
import { poolDrawings } from "./drawings.ts";
import { commandOf } from "./how.ts";
import { type Ended, poolPage, titleOf } from "./page.ts";
import { differencesIn, marginals, marginalsCsv } from "./settings.ts";

type Content = readonly [name: string, content: string | Uint8Array];

const writeAll = (directory: string, contents: readonly Content[]): void => {
  for (const [name, content] of contents) writeAtomic(join(directory, name), content);
};

/** The runs and Table 1 of a sweep as it stands, as tables. The same results give the same bytes. */
export async function writeTables(
  directory: string,
  standings: readonly Standing[],
  grid: Grid,
): Promise<Pool> {
  const pool = poolOf(standings);
  writeAll(directory, await tablesOf(standings, pool, referenceFor(grid.data.name)));
  return pool;
}

const tablesOf = async (
  standings: readonly Standing[],
  pool: Pool,
  reference: Reference,
): Promise<Content[]> =>
  [...(await exportsOf(standings)), ["table-1.csv", poolCsv(pool, reference)] as const].map(
    ([name, content]) => [`tables/${name}`, content],
  );

/**
 * All of it: `report.html`, `summary.json`, `sweep.json`, `tables/` and `figures/`.
 *
 * @returns path of the page
 * @throws Complaint where the directory cannot be written
 */
export async function writePool(
  directory: string,
  standings: readonly Standing[],
  grid: Grid,
  measured: MeasuredRuns = new Map(),
): Promise<{ readonly pool: Pool; readonly rankings: readonly PoolRanking[]; readonly html: string }> {
  const pool = poolOf(standings);
  const reference = referenceFor(grid.data.name);
  const all = aggregateOf(standings);
  const ended = all === null ? null : endedOf(all, reference, measured);
  const command = commandOf(grid, (scale) => table1Grid(scale, grid.data.name));
  const rows = all === null ? [] : marginals(all);
  const figures = all === null ? [] : await draw(poolDrawings(all, pool, differencesIn(all), rows));
  const contents: Content[] = [
    ...(await tablesOf(standings, pool, reference)),
    ["tables/by-setting.csv", marginalsCsv(rows)],
    ...figures.map(({ id, standalone }): Content => [`figures/${id}.svg`, standalone]),
    ["sweep.json", `${JSON.stringify(grid, null, 2)}\n`],
    ...(ended === null
      ? []
      : [["summary.json", summaryOfPool({ grid, command, standings, pool, ...ended })] as const]),
    ...(ended === null || ended.measures === null
      ? []
      : ([
          ["tables/measures.csv", measuresTable(ended.all, measured)],
          ["tables/ranking.csv", poolRankingCsv(ended.rankings)],
          ["tables/table-3.csv", table3Csv(ended.all, ended.measures)],
        ] as const)),
  ];
  const files = contents.map(([name]) => name);
  const page = poolPage({ grid, command, standings, pool, reference, ended, figures, files });
  writeAll(directory, [...contents, ["report.html", page]]);
  return { pool, rankings: ended?.rankings ?? [], html: join(directory, "report.html") };
}

function endedOf(all: Aggregate, reference: Reference, measured: MeasuredRuns): Ended {
  const measures = measured.size === 0 ? null : measuresReport(all, reference, measured);
  return {
    all,
    claims: [...claimsOf(all, reference), ...(measures?.claims ?? [])],
    measures,
    rankings: measures === null ? [] : poolRanking(all, measured),
  };
}

/** What `qgen claims` reads, and the numbers of the page. */
function summaryOfPool({
  grid,
  command,
  standings,
  pool,
  all,
  claims,
  measures,
  rankings,
}: Ended & {
  readonly grid: Grid;
  readonly command: string;
  readonly standings: readonly Standing[];
  readonly pool: Pool;
}): string {
  const { depths, widths, epochs, data, seeds } = grid;
  const summary = {
    title: titleOf(grid),
    command,
    settings: new Set(standings.map(({ config }) => settingOf(config))).size,
    seeds,
    recipe: { model: `NiN ${listed(depths)} deep and ${listed(widths)} wide`, epochs, data },
    claims,
    precisions: all.precisions.map((precision) => ({
      name: precision.name,
      bits: precision.bits,
      ...Object.fromEntries(
        (Object.keys(metrics) as Metric[]).map((metric) => [metric, summaryOf(precision, metric)]),
      ),
    })),
    pool,
    ...(measures && {
      measured: {
        runs: measures.measured.size,
        settings: [...measures.measured.values()][0]!.settings,
      },
      h1: measures.h1,
      rankings,
    }),
    excluded: all.excluded.map(({ run, why }) => ({ id: run.id, why })),
  };
  return `${JSON.stringify(summary, null, 2)}\n`;
}
