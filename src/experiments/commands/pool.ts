import { join } from "node:path";
import { Command } from "commander";
import { createProgress } from "../progress.ts";
import { rankingText } from "../report/measures-files.ts";
import { referenceFor } from "../report/reference.ts";
import { gridOf, sweepFolder } from "../sweep/folder.ts";
import { configsOf } from "../sweep/grid.ts";
import { measuredIn } from "../sweep/measured.ts";
import { poolText } from "../sweep/pool-text.ts";
import { standings } from "../sweep/rows.ts";

interface Options {
  readonly json?: true;
  readonly summary?: string;
}

export const poolCommand = (): Command =>
  new Command("pool")
    .description(
      "Table 1 of a sweep so far beside the paper's, with intervals, and each precision against full precision setting by setting. Writes a page (report.html), and the runs as CSV, JSON lines and Parquet.",
    )
    .argument("<dir>", "folder of the sweep")
    .option("--json", "print the numbers as JSON")
    .option(
      "--summary <dir>",
      "write page, figures and tables there too: what qgen claims reads, without the runs",
    )
    .addHelpText("after", "\nExample:\n  qgen pool sweeps/try --summary results/try")
    .action(poolAction);

async function poolAction(dir: string, { json, summary }: Options): Promise<void> {
  const [folder, grid] = [sweepFolder(dir), gridOf(dir)];
  const { writePool } = await import("../sweep/report/write.ts");
  const rows = standings(folder, configsOf(grid));
  const measured = measuredIn(folder, rows);
  const { pool, rankings, html } = await writePool(folder.dir, rows, grid, measured);
  if (summary !== undefined) await writePool(summary, rows, grid, measured);
  console.log(
    json
      ? JSON.stringify({ ...pool, rankings }, null, 2)
      : [
          poolText(pool, referenceFor(grid.data.name)),
          ...rankings
            .filter(({ ranked }) => ranked.length > 0)
            .map(
              ({ over, ranked }) =>
                `\n${over === "all" ? `All ${measured.size} runs that were measured` : over}\n${rankingText(ranked, over === "all" ? 10 : 5)}`,
            ),
        ].join("\n"),
  );
  createProgress(process.stderr).print(
    `report: ${html}${summary === undefined ? "" : `, ${join(summary, "report.html")}`}`,
  );
}
