/**
 * What a surface looks like, in numbers.
 *
 * @packageDocumentation
 */

import { square } from "../tensor/math.ts";
import { type Grid, type Point, placesOf } from "./landscape.ts";

/** The numbers of a surface that can be held against those of another. */
export interface SurfaceShape {
  /** The loss of the network itself. */
  readonly center: number;
  readonly lowest: number;
  /** Infinite where a loss is not a number. */
  readonly highest: number;
  /** Of all points. */
  readonly mean: number;
  /** Share of the points whose loss is at most 1 nat above the centre, 0 to 1. */
  readonly within1: number;
  /** Share of the points whose accuracy is at most 0.1 below the centre, 0 to 1. */
  readonly accurate: number;
  /** (f(h, 0) − 2 f(0, 0) + f(−h, 0)) / h² with the spacing h of the grid: along the first direction, and the second. */
  readonly curvature: readonly number[];
}

/** A loss that is not a number counts as one without bound. */
const lossOf = ({ loss }: Point): number => (Number.isNaN(loss) ? Infinity : loss);

/** All points of the grid, row by row. @throws RangeError where one is missing */
export function complete(grid: Grid, points: Iterable<Point>): Point[] {
  const found = new Map(Array.from(points, (point) => [`${point.i},${point.j}`, point] as const));
  return placesOf(grid).map(({ i, j }) => {
    const point = found.get(`${i},${j}`);
    if (point === undefined) throw new RangeError(`surface: the point (${i}, ${j}) is missing`);
    return point;
  });
}

/**
 * The shape of a surface, or of a line.
 *
 * @implements QGen.fig.2
 */
export function shapeOf(grid: Grid, known: Iterable<Point>): SurfaceShape {
  const points = complete(grid, known);
  const losses = points.map(lossOf);
  const { axes, n, range } = grid;
  const half = (n - 1) / 2;
  const middle = (points.length - 1) / 2;
  const center = losses[middle]!;
  const { accuracy } = points[middle]!;
  const second = (apart: number): number =>
    (losses[middle + apart]! - 2 * center + losses[middle - apart]!) / square(range / half);
  const share = (is: (k: number) => boolean): number => losses.filter((_, k) => is(k)).length / losses.length;
  return {
    center,
    lowest: Math.min(...losses),
    highest: Math.max(...losses),
    mean: losses.reduce((sum, loss) => sum + loss, 0) / losses.length,
    within1: share((k) => losses[k]! <= center + 1),
    accurate: share((k) => points[k]!.accuracy >= accuracy - 0.1),
    curvature: (axes === 1 ? [1] : [n, 1]).map(second),
  };
}
