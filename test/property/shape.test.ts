import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  broadcastPlan,
  broadcastShape,
  convDims,
  expectShape,
  gemmDims,
  type Plan,
  poolDims,
  slide,
} from "../../src/tensor/shape.ts";
import { type Shape, sizeOf } from "../../src/tensor/tensor.ts";

const shapes: fc.Arbitrary<Shape> = fc.array(fc.constantFrom(1, 1, 2, 3, 4, 5, 0), { maxLength: 5 });

/** A shape, and some that broadcast to it. */
const broadcastable = shapes.chain((to) =>
  fc.tuple(
    fc.constant(to),
    fc.array(
      fc
        .tuple(fc.nat({ max: to.length }), fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }))
        .map(([dropped, kept]): Shape => to.map((n, axis) => (kept[axis] ? n : 1)).slice(dropped)),
      { minLength: 1, maxLength: 3 },
    ),
  ),
);

/** The coordinates of every element of a shape, in row-major order. */
const coordinates = (shape: Shape): number[][] =>
  shape.reduce<number[][]>(
    (all, extent) => all.flatMap((at) => Array.from({ length: extent }, (_, i) => [...at, i])),
    [[]],
  );

/** The offset into `from` that element `at` of a larger shape is read from. */
const offsetIn = (from: Shape, at: readonly number[]): number =>
  from.reduce((offset, extent, axis) => {
    const coordinate = at[at.length - from.length + axis]!;
    return offset * extent + (extent === 1 ? 0 : coordinate);
  }, 0);

/** The offsets that a plan visits, one list for each operand. */
const walk = ({ extents, strides }: Plan): number[][] =>
  strides.map((steps) =>
    coordinates(extents).map((at) => at.reduce((offset, i, axis) => offset + i * steps[axis]!, 0)),
  );

describe("broadcastShape", () => {
  test("is the shape that both were narrowed from, wherever one of them kept the extent", () => {
    fc.assert(
      fc.property(broadcastable, ([to, [from]]) => {
        expect(broadcastShape(to, from!)).toEqual(to);
        expect(broadcastShape(from!, to)).toEqual(to);
      }),
    );
  });

  test("is commutative and associative, and refuses the same shapes either way", () => {
    const attempt = (f: () => Shape): Shape | string => {
      try {
        return f();
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
        return "refused";
      }
    };
    fc.assert(
      fc.property(shapes, shapes, shapes, (a, b, c) => {
        expect(attempt(() => broadcastShape(a, b))).toEqual(attempt(() => broadcastShape(b, a)));
        expect(attempt(() => broadcastShape(broadcastShape(a, b), c))).toEqual(
          attempt(() => broadcastShape(a, broadcastShape(b, c))),
        );
      }),
    );
  });

  test("names both shapes where they do not fit", () => {
    expect(() => broadcastShape([2, 3], [4, 3])).toThrow("cannot broadcast [2,3] with [4,3]");
  });
});

describe("broadcastPlan", () => {
  test("visits, for every element in order, the offsets that indexing would", () => {
    fc.assert(
      fc.property(broadcastable, ([to, operands]) => {
        const offsets = walk(broadcastPlan(to, ...operands));
        operands.forEach((from, k) => {
          expect(offsets[k]).toEqual(coordinates(to).map((at) => offsetIn(from, at)));
        });
      }),
      { numRuns: 500 },
    );
  });

  test("has one loop for operands of the same shape, and none for single elements", () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const { extents } = broadcastPlan(shape, shape, shape);
        expect(extents).toEqual(shape.every((n) => n === 1) ? [] : [sizeOf(shape)]);
      }),
    );
  });

  test("never has neighbouring loops that every operand steps through as through one", () => {
    fc.assert(
      fc.property(broadcastable, ([to, operands]) => {
        const { extents, strides } = broadcastPlan(to, ...operands);
        for (let axis = 1; axis < extents.length; axis++) {
          const mergeable = strides.every((steps) => steps[axis - 1] === steps[axis]! * extents[axis]!);
          expect(mergeable).toBe(false);
        }
      }),
    );
  });

  test("refuses an operand that is larger than its target", () => {
    expect(() => broadcastPlan([2], [2], [3, 2])).toThrow("cannot broadcast [3,2] to [2]");
    expect(() => broadcastPlan([1, 2], [3, 2])).toThrow("cannot broadcast [3,2] to [1,2]");
  });
});

describe("windows", () => {
  const conv = { stride: 1, padding: 0, groups: 1 };
  const pool = { size: 2, stride: 2, padding: 0 };

  test("a window slides to every place where all of it fits, and to no other", () => {
    const extents = fc.record({
      extent: fc.integer({ min: 1, max: 40 }),
      size: fc.integer({ min: 1, max: 7 }),
      stride: fc.integer({ min: 1, max: 4 }),
      padding: fc.integer({ min: 0, max: 3 }),
    });
    fc.assert(
      fc.property(extents, ({ extent, size, stride, padding }) => {
        fc.pre(size <= extent + 2 * padding);
        const last = (slide(extent, size, { stride, padding }) - 1) * stride + size;
        expect(last).toBeLessThanOrEqual(extent + 2 * padding);
        expect(last + stride).toBeGreaterThan(extent + 2 * padding);
      }),
    );
  });

  test("convDims reads every extent off the shapes", () => {
    expect(convDims([2, 6, 9, 7], [4, 3, 3, 5], { stride: 2, padding: 1, groups: 2 })).toEqual({
      n: 2,
      c: 6,
      h: 9,
      w: 7,
      o: 4,
      oh: 5,
      ow: 3,
      kh: 3,
      kw: 5,
      stride: 2,
      padding: 1,
      groups: 2,
    });
  });

  test("poolDims reads every extent off the shape", () => {
    expect(poolDims([2, 3, 7, 5], { size: 3, stride: 2, padding: 1 })).toEqual({
      planes: 6,
      n: 2,
      c: 3,
      h: 7,
      w: 5,
      oh: 4,
      ow: 3,
      size: 3,
      stride: 2,
      padding: 1,
    });
  });

  test.each<[why: string, x: Shape, w: Shape, geometry: Partial<typeof conv>]>([
    ["expected x to be [N, C, H, W]", [3, 3, 3], [1, 3, 1, 1], {}],
    ["expected w to be [O, C/groups, KH, KW]", [1, 3, 3, 3], [3, 1, 1], {}],
    ["expected a stride of at least 1", [1, 3, 3, 3], [1, 3, 1, 1], { stride: 0 }],
    ["expected a stride of at least 1", [1, 3, 3, 3], [1, 3, 1, 1], { stride: 1.5 }],
    ["expected a padding of at least 0", [1, 3, 3, 3], [1, 3, 1, 1], { padding: -1 }],
    ["expected a padding of at least 0", [1, 3, 3, 3], [1, 3, 1, 1], { padding: NaN }],
    ["the groups do not divide the output channels", [1, 4, 3, 3], [3, 2, 1, 1], { groups: 2 }],
    ["the groups do not divide the output channels", [1, 4, 3, 3], [3, 4, 1, 1], { groups: 0 }],
    ["expected 6 input channels, got 4", [1, 4, 3, 3], [4, 3, 1, 1], { groups: 2 }],
    ["the window is larger than the padded image", [1, 1, 3, 9], [1, 1, 6, 1], { padding: 1 }],
    ["the window is larger than the padded image", [1, 1, 9, 3], [1, 1, 1, 6], { padding: 1 }],
  ])("convDims: %s", (why, x, w, geometry) => {
    const { stride, padding, groups } = { ...conv, ...geometry };
    const found = `(x is [${x}], w is [${w}], stride ${stride}, padding ${padding}, groups ${groups})`;
    expect(() => convDims(x, w, { ...conv, ...geometry })).toThrow(`conv2d: ${why} ${found}`);
  });

  test.each<[why: string, x: Shape, geometry: Partial<typeof pool>]>([
    ["expected x to be [N, C, H, W]", [3, 3], {}],
    ["expected a window of at least 1", [1, 1, 3, 3], { size: 0 }],
    ["expected a stride of at least 1", [1, 1, 3, 3], { stride: 0 }],
    ["expected a padding of at least 0", [1, 1, 3, 3], { padding: -1 }],
    ["expected a padding of at most half the window", [1, 1, 3, 3], { size: 3, padding: 2 }],
    ["the window is larger than the padded image", [1, 1, 2, 9], { size: 3 }],
    ["the window is larger than the padded image", [1, 1, 9, 2], { size: 3 }],
  ])("poolDims: %s", (why, x, geometry) => {
    const { size, stride, padding } = { ...pool, ...geometry };
    const found = `(x is [${x}], size ${size}, stride ${stride}, padding ${padding})`;
    expect(() => poolDims(x, { ...pool, ...geometry })).toThrow(`pool2d: ${why} ${found}`);
  });
});

describe("products and operands", () => {
  test("gemmDims reads the extents off the matrices as they are stored", () => {
    expect(gemmDims([2, 3], [3, 5], {})).toEqual({ batch: 1, m: 2, k: 3, n: 5, shape: [2, 5] });
    expect(gemmDims([3, 2], [3, 5], { transposeA: true })).toEqual({
      batch: 1,
      m: 2,
      k: 3,
      n: 5,
      shape: [2, 5],
    });
    expect(gemmDims([2, 3], [5, 3], { transposeB: true })).toEqual({
      batch: 1,
      m: 2,
      k: 3,
      n: 5,
      shape: [2, 5],
    });
    expect(gemmDims([4, 6, 2, 3], [4, 6, 3, 5], {})).toEqual({
      batch: 24,
      m: 2,
      k: 3,
      n: 5,
      shape: [4, 6, 2, 5],
    });
    expect(() => gemmDims([2, 3], [3, 5], { transposeB: true })).toThrow(
      "gemm: inner extents differ in [2,3] · [3,5]ᵀ",
    );
  });

  test("expectShape names the operand that is wrong, and skips one that was left out", () => {
    const operands = { g: { shape: [2, 3] }, buf: null };
    expect(() => expectShape("sgd", operands, [2, 3])).not.toThrow();
    expect(() => expectShape("sgd", operands, [3, 2])).toThrow("sgd: expected g to be [3,2], got [2,3]");
  });
});
