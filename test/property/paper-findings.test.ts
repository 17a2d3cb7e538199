import { describe, expect, test } from "vitest";
import { errata, escaped, summary } from "../../src/experiments/paper/errata.ts";
import { factRows, facts } from "../../src/experiments/paper/facts.ts";
import { shift } from "../../src/experiments/paper/findings/initial-weights.ts";
import { roundingEffect } from "../../src/experiments/paper/findings/table2.ts";
import { groups } from "../../src/experiments/paper/groups.ts";
import { recoveries } from "../../src/experiments/paper/radii.ts";
import { table3Recovered, table4, table6 } from "../../src/experiments/paper/tables.ts";
import { verifies } from "../spec.ts";

const found = groups();
const all = found.flatMap(({ findings }) => findings);
const finding = (id: string) => {
  const one = all.find((f) => f.id === id);
  if (one === undefined) throw new Error(`there is no finding "${id}"`);
  return one;
};

/** Every finding: its verdict, and some of the numbers that it stands on, counted elsewhere. */
const expected: readonly (readonly [id: string, verdict: string, numbers?: Record<string, number>])[] = [
  ["gap", "inconsistent", { rows: 20, off: 3 }],
  ["training-loss", "fails", { networks: 5, monotone: 3 }],
  ["smaller-gap", "holds", { rows: 15, smaller: 15 }],
  ["gap-by-bits", "fails", { monotone: 2 }],
  ["int2-smallest", "fails", { smallest: 3 }],
  ["int8-on-par", "fails", { onPar: 2 }],
  ["same-test-loss", "fails", { same: 2 }],
  ["overfitting", "fails", { nin: 6, lowerAccuracy: 6, higherTestLoss: 7 }],
  ["deit-swapped", "inconsistent", { compared: 7, swapped: 7, swin: 3, straight: 2 }],
  ["resnet18-test-loss", "inconsistent", { odd: 4, cells: 75, below: 17 }],
  ["972", "fails", { computed: 972, printed: 992, settings: 243 }],
  ["over-2000", "holds", { inPool: 1944, least: 1988 }],
  ["norm-by-level", "fails", { networks: 10, levelsDifferMore: 1, floatLargest: 9 }],
  ["norm-by-rounding", "inconsistent"],
  [
    "flatter",
    "fails",
    {
      pacbayes_init: 9,
      pacbayes_orig: 13,
      pacbayes_mag_init: 31,
      pacbayes_mag_orig: 31,
      sharpness_init: 20,
      sharpness_orig: 21,
      sharpness_mag_init: 29,
      sharpness_mag_orig: 30,
    },
  ],
  ["flatter-mag", "fails", { exceptions: 11, int8: 44 }],
  ["misleading-without-magnitude", "fails", { pacAbove: 44, sharpAbove: 25, of: 66 }],
  [
    "flatter-with-fewer-bits",
    "fails",
    {
      "pacbayes_mag_orig lowest at Int2": 6,
      "pacbayes_mag_orig lowest at Int8": 3,
      "pacbayes_mag_orig lowest at Int4": 2,
      "pacbayes_mag_orig lowest at FP32": 0,
    },
  ],
  ["int8-on-par-table-3", "fails", { total: 88 }],
  ["h1", "holds", { networks: 11, pacbayes_mag_init: 11, sharpness_mag_orig: 11, pacbayes_init: 7 }],
  ["figure-2", "holds", { cells: 12, lower: 12 }],
  ["pac-bayes-orig", "holds", { cells: 40, matches: 35 }],
  ["sharpness-orig", "holds", { cells: 40, matches: 35 }],
  ["norms-of-table-2", "inconsistent", { neither: 4, one: 2 }],
  ["saturated-searches", "fails", { atLowest: 6, lowestK: 4, atHighest: 4 }],
  ["iterations", "fails", { halvings: 10, halvingsImageNet: 8 }],
  ["m-of-imagenet", "fails", { m: 100_000, matches: 16, matchesWithAll: 0 }],
  [
    "omega",
    "fails",
    { "ResNet-18 all fits": 0, "ResNet-50 weights fits": 0, "ResNet-50 name filter fits": 1 },
  ],
  ["log-2-omega", "holds"],
  ["initial-weights", "holds", { networks: 27, close: 27 }],
  ["imagenet-start", "inconsistent", { networks: 8, inside: 6 }],
  ["base-depth", "inconsistent", { networks: 15 }],
  ["shared-denominator", "holds", { pairs: 70 }],
  ["signs", "inconsistent", { rows: 44, broken: 4 }],
  ["ratios", "inconsistent", { rows: 44, broken: 6 }],
  ["tables-4-and-6", "fails", { cells: 900, same: 900 }],
  ["networks-of-table-4", "inconsistent", { claimed: 2, found: 3 }],
  [
    "most-distortions",
    "holds",
    {
      Int8: 220,
      Int4: 180,
      Int2: 108,
      "Int8 lowest": 115,
      "Int2 lowest": 59,
      "Int4 lowest": 51,
      floatLowest: 0,
    },
  ],
  [
    "int8-int4-almost-all",
    "fails",
    { "MobileNet-V2 Int4": 35, "MobileNet-V2 Int8": 73, "ResNet-50 Int8": 74 },
  ],
  ["mobilenet-int2", "holds", { cells: 75, above: 71 }],
  ["cifar-100-c", "holds", { smaller: 135, total: 135 }],
  ["constant-predictor", "inconsistent", { flat: 1 }],
  ["sign-of-gap", "fails", { cells: 1080, positive: 1080 }],
  ["one-severity", "fails", { levels: 5 }],
  ["six-days", "holds"],
  ["600-evaluations", "holds", { most: 600 }],
];

describe("the paper held against its own tables", () => {
  test.each(expected.map(([id, verdict, numbers = {}]) => ({ id, verdict, numbers })))(
    "$id: $verdict",
    ({ id, verdict, numbers }) => {
      expect(finding(id).verdict).toBe(verdict);
      expect(finding(id).numbers).toMatchObject(numbers);
    },
  );

  test("there is no finding beside these, and none has the name of another", () => {
    expect(all.map(({ id }) => id).sort()).toEqual(expected.map(([id]) => id).sort());
  });

  test("each says where the claim stands, what the numbers say, and what the verdict follows from", () => {
    for (const { id, where, claim, says, rule } of all) {
      expect(
        [where, claim, rule].every((text) => text.length > 0),
        id,
      ).toBe(true);
      expect(says.length, id).toBeGreaterThan(0);
      for (const sentence of [...says, rule]) {
        expect(sentence, id).toMatch(/\.$/);
        expect(sentence, id).not.toMatch(/NaN|undefined|Infinity|\[object/);
      }
    }
  });

  verifies(
    "QGen.tab.3",
    "‖w − w₀‖² − ‖w‖² comes out of the columns Init and Orig as in the recovered table",
    () => {
      const oracle = table3Recovered();
      for (const row of recoveries()) {
        if (!row.sigma.matches) continue;
        const { distinit2_minus_norm2 } = oracle.find(
          (o) => o.dataset === row.dataset && o.model === row.model && o.precision === row.precision,
        )!;
        // It is rounded to one decimal.
        expect(Math.abs(shift(row).value - distinit2_minus_norm2)).toBeLessThan(0.06);
      }
    },
  );

  verifies("QGen.H1", "Int8 is below FP32 in every magnitude-aware cell, Int4 and Int2 are not", () => {
    const { numbers } = finding("flatter-mag");
    expect(numbers.int8).toBe(4 * 11);
    expect(numbers.exceptions).toBe(4 * 33 - 31 - 31 - 29 - 30);
  });

  test("rounding to b bits adds s²/12 to the mean square: less with every bit", () => {
    // s = 2 √(2/π) / √127 standard deviations at 8 bits.
    expect(roundingEffect(8)).toBeCloseTo(8 / Math.PI / 127 / 12 / 2, 6);
    for (const bits of [3, 4, 8]) expect(roundingEffect(bits)).toBeLessThan(roundingEffect(bits - 1));
  });

  test("facts from outside have the numbers that the tables were divided by", () => {
    expect(facts().imagenet_training_images).toBe(1_281_167);
    expect(table4().length + table6().length).toBe(1800);
  });
});

describe("the document", () => {
  const text = errata(found, recoveries());

  test("has every claim, every sentence and every radius", () => {
    for (const { claim, says } of all)
      for (const part of [claim, ...says]) expect(text).toContain(escaped(part));
    expect(text.match(/\d+\/512 \|/g)?.length).toBe(80);
    for (const { source, value } of factRows()) expect(text).toContain(`| ${value} | ${escaped(source)} |`);
    expect(summary(found)).toMatch(/^46 claims: \d+ hold, \d+ fail and \d+ are inconsistent$/);
  });

  test("text cannot break its tables", () => {
    expect(escaped("a|b_c*d")).toBe("a\\|b\\_c\\*d");
    const rows = text.split("\n").filter((line) => /^\|/.test(line));
    for (const row of rows) expect([4, 13]).toContain(row.split(/(?<!\\)\|/).length - 1);
  });
});
