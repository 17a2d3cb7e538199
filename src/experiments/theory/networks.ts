/**
 * Networks small enough to look through, in float64, on examples of the same bits everywhere.
 *
 * @packageDocumentation
 */

import { constant, type Var } from "../../autograd/op.ts";
import { mul, relu, reshape, scale, sub, sum, tanh } from "../../autograd/ops/arithmetic.ts";
import { gemm } from "../../autograd/ops/linear.ts";
import type { Loss, Point } from "../../measures/theory/balls.ts";
import { plus, times } from "../../measures/theory/balls.ts";
import { flatten, treeLoss } from "../../measures/theory/tree-loss.ts";
import { mapTree, type Tree } from "../../nn/tree.ts";
import { quantized, signed } from "../../quant/lsq.ts";
import { appliedNoise, everySign, type Noise } from "../../quant/noise.ts";
import type { Regression } from "../../quant/regularization.ts";
import { reference } from "../../tensor/kernels/reference/index.ts";
import { log } from "../../tensor/math.ts";
import { createRng } from "../../tensor/random.ts";
import { type Shape, sizeOf, type Tensor } from "../../tensor/tensor.ts";

export type Weights = Tree<Tensor>;

/** A network, its examples and its weights. */
export interface Problem {
  readonly task: Regression;
  readonly w: Weights;
}

export const tensor = (values: readonly number[], shape: Shape = [values.length]): Tensor =>
  reference.tensor(Float64Array.from(values), shape);

export const numbers = ({ data }: Tensor): number[] => Array.from(data);

export const mean = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0) / xs.length;

function normal(name: string, shape: Shape): Tensor {
  const rng = createRng("theory").fork(name);
  return tensor(
    Array.from({ length: sizeOf(shape) }, () => rng.normal()),
    shape,
  );
}

const product = gemm({ transposeB: true });
const [x, y] = [normal("x", [8, 2]), normal("y", [8, 2])];

/** The inputs of the examples, [8, 2]. */
export const inputs: Tensor = x;

/** f(x, w) = W x, two inputs and two outputs. */
export const linear: Problem = {
  task: { f: ({ W }: Tree<Var>) => product(constant(x), W!), y },
  w: { W: normal("W", [2, 2]) },
};

/** f(x, w) = B tanh(A x), two hidden units. */
export const twoLayers: Problem = {
  task: { f: ({ A, B }: Tree<Var>) => product(tanh(product(constant(x), A!)), B!), y },
  w: { A: normal("A", [2, 2]), B: normal("B", [2, 2]) },
};

/** f(x, w) = w, for as many examples as there are targets. */
export const constantOutput = (targets: readonly number[], w: number): Problem => ({
  task: {
    f: ({ w: weight }) =>
      product(
        constant(
          tensor(
            targets.map(() => 1),
            [targets.length, 1],
          ),
        ),
        weight!,
      ),
    y: tensor(targets, [targets.length, 1]),
  },
  w: { w: tensor([w], [1, 1]) },
});

/** f(x, w) = x w, one number in and one out. */
export const line = (xs: readonly number[], ys: readonly number[], w: number): Problem => ({
  task: {
    f: ({ w: weight }) => product(constant(tensor(xs, [xs.length, 1])), weight!),
    y: tensor(ys, [ys.length, 1]),
  },
  w: { w: tensor([w], [1, 1]) },
});

/** f(x, w) = max(0, w), of one example with target 1. */
export const hinge = (w: number): Problem => ({
  task: { f: ({ w: weight }) => reshape([1, 1])(relu(weight!)), y: tensor([1], [1, 1]) },
  w: { w: tensor([w], [1, 1]) },
});

/** L(w) = E‖f(x, w) − y‖² as a function of all weights in one list. */
export const squaredLossOf = ({ task: { f, y }, w }: Problem): Pick<Loss, "at" | "slope"> =>
  treeLoss(w, (leaves) => {
    const r = sub(f(leaves), constant(y));
    return scale(1 / y.shape[0]!)(sum(mul(r, r)));
  });

/** Where so many steps of gradient descent lead to. */
export function descend({ slope }: Pick<Loss, "slope">, from: Weights, steps: number, lr: number): Point {
  let w = flatten(from);
  for (let step = 0; step < steps; step++) w = plus(w, times(-lr, slope(w)));
  return w;
}

/** The same change of every weight. */
export const shifted = (w: Weights, by: number): Noise =>
  mapTree(w, (value) =>
    tensor(
      numbers(value).map(() => by),
      value.shape,
    ),
  );

/** All signs of ±a on all weights. */
export const allSigns = (w: Weights, a: number): Noise[] =>
  everySign(
    w,
    mapTree(w, () => a),
  );

export const move = (w: Weights, n: Noise): Weights =>
  mapTree(w, (value, name) => value.kernels.binary("add", value, n[name]!));

/** The weights rounded to `bits` with the step s, and the noise n = ŵ − w. */
export function rounded(w: Weights, bits: number, s: number): { readonly wHat: Weights; readonly n: Noise } {
  const wHat = mapTree(w, (value) => quantized(value, tensor([s], []), signed(bits)));
  return { wHat, n: mapTree(w, (value, name) => appliedNoise(value, wHat[name]!)) };
}

/** The slope of a straight line through (ln a, ln e(a)): the order of e as a goes to 0. */
export function orderOf(e: (a: number) => number, at: readonly number[]): number {
  const [u, v] = [at.map((a) => log(a)), at.map((a) => log(Math.abs(e(a))))];
  const [mu, mv] = [mean(u), mean(v)];
  return mean(u.map((a, i) => (a - mu) * (v[i]! - mv))) / mean(u.map((a) => (a - mu) ** 2));
}
