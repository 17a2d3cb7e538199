import { join } from "node:path";
import { Command } from "commander";
import { writeAtomic } from "../files.ts";
import { referenceFor } from "../report/reference.ts";
import { gridOf, type SweepFolder, sweepFolder } from "../sweep/folder.ts";
import { configsOf, type Grid } from "../sweep/grid.ts";
import { type Pool, poolOf } from "../sweep/pool.ts";
import { poolCsv, poolText } from "../sweep/pool-text.ts";
import { exportsOf, standings } from "../sweep/rows.ts";

export const poolCommand = (): Command =>
  new Command("pool")
    .description(
      "Table 1 of a sweep so far, with intervals, and each precision against full precision setting by setting. Writes the runs as CSV, JSON lines and Parquet.",
    )
    .argument("<dir>", "folder of the sweep")
    .option("--json", "print the numbers as JSON")
    .addHelpText("after", "\nExample:\n  qgen pool sweeps/try")
    .action(async (dir: string, options: { json?: true }) => {
      const { text, pool } = await writeTables(sweepFolder(dir), gridOf(dir));
      console.log(options.json ? JSON.stringify(pool, null, 2) : text);
    });

/** Writes the tables of a sweep as it stands. The same results give the same bytes. */
export async function writeTables(
  folder: SweepFolder,
  grid: Grid,
): Promise<{ readonly pool: Pool; readonly text: string }> {
  const rows = standings(folder, configsOf(grid));
  const pool = poolOf(rows);
  const reference = referenceFor(grid.data.name);
  for (const [name, content] of [
    ...(await exportsOf(rows)),
    ["table-1.csv", poolCsv(pool, reference)] as const,
  ])
    writeAtomic(join(folder.tables, name), content);
  return { pool, text: poolText(pool, reference) };
}
