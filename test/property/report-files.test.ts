import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { Complaint } from "../../src/experiments/complaint.ts";
import { parseCsv } from "../../src/experiments/paper/csv.ts";
import { type Report, writeReport } from "../../src/experiments/report/report.ts";
import type { RunResult } from "../../src/experiments/result.ts";
import { verifies } from "../spec.ts";
import { named, parseMarkup } from "./report-markup.ts";
import { grid, layer, made, paperBits } from "./report-runs.ts";

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), "qgen-report-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
const write = (directory: string, results: readonly RunResult[]): Promise<Report> =>
  writeReport({ title: "A title", scale: "smoke", results, directory, command: "qgen reproduce" });

/** All files below a folder, with what is in them. */
const contents = (folder: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
      .sort()
      .map((path) => [relative(folder, path), readFileSync(path, "utf8")]),
  );
function table(csv: string): Record<string, string>[] {
  const [header, ...rows] = parseCsv(csv);
  return rows.map((row) => Object.fromEntries(header!.map((name, i) => [name, row[i]!])));
}

const always = ["figure-1.csv", "report.html", "runs.csv", "summary.json", "table-1.csv", "table-2.csv"];
const figures = ["figure-1", "gap-and-loss", "gaps", "losses"].map((id) => `figures/${id}.svg`);

describe("a report", () => {
  test("is the files that it lists, and the page leads to each of them", async () => {
    const folder = join(scratch(), "not", "there yet");
    const report = await write(folder, grid(paperBits, 2));
    const found = contents(folder);
    expect(Object.keys(found)).toEqual([...always, ...figures].sort());
    expect(report.files.map((path) => relative(folder, path)).sort()).toEqual(Object.keys(found));
    expect(report.html).toBe(join(folder, "report.html"));
    expect(report.summary).toBe(found["summary.json"]);
    const links = named(parseMarkup(found["report.html"]!), "a").map(
      ({ attributes }) => attributes.get("href")!,
    );
    expect(new Set(links.filter((href) => !href.startsWith("#")))).toEqual(
      new Set([...always, ...figures].filter((name) => name !== "report.html")),
    );
    for (const name of figures) expect(parseMarkup(found[name]!).name).toBe("svg");
  });

  test("is the same bytes for the same results, in whatever order they come", async () => {
    const [one, other] = [scratch(), scratch()];
    const runs = [...grid(paperBits, 2), made({ bits: 3, seed: 0, reason: "the loss became NaN" })];
    await write(one, runs);
    await write(other, runs.toReversed());
    expect(contents(other)).toEqual(contents(one));
  });

  test("leaves nothing of an earlier one that it has no numbers for, and nothing else touched", async () => {
    const folder = scratch();
    await write(folder, grid(paperBits, 2));
    writeFileSync(join(folder, "figures", "mine.svg"), "<svg/>");
    await write(folder, grid([32], 2));
    expect(Object.keys(contents(folder))).toEqual(
      [...always, ...figures.filter((name) => name !== "figures/figure-1.svg"), "figures/mine.svg"].sort(),
    );
    await write(folder, [made({ bits: 32, seed: 0, reason: "the loss became NaN" })]);
    expect(Object.keys(contents(folder))).toEqual([...always, "figures/mine.svg"].sort());
    expect(readFileSync(join(folder, "report.html"), "utf8")).toContain("There is no run to draw.");
  });

  test("that cannot be written is a complaint with the path and the cause", async () => {
    const folder = scratch();
    writeFileSync(join(folder, "file"), "a file");
    mkdirSync(join(folder, "taken", "report.html"), { recursive: true });
    const failures = [
      ["file/report", /^cannot write .*file\/report\/table-1\.csv: a part of the path is a file\./],
      ["file", /^cannot write .*file\/table-1\.csv: /],
      ["taken", /^cannot write .*taken\/report\.html: it is a directory\./],
    ] as const;
    for (const [name, sentence] of failures) {
      const failure = await write(join(folder, name), grid([32], 1)).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(Complaint);
      expect((failure as Complaint).message).toMatch(sentence);
    }
    expect(readFileSync(join(folder, "file"), "utf8")).toBe("a file");
    await expect(write(folder, [])).rejects.toThrow(RangeError);
  });
});

describe("the data of a report", () => {
  verifies(
    "QGen.fig.1",
    "figure-1.csv has each layer of each quantized run that counts, to the last bit",
    async () => {
      const folder = scratch();
      const runs = grid(paperBits, 2, (precision, seed, bits) => ({
        steps:
          bits === 32
            ? []
            : ["in", "out"].map((name, i) =>
                layer(name, bits, (0.1 + i) / 3 ** (precision - seed), {
                  initialStep: 1 / 3,
                  clipped: 1e-7,
                  largestError: 0.49,
                }),
              ),
      }));
      await write(folder, [...runs, made({ bits: 2, seed: 2, reason: "the loss became NaN" })]);
      const expected = runs.flatMap(({ config, steps }) =>
        steps.map((entry, index) =>
          [
            `Int${config.bits}`,
            config.seed,
            index,
            entry.weight,
            entry.bits,
            entry.step,
            1 / 3,
            1e-7,
            0.49,
          ].map(String),
        ),
      );
      expect(parseCsv(contents(folder)["figure-1.csv"]!).slice(1)).toEqual(expected);
      expect(expected).toHaveLength(12);
    },
  );

  test("runs.csv has every run once, and why one does not count", async () => {
    const folder = scratch();
    const runs = grid([32, 2], 2, (precision, seed) => ({ trainLoss: (precision + seed) / 3 }));
    const diverged = {
      ...made({ bits: 2, seed: 7, reason: 'the loss became "NaN", at once' }),
      gap: Number.NaN,
    };
    await write(folder, [...runs, diverged]);
    const rows = table(contents(folder)["runs.csv"]!);
    expect(rows.map(({ id, counts, why_not }) => [id, counts, why_not])).toEqual([
      ...runs.map(({ id }) => [id, "true", ""]),
      [diverged.id, "false", 'the loss became "NaN", at once'],
    ]);
    for (const [i, { train, test, gap, norms }] of runs.entries())
      expect(rows[i]).toMatchObject({
        precision: i < 2 ? "FP32" : "Int2",
        seed: String(i % 2),
        train_loss: String(train.loss),
        test_loss: String(test.loss),
        gap: String(gap),
        train_accuracy: "0.75",
        test_accuracy: "0.5",
        norm: String(norms.weights),
        norm_initial: "6",
        selected_epoch: "2",
        epochs: "2",
      });
    expect(rows.at(-1)).toMatchObject({ precision: "Int2", seed: "7", status: "diverged", gap: "" });
  });

  test("summary.json has the numbers, the claims, the paper's rows and the runs without their curves", async () => {
    const runs = grid(paperBits, 3, (precision, seed) => ({
      trainLoss: (precision + seed) / 7,
      weights: 8 - precision,
    }));
    const broken = made({ bits: 3, seed: 0, reason: "the loss became NaN" });
    const { summary } = await write(scratch(), [...runs, broken]);
    const read = JSON.parse(summary) as {
      seeds: number[];
      claims: { id: string; verdict: string }[];
      precisions: { name: string; trainLoss: { mean: number }; fp32Ratio: { mean: number } }[];
      missing: string[];
      excluded: { id: string; why: string }[];
      paper: { table1: object[]; table2: { norms: Record<string, number> }[] };
      runs: object[];
    };
    expect(read.seeds).toEqual([0, 1, 2]);
    expect(read.claims.map(({ id }) => id)).toEqual([
      "training-loss",
      "gap",
      "int8",
      "test-loss",
      "bins",
      "noise-bound",
    ]);
    expect(
      read.precisions.map(({ name, trainLoss, fp32Ratio }) => [
        name,
        trainLoss.mean.toFixed(6),
        fp32Ratio.mean,
      ]),
    ).toEqual(
      ["FP32", "Int8", "Int4", "Int2"].map((name, i) => [name, ((i + 1) / 7).toFixed(6), 8 / (8 - i)]),
    );
    expect([read.missing, read.excluded]).toEqual([
      ["Int3"],
      [{ id: broken.id, why: "the loss became NaN" }],
    ]);
    expect([read.paper.table1.length, read.paper.table2[0]!.norms.FP32]).toEqual([4, 130.686]);
    expect(read.runs).toHaveLength(13);
    expect(read.runs[0]).toEqual(JSON.parse(JSON.stringify({ ...runs[0], curve: undefined })));
  });
});
