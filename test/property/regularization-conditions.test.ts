import fc from "fast-check";
import { describe, expect } from "vitest";
import { mapTree, type Tree } from "../../src/nn/tree.ts";
import { everySign } from "../../src/quant/noise.ts";
import {
  crossTerm,
  curvatureTerm,
  firstOrder,
  noisyLoss,
  type Regression,
  regularizer,
  regularizerOfVariances,
  secondOrderExcess,
  squaredLoss,
} from "../../src/quant/regularization.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { verifies } from "../spec.ts";
import {
  dot,
  expectClose,
  logLogSlope,
  lossGradient,
  lossTraces,
  mean,
  minus,
  plus,
  predicted,
  scaled,
  sumSq,
  unitVectors,
} from "./calculus.ts";
import {
  affineProblem,
  changeOf,
  constantPrediction,
  curvedProblem,
  fixedProblem,
  type Problem,
  squaresProblem,
  tensor,
  twoLayers,
  withNoises,
} from "./regressions.ts";

const amplitude = fc.double({ min: 0.01, max: 2, noNaN: true });

/** The same weights and inputs, with targets that make the weights a stationary point of L: r ⊥ every column of J. */
function atRest({ task, w, x }: Problem): Problem {
  const at = predicted(task, w);
  const basis: number[][] = [];
  const orthogonal = (v: readonly number[]): number[] =>
    [...basis, ...basis].reduce<number[]>(
      (u, e) => {
        const along = u.reduce((s, x, i) => s + x * e[i]!, 0);
        return u.map((x, i) => x - along * e[i]!);
      },
      [...v],
    );
  for (const [name, value] of Object.entries(w))
    for (const e of unitVectors(value)) {
      const column = orthogonal(minus(firstOrder(task, w, { [name]: e }), at));
      const length = Math.sqrt(sumSq(column));
      if (length > 1e-12) basis.push(column.map((c) => c / length));
    }
  const r = orthogonal(Array.from(task.y.data));
  return {
    task: twoLayers(
      x,
      tensor(
        r.map((v, i) => at.data[i]! - v),
        at.shape,
      ),
    ),
    w,
    x,
  };
}

describe("what eq. 7 needs: noise of mean 0, given x and y", () => {
  verifies("QGen.eq.7", "biased noise adds μᵀ∇L: L̃ − L − R = 2 E[r · J n] = μᵀ∇L", () => {
    fc.assert(
      fc.property(withNoises(affineProblem), ({ task, w, noises }) => {
        const mu = scaled(noises.reduce(plus), 1 / noises.length);
        const [l, r] = [squaredLoss(task, w), regularizer(task, w, noises)];
        const slope = dot(mu, lossGradient(task, w));
        expectClose(crossTerm(task, w, noises), slope, l + r + 30);
        expectClose(noisyLoss(task, w, noises) - l - r, slope, l + r + 30);
      }),
    );
  });

  verifies("QGen.eq.7", "for f = w = 1, y = 0 and n = ½, L̃ − L = 1.25 and R = 0.25", () => {
    const [task, w, n] = [constantPrediction(0), { w: tensor([1], [1]) }, { w: tensor([0.5], [1]) }];
    expect(noisyLoss(task, w, [n]) - squaredLoss(task, w)).toBe(1.25);
    expect(regularizer(task, w, [n])).toBe(0.25);
    expect(crossTerm(task, w, [n])).toBe(1);
  });

  verifies(
    "QGen.eq.7",
    "noise that knows y can lower the loss: f = w, n = 0.3 (y − E y), L̃ − L = −0.51 Var y",
    () => {
      const target = fc.double({ min: -3, max: 3, noNaN: true });
      fc.assert(
        fc.property(target, fc.array(target, { minLength: 2, maxLength: 6 }), (weight, ys) => {
          const w = { w: tensor([weight], [1]) };
          const variance = mean(ys.map((y) => (y - mean(ys)) ** 2));
          // Every example has its own noise. ∇f = 1 is independent of anything, and E n = 0.
          const over = (g: (task: Regression, n: Tree<Tensor>) => number): number =>
            mean(ys.map((y) => g(constantPrediction(y), { w: tensor([0.3 * (y - mean(ys))], [1]) })));
          const excess = over((task, n) => noisyLoss(task, w, [n]) - squaredLoss(task, w));
          expectClose(excess, -0.51 * variance, 100);
          expectClose(
            over((task, n) => regularizer(task, w, [n])),
            0.09 * variance,
            100,
          );
          expectClose(
            over((task, n) => crossTerm(task, w, [n])),
            -0.6 * variance,
            100,
          );
        }),
      );
    },
  );

  verifies("QGen.eq.7", "at a stationary point of L no noise, biased or not, has a cross term", () => {
    const seedOf = fc.integer({ min: 1, max: 1000 });
    fc.assert(
      fc.property(seedOf, changeOf(fixedProblem(1).w), (seed, n) => {
        const { task, w } = fixedProblem(seed);
        expectClose(crossTerm(atRest({ task, w, x: fixedProblem(seed).x }).task, w, [n]), 0, 100);
        expectClose(crossTerm(task, w, [n]), dot(n, lossGradient(task, w)), 100);
      }),
    );
    const { task, w } = fixedProblem(1);
    const uphill = lossGradient(task, w);
    expect(crossTerm(task, w, [uphill]) / dot(uphill, uphill)).toBeCloseTo(1, 12);
    expect(squaredLoss(atRest(fixedProblem(1)).task, w)).toBeGreaterThan(0.01); // at rest, and no perfect fit
  });
});

describe("what eq. 7 leaves out: the curvature of f", () => {
  const variancesOf = (w: Tree<Tensor>, a: number): Tree<number> => mapTree(w, () => a * a);
  const seeds = [1, 2, 3, 4, 5];
  const widths = [0.04, 0.02, 0.01, 0.005];
  /** Of R as an estimate of L̃ − L, in the limit of narrow bins, for the networks of the seeds. */
  const relativeErrors = [-0.037, -0.144, -0.237, -0.699, -0.193];
  const everySignLoss = (task: Regression, w: Tree<Tensor>, a: number): number =>
    noisyLoss(
      task,
      w,
      everySign(
        w,
        mapTree(w, () => a),
      ),
    );

  verifies("QGen.eq.7", "R and the curvature term together are Σ v_l/2 tr Hess_l L", () => {
    fc.assert(
      fc.property(curvedProblem, amplitude, amplitude, ({ task, w }, a, b) => {
        const trace = lossTraces(task, w);
        const expected = (a * trace.A! + b * trace.B!) / 2;
        expectClose(secondOrderExcess(task, w, { A: a, B: b }), expected, 100);
      }),
    );
  });

  verifies(
    "QGen.eq.7",
    "for f = Σ x_j w_j² and signs of ±a, L̃ − L is that sum and a⁴ E(Σ x_j)², exactly",
    () => {
      fc.assert(
        fc.property(squaresProblem, amplitude, ({ task, w, x }, a) => {
          const [n, d] = x.shape as [number, number];
          const rows = Array.from({ length: n }, (_, i) => x.data.subarray(i * d, (i + 1) * d));
          const rowSums = rows.map((row) => Array.from(row).reduce((s, v) => s + v, 0));
          const l = squaredLoss(task, w);
          const second = secondOrderExcess(task, w, variancesOf(w, a));
          expectClose(
            everySignLoss(task, w, a) - l - second,
            a ** 4 * mean(rowSums.map((s) => s * s)),
            l + 1e4,
          );
        }),
      );
    },
  );

  verifies("QGen.eq.7", "with the curvature term, the error of L̃ − L for tanh networks falls as δ⁴", () => {
    for (const seed of seeds) {
      const { task, w } = fixedProblem(seed);
      const l = squaredLoss(task, w);
      const slope = logLogSlope(
        (a) => everySignLoss(task, w, a) - l - secondOrderExcess(task, w, variancesOf(w, a)),
        widths,
      );
      expect(slope).toBeGreaterThan(3.9);
      expect(slope).toBeLessThan(4.1);
    }
  });

  verifies(
    "QGen.eq.7",
    "with R alone it falls as δ² only: the relative error stays as the bins shrink",
    () => {
      for (const seed of seeds) {
        const { task, w } = fixedProblem(seed);
        const l = squaredLoss(task, w);
        const [r, missing] = [regularizerOfVariances, curvatureTerm].map((g) =>
          g(task, w, variancesOf(w, 1)),
        );
        const error = (a: number): number => everySignLoss(task, w, a) - l - a * a * r!;
        const slope = logLogSlope(error, widths);
        expect(slope).toBeGreaterThan(1.9);
        expect(slope).toBeLessThan(2.1);
        expectClose(error(0.001) / (0.001 ** 2 * r!), missing! / r!, 0, 1e-5);
        expect(missing! / r!).toBeCloseTo(relativeErrors[seed - 1]!, 3);
      }
    },
  );

  verifies("QGen.eq.7", "the curvature term is 0 for affine networks and for perfect fits", () => {
    fc.assert(
      fc.property(affineProblem, curvedProblem, (straight, { task, w }) => {
        expectClose(curvatureTerm(straight.task, straight.w, { W: 1, b: 1 }), 0, 0);
        const fitted = { ...task, y: predicted(task, w) };
        expect(Math.abs(curvatureTerm(fitted, w, { A: 1, B: 1 }))).toBe(0);
        expectClose(
          secondOrderExcess(fitted, w, { A: 1, B: 1 }),
          regularizerOfVariances(task, w, { A: 1, B: 1 }),
        );
      }),
    );
  });

  verifies(
    "QGen.eq.7",
    "where the targets scatter evenly about f, the curvature term is 0, and R is enough",
    () => {
      const scattered = (seed: number, spread: number): Problem => {
        const { task, w, x } = fixedProblem(seed);
        const at = Array.from(predicted(task, w).data);
        const twice = tensor([...x.data, ...x.data], [16, 2]);
        const y = tensor([...at.map((v) => v + spread), ...at.map((v) => v - spread)], [16, 1]);
        return { task: twoLayers(twice, y), w, x: twice };
      };
      fc.assert(
        fc.property(fc.integer({ min: 1, max: 1000 }), amplitude, (seed, spread) => {
          const { task, w } = scattered(seed, spread);
          expectClose(squaredLoss(task, w), spread * spread);
          expectClose(curvatureTerm(task, w, { A: 1, B: 1 }), 0, 100);
        }),
      );
      for (const seed of seeds) {
        const { task, w } = scattered(seed, 1);
        const r = regularizerOfVariances(task, w, variancesOf(w, 1));
        const slope = logLogSlope((a) => everySignLoss(task, w, a) - 1 - a * a * r, widths);
        expect(slope).toBeGreaterThan(3.9);
        expect(slope).toBeLessThan(4.1);
      }
    },
  );
});
