import fc from "fast-check";
import { describe, expect } from "vitest";
import { constant } from "../../src/autograd/op.ts";
import { relu, reshape } from "../../src/autograd/ops/arithmetic.ts";
import { mapTree } from "../../src/nn/tree.ts";
import { quantized, signed } from "../../src/quant/lsq.ts";
import {
  appliedNoise,
  everySign,
  gaussian,
  noiseSource,
  quantizationNoise,
  uniform,
} from "../../src/quant/noise.ts";
import {
  crossTerm,
  estimateNoisyLoss,
  firstOrder,
  jacobianNorms,
  noisyLoss,
  type Regression,
  regularizer,
  regularizerOfVariances,
  secondOrderExcess,
  squaredLoss,
} from "../../src/quant/regularization.ts";
import { createRng } from "../../src/tensor/random.ts";
import { verifies } from "../spec.ts";
import {
  expectClose,
  logLogSlope,
  mean,
  minus,
  plus,
  predicted,
  scaled,
  sumSq,
  unitVectors,
} from "./calculus.ts";
import {
  affine,
  affineProblem,
  constantPrediction,
  curvedProblem,
  fixedProblem,
  tensor,
  withNoises,
} from "./regressions.ts";

const amplitude = fc.double({ min: 0.01, max: 2, noNaN: true });

describe("the loss with and without noise", () => {
  verifies("QGen.eq.4", "the squared error is summed over the outputs and averaged over the examples", () => {
    fc.assert(
      fc.property(affineProblem, ({ task, w, x }) => {
        const [n, k] = task.y.shape as [number, number];
        const d = x.shape[1]!;
        let expected = 0;
        for (let i = 0; i < n; i++)
          for (let o = 0; o < k; o++) {
            let f = w.b!.data[o]!;
            for (let j = 0; j < d; j++) f += x.data[i * d + j]! * w.W!.data[o * d + j]!;
            expected += (f - task.y.data[i * k + o]!) ** 2 / n;
          }
        expectClose(squaredLoss(task, w), expected);
      }),
    );
  });

  verifies("QGen.eq.4", "predictions that only broadcast to the targets are refused", () => {
    const task: Regression = { f: ({ w }) => w!, y: tensor([1, 2], [2, 1]) };
    expect(() => squaredLoss(task, { w: tensor([1], [1, 1]) })).toThrow(
      /expected predictions and targets \[N, k\]/,
    );
  });

  verifies("QGen.eq.5", "the loss under noise is the mean of the losses at w + n", () => {
    fc.assert(
      fc.property(withNoises(curvedProblem), ({ task, w, noises }) => {
        expectClose(noisyLoss(task, w, noises), mean(noises.map((n) => squaredLoss(task, plus(w, n)))));
        expect(noisyLoss(task, w, [{}])).toBe(squaredLoss(task, w));
      }),
    );
  });

  verifies("QGen.eq.5", "under the noise of a quantizer, it is the loss of the quantized network", () => {
    fc.assert(
      fc.property(affineProblem, fc.integer({ min: 2, max: 8 }), amplitude, ({ task, w }, bits, s) => {
        const step = tensor([s], []);
        const hat = mapTree(w, (x) => quantized(x, step, signed(bits)));
        const n = mapTree(w, (x, name) => appliedNoise(x, hat[name]!));
        expectClose(noisyLoss(task, w, [n]), squaredLoss(task, hat));
      }),
    );
  });

  verifies("QGen.eq.5", "at w + Δ, with the sign of eq. 3, it is the loss of another network", () => {
    const w = { w: tensor([0.3], [1]) };
    const hat = quantized(w.w, tensor([1], []), signed(4));
    const task = constantPrediction(0);
    expect(noisyLoss(task, w, [{ w: appliedNoise(w.w, hat) }])).toBe(0);
    expect(noisyLoss(task, w, [{ w: quantizationNoise(w.w, hat) }])).toBeCloseTo(0.6 ** 2, 12);
  });

  verifies("QGen.eq.5", "the estimate is the mean of its draws, its error their spread over √draws", () => {
    const { task, w } = fixedProblem(1);
    const laws = { A: uniform(0.3), B: gaussian(0.1) };
    for (const draws of [2, 3, 50]) {
      const { mean: estimate, standardError } = estimateNoisyLoss(task, w, laws, {
        rng: createRng("mc"),
        draws,
      });
      const next = noiseSource(laws, w, createRng("mc"));
      const losses = Array.from({ length: draws }, () => noisyLoss(task, w, [next()]));
      expectClose(estimate, mean(losses));
      expectClose(
        standardError,
        Math.sqrt(sumSq(losses.map((x) => x - mean(losses))) / (draws * (draws - 1))),
      );
    }
    expect(() => estimateNoisyLoss(task, w, laws, { rng: createRng("mc"), draws: 1 })).toThrow(/at least 2/);
  });
});

describe("the first order in the noise", () => {
  verifies("QGen.eq.6", "for an affine network, f(x, w) + J n is f(x, w + n)", () => {
    fc.assert(
      fc.property(withNoises(affineProblem), ({ task, w, noises: [n] }) => {
        const exact = predicted(task, plus(w, n!));
        firstOrder(task, w, n!).data.forEach((y, i) => {
          expectClose(y, exact.data[i]!, 30);
        });
      }),
    );
  });

  verifies("QGen.eq.6", "J n is the central difference of f along n", () => {
    const h = 1e-3;
    fc.assert(
      fc.property(withNoises(curvedProblem), ({ task, w, noises: [n] }) => {
        const [ahead, behind] = [
          predicted(task, plus(w, scaled(n!, h))),
          predicted(task, plus(w, scaled(n!, -h))),
        ];
        const [at, first] = [predicted(task, w), firstOrder(task, w, n!)];
        first.data.forEach((y, i) => {
          // The third derivative along n is below 700: |x · n| ≤ 4, and the derivatives of tanh are at most 2.
          const slope = (ahead.data[i]! - behind.data[i]!) / (2 * h);
          expect(Math.abs(y - at.data[i]! - slope)).toBeLessThan((700 / 6) * h * h);
        });
      }),
    );
  });

  verifies(
    "QGen.eq.6",
    "what it leaves out is of second order: half the noise, a quarter of the error",
    () => {
      for (let seed = 1; seed <= 5; seed++) {
        const { task, w } = fixedProblem(seed);
        const n = noiseSource({ A: uniform(1), B: uniform(1) }, w, createRng(seed))();
        const error = (a: number): number => {
          const exact = predicted(task, plus(w, scaled(n, a)));
          return Math.sqrt(sumSq(minus(firstOrder(task, w, scaled(n, a)), exact)));
        };
        const slope = logLogSlope(error, [0.08, 0.04, 0.02, 0.01]);
        expect(slope).toBeGreaterThan(1.9);
        expect(slope).toBeLessThan(2.1);
      }
    },
  );

  verifies("QGen.eq.6", "with ReLU it is exact up to the kink, and wrong beyond it", () => {
    const task: Regression = { f: ({ w }) => reshape([1, 1])(relu(w!)), y: tensor([0], [1, 1]) };
    const first = (n: number): number =>
      firstOrder(task, { w: tensor([0.1], [1]) }, { w: tensor([n], [1]) }).data[0]!;
    expect(first(0.3)).toBeCloseTo(0.4, 12);
    expect(first(-0.05)).toBeCloseTo(0.05, 12);
    expect(first(-0.3)).toBeCloseTo(-0.2, 12); // f(0.1 − 0.3) = 0
  });
});

describe("the regularizer", () => {
  verifies(
    "QGen.eq.7",
    "for an affine network and signs of ±a, L̃ = L + a² E‖J‖², layer by layer and exactly",
    () => {
      fc.assert(
        fc.property(affineProblem, amplitude, amplitude, ({ task, w, x }, a, b) => {
          const [n, k] = task.y.shape as [number, number];
          const r = k * ((a * a * sumSq(x.data)) / n + b * b);
          const tilde = noisyLoss(task, w, everySign(w, { W: a, b }));
          expectClose(tilde, squaredLoss(task, w) + r);
          expectClose(regularizerOfVariances(task, w, { W: a * a, b: b * b }), r);
          expectClose(secondOrderExcess(task, w, { W: a * a, b: b * b }), r);
        }),
        { numRuns: 50 },
      );
    },
  );

  verifies("QGen.eq.7", "for an affine network and any noise of mean 0, L̃ = L + R exactly", () => {
    fc.assert(
      fc.property(withNoises(affineProblem), ({ task, w, noises }) => {
        const mu = scaled(noises.reduce(plus), 1 / noises.length);
        const centred = noises.map((n) => plus(n, scaled(mu, -1)));
        const r = regularizer(task, w, centred);
        const l = squaredLoss(task, w);
        expectClose(noisyLoss(task, w, centred), l + r, l + r + 30);
        expectClose(crossTerm(task, w, centred), 0, l + r + 30);
      }),
    );
  });

  verifies("QGen.eq.7", "with uniform or Gaussian noise, L̃ − L is R within four standard errors", () => {
    const rng = createRng("monte carlo");
    const normal = (n: number): number[] => Array.from({ length: n }, () => rng.normal());
    for (const law of [uniform, gaussian])
      for (let i = 0; i < 3; i++) {
        const [x, y] = [tensor(normal(15), [5, 3]), tensor(normal(10), [5, 2])];
        const [task, w] = [affine(x, y), { W: tensor(normal(6), [2, 3]), b: tensor(normal(2), [2]) }];
        const laws = { W: law(1.5), b: law(0.7) };
        const r = regularizerOfVariances(
          task,
          w,
          mapTree(laws, ({ variance }) => variance),
        );
        const estimate = estimateNoisyLoss(task, w, laws, { rng: rng.fork(`${law.name}${i}`), draws: 4000 });
        const excess = estimate.mean - squaredLoss(task, w);
        expect(4 * estimate.standardError).toBeLessThan(r / 3); // sharp enough to tell δ²/12 from δ²/6
        expect(Math.abs(excess - r)).toBeLessThan(4 * estimate.standardError);
      }
  });

  verifies("QGen.eq.7", "for a given J, R is the same for all laws of one variance: Σ v_l E‖J_l‖²", () => {
    fc.assert(
      fc.property(curvedProblem, amplitude, amplitude, ({ task, w }, a, b) => {
        const r = regularizerOfVariances(task, w, { A: a * a, B: b * b });
        expectClose(regularizer(task, w, everySign(w, { A: a, B: b })), r);
        expectClose(regularizerOfVariances(task, w, { B: b * b }), b * b * jacobianNorms(task, w).B!);
      }),
      { numRuns: 25 },
    );
  });

  verifies("QGen.eq.7", "E‖J‖² is the sum over the weights of E‖∂f/∂w_j‖²", () => {
    fc.assert(
      fc.property(curvedProblem, ({ task, w }) => {
        const at = predicted(task, w);
        for (const [name, norm] of Object.entries(jacobianNorms(task, w))) {
          const columns = unitVectors(w[name]!).map((e) => firstOrder(task, w, { [name]: e }));
          const total = columns.map((c) => sumSq(minus(c, at))).reduce((a, b) => a + b);
          expectClose(norm, total / task.y.shape[0]!, 30);
        }
      }),
    );
  });

  verifies(
    "QGen.eq.7",
    "R grows with the square of the bin width, and is 0 only without bins or without J",
    () => {
      fc.assert(
        fc.property(withNoises(curvedProblem), amplitude, ({ task, w, noises }, c) => {
          const r = regularizer(task, w, noises);
          expect(r).toBeGreaterThanOrEqual(0);
          expectClose(
            regularizer(
              task,
              w,
              noises.map((n) => scaled(n, c)),
            ),
            c * c * r,
          );
          const { A, B } = jacobianNorms(task, w);
          const ofWidth = (delta: number) =>
            regularizerOfVariances(task, w, { A: uniform(delta).variance, B: uniform(2 * delta).variance });
          expectClose(ofWidth(c), (c * c * (A! + 4 * B!)) / 12);
          expect(ofWidth(0)).toBe(0);
          expect(ofWidth(c) > 0).toBe(A! + B! > 0);
        }),
      );
      const blind: Regression = { f: () => constant(tensor([1, 2], [2, 1])), y: tensor([3, 4], [2, 1]) };
      const w = { w: tensor([1, 2], [2]) };
      expect(regularizer(blind, w, [{ w: tensor([1, -1], [2]) }])).toBe(0);
      expect(regularizerOfVariances(blind, w, { w: 1 })).toBe(0);
      expect(secondOrderExcess(blind, w, { w: 1 })).toBe(0);
    },
  );

  verifies("QGen.eq.7", "noise on weights that the network does not have is refused", () => {
    const [task, w] = [constantPrediction(0), { w: tensor([1], [1]) }];
    expect(() => noisyLoss(task, w, [{ v: w.w }])).toThrow(/there is no "v"/);
    expect(() => regularizer(task, w, [{ v: w.w }])).toThrow(/there is no "v"/);
    expect(() => secondOrderExcess(task, w, { v: 1 })).toThrow(/there is no "v"/);
  });
});
