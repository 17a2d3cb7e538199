import { rmSync } from "node:fs";
import { join } from "node:path";
import { writeAtomic } from "../files.ts";
import type { RunResult } from "../result.ts";
import { aggregate } from "./aggregate.ts";
import { claimsOf } from "./claims.ts";
import { figure1Csv, runsCsv, summaryOfAll } from "./data-files.ts";
import { drawingsOf } from "./drawings.ts";
import { draw } from "./figures.ts";
import { page } from "./page.ts";
import { referenceFor } from "./reference.ts";
import { table1Csv, table1Text, table2Csv } from "./tables.ts";
import type { Scale } from "./words.ts";

export interface ReportOptions {
  readonly title: string;
  readonly scale: Scale;
  /** Runs that differ in bits and seed only. */
  readonly results: readonly RunResult[];
  /** Made where it is missing. Files of an earlier report in it are replaced. */
  readonly directory: string;
  /** How to make the report again. */
  readonly command: string;
}

export interface Report {
  readonly html: string;
  readonly files: readonly string[];
  /** The content of `summary.json`. */
  readonly summary: string;
  /** Table 1 in characters. */
  readonly text: string;
}

const figureIds = ["figure-1", "losses", "gaps", "gap-and-loss"] as const;

/**
 * Writes a report on some runs: `report.html`, its figures, and its numbers as CSV and JSON. The same results
 * give the same bytes.
 *
 * @returns path of the page, paths of all files with the page among them, and the numbers: as JSON and for a terminal
 * @throws RangeError without results; Complaint where the directory cannot be written
 */
export async function writeReport(options: ReportOptions): Promise<Report> {
  const { title, scale, results, directory, command } = options;
  const all = aggregate(results);
  const reference = referenceFor(all.recipe.data.name);
  const claims = claimsOf(all, reference);
  const figures = await draw(drawingsOf(all));
  const summary = `${JSON.stringify(summaryOfAll({ title, scale, command }, all, reference, claims), null, 2)}\n`;
  const contents: (readonly [name: string, content: string])[] = [
    ["table-1.csv", table1Csv(all, reference)],
    ["table-2.csv", table2Csv(all, reference)],
    ["figure-1.csv", figure1Csv(all)],
    ["runs.csv", runsCsv(all)],
    ["summary.json", summary],
    ...figures.map(({ id, standalone }) => [`figures/${id}.svg`, standalone] as const),
  ];
  const files = contents.map(([name]) => name);
  const document = page({ title, scale, command, all, reference, claims, figures, files });
  for (const [name, content] of [...contents, ["report.html", document] as const])
    writeAtomic(join(directory, name), content);
  // Of an earlier report: what this one has no numbers for.
  for (const id of figureIds)
    if (!figures.some((figure) => figure.id === id))
      rmSync(join(directory, "figures", `${id}.svg`), { force: true });
  const html = join(directory, "report.html");
  return {
    html,
    files: [html, ...files.map((name) => join(directory, name))],
    summary,
    text: table1Text(all, reference),
  };
}
