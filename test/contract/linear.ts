/** The contract of products of matrices, and of convolution and its two transposes. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Buffer, sizeOf } from "../../src/tensor/tensor.ts";
import {
  type Convolution,
  convolution,
  pixelCoefficients,
  product,
  shapesOf,
  transposed,
  weightCoefficients,
} from "./products.ts";
import {
  type Case,
  dot,
  expectSums,
  extent,
  gamma,
  holds,
  noise,
  operand,
  operandOf,
  type Subject,
  seeds,
  spiced,
  unit,
} from "./subject.ts";

const NOT_FINITE = [NaN, Infinity, -Infinity];

type Extents = readonly [m: number, n: number, k: number];
type Stored = readonly [transposeA: boolean, transposeB: boolean];
type Draw = () => number;

async function expectProduct(
  subject: Subject,
  [m, n, k]: Extents,
  stored: readonly Stored[],
  draw: Draw,
): Promise<void> {
  const [a, b] = [operand(subject, [m, k], draw), operand(subject, [k, n], draw)];
  const exact = product(m, n, k, a.values, b.values);
  for (const [transposeA, transposeB] of stored) {
    const left = transposeA ? operandOf(subject, transposed(a.values, m, k), [k, m]) : a;
    const right = transposeB ? operandOf(subject, transposed(b.values, k, n), [n, k]) : b;
    const c = subject.kernels.gemm(left.tensor, right.tensor, { transposeA, transposeB });
    expect(c.shape).toEqual([m, n]);
    expectSums(await c.read(), exact, subject.dtype);
  }
}

/** Three products at once, against the exact sums of each. */
async function expectProducts(
  subject: Subject,
  [m, n, k]: Extents,
  [transposeA, transposeB]: Stored,
  draw: Draw,
): Promise<void> {
  const [left, right] = [transposeA ? [k, m] : [m, k], transposeB ? [n, k] : [k, n]] as const;
  const [a, b] = [operand(subject, [3, ...left], draw), operand(subject, [3, ...right], draw)];
  const c = subject.kernels.gemm(a.tensor, b.tensor, { transposeA, transposeB });
  expect(c.shape).toEqual([3, m, n]);
  const found = await c.read();
  const plain = (values: Buffer, swapped: boolean, rows: number, columns: number): ArrayLike<number> =>
    swapped ? transposed(values, columns, rows) : values;
  for (let z = 0; z < 3; z++) {
    const [az, bz] = [a.values.slice(z * m * k, (z + 1) * m * k), b.values.slice(z * k * n, (z + 1) * k * n)];
    const exact = product(m, n, k, plain(az, transposeA, m, k), plain(bz, transposeB, k, n));
    expectSums(found.slice(z * m * n, (z + 1) * m * n), exact, subject.dtype);
  }
}

const everyStorage: readonly Stored[] = [
  [false, false],
  [false, true],
  [true, false],
  [true, true],
];

export const gemm: Case = (subject) => {
  const few = fc.tuple(extent(1, 19), extent(1, 21), extent(0, 23));
  test("every element is within γₖ₊₂ Σ|a||b| of the exact sum, however the matrices are stored", () =>
    holds(fc.tuple(few, seeds), 80, async ([extents, seed]) => {
      await expectProduct(subject, extents, everyStorage, noise(seed));
    }));
  test("NaN and infinities reach the elements that they are part of, and no others", () =>
    holds(fc.tuple(few, seeds), 40, async ([extents, seed]) => {
      await expectProduct(subject, extents, everyStorage, spiced(seed, NOT_FINITE, 60));
    }));
  test.each(everyStorage)(
    "many products at once are the products one by one, transposed: %s, %s",
    (...stored) =>
      holds(fc.tuple(few, seeds), 20, async ([extents, seed]) => {
        await expectProducts(subject, extents, stored, noise(seed));
      }),
  );
  // Just beyond 4 and 8, 96 rows, 512 columns and a depth of 256: the sizes at which a blocked product starts over.
  test.each<Extents>([
    [97, 513, 19],
    [5, 521, 515],
    [193, 11, 257],
    [1, 1030, 3],
    [96, 8, 512],
    [101, 525, 261],
  ])("the bound holds across the edges of blocks: [%i, %i], depth %i", async (m, n, k) => {
    await expectProduct(subject, [m, n, k], everyStorage, noise(m));
  });
};

/** Small convolutions of every kind: odd sizes, all strides and paddings, two groups and as many as channels. */
const convolutions: fc.Arbitrary<Convolution> = fc
  .record({
    n: extent(1, 5),
    groups: fc.constantFrom(1, 1, 2, 5),
    c: extent(1, 4),
    o: extent(1, 9),
    h: extent(1, 11),
    w: extent(1, 14),
    kh: fc.constantFrom(1, 3, 5, 2),
    kw: fc.constantFrom(1, 3, 5, 4),
    stride: extent(1, 3),
    padding: extent(0, 2),
  })
  .map((d) => (d.groups === 5 ? { ...d, c: 1, o: 1 + (d.o % 2) } : d))
  .filter((d) => d.kh <= d.h + 2 * d.padding && d.kw <= d.w + 2 * d.padding);

const square = (n: number, c: number, o: number, h: number, k: number, stride = 1, padding = 0, groups = 1) =>
  ({ n, groups, c, o, h, w: h, kh: k, kw: k, stride, padding }) satisfies Convolution;

/** Where an implementation that packs images into blocks starts over. */
const edges: readonly (readonly [string, Convolution])[] = [
  ["many images of 2x2 positions", square(131, 3, 5, 2, 3, 1, 1)],
  ["many images of one position", square(300, 5, 6, 3, 3)],
  ["many images of one position, in groups", square(261, 2, 3, 1, 1, 1, 0, 2)],
  ["9 positions, so that images share panels", square(61, 3, 5, 6, 3, 2, 1)],
  ["more than 256 positions", square(2, 3, 5, 17, 3, 1, 1)],
  ["more than 512 positions", square(2, 2, 6, 27, 3, 1, 1)],
  ["more than 512 positions, by twos", square(1, 2, 3, 47, 3, 2, 0)],
  ["more than 512 positions of 1x1", square(2, 3, 4, 23, 1)],
  ["more than 256 pixels deep", square(3, 31, 7, 5, 3, 1, 1)],
  ["more than 256 pixels deep, 1x1", square(5, 261, 9, 3, 1)],
  ["more than 256 output channels", square(2, 3, 263, 5, 3, 1, 1)],
  ["more than 256 output channels, 1x1", square(3, 5, 261, 4, 1)],
  ["depthwise", square(3, 1, 1, 15, 3, 1, 1, 13)],
  ["1x1 with padding", square(2, 3, 5, 4, 1, 1, 1)],
  ["1x1 by threes", square(2, 3, 5, 10, 1, 3)],
];

function operandsOf(subject: Subject, d: Convolution, draw: Draw) {
  const shapes = shapesOf(d);
  const [x, w, g] = [shapes.x, shapes.w, shapes.y].map((shape) => operand(subject, shape, draw));
  return { shapes, x: x!, w: w!, g: g!, bias: operand(subject, [d.groups * d.o], draw) };
}

async function expectForward(subject: Subject, d: Convolution, draw: Draw): Promise<void> {
  const { x, w, bias, shapes } = operandsOf(subject, d, draw);
  for (const b of [bias, null]) {
    const y = subject.kernels.conv2d(x.tensor, w.tensor, b?.tensor ?? null, d);
    expect(y.shape).toEqual(shapes.y);
    expectSums(await y.read(), convolution(d, x.values, w.values, b?.values ?? null), subject.dtype);
  }
}

async function expectInputGrad(subject: Subject, d: Convolution, draw: Draw): Promise<void> {
  const { w, g, shapes } = operandsOf(subject, d, draw);
  const dx = subject.kernels.conv2dInputGrad(g.tensor, w.tensor, shapes.x, d);
  expect(dx.shape).toEqual(shapes.x);
  expectSums(await dx.read(), pixelCoefficients(d, g.values, w.values), subject.dtype);
}

async function expectWeightGrad(subject: Subject, d: Convolution, draw: Draw): Promise<void> {
  const { x, g, shapes } = operandsOf(subject, d, draw);
  const dw = subject.kernels.conv2dWeightGrad(g.tensor, x.tensor, shapes.w, d);
  expect(dw.shape).toEqual(shapes.w);
  expectSums(await dw.read(), weightCoefficients(d, g.values, x.values), subject.dtype);
}

/** The tests that the three have in common. */
const windows =
  (expectBound: (subject: Subject, d: Convolution, draw: Draw) => Promise<void>): Case =>
  (subject) => {
    test("every element is within γₖ₊₂ Σ|a||b| of the exact sum", () =>
      holds(fc.tuple(convolutions, seeds), 120, async ([d, seed]) => {
        await expectBound(subject, d, noise(seed));
      }));
    test.each(edges)("the bound holds for %s", async (_, d) => {
      await expectBound(subject, d, noise(d.n));
    });
  };

export const conv2d: Case = (subject) => {
  const { kernels, dtype } = subject;
  windows(expectForward)(subject);
  test("NaN and infinities of x reach the windows that they lie in, and no others", () =>
    holds(fc.tuple(convolutions, seeds), 60, async ([d, seed]) => {
      const x = operand(subject, shapesOf(d).x, spiced(seed, NOT_FINITE, 40));
      const w = operand(subject, shapesOf(d).w, noise(~seed));
      const y = await kernels.conv2d(x.tensor, w.tensor, null, d).read();
      expectSums(y, convolution(d, x.values, w.values, null), dtype);
    }));
  test("no images give no outputs, and a gradient of zeros to the weights", async () => {
    const d = { ...square(0, 2, 3, 4, 3), groups: 1 };
    const { x, w, g, shapes } = operandsOf(subject, d, noise(0));
    // What a kernel that does nothing might find in reused memory.
    for (let i = 0; i < 20; i++) kernels.fill(7, shapes.w, dtype);
    expect(kernels.conv2d(x.tensor, w.tensor, null, d).shape).toEqual([0, 3, 2, 2]);
    const dw = await kernels.conv2dWeightGrad(g.tensor, x.tensor, shapes.w, d).read();
    expect([...dw]).toEqual(Array(sizeOf(shapes.w)).fill(0));
  });
  test("⟨g, conv(x)⟩ = ⟨inputGrad(g), x⟩ = ⟨weightGrad(g, x), w⟩", () =>
    holds(fc.tuple(convolutions, seeds), 80, async ([d, seed]) => {
      const { x, w, g, shapes } = operandsOf(subject, d, noise(seed));
      const y = await kernels.conv2d(x.tensor, w.tensor, null, d).read();
      const dx = await kernels.conv2dInputGrad(g.tensor, w.tensor, shapes.x, d).read();
      const dw = await kernels.conv2dWeightGrad(g.tensor, x.tensor, shapes.w, d).read();
      const absolute = convolution(d, x.values.map(Math.abs), w.values.map(Math.abs), null).value;
      // Each side rounds every one of its products at most as often as the longest of its sums has terms.
      const k = 2 * (2 + Math.max(d.c * d.kh * d.kw, d.o * d.kh * d.kw, sizeOf(shapes.y)));
      const bound = gamma(k, unit(dtype)) * dot(absolute, g.values.map(Math.abs)) + 2 ** -100;
      expect(Math.abs(dot(y, g.values) - dot(dx, x.values))).toBeLessThanOrEqual(bound);
      expect(Math.abs(dot(y, g.values) - dot(dw, w.values))).toBeLessThanOrEqual(bound);
    }));
};

/** Evaluation's three steps at once. */
async function expectNormalizedRelu(subject: Subject, d: Convolution, draw: Draw): Promise<void> {
  const { kernels } = subject;
  const { x, w, bias } = operandsOf(subject, d, draw);
  const vector = (from: Draw) => operand(subject, [d.groups * d.o], from).tensor;
  const norm = [vector(draw), vector(() => Math.abs(draw())), vector(draw), vector(draw), 1e-5] as const;
  for (const b of [bias.tensor, null]) {
    const plain = kernels.unary("relu", kernels.normalize(kernels.conv2d(x.tensor, w.tensor, b, d), ...norm));
    const y = kernels.conv2dNormalizeRelu(x.tensor, w.tensor, b, d, ...norm);
    expect(y.shape).toEqual(plain.shape);
    expect(await y.read()).toEqual(await plain.read());
  }
}

export const conv2dNormalizeRelu: Case = (subject) => {
  test("is relu(normalize(conv2d(…))), to the last bit", () =>
    holds(fc.tuple(convolutions, seeds), 120, async ([d, seed]) => {
      await expectNormalizedRelu(subject, d, noise(seed));
    }));
  test("so with NaN and infinities", () =>
    holds(fc.tuple(convolutions, seeds), 60, async ([d, seed]) => {
      await expectNormalizedRelu(subject, d, spiced(seed, NOT_FINITE, 60));
    }));
  test.each(edges)("so for %s", async (_, d) => {
    await expectNormalizedRelu(subject, d, noise(d.n));
  });
};

export const conv2dInputGrad: Case = windows(expectInputGrad);
export const conv2dWeightGrad: Case = windows(expectWeightGrad);
