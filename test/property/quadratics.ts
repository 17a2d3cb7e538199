/** Small quadratic losses, and points to look at them from. */

import fc from "fast-check";
import { dot, type Point } from "../../src/measures/theory/balls.ts";
import type { Matrix } from "../../src/measures/theory/eigen.ts";

const entry = fc.integer({ min: -2000, max: 2000 }).map((k) => k / 1000);

export const points = (p: number): fc.Arbitrary<Point> => fc.array(entry, { minLength: p, maxLength: p });

/** A convex quadratic with p ≤ 5 weights, its center, a point and a radius. */
export interface Case {
  readonly hessian: Matrix;
  readonly center: Point;
  readonly w: Point;
  readonly rho: number;
}

/** H = AᵀA, of any rank. */
export const gram = (a: Matrix): Matrix =>
  a[0]!.map((_, i) =>
    a[0]!.map((_, j) =>
      dot(
        a.map((row) => row[i]!),
        a.map((row) => row[j]!),
      ),
    ),
  );

const hessians = (p: number): fc.Arbitrary<Matrix> =>
  fc.array(points(p), { minLength: 1, maxLength: p }).map(gram);

/** Symmetric, curved either way. */
export const symmetric = (p: number): fc.Arbitrary<Matrix> =>
  fc
    .array(points(p), { minLength: p, maxLength: p })
    .map((a) => a.map((row, i) => row.map((_, j) => a[Math.min(i, j)]![Math.max(i, j)]!)));

export const radius = fc.integer({ min: 1, max: 3000 }).map((k) => k / 1000);

export const convexCase: fc.Arbitrary<Case> = fc
  .integer({ min: 1, max: 5 })
  .chain((p) => fc.record({ hessian: hessians(p), center: points(p), w: points(p), rho: radius }));

export const identity = (p: number, factor = 1): Matrix =>
  Array.from({ length: p }, (_, i) => Array.from({ length: p }, (_, j) => (i === j ? factor : 0)));
