import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  initialSquaredNorm,
  ninWeights,
  resnetWeights,
  shortcutScales,
  weightCount,
  withoutShortcuts,
} from "../../src/experiments/paper/architectures.ts";
import {
  cell,
  omegaBehind,
  pacBayes,
  sharpness,
  squaredNormBehind,
} from "../../src/experiments/paper/formula.ts";
import {
  byChance,
  gridStep,
  lastDigit,
  radiusBehind,
  recoveries,
} from "../../src/experiments/paper/radii.ts";
import { table3Recovered } from "../../src/experiments/paper/tables.ts";
import { nin } from "../../src/nn/models/nin.ts";
import { reference } from "../../src/tensor/kernels/reference/index.ts";
import { createRng } from "../../src/tensor/random.ts";
import { verifies } from "../spec.ts";

const rows = recoveries();
const oracle = table3Recovered();
const twin = (row: { dataset: string; model: string; precision: string }) =>
  oracle.find((o) => o.dataset === row.dataset && o.model === row.model && o.precision === row.precision)!;

describe("the radii behind Table 3", () => {
  verifies(
    "QGen.eq.16",
    "the norms of Table 2 give 35 of the 40 cells of PAC-Bayes-Orig to the last digit",
    () => {
      expect(rows.length).toBe(40);
      expect(rows.filter(({ sigma }) => sigma.matches).length).toBe(35);
      for (const row of rows) {
        const { sigma_recovered, pacbayes_orig_pred, pacbayes_orig_printed, pac_match } = twin(row);
        expect(row.sigma.radius).toBe(sigma_recovered);
        expect(row.sigma.predicted).toBeCloseTo(pacbayes_orig_pred, 4);
        expect(row.sigma.printed).toBe(pacbayes_orig_printed);
        expect(row.sigma.matches).toBe(pac_match);
      }
      // Next to nothing of it is chance.
      expect(byChance(rows.map(({ sigma }) => sigma))).toBeLessThan(1.5);
    },
  );

  verifies(
    "QGen.eq.18",
    "and 35 of the 40 cells of Sharpness-Orig, about 20 of which chance would give too",
    () => {
      expect(rows.filter(({ alpha }) => alpha.matches).length).toBe(35);
      for (const row of rows) {
        const { alpha_recovered, sharpness_orig_pred, sharp_match } = twin(row);
        expect(row.alpha.radius).toBe(alpha_recovered);
        expect(row.alpha.predicted).toBeCloseTo(sharpness_orig_pred, 4);
        expect(row.alpha.matches).toBe(sharp_match);
      }
      expect(byChance(rows.map(({ alpha }) => alpha))).toBeCloseTo(20.4, 1);
    },
  );

  verifies("QGen.tab.3", "the sizes that the cells follow from are counted, not looked up", () => {
    for (const row of rows) {
      expect([row.m, row.omega]).toEqual([twin(row).m_used, twin(row).omega_used]);
      const expected = twin(row).expected_w0_norm2;
      if (expected !== null) expect(initialSquaredNorm(row.architecture)).toBeCloseTo(expected, 0);
    }
  });

  test("the radius that made a cell is found again, and no other point of the grid is nearer", () => {
    const ingredients = fc.record({
      k: fc.integer({ min: 1, max: 1024 }),
      norm: fc.double({ min: 5, max: 500, noNaN: true }),
      m: fc.integer({ min: 1000, max: 1_000_000 }),
      omega: fc.integer({ min: 1000, max: 30_000_000 }),
      by: fc.double({ min: -0.3, max: 0.3, noNaN: true }),
    });
    fc.assert(
      fc.property(ingredients, ({ k, norm, m, omega, by }) => {
        for (const formula of [pacBayes, sharpness]) {
          const of = { squaredNorm: norm ** 2, m, omega };
          const at = (i: number): number => cell(formula, { ...of, radius: i * gridStep });
          expect(radiusBehind(at(k), formula, of)).toMatchObject({ k, predicted: at(k), matches: true });
          const printed = at(k) + by;
          const off = (i: number): number => Math.abs(at(i) - printed);
          const found = radiusBehind(printed, formula, of);
          for (const i of [1, found.k - 1, found.k + 1, 1024].filter((i) => i >= 1 && i <= 1024))
            expect(off(found.k)).toBeLessThanOrEqual(off(i));
          expect(found.matches).toBe(off(found.k) <= lastDigit);
        }
      }),
    );
  });

  test("norm and number of weights that made a cell are found again", () => {
    const of = { radius: 0.25, m: 50_000, omega: 2_196_750, squaredNorm: 1234.5 };
    for (const formula of [pacBayes, sharpness])
      expect(squaredNormBehind(cell(formula, of), formula, of)).toBeCloseTo(1234.5, 6);
    expect(Math.abs(omegaBehind(cell(sharpness, of), sharpness, of) - of.omega)).toBeLessThanOrEqual(1);
  });

  test("eq. 16 and 18 by hand: ‖w‖² = 4, m = 100, ω = 50, radius 1", () => {
    const of = { squaredNorm: 4, radius: 1, m: 100, omega: 50 };
    expect(pacBayes(of)).toBeCloseTo(1 + Math.log(100) + 10, 12);
    expect(sharpness(of)).toBeCloseTo(2 * Math.log(100) + 10, 12);
    expect(cell(pacBayes, of)).toBeCloseTo(Math.sqrt(11 + Math.log(100)) / 10, 12);
  });
});

describe("the weights of the networks of Table 2", () => {
  test("NiN has as many as the network that is trained, and starts from their norm", () => {
    const model = nin({ depth: 3, width: 2, classes: 10 });
    const { params } = model.init(reference, createRng(0));
    const weights = model.weights.map((name) => params[name]!);
    const architecture = ninWeights(3, 2, 10);
    expect(weightCount(architecture)).toBe(weights.reduce((n, { data }) => n + data.length, 0));
    const squared = weights.reduce((n, { data }) => n + Array.from(data).reduce((a, x) => a + x * x, 0), 0);
    expect(squared / initialSquaredNorm(architecture)).toBeCloseTo(1, 1);
  });

  test("torchvision's ResNets have 11,678,912 and 25,502,912, and 896 and 3,840 scales in shortcuts", () => {
    const nets = ([18, 50] as const).map((depth) => resnetWeights(depth, 64, 1000, 7, "fan-out"));
    expect(nets.map(weightCount)).toEqual([11_678_912, 25_502_912]);
    expect(nets.map(shortcutScales)).toEqual([896, 3840]);
    // Σ 2 inputs over the convolutions, and a third of the classes.
    expect(nets.map(initialSquaredNorm).map(Math.round)).toEqual([8019, 45_395]);
  });

  test("those for CIFAR with base width 16, with their shortcuts and without", () => {
    const nets = ([18, 50] as const).map((depth) => resnetWeights(depth, 16, 10, 3, "default"));
    expect(nets.map(weightCount)).toEqual([699_056, 1_470_896]);
    expect(nets.map(withoutShortcuts).map(weightCount)).toEqual([688_304, 1_297_840]);
  });
});
