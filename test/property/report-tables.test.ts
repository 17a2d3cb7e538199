import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseCsv } from "../../src/experiments/paper/csv.ts";
import { table1 } from "../../src/experiments/paper/tables.ts";
import { type Aggregate, aggregate } from "../../src/experiments/report/aggregate.ts";
import { html } from "../../src/experiments/report/html.ts";
import { referenceFor } from "../../src/experiments/report/reference.ts";
import {
  table1Csv,
  table1Html,
  table1Text,
  table2Csv,
  table2Html,
} from "../../src/experiments/report/tables.ts";
import type { RunResult } from "../../src/experiments/result.ts";
import { verifies } from "../spec.ts";
import { cellsOf, named, parseMarkup } from "./report-markup.ts";
import { experiment, grid, made, paperBits } from "./report-runs.ts";

const cifar10 = referenceFor("cifar10");
type Row = Readonly<Record<string, string>>;
function records(csv: string): Row[] {
  const [header, ...rows] = parseCsv(csv);
  return rows.map((row) => Object.fromEntries(header!.map((name, i) => [name, row[i]!])));
}
const here = (rows: readonly Row[]): Row[] => rows.filter(({ source }) => source === "here");
const caption = html`what is shown`;
const pageOf = (table: typeof table1Html, all: Aggregate): string[][] =>
  cellsOf(named(parseMarkup(table(all, cifar10, caption).markup), "table")[0]!);

/** Σx / n and √(Σ(x − x̄)² / (n − 1)). */
function moments(xs: readonly number[]): { mean: number; sd: number | null } {
  const mean = xs.reduce((a, b) => a + b) / xs.length;
  const square = xs.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  return { mean, sd: xs.length === 1 ? null : Math.sqrt(square / (xs.length - 1)) };
}
/** As a reader would write it. */
const printed = (x: number, digits: number): string =>
  Number(x.toFixed(digits)) === 0 ? (0).toFixed(digits) : x.toFixed(digits).replace("-", "−");
const shown = (xs: readonly number[], digits: number): string => {
  const { mean, sd } = moments(xs);
  return sd === null ? printed(mean, digits) : `${printed(mean, digits)} ± ${printed(sd, digits)}`;
};
const precisionsOf = (runs: readonly RunResult[]): [name: string, runs: RunResult[]][] =>
  [32, 8, 7, 6, 5, 4, 3, 2].flatMap((bits) => {
    const own = runs
      .filter(({ config }) => config.bits === bits)
      .sort((a, b) => a.config.seed - b.config.seed);
    return own.length === 0 ? [] : [[bits === 32 ? "FP32" : `Int${bits}`, own]];
  });
function expectCell(row: Row, name: string, xs: readonly number[]): void {
  const { mean, sd } = moments(xs);
  expect(Number(row[`${name}_mean`])).toBeCloseTo(mean, 9);
  if (sd === null) expect(row[`${name}_sd`]).toBe("");
  else expect(Number(row[`${name}_sd`])).toBeCloseTo(sd, 9);
}

const columns = [
  { name: "train_acc", digits: 2, of: ({ train }: RunResult) => 100 * train.accuracy },
  { name: "test_acc", digits: 2, of: ({ test }: RunResult) => 100 * test.accuracy },
  { name: "train_loss", digits: 3, of: ({ train }: RunResult) => train.loss },
  { name: "test_loss", digits: 3, of: ({ test }: RunResult) => test.loss },
  { name: "generalization_gap", digits: 3, of: ({ test, train }: RunResult) => test.loss - train.loss },
] as const;

describe("Table 1", () => {
  verifies(
    "QGen.tab.1",
    "has mean and standard deviation over the seeds, the gap being test − training loss",
    () => {
      fc.assert(
        fc.property(experiment, (runs) => {
          const rows = here(records(table1Csv(aggregate(runs), cifar10)));
          const expected = precisionsOf(runs);
          expect(rows.map(({ precision, networks }) => [precision, networks])).toEqual(
            expected.map(([name, own]) => [name, String(own.length)]),
          );
          for (const [i, [, own]] of expected.entries())
            for (const { name, of } of columns) expectCell(rows[i]!, name, own.map(of));
        }),
      );
    },
  );

  verifies("QGen.tab.1", "says the same rounded numbers on the page and in the terminal", () => {
    fc.assert(
      fc.property(experiment, (runs) => {
        const all = aggregate(runs);
        const ours = precisionsOf(runs).map(([name, own]) => [
          name,
          own.length,
          ...columns.map(({ of, digits }) => shown(own.map(of), digits)),
        ]);
        expect(pageOf(table1Html, all).filter(([, source]) => source?.startsWith("here"))).toEqual(
          ours.map(([name, n, ...cells]) => [name, `here, n = ${n}`, ...cells]),
        );
        const lines = table1Text(all, cifar10)
          .split("\n")
          .map((line) => line.trim().split(/ {2,}/));
        expect(lines.filter(([, source]) => source === "here")).toEqual(
          ours.map(([name, _n, ...cells]) => [name, "here", ...cells]),
        );
      }),
    );
  });

  verifies("QGen.tab.1", "has the paper's own row below that of each precision that the paper has", () => {
    const all = aggregate(grid([32, 6, 4], 2));
    const paper = {
      FP32: ["97.61", "88.05", "0.103", "0.405", "0.302"],
      Int4: ["96.90", "87.70", "0.125", "0.413", "0.288"],
    };
    const ours = ["75.00 ± 0.00", "50.00 ± 0.00", "0.500 ± 0.000", "0.750 ± 0.000", "0.250 ± 0.000"];
    expect(pageOf(table1Html, all)).toEqual([
      ["Precision", "Source", "Train acc., %", "Test acc., %", "Train loss", "Test loss", "Gap"],
      ["FP32", "here, n = 2", ...ours],
      ["FP32", "paper", ...paper.FP32],
      ["Int6", "here, n = 2", ...ours],
      ["Int4", "here, n = 2", ...ours],
      ["Int4", "paper", ...paper.Int4],
    ]);
    for (const data of ["cifar10", "cifar100", "synthetic"]) {
      const rows = records(table1Csv(all, referenceFor(data))).filter(({ source }) => source === "paper");
      const dataset = data === "cifar100" ? "CIFAR-100" : "CIFAR-10";
      const expected = table1().filter((row) => row.dataset === dataset && row.model === "NiN");
      expect(
        rows.map((row) => [
          row.dataset,
          row.precision,
          ...columns.map(({ name }) => Number(row[`${name}_mean`])),
        ]),
      ).toEqual(expected.map((row) => [row.dataset, row.precision, ...columns.map(({ name }) => row[name])]));
    }
  });

  test("is aligned in the terminal", () => {
    const runs = grid([32, 8], 2, (precision, seed) => ({
      testLoss: 0.75 + seed / 4,
      trainLoss: 10 * precision,
    }));
    const broken = made({ bits: 2, seed: 0, reason: "the loss became NaN" });
    expect(table1Text(aggregate([...runs, broken]), cifar10)).toBe(
      [
        "             Train acc., %  Test acc., %      Train loss      Test loss             Gap",
        "FP32  here    75.00 ± 0.00  50.00 ± 0.00   0.000 ± 0.000  0.875 ± 0.177   0.875 ± 0.177",
        "      paper          97.61         88.05           0.103          0.405           0.302",
        "Int8  here    75.00 ± 0.00  50.00 ± 0.00  10.000 ± 0.000  0.875 ± 0.177  −9.125 ± 0.177",
        "      paper          97.50         88.01           0.106          0.407           0.301",
        "Int2  here               –             –               –              –               –",
        "      paper          93.40         86.11           0.222          0.446           0.224",
      ].join("\n"),
    );
  });

  test("says of a precision without a run that counts that it has none", () => {
    const all = aggregate([made({ bits: 32, seed: 0 }), made({ bits: 2, seed: 0, reason: "diverged" })]);
    const none = Array(5).fill("no run that counts");
    expect(pageOf(table1Html, all)[3]).toEqual(["Int2", "here, n = 0", ...none]);
    expect(pageOf(table2Html, all)[3]!.slice(0, 5)).toEqual(["Int2", ...none.slice(1)]);
    expect(here(records(table1Csv(all, cifar10))).map(({ precision }) => precision)).toEqual(["FP32"]);
  });
});

describe("Table 2", () => {
  verifies("QGen.tab.2", "has the norms over the seeds, and FP32 over each precision within a seed", () => {
    fc.assert(
      fc.property(experiment, (runs) => {
        const all = aggregate(runs);
        const rows = here(records(table2Csv(all, cifar10)));
        const page = pageOf(table2Html, all).slice(2);
        const float = runs.filter(({ config }) => config.bits === 32);
        for (const [i, [name, own]] of precisionsOf(runs).entries()) {
          for (const norm of ["weights", "quantized", "distance"] as const)
            expectCell(
              rows[i]!,
              norm,
              own.map(({ norms }) => norms[norm]),
            );
          for (const norm of ["weights", "quantized"] as const) {
            const factors = own.flatMap(({ config: { seed }, norms }) =>
              float.filter(({ config }) => config.seed === seed).map((run) => run.norms[norm] / norms[norm]),
            );
            if (factors.length > 0) expectCell(rows[i]!, `fp32_ratio_${norm}`, factors);
            else expect(rows[i]![`fp32_ratio_${norm}_mean`]).toBe("");
            if (norm === "weights")
              expect(page[i]!.slice(0, 5)).toEqual([
                name,
                shown(
                  own.map(({ norms }) => norms.weights),
                  2,
                ),
                name === "FP32"
                  ? "–"
                  : shown(
                      own.map(({ norms }) => norms.quantized),
                      2,
                    ),
                shown(
                  own.map(({ norms }) => norms.distance),
                  2,
                ),
                name === "FP32" || factors.length === 0 ? "–" : shown(factors, 3),
              ]);
          }
        }
      }),
    );
  });

  verifies("QGen.tab.2", "has the paper's norms of both its NiN beside ours, with their factor", () => {
    const all = aggregate(grid(paperBits, 1));
    const [above, head, ...rows] = pageOf(table2Html, all);
    expect(above).toEqual([
      "Precision",
      ...Array(4).fill("Here"),
      ...Array(2).fill("Paper, NiN (4x10)"),
      ...Array(2).fill("Paper, NiN (4x12)"),
    ]);
    expect(head).toEqual([
      "Precision",
      "‖w‖",
      "‖ŵ‖",
      "‖w − w₀‖",
      "FP32 ÷ this",
      "norm",
      "FP32 ÷ this",
      "norm",
      "FP32 ÷ this",
    ]);
    expect(rows.map((row) => [row[0], ...row.slice(5)])).toEqual([
      ["FP32", "130.69", "–", "73.04", "–"],
      ["Int8", "53.80", "2.429", "46.75", "1.562"],
      ["Int4", "54.29", "2.407", "46.52", "1.570"],
      ["Int2", "47.26", "2.765", "43.04", "1.697"],
    ]);
    const data = records(table2Csv(all, cifar10)).filter(({ source }) => source === "paper");
    expect(data).toHaveLength(8);
    expect(data.find(({ model, precision }) => model === "NiN (4x12)" && precision === "Int8")).toMatchObject(
      {
        weights_mean: "46.75",
        weights_sd: "",
        quantized_mean: "",
        fp32_ratio_weights_mean: String(73.042 / 46.75),
      },
    );
  });
});
