import { mapTree } from "../../nn/tree.ts";
import {
  crossTerm,
  curvatureTerm,
  noisyLoss,
  secondOrderExcess,
  squaredLoss,
} from "../../quant/regularization.ts";
import { type Check, sides } from "./check.ts";
import { allSigns, line, orderOf, rounded, shifted, twoLayers } from "./networks.ts";

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

/** What equation 7 leaves out, and what it is taken to say. */
export const regularizerLimitChecks: readonly Check[] = [
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
