/** The contract of kernels that put numbers into another order, and of softmax. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Shape, sizeOf } from "../../src/tensor/tensor.ts";
import {
  type Case,
  expectNear,
  expectSums,
  expectUlps,
  extent,
  gamma,
  holds,
  include,
  noise,
  operand,
  operandOf,
  seeds,
  spiced,
  sums,
  unit,
} from "./subject.ts";

const SPECIAL = [NaN, Infinity, -Infinity, -0];

const shapes: fc.Arbitrary<Shape> = fc
  .array(fc.oneof({ weight: 9, arbitrary: extent(1, 5) }, { weight: 1, arbitrary: extent(6, 19) }), {
    maxLength: 5,
  })
  .filter((shape) => sizeOf(shape) <= 3000);

const permutations = shapes.chain((shape) =>
  fc.tuple(
    fc.constant(shape),
    fc.shuffledSubarray(
      shape.map((_, axis) => axis),
      { minLength: shape.length },
    ),
    seeds,
  ),
);

/** The coordinates of element i. */
function coordinates(i: number, shape: Shape): number[] {
  const place: number[] = [];
  for (const extent of shape.toReversed()) {
    place.unshift(i % extent);
    i = Math.trunc(i / extent);
  }
  return place;
}
const indexOf = (place: readonly number[], shape: Shape): number =>
  place.reduce((at, coordinate, axis) => at * shape[axis]! + coordinate, 0);

export const permute: Case = (subject) => {
  test("each number is where its coordinates, in the new order, say", () =>
    holds(permutations, 120, async ([shape, order, seed]) => {
      const x = operand(subject, shape, spiced(seed, SPECIAL));
      const y = subject.kernels.permute(x.tensor, order);
      expect(y.shape).toEqual(order.map((axis) => shape[axis]));
      const found = await y.read();
      const expected = found.slice();
      x.values.forEach((value, i) => {
        const place = coordinates(i, shape);
        expected[
          indexOf(
            order.map((axis) => place[axis]!),
            y.shape,
          )
        ] = value;
      });
      expectUlps(found, expected, subject.dtype, 0);
    }));
};

const choices = fc
  .record({ before: shapes, extent: extent(1, 7), after: shapes, count: extent(0, 9), seed: seeds })
  .filter(({ before, extent, after }) => sizeOf(before) * extent * sizeOf(after) <= 3000)
  .map(({ before, extent, after, count, seed }) => {
    const draw = noise(seed);
    const indices = Int32Array.from(
      { length: count },
      () => Math.floor(((draw() + 4) / 8) * (extent + 1)) - 1,
    );
    return { before, after, x: [...before, extent, ...after], axis: before.length, indices, seed };
  });

export const take: Case = (subject) => {
  test("slice i of the result is the slice that index i names, or zeros", () =>
    holds(choices, 120, async ({ before, after, x: shape, axis, indices, seed }) => {
      const x = operand(subject, shape, spiced(seed, SPECIAL));
      const y = subject.kernels.take(x.tensor, axis, indices);
      expect(y.shape).toEqual([...before, indices.length, ...after]);
      const expected = Array.from({ length: sizeOf(y.shape) }, (_, i) => {
        const place = coordinates(i, y.shape);
        const index = indices[place[axis]!]!;
        return index < 0 ? 0 : x.values[indexOf(place.with(axis, index), shape)]!;
      });
      expectUlps(await y.read(), expected, subject.dtype, 0);
    }));
};

export const takeGrad: Case = (subject) => {
  test("adds each slice where it was taken from; slices of zeros come from nowhere", () =>
    holds(choices, 120, async ({ before, after, x, axis, indices, seed }) => {
      const shape = [...before, indices.length, ...after];
      const g = operand(subject, shape, noise(seed));
      const dx = subject.kernels.takeGrad(g.tensor, x, axis, indices);
      expect(dx.shape).toEqual(x);
      const exact = sums(sizeOf(x));
      g.values.forEach((value, i) => {
        const place = coordinates(i, shape);
        const index = indices[place[axis]!]!;
        if (index >= 0) include(exact, indexOf(place.with(axis, index), x), value);
      });
      expectSums(await dx.read(), exact, subject.dtype);
    }));
};

const rows = fc.record({
  before: shapes.filter((shape) => sizeOf(shape) <= 300),
  k: extent(1, 70),
  spread: fc.constantFrom(0.01, 1, 20, 1000),
  seed: seeds,
});

export const softmax: Case = (subject) => {
  const { kernels, dtype } = subject;
  test("is exp(x) / Σ exp(x) of each row, within γₖ₊₈ for exponents of the size that they have", () =>
    holds(rows, 120, async ({ before, k, spread, seed }) => {
      const draw = noise(seed);
      const x = operand(subject, [...before, k], () => spread * draw());
      const y = kernels.softmax(x.tensor);
      expect(y.shape).toEqual([...before, k]);
      const [exact, exponents]: [number[], number[]] = [[], []];
      for (let at = 0; at < x.values.length; at += k) {
        const row = Array.from(x.values.subarray(at, at + k));
        const max = Math.max(...row);
        const sum = row.reduce((total, z) => total + Math.exp(z - max), 0);
        for (const z of row) {
          exact.push(Math.exp(z - max) / sum);
          exponents.push(Math.min(max - z, 1 / unit(dtype)));
        }
      }
      const bound = gamma(k + 8, unit(dtype));
      expectNear(await y.read(), exact, (i) => bound * exact[i]! * (1 + exponents[i]!));
    }));
  test("of a row with NaN is NaN, and −∞ has a share of 0", async () => {
    const x = operandOf(subject, [0, NaN, 1, -Infinity, 3, 3], [2, 3]).tensor;
    expect([...(await kernels.softmax(x).read())]).toEqual([NaN, NaN, NaN, 0, 0.5, 0.5]);
  });
};
