import { rmSync } from "node:fs";
import { join } from "node:path";
import { writeAtomic } from "../files.ts";
import type { LandscapeReport } from "../landscape/write.ts";
import { searchesDrawing } from "../measuring/write.ts";
import type { RunResult } from "../result.ts";
import type { RobustTable } from "../robustness/table.ts";
import { robustCsv, robustText } from "../robustness/text.ts";
import { type Aggregate, aggregate } from "./aggregate.ts";
import { claimsOf } from "./claims.ts";
import { figure1Csv, runsCsv, summaryOfAll } from "./data-files.ts";
import { drawingsOf } from "./drawings.ts";
import { landscapeFigures } from "./figure-landscape.ts";
import { type Drawing, draw } from "./figures.ts";
import { type MeasuredRuns, type MeasuresReport, measuresReport } from "./measures.ts";
import { measuresCsv, rankingCsv, table3Csv, table3Text } from "./measures-files.ts";
import { page } from "./page.ts";
import { referenceFor } from "./reference.ts";
import { corruptedClaim, mobilenetClaim, table5Csv } from "./robustness.ts";
import { table1Csv, table1Text, table2Csv } from "./tables.ts";
import type { Scale } from "./words.ts";

export interface ReportOptions {
  readonly title: string;
  readonly scale: Scale;
  /** Runs that differ in bits and seed only. */
  readonly results: readonly RunResult[];
  /** Made where it is missing. Files of an earlier report in it are replaced. */
  readonly directory: string;
  /** Measures of the runs, by id; left out where they were not taken. */
  readonly measured?: MeasuredRuns;
  /** The landscape of some of the runs. */
  readonly landscape?: LandscapeReport;
  /** The runs, and others, on corrupted images. */
  readonly robustness?: readonly RobustTable[];
  /** How to make the report again. */
  readonly command: string;
}

export interface Report {
  readonly html: string;
  readonly files: readonly string[];
  /** The content of `summary.json`. */
  readonly summary: string;
  /** Tables 1 and 3 in characters. */
  readonly text: string;
}

const figureIds = [
  "figure-1",
  "losses",
  "gaps",
  "gap-and-loss",
  "searches",
  "figure-2-dequantized",
  "figure-2-latent",
];

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
  const measures = options.measured && measuresReport(all, reference, options.measured);
  const robustness = options.robustness ?? [];
  const claims = [
    ...claimsOf(all, reference),
    ...(measures?.claims ?? []),
    ...robustness.map(corruptedClaim),
    ...robustness.flatMap(mobilenetClaim),
  ];
  const figures = [
    ...(await draw([...drawingsOf(all), ...(measures === undefined ? [] : searchesOf(all, measures))])),
    ...(options.landscape === undefined ? [] : landscapeFigures(options.landscape)),
  ];
  const summary = `${JSON.stringify({ ...summaryOfAll({ title, scale, command }, all, reference, claims), ...(measures && { h1: measures.h1, ranking: measures.ranking, measured: [...measures.measured.values()] }), ...(robustness.length > 0 && { robustness }) }, null, 2)}\n`;
  const contents: (readonly [name: string, content: string])[] = [
    ["table-1.csv", table1Csv(all, reference)],
    ["table-2.csv", table2Csv(all, reference)],
    ["figure-1.csv", figure1Csv(all)],
    ["runs.csv", runsCsv(all)],
    ...(measures === undefined
      ? []
      : ([
          ["table-3.csv", table3Csv(all, measures)],
          ["measures.csv", measuresCsv(all, measures)],
          ["ranking.csv", rankingCsv(measures.ranking)],
        ] as const)),
    ...(robustness.length === 0
      ? []
      : ([
          ["table-4.csv", robustCsv(robustness)],
          ["table-5.csv", table5Csv(robustness)],
        ] as const)),
    ["summary.json", summary],
    ...figures.map(({ id, standalone }) => [`figures/${id}.svg`, standalone] as const),
  ];
  const files = [
    ...contents.map(([name]) => name),
    ...(options.landscape === undefined ? [] : ["landscape/landscape.html"]),
  ];
  const document = page({
    title,
    scale,
    command,
    all,
    reference,
    claims,
    figures,
    files,
    measures,
    robustness,
  });
  for (const [name, content] of [...contents, ["report.html", document] as const])
    writeAtomic(join(directory, name), content);
  // Of an earlier report: what this one has no numbers for.
  for (const name of ["table-3.csv", "measures.csv", "ranking.csv"])
    if (measures === undefined) rmSync(join(directory, name), { force: true });
  for (const name of ["table-4.csv", "table-5.csv"])
    if (robustness.length === 0) rmSync(join(directory, name), { force: true });
  for (const id of figureIds)
    if (!figures.some((figure) => figure.id === id))
      rmSync(join(directory, "figures", `${id}.svg`), { force: true });
  const html = join(directory, "report.html");
  return {
    html,
    files: [html, ...files.map((name) => join(directory, name))],
    summary,
    text: [
      table1Text(all, reference),
      ...(measures === undefined ? [] : [table3Text(all, measures)]),
      ...robustness.map(robustText),
    ].join("\n\n"),
  };
}

/** The searches behind the measures of the first seed. */
function searchesOf({ precisions, seeds }: Aggregate, { measured }: MeasuresReport): Drawing[] {
  const labelled = precisions.flatMap(({ name, bits, runs }) => {
    const run = runs.find(({ config }) => config.seed === seeds[0]);
    const found = run && measured.get(run.id);
    return found === undefined ? [] : [{ label: name, bits, measured: found }];
  });
  return labelled.length === 0 ? [] : [searchesDrawing(labelled)];
}
