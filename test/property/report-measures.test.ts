import { describe, expect, test } from "vitest";
import { table3, table3Columns } from "../../src/experiments/paper/tables.ts";
import { aggregate } from "../../src/experiments/report/aggregate.ts";
import { cellOf, measuresReport } from "../../src/experiments/report/measures.ts";
import {
  measuresCsv,
  rankingCsv,
  table3Csv,
  table3Text,
} from "../../src/experiments/report/measures-files.ts";
import { measuresHtml } from "../../src/experiments/report/measures-html.ts";
import { referenceFor } from "../../src/experiments/report/reference.ts";
import { verifies } from "../spec.ts";
import { measuredAs } from "./report-measured.ts";
import { grid, paperBits } from "./report-runs.ts";

/** Eight seeds; a measure is `levels` by precision, and spreads over the seeds. */
function reportOf(levels: readonly (number | null)[], seeds = 8) {
  const all = aggregate(grid(paperBits, seeds, () => ({})));
  const measured = new Map(
    all.runs.map((run) => {
      const level = levels[paperBits.indexOf(run.config.bits as (typeof paperBits)[number])]!;
      return [run.id, measuredAs(run, level === null ? null : level + run.config.seed)];
    }),
  );
  const reference = referenceFor("cifar10");
  return { all, measured, reference, report: measuresReport(all, reference, measured) };
}

describe("Table 3 of a report", () => {
  verifies(
    "QGen.tab.3",
    "a cell is the mean over the seeds that have a number, beside the paper's rows",
    () => {
      const { all, report, measured } = reportOf([1, 2, 3, null]);
      // Seeds 0 to 7 have the mean 3.5.
      expect(cellOf(measured, all.precisions[1]!, "pacbayes_orig")).toMatchObject({
        n: 8,
        mean: 2 + 3.5 + 1,
      });
      expect(cellOf(measured, all.precisions[3]!, "pacbayes_orig")).toBeNull();
      expect(report.paper).toHaveLength(8);
      const rows = table3Csv(all, report).trimEnd().split("\n");
      expect(rows).toHaveLength(1 + 4 + 8);
      expect(rows[2]).toMatch(/^here,cifar10,nin:2x1,Int8,8,5\.5,2\.449/);
      const printed = table3().find((row) => row.model === "NiN (4x12)" && row.precision === "Int4")!;
      expect(rows).toContainEqual(
        expect.stringMatching(`^paper,CIFAR-10,NiN \\(4x12\\),Int4,1,${printed.pacbayes_init},,`),
      );
      expect(table3Text(all, report).split("\n")[1]).toMatch(/^FP32 {2}here +4\.50 ± 2\.45 /);
      expect(table3Text(all, report)).toMatch(/^Int2 {2}here +–/m);
    },
  );

  test("every measure of every run is in the file, with the reason where there is none", () => {
    const { all, report } = reportOf([1, 2, 3, null]);
    const rows = measuresCsv(all, report).trimEnd().split("\n");
    expect(rows).toHaveLength(1 + 32 * 9);
    expect(rows.filter((row) => row.endsWith(",infinite"))).toHaveLength(8 * 9);
  });
});

describe("hypothesis 1 over all columns of Table 3", () => {
  verifies("QGen.H1", "is told column by column, and claimed for the magnitude-aware ones", () => {
    const { report } = reportOf([1, 2, 0, 3]);
    expect(report.h1.map(({ id }) => id)).toEqual(table3Columns);
    for (const { test } of report.h1) {
      expect(test?.verdict).toBe("supported");
      expect(test?.levels.map(({ bits, simultaneous }) => [bits, simultaneous.mean])).toEqual([
        [8, 1],
        [4, -1],
        [2, 2],
      ]);
    }
    expect(report.claims.map(({ id, verdict }) => [id, verdict])).toEqual([
      ["h1-pacbayes_mag_init", "holds"],
      ["h1-sharpness_mag_init", "holds"],
    ]);
    expect(reportOf([1, 2, 2, 3]).report.claims.map(({ verdict }) => verdict)).toEqual(["fails", "fails"]);
  });
});

describe("the section of the page", () => {
  const { all, reference, report } = reportOf([1, 2, 0, 3]);
  const page = measuresHtml(all, reference, report).markup;

  test("has the three tables, with the verdicts in words", () => {
    expect([...page.matchAll(/<h2 id="([^"]+)"/g)].map(([, id]) => id)).toEqual(["table-3", "h1", "ranking"]);
    expect(page.match(/>supported</g)).toHaveLength(8);
    expect(page).toContain("searches on 256 training images: 10 draws of noise for PAC-Bayes, 10 ascents");
  });

  test("ranks every measure over the runs, and the file has all of them", () => {
    // All gaps are the same here: nothing orders them.
    expect(report.ranking).toHaveLength(9);
    expect(report.ranking.every(({ runs, tau }) => runs === 32 && tau === null)).toBe(true);
    expect(rankingCsv(report.ranking).trimEnd().split("\n")).toHaveLength(10);
  });
});
