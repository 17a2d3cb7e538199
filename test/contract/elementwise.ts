/** The contract of making tensors, of maps of one and of two numbers, and of broadcasting and its transpose. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Binary, Unary } from "../../src/tensor/kernels/kernels.ts";
import { bufferOf, type DType, type Shape, sizeOf } from "../../src/tensor/tensor.ts";
import {
  type Case,
  expectNear,
  expectSums,
  expectUlps,
  extent,
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

const SPECIAL: { readonly [D in DType]: readonly number[] } = {
  float32: [
    NaN,
    Infinity,
    -Infinity,
    0,
    -0,
    2 ** -149,
    -(2 ** -126),
    3.4028234663852886e38,
    1,
    -1,
    0.5,
    -2.5,
  ],
  float64: [NaN, Infinity, -Infinity, 0, -0, 2 ** -1074, -(2 ** -1022), Number.MAX_VALUE, 1, -1, 0.5, -2.5],
};

/** Extents around the width of a vector, and no elements at all. */
const anyExtent = fc.oneof(
  { weight: 12, arbitrary: extent(1, 6) },
  { weight: 4, arbitrary: extent(7, 37) },
  { weight: 1, arbitrary: fc.constant(0) },
);
const shapes: fc.Arbitrary<Shape> = fc.array(anyExtent, { maxLength: 4 }).filter((s) => sizeOf(s) <= 3000);

/** A shape, and one that broadcasts to it. */
const narrowed = (to: Shape): fc.Arbitrary<Shape> =>
  fc
    .tuple(extent(0, to.length), fc.array(fc.boolean(), { minLength: to.length, maxLength: to.length }))
    .map(([dropped, kept]) => to.map((n, axis) => (kept[axis] ? n : 1)).slice(dropped));
const broadcastable = shapes.chain((to) => fc.tuple(fc.constant(to), narrowed(to)));

/** For element i of `to`, which element of `from` it repeats: by its coordinates, last axis first. */
function sourceOf(i: number, to: Shape, from: Shape): number {
  let [rest, offset, step] = [i, 0, 1];
  for (let axis = 1; axis <= to.length; axis++) {
    const coordinate = rest % to.at(-axis)!;
    rest = (rest - coordinate) / to.at(-axis)!;
    const own = from.at(-axis);
    if (axis > from.length || own === undefined) continue;
    if (own !== 1) offset += coordinate * step;
    step *= own;
  }
  return offset;
}

/** By a series whose terms are all positive, and, where it would be long, by a continued fraction. */
function erf(x: number): number {
  const a = Math.abs(x);
  if (Number.isNaN(x) || a === 0) return x;
  if (a > 6) return Math.sign(x);
  let y = 0;
  if (a < 2.5) {
    for (let term = a, n = 0; term > 1e-17 * y; n++, term *= (2 * a * a) / (2 * n + 1)) y += term;
    y *= (2 / Math.sqrt(Math.PI)) * Math.exp(-a * a);
  } else {
    let tail = a;
    for (let n = 60; n >= 1; n--) tail = a + n / 2 / tail;
    y = 1 - Math.exp(-a * a) / (Math.sqrt(Math.PI) * tail);
  }
  return x < 0 ? -y : y;
}

const distribution = (x: number): number => 0.5 + 0.5 * erf(x / Math.SQRT2);
const gelu = (x: number): number => x * distribution(x);
const geluSlope = (x: number): number =>
  distribution(x) + (x * Math.exp(-0.5 * x * x)) / Math.sqrt(2 * Math.PI);

const ieee: {
  readonly [F in Exclude<Unary, "exp" | "log" | "tanh" | "gelu" | "geluSlope">]: (
    x: number,
    c: number,
  ) => number;
} = {
  neg: (x) => -x,
  sqrt: (x) => Math.sqrt(x),
  abs: (x) => Math.abs(x),
  relu: (x) => Math.max(x, 0),
  positive: (x) => Number(x > 0),
  scale: (x, c) => x * c,
  shift: (x, c) => x + c,
  atLeast: (x, c) => (x >= c || Number.isNaN(x) ? x : c),
};
const transcendental = { exp: Math.exp, log: Math.log, tanh: Math.tanh };
const pairs: { readonly [F in Binary]: (a: number, b: number) => number } = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  gate: (a, b) => (b > 0 ? a : 0),
};

/** Numbers of every size, with those that need care among them. */
const numbers = (dtype: DType): fc.Arbitrary<number[]> =>
  fc.array(fc.oneof(dtype === "float32" ? fc.float() : fc.double(), fc.constantFrom(...SPECIAL[dtype])), {
    maxLength: 41,
    size: "max",
  });

export const tensor: Case = (subject) => {
  test("a tensor keeps a copy of the numbers that it was given", () =>
    holds(fc.tuple(shapes, seeds), 40, async ([shape, seed]) => {
      const { tensor: x, values } = operand(subject, shape, spiced(seed, SPECIAL[subject.dtype]));
      expect([x.shape, x.dtype, x.kernels]).toEqual([shape, subject.dtype, subject.kernels]);
      const given = values.slice();
      values.fill(7);
      expectUlps(await x.read(), given, subject.dtype, 0);
    }));
};

export const fill: Case = ({ kernels, dtype }) => {
  test("every element is the value, rounded", () =>
    holds(fc.tuple(shapes, fc.double()), 40, async ([shape, value]) => {
      const x = kernels.fill(value, shape, dtype);
      expect([x.shape, x.dtype]).toEqual([shape, dtype]);
      expectUlps(await x.read(), new Float64Array(sizeOf(shape)).fill(value), dtype, 0);
    }));
};

export const reshape: Case = (subject) => {
  test("the numbers keep their order under the new shape", () =>
    holds(fc.tuple(shapes, seeds), 40, async ([shape, seed]) => {
      const x = operand(subject, shape, noise(seed));
      const y = subject.kernels.reshape(x.tensor, [1, ...shape.toReversed()]);
      expect(y.shape).toEqual([1, ...shape.toReversed()]);
      expectUlps(await y.read(), x.values, subject.dtype, 0);
    }));
};

export const unary: Case = (subject) => {
  const { kernels, dtype, tolerance } = subject;
  describe.each(Object.entries(ieee))("%s", (name, f) => {
    test("is the rounded result of one operation", () =>
      holds(fc.tuple(numbers(dtype), fc.constantFrom(0, 1, -0.1, 1e-3, 3, 1e30)), 60, async ([xs, c]) => {
        const x = operandOf(subject, xs, [xs.length]);
        const constant = dtype === "float32" ? Math.fround(c) : c;
        const expected = Array.from(x.values, (v) => f(v, constant));
        expectUlps(await kernels.unary(name as Unary, x.tensor, c).read(), expected, dtype, tolerance.ieee);
      }));
  });
  describe.each(Object.entries(transcendental))("%s", (name, f) => {
    const ulps = dtype === "float32" ? tolerance.transcendental : 2;
    const expectF = async (xs: readonly number[]): Promise<void> => {
      const x = operandOf(subject, xs, [xs.length]);
      const y = kernels.unary(name as Unary, x.tensor);
      expectUlps(await y.read(), Array.from(x.values, f), dtype, ulps);
    };
    test("is close to the exact result, whatever the size of x", () =>
      holds(numbers(dtype), 100, async (xs) => {
        await expectF(xs);
      }));
    test("is close to the exact result where x is ordinary", () =>
      holds(seeds, 20, async (seed) => {
        const draw = noise(seed);
        await expectF(Array.from({ length: 500 }, (_, i) => draw() * 4 ** ((i % 6) - 2)));
      }));
  });
  describe.each(Object.entries({ gelu, geluSlope }))("%s", (name, f) => {
    test("is as close to the exact result as a distribution function, rounded, allows", () =>
      holds(seeds, 30, async (seed) => {
        const draw = noise(seed);
        const x = operandOf(
          subject,
          [
            0,
            -0,
            60,
            -60,
            1e30,
            -1e30,
            ...Array.from({ length: 500 }, (_, i) => draw() * 4 ** ((i % 5) - 2)),
          ],
          [506],
        );
        // The erf above is good to some units of float64, and so is the result, in units of x.
        expectNear(
          await kernels.unary(name as Unary, x.tensor).read(),
          Array.from(x.values, f),
          (i) => 2 * unit(dtype) * Math.abs(f(x.values[i]!)) + 2 ** -49 * (1 + Math.abs(x.values[i]!)),
        );
      }));
    test("of NaN is NaN", async () => {
      const x = operandOf(subject, [NaN], [1]).tensor;
      expect([...(await kernels.unary(name as Unary, x).read())]).toEqual([NaN]);
    });
  });
};

export const binary: Case = (subject) => {
  const { kernels, dtype, tolerance } = subject;
  const operands = shapes.chain((to) => fc.tuple(narrowed(to), narrowed(to), seeds));
  describe.each(Object.entries(pairs))("%s", (name, f) => {
    test("is the rounded result of one operation on the elements that broadcasting pairs", () =>
      holds(operands, 60, async ([aShape, bShape, seed]) => {
        const a = operand(subject, aShape, spiced(seed, SPECIAL[dtype]));
        const b = operand(subject, bShape, spiced(~seed, SPECIAL[dtype]));
        const y = kernels.binary(name as Binary, a.tensor, b.tensor);
        const rank = Math.max(aShape.length, bShape.length);
        const shape = Array.from({ length: rank }, (_, i) => {
          const [m, n] = [aShape.at(i - rank) ?? 1, bShape.at(i - rank) ?? 1];
          return m === 1 ? n : m;
        });
        expect(y.shape).toEqual(shape);
        const expected = Array.from({ length: sizeOf(shape) }, (_, i) =>
          f(a.values[sourceOf(i, shape, aShape)]!, b.values[sourceOf(i, shape, bShape)]!),
        );
        expectUlps(await y.read(), expected, dtype, tolerance.ieee);
      }));
  });
};

export const broadcastTo: Case = (subject) => {
  test("repeats elements bit for bit, and the sign of −0 with them", () =>
    holds(fc.tuple(broadcastable, seeds), 80, async ([[to, from], seed]) => {
      const x = operand(subject, from, spiced(seed, SPECIAL[subject.dtype], 3));
      const y = subject.kernels.broadcastTo(x.tensor, to);
      expect(y.shape).toEqual(to);
      const expected = Array.from({ length: sizeOf(to) }, (_, i) => x.values[sourceOf(i, to, from)]!);
      expectUlps(await y.read(), expected, subject.dtype, 0);
    }));
};

export const sumTo: Case = (subject) => {
  const { kernels, dtype } = subject;
  const expectSum = async (from: Shape, to: Shape, draw: () => number): Promise<void> => {
    const x = operand(subject, from, draw);
    const exact = sums(sizeOf(to));
    x.values.forEach((value, i) => {
      include(exact, sourceOf(i, from, to), value);
    });
    const y = kernels.sumTo(x.tensor, to);
    expect(y.shape).toEqual(to);
    expectSums(await y.read(), exact, dtype);
  };
  test("each element is the sum of those that broadcasting would make of it", () =>
    holds(fc.tuple(broadcastable, seeds), 80, async ([[from, to], seed]) => {
      await expectSum(from, to, noise(seed));
    }));
  test("NaN and infinities survive", () =>
    holds(fc.tuple(broadcastable, seeds), 40, async ([[from, to], seed]) => {
      await expectSum(from, to, spiced(seed, [NaN, Infinity, -Infinity]));
    }));
  test("⟨broadcastTo(x), g⟩ = ⟨x, sumTo(g)⟩", () =>
    holds(fc.tuple(broadcastable, seeds), 40, async ([[to, from], seed]) => {
      const x = operand(subject, from, noise(seed));
      const g = operand(subject, to, noise(~seed));
      const wide = await kernels.broadcastTo(x.tensor, to).read();
      const narrow = await kernels.sumTo(g.tensor, from).read();
      const [left, right] = [sums(1), sums(1)];
      wide.forEach((value, i) => {
        include(left, 0, value * g.values[i]!);
      });
      narrow.forEach((value, i) => {
        include(right, 0, value * x.values[i]!);
      });
      expectSums(bufferOf("float64", 1).fill(right.value[0]!), left, dtype);
    }));
};
