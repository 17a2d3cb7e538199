/**
 * Random directions in the space of the weights, made comparable between networks by the norms of their filters.
 *
 * @packageDocumentation
 */

import type { Tree } from "../nn/tree.ts";
import type { Rng } from "../tensor/random.ts";
import { type Shape, sizeOf, type Tensor } from "../tensor/tensor.ts";

/**
 * How long a direction is. `filter`: each filter as long as that of the network. `layer`: each tensor as a whole.
 * `none`: as it was drawn.
 */
export type Normalization = "filter" | "layer" | "none";

/** What a step of length 1 adds to each weight, by name, in float64. Weights that it does not name stay as they are. */
export type Direction = Tree<Float64Array>;

/** Keeps the quotient finite where a drawn filter is 0. */
const EPS = 1e-10;

/** Does noise go there? Not on biases, batch norm and steps, which have at most one dimension. */
const isMoved = (shape: Shape): boolean => shape.length > 1;

/**
 * The Gaussian direction before it is normalized. It depends on the seed and on the names and sizes of the weights,
 * not on their values: networks of all precisions get the same.
 *
 * @implements QGen.fig.2
 */
export function rawDirection(w: Tree<Tensor>, rng: Rng): Direction {
  const moved = Object.entries(w).filter(([, { shape }]) => isMoved(shape));
  return Object.fromEntries(
    moved.map(([name, { shape }]) => {
      const stream = rng.fork(name);
      return [name, Float64Array.from({ length: sizeOf(shape) }, () => stream.normal())];
    }),
  );
}

/**
 * dⱼ ← dⱼ ‖wⱼ‖ / (‖dⱼ‖ + 10⁻¹⁰), where j goes through the filters (all weights of one output), or with `layer`
 * through the tensors.
 *
 * @implements QGen.fig.2
 */
export function normalized(direction: Direction, w: Tree<Tensor>, by: Normalization): Direction {
  return Object.fromEntries(
    Object.entries(direction).map(([name, d]) => {
      const x = w[name];
      if (x === undefined || sizeOf(x.shape) !== d.length)
        throw new RangeError(
          `direction: "${name}" has ${d.length} numbers, but the weights of that name are ${x === undefined ? "missing" : sizeOf(x.shape)}`,
        );
      if (by === "none") return [name, d];
      const size = by === "filter" ? d.length / x.shape[0]! : d.length;
      const out = new Float64Array(d.length);
      for (let from = 0; from < d.length; from += size) {
        const factor = norm(x.data, from, size) / (norm(d, from, size) + EPS);
        for (let i = from; i < from + size; i++) out[i] = d[i]! * factor;
      }
      return [name, out];
    }),
  );
}

/** ‖(x_from, …, x_{from + size − 1})‖₂ */
function norm(x: ArrayLike<number>, from: number, size: number): number {
  let total = 0;
  for (let i = from; i < from + size; i++) total += x[i]! * x[i]!;
  return Math.sqrt(total);
}

/**
 * A random direction, of unit length relative to the weights `w`.
 *
 * @implements QGen.fig.2
 */
export const direction = (w: Tree<Tensor>, rng: Rng, by: Normalization = "filter"): Direction =>
  normalized(rawDirection(w, rng), w, by);
