import { describe, expect, test } from "vitest";
import { judge } from "../../src/experiments/commands/theory.ts";
import { table3Columns } from "../../src/experiments/paper/tables.ts";
import { type Check, perform, type Relation, sides } from "../../src/experiments/theory/check.ts";
import { casesOfTable3 } from "../../src/experiments/theory/hypothesis.ts";
import { findingText, sidesText } from "../../src/experiments/theory/text.ts";
import { checkedItems, walk } from "../../src/experiments/theory/walk.ts";
import { verifies } from "../spec.ts";

const findings = walk();

describe("the walk through equations 1 to 14 and H1", () => {
  test("every equation has a statement that the paper makes, or needs, in the order of the paper", () => {
    expect(checkedItems).toEqual([...Array.from({ length: 14 }, (_, i) => `QGen.eq.${i + 1}`), "QGen.H1"]);
  });

  test.each(findings.map((finding) => [`[${finding.item}] ${finding.statement}`, finding] as const))(
    "%s: it holds on its example, and fails on its counterexample",
    (_, { sides: found, counterexample, conditions }) => {
      expect(found.holds).toBe(true);
      expect(counterexample.sides.holds).toBe(false);
      expect(conditions.length).toBeGreaterThan(0);
      for (const { left, right } of [found, counterexample.sides])
        expect([left, right].every(Number.isFinite)).toBe(true);
      expect(counterexample.sides.relation).toBe(found.relation);
    },
  );

  test("a second walk finds the same bits; a walk with items finds only those", () => {
    const before = process.cpuUsage();
    expect(walk()).toEqual(findings);
    // Microseconds of the processor, whatever else it does: a walk is to stay below 10 seconds.
    expect(process.cpuUsage(before).user).toBeLessThan(10e6);
    expect(walk(["QGen.eq.4", "QGen.eq.3"]).map(({ item }) => item)).toEqual([
      "QGen.eq.3",
      "QGen.eq.3",
      "QGen.eq.4",
    ]);
  });

  test("numbers that can be worked out by hand are these", () => {
    const found = (item: string, statement: string) =>
      findings.find((f) => f.item === item && f.statement.startsWith(statement))!;
    // y = ½, −1, 2, ¼: E y = 7/16, Var y = 1.13671875 + (0.7 − 0.4375)² …
    expect(found("QGen.eq.4", "L(w)").sides.left).toBeCloseTo(1.13671875 + 0.2625 ** 2, 12);
    // Noise that knows y: L̃ = L − 0.51 Var y, and L + R = L + 0.09 Var y.
    const { left, right } = found("QGen.eq.7", "L̃ = L + E").counterexample.sides;
    expect(right - left).toBeCloseTo(0.6 * 1.13671875, 12);
    // 2 n (w − w*) E x² at w = 1, w* = ⅜, E x² = 3/2, n = ¼.
    expect(found("QGen.eq.7", "2 E[r").counterexample.sides.left).toBeCloseTo(0.46875, 12);
    expect(found("QGen.eq.10", "L_S(w) ≤").counterexample.sides).toMatchObject({ left: 1, right: 0.25 });
    expect(found("QGen.eq.3", "the quantized").counterexample.sides.left).toBe(0.6);
    // ½ · 1000 ρ² at ρ = 0.1
    expect(found("QGen.eq.11", "max L_S(w + ε) ≈").counterexample.sides.left).toBeCloseTo(5, 12);
  });
});

describe("a check", () => {
  const yes = () => sides(1, "≤", 2);
  const no = () => sides(2, "≤", 1);
  const check = (run: Check["run"], against: Check["run"]): Check => ({
    item: "QGen.eq.8",
    standing: "theorem",
    statement: "one is less than two",
    conditions: ["numbers"],
    example: "1 and 2",
    run,
    counterexample: { without: "numbers", inPaper: "missing", example: "2 and 1", run: against },
  });

  test("passes where the statement holds on the example and fails on the counterexample, and nowhere else", () => {
    const passed = [
      [yes, no],
      [yes, yes],
      [no, no],
      [no, yes],
    ].map(([a, b]) => perform(check(a!, b!)).passed);
    expect(passed).toEqual([true, false, false, false]);
  });

  test("that does not pass is a complaint with exit code 1, which names the statement", () => {
    expect(() => judge([perform(check(yes, no))])).not.toThrow();
    const bad = [perform(check(yes, yes)), perform(check(yes, no))];
    expect(() => judge(bad)).toThrow(
      "1 of 2 checks came out otherwise than they should: QGen.eq.8, one is less than two",
    );
    try {
      judge(bad);
    } catch (error) {
      expect(error).toMatchObject({ exitCode: 1 });
    }
  });

  test("is told with its conditions, both sides, and what was dropped", () => {
    const text = findingText(perform(check(yes, no)));
    expect(text.split("\n")).toEqual([
      "(8) one is less than two   [theorem]",
      "    if        numbers",
      "    try       1 and 2",
      "              1 ≤ 2   holds",
      "    without   numbers; the paper does not ask for it",
      "    try       2 and 1",
      "              2 > 1   fails, as it should",
    ]);
    expect(findingText(perform(check(no, yes)))).toMatch(/2 > 1 {3}FAILS[\s\S]*1 ≤ 2 {3}HOLDS ALL THE SAME/);
  });

  test.each([
    [1, "≤", 1 + 1e-9, true],
    [1 + 1e-9, "≤", 1, false],
    [1 + 1e-14, "≤", 1, true],
    [1e6, "=", 1e6 + 1e-6, true],
    [1, "=", 1 + 1e-9, false],
    [1, "<", 1, false],
    [1, ">", 1, false],
    [2, ">", 1, true],
    [Number.NaN, "≤", 1, false],
    [Number.NaN, "=", Number.NaN, false],
  ] as const)("%d %s %d is %s", (left, relation, right, holds) => {
    expect(sides(left, relation as Relation, right).holds).toBe(holds);
  });

  test("shows as many digits as it takes to see a difference that is there", () => {
    expect(sidesText(sides(0.99983, "≤", 0.9998))).toBe("0.99983 > 0.9998");
    expect(sidesText(sides(1, "=", 1 + 1e-8))).toBe("1 ≠ 1.00000001");
    expect(sidesText(sides(1 + 1e-15, "=", 1))).toBe("1 = 1");
    expect(sidesText(sides(1.0057, "=", 1, 0.02))).toBe("1.006 ≈ 1");
    expect(sidesText(sides(3, "<", 3))).toBe("3 ≥ 3");
    expect(sidesText(sides(2e-16, "=", 0))).toBe("2.000e-16 ≈ 0");
  });
});

describe("H1 on Table 3", () => {
  const cases = casesOfTable3();
  const of = (measure: string) => cases.filter((one) => one.measure === measure);
  const total = (g: (one: (typeof cases)[number]) => number): number[] =>
    table3Columns.map((measure) => of(measure).reduce((sum, one) => sum + g(one), 0));

  verifies(
    "QGen.H1",
    "of 33 quantized networks of Table 3, 9, 13, 31, 31, 20, 21, 29 and 30 are flatter than full precision",
    () => {
      expect(cases.length).toBe(11 * 8);
      expect(total(({ flatter }) => flatter.length)).toEqual([9, 13, 31, 31, 20, 21, 29, 30]);
      expect(total(({ flatter, sharper }) => flatter.length + sharper.length)).toEqual(new Array(8).fill(33));
    },
  );

  verifies(
    "QGen.H1",
    "with the magnitude-aware measures it holds for all 11 networks, and at 8 bits already",
    () => {
      for (const measure of table3Columns.filter((name) => name.includes("_mag_")))
        for (const { some, flatter } of of(measure)) expect([some, flatter[0]]).toEqual([true, 8]);
      expect(total(({ some }) => Number(some))).toEqual([7, 8, 11, 11, 10, 10, 11, 11]);
    },
  );

  verifies(
    "QGen.H1",
    "not for every number of bits: ResNet-50 on CIFAR and DeiT-T are sharper at 4 or 2",
    () => {
      const contradictions = table3Columns
        .filter((name) => name.includes("_mag_"))
        .map((measure) =>
          of(measure)
            .filter(({ every }) => !every)
            .map(({ dataset, model, sharper }) => `${dataset} ${model} ${sharper}`),
        );
      expect(contradictions).toEqual([
        ["CIFAR-10 ResNet-50 4", "ImageNet-1K DeiT-T 2"],
        ["CIFAR-10 ResNet-50 4", "ImageNet-1K DeiT-T 2"],
        ["CIFAR-10 ResNet-50 4", "CIFAR-100 ResNet-50 4,2", "ImageNet-1K DeiT-T 2"],
        ["CIFAR-10 ResNet-50 4", "CIFAR-100 ResNet-50 2", "ImageNet-1K DeiT-T 2"],
      ]);
    },
  );
});
