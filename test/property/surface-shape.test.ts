import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Grid, type Point, placesOf } from "../../src/measures/landscape.ts";
import { complete, shapeOf } from "../../src/measures/surface-shape.ts";
import { verifies } from "../spec.ts";

const grid: Grid = { axes: 2, n: 5, range: 2 };
const surfaceOf = (
  loss: (a: number, b: number) => number,
  accuracy = (_a: number, _b: number) => 1,
  on: Grid = grid,
) =>
  placesOf(on).map((place): Point => {
    const { a, b } = place;
    return { ...place, loss: loss(a, b), accuracy: accuracy(a, b) };
  });

describe("the shape of a surface", () => {
  verifies("QGen.fig.2", "has the second derivatives of a quadratic for its curvatures, exactly", () => {
    const whole = fc.integer({ min: -8, max: 8 });
    fc.assert(
      fc.property(whole, whole, whole, whole, whole, whole, (c, p, q, x, y, xy) => {
        const fine: Grid = { axes: 2, n: 9, range: 1 };
        const points = surfaceOf(
          (a, b) => c + p * a + q * b + (x / 2) * a * a + (y / 2) * b * b + xy * a * b,
          undefined,
          fine,
        );
        const shape = shapeOf(fine, points);
        expect(shape.curvature).toEqual([x + 0, y + 0]);
        expect(shape.center).toBe(c + 0);
      }),
    );
  });

  test("says how high, how low, and how much of the plane stays within a nat and within a tenth of accuracy", () => {
    const points = surfaceOf(
      (a, b) => 3 + a * a + (b === 2 ? -5 : 0),
      (a) => 0.75 - (a === 2 ? 0.101 : a === 1 ? 0.099 : 0),
    );
    expect(shapeOf(grid, points)).toEqual({
      center: 3,
      lowest: -2,
      highest: 7,
      mean: 3 + (0 + 2 * 1 + 2 * 4) / 5 - 1,
      // a of −1, 0 and 1 in all five columns, and a of ±2 where b is 2.
      within1: 17 / 25,
      accurate: 20 / 25,
      curvature: [2, 0],
    });
  });

  test("does not depend on the order of the points", () => {
    const points = surfaceOf((a, b) => a + 10 * b * b);
    const all = fc.shuffledSubarray(points, { minLength: 25 });
    fc.assert(
      fc.property(all, (mixed) => {
        expect(complete(grid, mixed)).toEqual(points);
      }),
    );
  });

  test("has a highest loss without bound where a loss is not a number, and is not within a nat there", () => {
    const shape = shapeOf(
      grid,
      surfaceOf((a) => (a === 2 ? Number.NaN : 1)),
    );
    expect([shape.highest, shape.mean, shape.within1]).toEqual([Infinity, Infinity, 20 / 25]);
  });

  test("of a line is that of its own points", () => {
    const line: Grid = { axes: 1, n: 9, range: 2 };
    const points = surfaceOf((a) => 1 + a + 3 * a * a, undefined, line);
    expect(points).toHaveLength(9);
    expect(shapeOf(line, points)).toMatchObject({
      center: 1,
      lowest: 1,
      highest: 15,
      within1: 2 / 9,
      curvature: [6],
    });
  });

  test("is not that of a surface with a hole", () => {
    expect(() => shapeOf(grid, surfaceOf(() => 1).slice(1))).toThrow("the point (0, 0) is missing");
  });
});
