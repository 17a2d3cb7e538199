import { mapTree } from "../../nn/tree.ts";
import type { Noise } from "../../quant/noise.ts";
import {
  crossTerm,
  curvatureTerm,
  jacobianNorms,
  noisyLoss,
  regularizer,
  secondOrderExcess,
  squaredLoss,
} from "../../quant/regularization.ts";
import { type Check, type Sides, sides } from "./check.ts";
import {
  allSigns,
  constantOutput,
  inputs,
  line,
  linear,
  mean,
  numbers,
  orderOf,
  type Problem,
  rounded,
  shifted,
  tensor,
  twoLayers,
} from "./networks.ts";

const targets = [0.5, -1, 2, 0.25];

/** L̃ against L + R. */
const decomposition = ({ task, w }: Problem, noises: readonly Noise[]): Sides =>
  sides(noisyLoss(task, w, noises), "=", squaredLoss(task, w) + regularizer(task, w, noises));

/** f(x, w) = w and n = 0.3 (y − E y): each example has a noise of its own, and E n = 0. */
function noiseThatKnows(): Sides {
  const over = (g: (problem: Problem, n: Noise) => number): number =>
    mean(
      targets.map((y) => {
        const problem = constantOutput([y], 0.7);
        return g(problem, shifted(problem.w, 0.3 * (y - mean(targets))));
      }),
    );
  return sides(
    over(({ task, w }, n) => noisyLoss(task, w, [n])),
    "=",
    over(({ task, w }, n) => squaredLoss(task, w) + regularizer(task, w, [n])),
  );
}

/** The order in a of L̃ − L − `expected`, for all signs of ±a. */
const orderOfError = (expected: (a: number) => number): number => {
  const { task, w } = twoLayers;
  return orderOf(
    (a) => noisyLoss(task, w, allSigns(w, a)) - squaredLoss(task, w) - expected(a),
    [0.04, 0.02, 0.01],
  );
};
const variances = (a: number) => mapTree(twoLayers.w, () => a * a);

const [xs, ys] = [
  [1, 2, 0, -1],
  [0.5, 1, 2, 0.25],
];
const fit = xs.reduce((total, x, i) => total + x * ys[i]!, 0) / xs.reduce((total, x) => total + x * x, 0);

/** a² E‖J‖² of two layers, all weights together. */
function frobenius(a: number): number {
  const { task, w } = twoLayers;
  return a * a * Object.values(jacobianNorms(task, w)).reduce((total, norm) => total + norm, 0);
}

/** Equation 7: noise on the weights is a penalty. */
export const regularizerChecks: readonly Check[] = [
  {
    item: "QGen.eq.7",
    standing: "theorem",
    statement: "L̃ = L + E‖J n‖²",
    conditions: ["f is affine in w", "E[n | x, y] = 0"],
    example: "the linear network, all 2⁴ signs of ±0.3",
    run: () => decomposition(linear, allSigns(linear.w, 0.3)),
    counterexample: {
      without: "E[n | x, y] = 0, where the paper asks for E n = 0 and n independent of J",
      inPaper: "missing",
      example: "f(x, w) = w, J = 1, n = 0.3 (y − E y)",
      run: noiseThatKnows,
    },
  },
  {
    item: "QGen.eq.7",
    standing: "theorem",
    statement: "L̃ = L + v k E‖x‖², v the variance of the noise, k the number of outputs",
    conditions: ["f(x, w) = W x", "E n = 0"],
    example: "the linear network, all 2⁴ signs of ±0.3",
    run: () => {
      const { task, w } = linear;
      const square = numbers(inputs).reduce((total, x) => total + x * x, 0) / inputs.shape[0]!;
      return sides(noisyLoss(task, w, allSigns(w, 0.3)), "=", squaredLoss(task, w) + 0.09 * 2 * square);
    },
    counterexample: {
      without: "E n = 0",
      inPaper: "named",
      example: "all signs of ±0.3, and 0.1 more: the mean adds μᵀ∇L and E‖J μ‖²",
      run: () => {
        const { task, w } = linear;
        const biased = allSigns(w, 0.3).map((n) =>
          mapTree(n, (value) =>
            tensor(
              numbers(value).map((x) => x + 0.1),
              value.shape,
            ),
          ),
        );
        const square = numbers(inputs).reduce((total, x) => total + x * x, 0) / inputs.shape[0]!;
        return sides(noisyLoss(task, w, biased), "=", squaredLoss(task, w) + 0.09 * 2 * square);
      },
    },
  },
  {
    item: "QGen.eq.7",
    standing: "theorem",
    statement: "E‖J n‖² = v E‖J‖²",
    conditions: ["the components of n are uncorrelated, of variance v"],
    example: "two layers with tanh, all 2⁸ signs of ±0.1",
    run: () =>
      sides(regularizer(twoLayers.task, twoLayers.w, allSigns(twoLayers.w, 0.1)), "=", frobenius(0.1)),
    counterexample: {
      without: "uncorrelated components",
      inPaper: "ours",
      example: "all components 0.1, or all −0.1",
      run: () => {
        const { task, w } = twoLayers;
        return sides(regularizer(task, w, [shifted(w, 0.1), shifted(w, -0.1)]), "=", frobenius(0.1));
      },
    },
  },
  {
    item: "QGen.eq.7",
    standing: "approximation",
    statement: "L̃ − L = (v/2) tr Hess L, with an error of order 4 in the noise",
    conditions: [
      "f is smooth",
      "the curvature term E[r tr Hess f] is kept; eq. 7 drops it, though it is of the order of R",
    ],
    example: "the order measured on two layers with tanh, signs of ±0.04, 0.02, 0.01",
    run: () =>
      sides(
        orderOfError((a) => secondOrderExcess(twoLayers.task, twoLayers.w, variances(a))),
        "=",
        4,
        0.03,
      ),
    counterexample: {
      without: "the curvature term",
      inPaper: "missing",
      example: "R alone, as in eq. 7: the relative error does not shrink with the noise",
      run: () => {
        const { task, w } = twoLayers;
        const whole = (a: number): number => secondOrderExcess(task, w, variances(a));
        return sides(
          orderOfError((a) => whole(a) - curvatureTerm(task, w, variances(a))),
          "=",
          4,
          0.03,
        );
      },
    },
  },
  {
    item: "QGen.eq.7",
    standing: "theorem",
    statement: "2 E[r · J n] = 0, for one fixed noise, with mean 0 or not",
    conditions: ["w is a stationary point of L"],
    example: "f(x, w) = x w at its least squares fit, n = ¼",
    run: () => {
      const { task, w } = line(xs, ys, fit);
      return sides(crossTerm(task, w, [shifted(w, 0.25)]), "=", 0);
    },
    counterexample: {
      without: "a stationary point",
      inPaper: "ours",
      example: "the same at w = 1",
      run: () => {
        const { task, w } = line(xs, ys, 1);
        return sides(crossTerm(task, w, [shifted(w, 0.25)]), "=", 0);
      },
    },
  },
  {
    item: "QGen.eq.7",
    standing: "heuristic",
    statement: "quantization raises the training loss: L(w) ≤ L(ŵ)",
    conditions: ["w is a minimum of L; training ends near one, not at one"],
    example: "f(x, w) = x w at its least squares fit, 2 bits, s = 0.4",
    run: () => {
      const { task, w } = line(xs, ys, fit);
      return sides(squaredLoss(task, w), "≤", squaredLoss(task, rounded(w, 2, 0.4).wHat));
    },
    counterexample: {
      without: "a minimum",
      inPaper: "missing",
      example: "the same at w = 1: rounded to 0.4, it is nearer to the fit",
      run: () => {
        const { task, w } = line(xs, ys, 1);
        return sides(squaredLoss(task, w), "≤", squaredLoss(task, rounded(w, 2, 0.4).wHat));
      },
    },
  },
];
