/** Arithmetic on trees of weights, and derivatives that share no code with what they check. */

import { expect } from "vitest";
import { grad } from "../../src/autograd/grad.ts";
import { constant, type Var } from "../../src/autograd/op.ts";
import { mul, scale, sub, sum } from "../../src/autograd/ops/arithmetic.ts";
import { mapTree, type Tree } from "../../src/nn/tree.ts";
import type { Regression } from "../../src/quant/regularization.ts";
import { sizeOf, type Tensor } from "../../src/tensor/tensor.ts";
import { tensor } from "./regressions.ts";

export const mean = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0) / xs.length;
export const sumSq = (xs: Iterable<number>): number =>
  Array.from(xs, (x) => x * x).reduce((a, b) => a + b, 0);
export const minus = (a: Tensor, b: Tensor): number[] => Array.from(a.data, (x, i) => x - b.data[i]!);

export const plus = (a: Tree<Tensor>, b: Tree<Tensor>): Tree<Tensor> =>
  mapTree(a, (x, name) => x.kernels.binary("add", x, b[name]!));
export const scaled = (w: Tree<Tensor>, c: number): Tree<Tensor> =>
  mapTree(w, (x) => x.kernels.unary("scale", x, c));
export const dot = (a: Tree<Tensor>, b: Tree<Tensor>): number =>
  Object.entries(a).reduce(
    (total, [name, x]) =>
      total + Array.from(x.data, (v, i) => v * b[name]!.data[i]!).reduce((s, v) => s + v, 0),
    0,
  );
export const unitVectors = ({ shape }: Tensor): Tensor[] =>
  Array.from({ length: sizeOf(shape) }, (_, i) =>
    tensor(
      Array.from({ length: sizeOf(shape) }, (_, j) => (i === j ? 1 : 0)),
      shape,
    ),
  );

export const predicted = ({ f }: Regression, w: Tree<Tensor>): Tensor =>
  f(mapTree(w, (x) => constant(x))).value;

function lossAt({ f, y }: Regression, w: Tree<Tensor>): { vars: Tree<Var>; loss: Var } {
  const vars = mapTree(w, (x) => constant(x));
  const r = sub(f(vars), constant(y));
  return { vars, loss: scale(1 / y.shape[0]!)(sum(mul(r, r))) };
}

/** ∇L */
export function lossGradient(task: Regression, w: Tree<Tensor>): Tree<Tensor> {
  const { vars, loss } = lossAt(task, w);
  return mapTree(vars, (x) => grad(loss, [x])[0]!.value);
}

/** tr Hess_l L, for each layer l. */
export function lossTraces(task: Regression, w: Tree<Tensor>): Tree<number> {
  const { vars, loss } = lossAt(task, w);
  return mapTree(vars, (x) => {
    const slope = grad(loss, [x])[0]!;
    const diagonal = unitVectors(x.value).map(
      (e, i) => grad(sum(mul(slope, constant(e))), [x])[0]!.value.data[i]!,
    );
    return diagonal.reduce((a, b) => a + b, 0);
  });
}

/** The slope of a straight line through (ln a, ln |e(a)|). */
export function logLogSlope(e: (a: number) => number, at: readonly number[]): number {
  const [u, v] = [at.map((a) => Math.log(a)), at.map((a) => Math.log(Math.abs(e(a))))];
  const [mu, mv] = [mean(u), mean(v)];
  return mean(u.map((x, i) => (x - mu) * (v[i]! - mv))) / mean(u.map((x) => (x - mu) ** 2));
}

/** Equal up to rounding, where numbers of the size of `size` were added. */
export function expectClose(
  actual: number,
  expected: number,
  size = Math.abs(expected),
  tolerance = 1e-12,
): void {
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(tolerance * (1 + size));
}
