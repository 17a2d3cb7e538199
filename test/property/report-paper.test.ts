import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseCsv } from "../../src/experiments/paper/csv.ts";
import {
  type Network,
  parseTable,
  table1,
  table2,
  table3,
  table3Recovered,
  table4,
  table5,
  table6,
} from "../../src/experiments/paper/tables.ts";
import { toCsv } from "../../src/experiments/report/csv.ts";
import { referenceFor } from "../../src/experiments/report/reference.ts";
import { verifies } from "../spec.ts";

const precisions = ["FP32", "Int8", "Int4", "Int2"];
const name = ({ dataset, model, precision }: Network): string => `${dataset}, ${model}, ${precision}`;

function grouped<R>(rows: readonly R[], key: (row: R) => string): Map<string, R[]> {
  const groups = new Map<string, R[]>();
  for (const row of rows) groups.set(key(row), [...(groups.get(key(row)) ?? []), row]);
  return groups;
}

describe("the paper's tables", () => {
  test("have all their rows: each network, or each corruption of it, once at every precision", () => {
    const tables = [table1(), table2(), table3(), table3Recovered(), table4(), table5(), table6()];
    expect(tables.map((rows) => rows.length)).toEqual([20, 40, 44, 40, 900, 180, 900]);
    for (const rows of tables) {
      const same = grouped<Network & { corruption?: string; severity?: number | null }>(rows, (row) =>
        [row.dataset, row.model, row.corruption, row.severity].join(),
      );
      for (const group of same.values())
        expect(new Set(group.map(({ precision }) => precision))).toEqual(new Set(precisions));
      expect(same.size).toBe(rows.length / 4);
    }
    for (const rows of [table4(), table5()])
      expect(new Set(rows.map(({ corruption }) => corruption)).size).toBe(15);
    expect(new Set(table4().map(({ severity }) => severity))).toEqual(new Set([1, 2, 3, 4, 5]));
  });

  verifies(
    "QGen.tab.1",
    "the printed gap is test − training loss, but for three NiN rows of CIFAR-100",
    () => {
      // Each printed number is off by half a unit of its last digit at most: 3 digits for NiN, 2 for ImageNet.
      const off = table1()
        .map((row) => ({ row, by: row.generalization_gap - (row.test_loss - row.train_loss) }))
        .filter(({ row, by }) => Math.abs(by) > 1.5 * (row.model === "NiN" ? 1e-3 : 1e-2) + 1e-9)
        .map(({ row, by }) => [name(row), by.toFixed(3)]);
      expect(off).toEqual([
        ["CIFAR-100, NiN, Int8", "-0.005"],
        ["CIFAR-100, NiN, Int4", "0.003"],
        ["CIFAR-100, NiN, Int2", "-0.002"],
      ]);
    },
  );

  verifies(
    "QGen.tab.1",
    "in the printed NiN rows, training loss rises and gap shrinks at every step of bits",
    () => {
      for (const dataset of ["CIFAR-10", "CIFAR-100"]) {
        const rows = table1().filter((row) => row.dataset === dataset && row.model === "NiN");
        expect(rows.map(({ precision }) => precision)).toEqual(precisions);
        for (const [i, row] of rows.slice(1).entries()) {
          expect(row.train_loss).toBeGreaterThan(rows[i]!.train_loss);
          expect(row.generalization_gap).toBeLessThan(rows[i]!.generalization_gap);
        }
      }
      expect(referenceFor("cifar10").testLossSpread).toBeCloseTo(0.446 - 0.405, 12);
      expect(referenceFor("cifar100").testLossSpread).toBeCloseTo(1.687 - 1.537, 12);
    },
  );

  verifies(
    "QGen.tab.2",
    "the printed norm at FP32 is 1.25 times that at Int8, or more, in every network",
    () => {
      const networks = grouped(table2(), ({ dataset, model }) => `${dataset}, ${model}`);
      const factors = [...networks.values()].map((rows) => {
        const [fp32, int8] = ["FP32", "Int8"].map(
          (name) => rows.find(({ precision }) => precision === name)!,
        );
        return fp32!.weight_l2_norm / int8!.weight_l2_norm;
      });
      expect([Math.min(...factors), Math.max(...factors)]).toEqual([59.474 / 47.368, 415.004 / 85.162]);
    },
  );

  test("some of their numbers, as printed", () => {
    const find = <R extends Network>(rows: readonly R[], row: string): R =>
      rows.find((r) => name(r) === row)!;
    expect(find(table1(), "CIFAR-100, NiN, Int2")).toMatchObject({ train_acc: 81.21, test_loss: 1.537 });
    expect(find(table2(), "CIFAR-10, ResNet-50, Int4").weight_l2_norm).toBe(238.117);
    expect(find(table3(), "CIFAR-10, NiN (4x10), Int8")).toMatchObject({
      pacbayes_orig: 3.626,
      sharpness_mag_orig: 6.61,
    });
    expect(table4()[0]).toMatchObject({
      model: "ResNet-18",
      corruption: "gaussian_noise",
      severity: 1,
      generalization_gap: 1.067,
    });
    expect(table5()[0]).toMatchObject({ precision: "FP32", severity: null, generalization_gap: 2.782 });
  });

  test("Tables 4 and 6 are one table printed twice", () => {
    expect(table6()).toEqual(table4());
  });

  test("the recovered radii give Table 3 back with the norms of Table 2: x = ‖w‖²/4σ² + ln(m/δ) + 10, δ = 0.1", () => {
    const [norms, printed] = [table2(), table3()].map((rows) => new Map(rows.map((row) => [name(row), row])));
    for (const row of table3Recovered()) {
      expect(norms!.get(name(row))).toMatchObject({ weight_l2_norm: row.weight_norm_table2 });
      expect(printed!.get(name(row))).toMatchObject({
        pacbayes_orig: row.pacbayes_orig_printed,
        sharpness_orig: row.sharpness_orig_printed,
      });
      const [m, rest] = [row.m_used, Math.log(row.m_used / 0.1) + 10];
      const square = row.weight_norm_table2 ** 2 / 4;
      const measure = Math.sqrt((square / row.sigma_recovered ** 2 + rest) / m);
      expect(Math.abs(measure - row.pacbayes_orig_pred)).toBeLessThan(1e-5);
      const sharpness = Math.sqrt(
        ((square * Math.log(2 * row.omega_used)) / row.alpha_recovered ** 2 + rest) / m,
      );
      expect(Math.abs(sharpness - row.sharpness_orig_pred)).toBeLessThan(2e-4);
      // A match is to the last printed digit.
      const gap = Math.abs(row.pacbayes_orig_pred - row.pacbayes_orig_printed);
      expect(gap < 0.001, name(row)).toBe(row.pac_match);
      expect(Math.abs(row.sharpness_orig_pred - row.sharpness_orig_printed) < 0.001, name(row)).toBe(
        row.sharp_match,
      );
    }
    expect(
      table3Recovered()
        .filter(({ pac_match }) => !pac_match)
        .map(name),
    ).toEqual([
      "CIFAR-10, NiN (4x10), Int8",
      ...precisions.map((precision) => `CIFAR-100, ResNet-50, ${precision}`),
    ]);
  });
});

describe("CSV", () => {
  const cell = fc.oneof(
    fc.string({ unit: fc.constantFrom("a", " ", ",", '"', "\n", "\r", "é", "0", "\u2028", "🙂", "\\", "'") }),
    fc.string({ unit: "grapheme" }),
  );

  test("what is written is what is read, whatever characters it has", () => {
    const table = fc.integer({ min: 1, max: 4 }).chain((width) =>
      fc.record({
        columns: fc.uniqueArray(cell, { minLength: width, maxLength: width }),
        rows: fc.array(fc.array(cell, { minLength: width, maxLength: width }), { maxLength: 5 }),
      }),
    );
    fc.assert(
      fc.property(table, ({ columns, rows }) => {
        const objects = rows.map((row) => Object.fromEntries(columns.map((name, i) => [name, row[i]!])));
        const text = toCsv(columns, objects);
        expect(parseCsv(text)).toEqual([columns, ...rows]);
        expect(text.endsWith("\n")).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test("numbers are read back to the last bit; what is no number is an empty cell", () => {
    fc.assert(
      fc.property(fc.double(), (x) => {
        const [, [text]] = parseCsv(toCsv(["x"], [{ x }])) as [string[], [string]];
        if (Number.isFinite(x)) expect(Number(text)).toBe(x + 0);
        else expect(text).toBe("");
      }),
    );
    expect(toCsv(["a", "b", "c"], [{ a: null, b: true, c: -1.5 }])).toBe("a,b,c\n,true,-1.5\n");
    expect(() => toCsv(["a", "b"], [{ a: 1, b: 2 }, { a: 1 }])).toThrow('toCsv: row 2 has no "b"');
  });

  test.each([
    ["a,b\n1\n", "t, line 2: expected 2 cells, as many as in the header, got 1"],
    ['a\n"x\ny"z\n', "t, line 2, column 1: expected a closing quote before a comma or the end of the line"],
    ['a\nx"y\n', "t, line 2, column 1: expected quotes around a cell with a quote"],
    ['a,b\n"\n",c"\n', "t, line 3, column 2: expected quotes around a cell with a quote"],
    ["a\nx", "t, line 2: expected the line to be ended, got the end"],
    ["a,", "t, line 1: expected the line to be ended, got the end"],
  ])("%j is refused, with the place", (text, sentence) => {
    expect(() => parseCsv(text, "t")).toThrow(sentence);
  });

  test("a table says in which row and column something is not what it should be", () => {
    const columns = {
      x: Number,
      precision: (cell: string) => {
        if (cell !== "Int8") throw new SyntaxError(`no ${cell}`);
        return cell;
      },
    };
    expect(parseTable("x,precision\n1,Int8\n", columns)).toEqual([{ x: 1, precision: "Int8" }]);
    expect(() => parseTable("x,precision\n1,Int8\n2,Int9\n", columns, "t")).toThrow(
      "t, row 2, precision: no Int9",
    );
    expect(() => parseTable("precision,x\nInt8,1\n", columns, "t")).toThrow(
      "t: expected the columns x,precision, got precision,x",
    );
    expect(() => parseTable("", columns, "t")).toThrow("got no header");
  });

  test("each row has the numbers of its line, under the names of the header", () => {
    for (const [file, rows] of Object.entries({ "table1.csv": table1(), "table4.csv": table4() })) {
      const read = parseCsv(readFileSync(`src/experiments/paper/${file}`, "utf8"));
      const written = parseCsv(
        toCsv(
          read[0]!,
          rows.map((row) => ({ ...row })),
        ),
      );
      const plain = (cells: string[][]) =>
        cells.map((row) => row.map((x) => (/^[\d.]+$/.test(x) ? Number(x) : x)));
      expect(plain(written)).toEqual(plain(read));
    }
  });
});
