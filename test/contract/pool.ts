/** The contract of pooling and its transposes. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Shape, sizeOf } from "../../src/tensor/tensor.ts";
import { places } from "./products.ts";
import {
  type Case,
  coarse,
  dot,
  expectSums,
  expectUlps,
  extent,
  gamma,
  holds,
  include,
  noise,
  operand,
  seeds,
  spiced,
  sums,
  unit,
} from "./subject.ts";

interface Pool {
  readonly x: Shape;
  readonly y: Shape;
  readonly size: number;
  readonly stride: number;
  readonly padding: number;
}

const pools: fc.Arbitrary<Pool> = fc
  .record({
    planes: fc.tuple(extent(1, 3), extent(1, 4)),
    h: extent(1, 9),
    w: extent(1, 13),
    size: extent(1, 5),
    stride: extent(1, 3),
    padding: extent(0, 2),
  })
  .filter(
    ({ h, w, size, padding }) => 2 * padding <= size && size <= h + 2 * padding && size <= w + 2 * padding,
  )
  .map(({ planes, h, w, size, stride, padding }) => ({
    x: [...planes, h, w],
    y: [...planes, places(h, size, stride, padding), places(w, size, stride, padding)],
    size,
    stride,
    padding,
  }));

/** The offsets in x under each window, row by row. */
function windows({ x, y, size, stride, padding }: Pool): number[][] {
  const [h, w] = x.slice(2) as [number, number];
  const [oh, ow] = y.slice(2) as [number, number];
  return Array.from({ length: sizeOf(y) }, (_, i) => {
    const plane = Math.trunc(i / (oh * ow));
    const [top, left] = [(Math.trunc(i / ow) % oh) * stride - padding, (i % ow) * stride - padding];
    return Array.from({ length: size * size }, (_, k) => [top + Math.trunc(k / size), left + (k % size)])
      .filter(([row, column]) => row! >= 0 && row! < h && column! >= 0 && column! < w)
      .map(([row, column]) => (plane * h + row!) * w + column!);
  });
}

/** Which of `window` holds the first maximum of x; the first NaN, where there is one. */
function place(x: ArrayLike<number>, window: readonly number[]): number {
  const values = window.map((i) => x[i]!);
  const missing = values.findIndex(Number.isNaN);
  return window[missing >= 0 ? missing : values.indexOf(Math.max(...values))]!;
}

export const avgPool2d: Case = (subject) => {
  const { kernels, dtype } = subject;
  const expectMeans = async (d: Pool, draw: () => number): Promise<void> => {
    const x = operand(subject, d.x, draw);
    const exact = sums(sizeOf(d.y));
    windows(d).forEach((window, i) => {
      for (const j of window) include(exact, i, x.values[j]!);
    });
    const y = kernels.avgPool2d(x.tensor, d);
    expect(y.shape).toEqual(d.y);
    expectSums(await y.read(), exact, dtype, 1 / d.size ** 2);
  };
  test("is the mean of each window, padding counted as zeros", () =>
    holds(fc.tuple(pools, seeds), 100, async ([d, seed]) => {
      await expectMeans(d, noise(seed));
    }));
  test("NaN and infinities reach the windows that they lie in, and no others", () =>
    holds(fc.tuple(pools, seeds), 40, async ([d, seed]) => {
      await expectMeans(d, spiced(seed, [NaN, Infinity, -Infinity], 20));
    }));
  test("⟨avgPool(x), g⟩ = ⟨x, avgPoolGrad(g)⟩", () =>
    holds(fc.tuple(pools, seeds), 60, async ([d, seed]) => {
      const x = operand(subject, d.x, noise(seed));
      const g = operand(subject, d.y, noise(~seed));
      const y = await kernels.avgPool2d(x.tensor, d).read();
      const dx = await kernels.avgPool2dGrad(g.tensor, d.x, d).read();
      // Nothing is larger than 4 · 4, each product in at most size² windows of size² elements.
      const bound = 2 * gamma(d.size ** 2 + 2, unit(dtype)) * 16 * y.length;
      expect(Math.abs(dot(y, g.values) - dot(x.values, dx))).toBeLessThanOrEqual(bound);
    }));
};

export const avgPool2dGrad: Case = (subject) => {
  test("gives each element its share of every window that it lies in", () =>
    holds(fc.tuple(pools, seeds), 100, async ([d, seed]) => {
      const g = operand(subject, d.y, noise(seed));
      const exact = sums(sizeOf(d.x));
      windows(d).forEach((window, i) => {
        for (const j of window) include(exact, j, g.values[i]!);
      });
      const dx = subject.kernels.avgPool2dGrad(g.tensor, d.x, d);
      expect(dx.shape).toEqual(d.x);
      expectSums(await dx.read(), exact, subject.dtype, 1 / d.size ** 2);
    }));
};

/** Many equal numbers, and some that are not numbers. */
const tied = (seed: number) => {
  const [whole, rare] = [coarse(seed), spiced(~seed, [NaN, Infinity, -Infinity], 12)];
  return () => {
    const r = rare();
    return Number.isFinite(r) ? whole() : r;
  };
};

export const maxPool2d: Case = (subject) => {
  test("takes v where x has the first maximum of each window, and never padding", () =>
    holds(fc.tuple(pools, seeds), 150, async ([d, seed]) => {
      const x = operand(subject, d.x, tied(seed));
      const v = operand(subject, d.x, noise(~seed));
      const y = subject.kernels.maxPool2d(v.tensor, x.tensor, d);
      expect(y.shape).toEqual(d.y);
      const expected = windows(d).map((window) => v.values[place(x.values, window)]!);
      expectUlps(await y.read(), expected, subject.dtype, 0);
    }));
  test("of x itself, the maximum below zero is not lost to padding", async () => {
    const x = operand(subject, [1, 1, 2, 2], () => -3);
    const y = subject.kernels.maxPool2d(x.tensor, x.tensor, { size: 2, stride: 1, padding: 1 });
    expect([...(await y.read())]).toEqual(Array(9).fill(-3));
  });
};

export const maxPool2dGrad: Case = (subject) => {
  test("gives the whole gradient of a window to its first maximum", () =>
    holds(fc.tuple(pools, seeds), 150, async ([d, seed]) => {
      const x = operand(subject, d.x, tied(seed));
      const g = operand(subject, d.y, noise(~seed));
      const exact = sums(sizeOf(d.x));
      windows(d).forEach((window, i) => {
        include(exact, place(x.values, window), g.values[i]!);
      });
      const dx = subject.kernels.maxPool2dGrad(g.tensor, x.tensor, d);
      expect(dx.shape).toEqual(d.x);
      expectSums(await dx.read(), exact, subject.dtype);
    }));
  test("⟨maxPool(v), g⟩ = ⟨v, maxPoolGrad(g)⟩ for whole numbers, without any error", () =>
    holds(fc.tuple(pools, seeds), 60, async ([d, seed]) => {
      const x = operand(subject, d.x, tied(seed));
      const v = operand(subject, d.x, coarse(seed + 1));
      const g = operand(subject, d.y, coarse(seed + 2));
      const y = await subject.kernels.maxPool2d(v.tensor, x.tensor, d).read();
      const dx = await subject.kernels.maxPool2dGrad(g.tensor, x.tensor, d).read();
      expect(dot(y, g.values)).toBe(dot(v.values, dx));
    }));
};
