/** Small regressions for the theory of section 3, in float64. */

import fc from "fast-check";
import { constant, type Var } from "../../src/autograd/op.ts";
import { add, mul, reshape, tanh } from "../../src/autograd/ops/arithmetic.ts";
import { gemm } from "../../src/autograd/ops/linear.ts";
import { mapTree, type Tree } from "../../src/nn/tree.ts";
import type { Regression } from "../../src/quant/regularization.ts";
import { reference } from "../../src/tensor/kernels/reference/index.ts";
import { createRng } from "../../src/tensor/random.ts";
import { type Shape, sizeOf, type Tensor } from "../../src/tensor/tensor.ts";

export interface Problem {
  readonly task: Regression;
  readonly w: Tree<Tensor>;
  /** The inputs, [N, d]. */
  readonly x: Tensor;
}

/** A tensor that a failing property prints in one line. */
export function tensor(values: Iterable<number>, shape: Shape): Tensor {
  const data = Float64Array.from(values);
  const print = { [fc.toStringMethod]: () => `tensor([${data}], [${shape}])` };
  return Object.assign(reference.tensor(data, shape), print);
}

/** f(x, w) = x Wᵀ + b */
export function affine(x: Tensor, y: Tensor): Regression {
  const f = ({ W, b }: Tree<Var>): Var => add(gemm({ transposeB: true })(constant(x), W!), b!);
  return { f, y };
}

/** f(x, w) = tanh(x Aᵀ) Bᵀ */
export function twoLayers(x: Tensor, y: Tensor): Regression {
  const f = ({ A, B }: Tree<Var>): Var =>
    gemm({ transposeB: true })(tanh(gemm({ transposeB: true })(constant(x), A!)), B!);
  return { f, y };
}

/** f(x, w) = Σ x_j w_j²: curved in w, and yet a polynomial, so that expansions end. */
export const squares = (x: Tensor, y: Tensor): Regression => ({
  f: ({ w }) => gemm()(constant(x), reshape([x.shape[1]!, 1])(mul(w!, w!))),
  y,
});

/** f(x, w) = w, whatever x: one number for each of N examples. */
export const constantPrediction = (y: number): Regression => ({
  f: ({ w }) => reshape([1, 1])(w!),
  y: tensor([y], [1, 1]),
});

const numbers = (shape: Shape, max: number): fc.Arbitrary<Tensor> => {
  const n = sizeOf(shape);
  const value = fc.integer({ min: -1000 * max, max: 1000 * max }).map((k) => k / 1000);
  return fc.array(value, { minLength: n, maxLength: n }).map((v) => tensor(v, shape));
};
const extents = fc.record({
  n: fc.integer({ min: 1, max: 4 }),
  d: fc.integer({ min: 1, max: 3 }),
  k: fc.integer({ min: 1, max: 2 }),
});

/** Affine in w, with 2 to 8 weights. */
export const affineProblem: fc.Arbitrary<Problem> = extents.chain(({ n, d, k }) =>
  fc
    .tuple(numbers([n, d], 3), numbers([n, k], 3), numbers([k, d], 3), numbers([k], 3))
    .map(([x, y, W, b]) => ({
      task: affine(x, y),
      w: { W, b },
      x,
    })),
);

/** Two layers, two hidden units, with 4 to 8 weights. */
export const curvedProblem: fc.Arbitrary<Problem> = fc
  .record({
    n: fc.integer({ min: 1, max: 4 }),
    d: fc.integer({ min: 1, max: 2 }),
    k: fc.integer({ min: 1, max: 2 }),
  })
  .chain(({ n, d, k }) =>
    fc
      .tuple(numbers([n, d], 2), numbers([n, k], 2), numbers([2, d], 1), numbers([k, 2], 2))
      .map(([x, y, A, B]) => ({
        task: twoLayers(x, y),
        w: { A, B },
        x,
      })),
  );

/** f(x, w) = Σ x_j w_j², with 1 to 3 weights. */
export const squaresProblem: fc.Arbitrary<Problem> = extents.chain(({ n, d }) =>
  fc.tuple(numbers([n, d], 3), numbers([n, 1], 3), numbers([d], 3)).map(([x, y, w]) => ({
    task: squares(x, y),
    w: { w },
    x,
  })),
);

/** The same network and data at each call: two inputs, two hidden units, one output, eight examples. */
export function fixedProblem(seed: number): Problem {
  const rng = createRng(seed);
  const normal = (shape: Shape): Tensor =>
    tensor(
      Array.from({ length: sizeOf(shape) }, () => rng.normal()),
      shape,
    );
  const [x, y] = [normal([8, 2]), normal([8, 1])];
  return { task: twoLayers(x, y), w: { A: normal([2, 2]), B: normal([1, 2]) }, x };
}

/** A change of each weight. */
export const changeOf = (w: Tree<Tensor>): fc.Arbitrary<Tree<Tensor>> =>
  fc.record(mapTree(w, ({ shape }) => numbers(shape, 1)) as Record<string, fc.Arbitrary<Tensor>>);

/** A problem, and a few noises for it. */
export const withNoises = (
  problem: fc.Arbitrary<Problem>,
): fc.Arbitrary<Problem & { noises: Tree<Tensor>[] }> =>
  problem.chain((p) =>
    fc.array(changeOf(p.w), { minLength: 1, maxLength: 4 }).map((noises) => ({ ...p, noises })),
  );
