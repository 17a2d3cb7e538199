/**
 * The measures of Dziugaite et al. (2020) that are made of norms of layers, with the numbers of the equations of
 * Jiang et al. (2019). All take squared norms, one for each layer.
 *
 * @packageDocumentation
 */

import { mapTree, member, type Tree } from "../nn/tree.ts";
import { reference } from "../tensor/kernels/reference/index.ts";
import { log, square } from "../tensor/math.ts";
import { sameShape, type Tensor } from "../tensor/tensor.ts";

type Squares = readonly number[];

const sumOf = (xs: Squares): number => xs.reduce((a, b) => a + b, 0);

/** log Π x_l = Σ log x_l (eq. 32 with spectral, 37 with Frobenius norms). */
export const logProduct = (squares: Squares): number => sumOf(squares.map(log));

/**
 * log(d (Π x_l)^{1/d}) = log d + (1/d) Σ log x_l over d layers (eq. 35, 39).
 *
 * @param margin - where given, of (Π x_l) / γ² (eq. 34, 38)
 * @deviation The literature calls it the logarithm of a sum. It is that of d times the geometric mean, which is at
 *   most the sum.
 */
export const logSum = (squares: Squares, margin?: number): number =>
  log(squares.length) +
  (logProduct(squares) + (margin === undefined ? 0 : overMargin(margin))) / squares.length;

/**
 * −2 log γ, what division by γ² adds to a logarithm; ∞ where γ ≤ 0.
 *
 * @deviation The code of Dziugaite et al. takes |γ|, by which a network that is wrong about more than a tenth of
 *   its training images gets a margin all the same. Here it has none.
 */
export const overMargin = (margin: number): number => -2 * log(Math.max(0, margin));

/** 1/γ² (eq. 22); ∞ where γ ≤ 0. */
export const inverseMargin = (margin: number): number => 1 / square(Math.max(0, margin));

/** Σ a_l / b_l (eq. 33: the sum of stable ranks); a layer of zeros counts 0. */
export const sumOfRatios = (above: Squares, below: Squares): number =>
  sumOf(above.map((a, l) => (a === 0 ? 0 : a / below[l]!)));

/** Σ x_l (eq. 40, 41, 42). */
export const sumOfSquares = sumOf;

/** ‖x‖_F² of each layer. */
export const frobeniusSquares = (w: Tree<Tensor>): Squares =>
  Object.values(w).map(({ data }) => {
    let total = 0;
    for (const x of data) total += x * x;
    return total;
  });

/** w − w₀ in float64, layer by layer. */
export const differences = (w: Tree<Tensor>, w0: Tree<Tensor>): Tree<Tensor> =>
  mapTree(w, ({ data, shape }, name) => {
    const start = member(w0, name);
    if (!sameShape(shape, start.shape))
      throw new RangeError(`distance: "${name}" has the shapes [${shape}] and [${start.shape}]`);
    return reference.tensor(
      Float64Array.from(data, (v, i) => v - start.data[i]!),
      shape,
    );
  });
