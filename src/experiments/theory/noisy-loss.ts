import { constant } from "../../autograd/op.ts";
import { mapTree } from "../../nn/tree.ts";
import { initialStep, quantized, signed } from "../../quant/lsq.ts";
import { type Noise, quantizationNoise, uniform } from "../../quant/noise.ts";
import { firstOrder, noisyLoss, squaredLoss } from "../../quant/regularization.ts";
import { createRng } from "../../tensor/random.ts";
import { item } from "../../tensor/tensor.ts";
import { type Check, sides } from "./check.ts";
import {
  constantOutput,
  hinge,
  line,
  linear,
  mean,
  move,
  numbers,
  orderOf,
  type Problem,
  rounded,
  shifted,
  tensor,
  twoLayers,
} from "./networks.ts";

const targets = [0.5, -1, 2, 0.25];
const spread = mean(targets.map((y) => (y - mean(targets)) ** 2));
/** Var y + (w − E y)² at w = 0.7. */
const decomposed = spread + (0.7 - mean(targets)) ** 2;

/** E Δ² / (s²/12) for 20,000 Gaussian weights and LSQ's first step. */
function noiseRatio(bits: number): number {
  const rng = createRng("theory/weights");
  const w = tensor(Array.from({ length: 20_000 }, () => rng.normal()));
  const s = tensor([initialStep(w, signed(bits))], []);
  const delta = numbers(quantizationNoise(w, quantized(w, s, signed(bits))));
  return mean(delta.map((d) => d * d)) / uniform(item(s)).variance;
}

/** The largest component of f(x, w + n) − f(x, w) − J n, over the examples. */
function remainder({ task, w }: Problem, n: Noise): number {
  const moved = task.f(mapTree(move(w, n), (value) => constant(value))).value;
  const expanded = numbers(firstOrder(task, w, n));
  return Math.max(...numbers(moved).map((value, i) => Math.abs(value - expanded[i]!)));
}

const small = [0.1, 0.05, 0.025, 0.0125];
const negated = (n: Noise): Noise => mapTree(n, (value) => value.kernels.unary("neg", value));

/** Equations 4 to 6: the squared loss, with noise on the weights, and the first-order expansion. */
export const noisyLossChecks: readonly Check[] = [
  {
    item: "QGen.eq.4",
    standing: "definition",
    statement: "L(w) = Var y + (w − E y)²",
    conditions: [
      "f(x, w) = w: the squared loss splits into what no constant can mend and the error of the constant",
    ],
    example: "y = ½, −1, 2, ¼ and w = 0.7",
    run: () => {
      const { task, w } = constantOutput(targets, 0.7);
      return sides(squaredLoss(task, w), "=", decomposed);
    },
    counterexample: {
      without: "a constant f",
      inPaper: "ours",
      example: "f(x, w) = x w with x = 1, 2, 0, −1",
      run: () => {
        const { task, w } = line([1, 2, 0, -1], targets, 0.7);
        return sides(squaredLoss(task, w), "=", decomposed);
      },
    },
  },
  {
    item: "QGen.eq.5",
    standing: "definition",
    statement: "L̃(w), for the noise of a rounding, is the loss of the quantized network, L(ŵ)",
    conditions: ["n = ŵ − w"],
    example: "the linear network at 3 bits, s = ½",
    run: () => {
      const { task, w } = linear;
      const { wHat, n } = rounded(w, 3, 0.5);
      return sides(noisyLoss(task, w, [n]), "=", squaredLoss(task, wHat));
    },
    counterexample: {
      without: "that sign",
      inPaper: "missing",
      example: "f(x, w + Δ), as the paper writes it",
      run: () => {
        const { task, w } = linear;
        const { wHat, n } = rounded(w, 3, 0.5);
        return sides(noisyLoss(task, w, [negated(n)]), "=", squaredLoss(task, wHat));
      },
    },
  },
  {
    item: "QGen.eq.5",
    standing: "model",
    statement: "E Δ² / (s²/12) = 1, to 2 %: rounding is uniform noise",
    conditions: ["the density of the weights is smooth, and wide compared with s", "few weights are clipped"],
    example: "20,000 Gaussian weights at 8 bits, LSQ's first step",
    run: () => sides(noiseRatio(8), "=", 1, 0.02),
    counterexample: {
      without: "a density wide compared with s",
      inPaper: "missing",
      example: "2 bits: s is 1.6 standard deviations",
      run: () => sides(noiseRatio(2), "=", 1, 0.02),
    },
  },
  {
    item: "QGen.eq.6",
    standing: "theorem",
    statement: "f(x, w + n) = f(x, w) + J n",
    conditions: ["f is affine in w"],
    example: "the largest remainder of the linear network for n = ¼",
    run: () => sides(remainder(linear, shifted(linear.w, 0.25)), "=", 0),
    counterexample: {
      without: "f affine in w",
      inPaper: "named",
      example: "two layers with tanh, the same noise",
      run: () => sides(remainder(twoLayers, shifted(twoLayers.w, 0.25)), "=", 0),
    },
  },
  {
    item: "QGen.eq.6",
    standing: "approximation",
    statement: "the remainder is of order 2 in ‖n‖",
    conditions: ["f is differentiable at w, and n crosses no kink"],
    example: "the order measured on two layers with tanh, n = 0.1, 0.05, …",
    run: () =>
      sides(
        orderOf((a) => remainder(twoLayers, shifted(twoLayers.w, a)), small),
        "=",
        2,
        0.05,
      ),
    counterexample: {
      without: "no kink",
      inPaper: "missing",
      example: "f(x, w) = max(0, w) at w = 0",
      run: () =>
        sides(
          orderOf((a) => remainder(hinge(0), shifted(hinge(0).w, a)), small),
          "=",
          2,
          0.05,
        ),
    },
  },
];
