import { mapTree } from "../../nn/tree.ts";
import { type Noise, uniform } from "../../quant/noise.ts";
import {
  estimateNoisyLoss,
  jacobianNorms,
  noisyLoss,
  regularizer,
  regularizerOfVariances,
  squaredLoss,
} from "../../quant/regularization.ts";
import { createRng } from "../../tensor/random.ts";
import { type Check, type Sides, sides } from "./check.ts";
import {
  allSigns,
  constantOutput,
  inputs,
  linear,
  mean,
  numbers,
  type Problem,
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

/** a² E‖J‖² of two layers, all weights together. */
function frobenius(a: number): number {
  const { task, w } = twoLayers;
  return a * a * Object.values(jacobianNorms(task, w)).reduce((total, norm) => total + norm, 0);
}

const uniformPenalty = (delta: number): number => frobenius(Math.sqrt(uniform(delta).variance));

/** L̃ − L of two layers, for all signs of ±a. */
function rise(a: number): number {
  const { task, w } = twoLayers;
  return noisyLoss(task, w, allSigns(w, a)) - squaredLoss(task, w);
}

/** How far the mean over draws of noise of that width is from L + δ²/12 E‖J‖², against four standard errors. */
function sampled(delta: number, width: number): Sides {
  const { task, w } = linear;
  const rng = createRng("theory/draws");
  const { mean, standardError } = estimateNoisyLoss(task, w, { W: uniform(width) }, { rng, draws: 4000 });
  const expected = squaredLoss(task, w) + regularizerOfVariances(task, w, { W: uniform(delta).variance });
  return sides(Math.abs(mean - expected), "≤", 4 * standardError, 0);
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
    standing: "theorem",
    statement: "R(2δ) = 4 R(δ): the bin width sets the strength of the penalty",
    conditions: ["R is the penalty E‖J n‖², not the rise of the loss"],
    example: "two layers with tanh, uniform noise of width 0.4 against 0.2",
    run: () => sides(uniformPenalty(0.4), "=", 4 * uniformPenalty(0.2)),
    counterexample: {
      without: "that",
      inPaper: "ours",
      example: "L̃ − L of the same network, all signs of ±0.2 against ±0.1",
      run: () => sides(rise(0.2), "=", 4 * rise(0.1)),
    },
  },
  {
    item: "QGen.eq.7",
    standing: "theorem",
    statement: "|L̃ − L − δ²/12 E‖J‖²| is below four standard errors of a mean over draws of n",
    conditions: ["f is affine in w", "n is uniform on [−δ/2, δ/2], δ the bin width"],
    example: "the linear network, δ = 0.4, 4,000 draws",
    run: () => sampled(0.4, 0.4),
    counterexample: {
      without: "δ the bin width",
      inPaper: "named",
      example: "noise that is uniform on [−δ, δ]",
      run: () => sampled(0.4, 0.8),
    },
  },
];
