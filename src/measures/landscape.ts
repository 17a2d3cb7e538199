/**
 * The loss on a line or a plane through the weights of a network.
 *
 * @packageDocumentation
 */

import { evaluate } from "../nn/evaluate.ts";
import type { Images } from "../nn/images.ts";
import type { Metrics } from "../nn/metrics.ts";
import type { Model, Weights } from "../nn/model.ts";
import { mapTree, type Tree } from "../nn/tree.ts";
import type { Rng } from "../tensor/random.ts";
import { loopScope } from "../tensor/scope.ts";
import { bufferOf, type Tensor } from "../tensor/tensor.ts";
import { type Direction, direction, type Normalization } from "./directions.ts";

/** Where the loss is asked for: `n` coordinates from −range to range, on one axis or on two. */
export interface Grid {
  readonly axes: 1 | 2;
  /** Odd, so that the network itself is among the points. */
  readonly n: number;
  readonly range: number;
}

export const defaultGrid: Grid = { axes: 2, n: 51, range: 1 };

/** @throws RangeError where the grid has no centre, no ends or no extent */
export function checkGrid({ n, range }: Grid): void {
  if (!Number.isInteger(n) || n < 3 || n % 2 === 0)
    throw new RangeError(
      `landscape: expected a grid of an odd number of points a side, at least 3, so that the network itself is its centre, got ${n}`,
    );
  if (!(range > 0 && range < Infinity))
    throw new RangeError(`landscape: expected a finite range above 0, got ${range}`);
}

/** The i-th coordinate, range (2i − (n − 1)) / (n − 1): exactly −range, 0 and range at both ends and between them. */
export const coordinate = ({ n, range }: Grid, i: number): number => (range * (2 * i - (n - 1))) / (n - 1);

/** A place on the grid: i counts along the first direction and j along the second, from 0; j is 0 on a line. */
export interface Place {
  readonly i: number;
  readonly j: number;
  /** The steps along both directions. */
  readonly a: number;
  readonly b: number;
}

/** The loss and the accuracy at w + a d₁ + b d₂. */
export type Point = Place & Metrics;

/** The places of a grid, row by row: j runs fastest. */
export function placesOf(grid: Grid): Place[] {
  checkGrid(grid);
  const { axes, n } = grid;
  const columns = axes === 1 ? 1 : n;
  return Array.from({ length: n * columns }, (_, k) => {
    const [i, j] = [Math.floor(k / columns), k % columns];
    return { i, j, a: coordinate(grid, i), b: axes === 1 ? 0 : coordinate(grid, j) };
  });
}

/** A network's two directions, drawn independently. They are not made orthogonal: in so many dimensions they nearly are. */
export interface Plane {
  readonly x: Direction;
  readonly y: Direction;
}

/**
 * The directions of a seed. Those of two networks of one architecture differ in the norms of their filters only.
 *
 * @implements QGen.fig.2
 */
export const planeOf = (w: Tree<Tensor>, rng: Rng, by: Normalization = "filter"): Plane => ({
  x: direction(w, rng.fork("x"), by),
  y: direction(w, rng.fork("y"), by),
});

/**
 * w + a d₁ + b d₂, computed in float64 and rounded once. At a = b = 0 it is w.
 *
 * @implements QGen.fig.2
 */
export const displaced = (w: Tree<Tensor>, { x, y }: Plane, a: number, b: number): Tree<Tensor> =>
  mapTree(w, (tensor, name) => {
    const [dx, dy] = [x[name], y[name]];
    if (dx === undefined || dy === undefined) return tensor;
    const { kernels, dtype, shape, data } = tensor;
    const moved = bufferOf(dtype, data.length);
    for (let k = 0; k < moved.length; k++) moved[k] = data[k]! + (a * dx[k]! + b * dy[k]!);
    return kernels.tensor(moved, shape);
  });

export interface SurfaceOptions {
  readonly grid: Grid;
  readonly batchSize: number;
  /** Is the point at this place known already? Then it is not computed again. */
  readonly isKnown?: (place: Place) => boolean;
}

/**
 * f(a, b) = L(w + a d₁ + b d₂): loss and accuracy in eval mode at every place of the grid that is not known yet, row by
 * row. Batch norm keeps the statistics that it has learned.
 *
 * With a quantized network and its latent weights, each point is quantized again. With the float network and the
 * dequantized weights, it is not.
 *
 * @implements QGen.fig.2
 * @deviation The paper does not say which of the two it has drawn.
 */
export async function* surface(
  model: Model,
  { params, buffers }: Weights,
  plane: Plane,
  images: Images,
  { grid, batchSize, isKnown = () => false }: SurfaceOptions,
): AsyncGenerator<Point, void> {
  const memory = loopScope();
  try {
    for (const place of placesOf(grid)) {
      if (isKnown(place)) continue;
      const moved = memory.turn(() => displaced(params, plane, place.a, place.b));
      yield { ...place, ...(await evaluate(model, { params: moved, buffers }, images, batchSize)) };
    }
  } finally {
    memory.end();
  }
}
