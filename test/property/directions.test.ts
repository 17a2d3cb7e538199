import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Direction,
  direction,
  type Normalization,
  normalized,
  rawDirection,
} from "../../src/measures/directions.ts";
import { nin } from "../../src/nn/models/nin.ts";
import { prepare } from "../../src/quant/prepare.ts";
import { reference } from "../../src/tensor/kernels/reference/index.ts";
import { createRng } from "../../src/tensor/random.ts";
import { type Shape, sizeOf } from "../../src/tensor/tensor.ts";
import { golden } from "../golden/read.ts";
import { verifies } from "../spec.ts";
import { f64, filled } from "../tensors.ts";

const norm = (x: ArrayLike<number>): number => Math.hypot(...Array.from(x));
/** The numbers of each output, one after another. */
const filters = (x: Float64Array, [outputs]: Shape): Float64Array[] =>
  Array.from({ length: outputs! }, (_, j) =>
    x.subarray((j * x.length) / outputs!, ((j + 1) * x.length) / outputs!),
  );
const shapes: fc.Arbitrary<Shape> = fc.constantFrom([3, 2], [2, 3, 2, 2], [4, 1, 3, 3], [1, 5], [3, 2, 1, 1]);
const weights = shapes.chain((shape) => filled(shape, { min: -10, max: 10 }));
const seeds = fc.nat();
const kinds: Normalization[] = ["filter", "layer", "none"];

describe("a filter-normalized direction", () => {
  verifies("QGen.fig.2", "is that of the code of Li et al. (golden vector)", () => {
    const { direction: d, weight, out } = golden.filter_normalisation;
    const result = normalized(
      { w: Float64Array.from(d.flat()) },
      { w: f64(weight.flat(), [2, 3]) },
      "filter",
    );
    out.flat().forEach((x, i) => {
      expect(result.w![i]).toBeCloseTo(x, 14);
    });
  });

  verifies("QGen.fig.2", "has filters of the lengths of the network's, along the filters as drawn", () => {
    fc.assert(
      fc.property(weights, seeds, (w, seed) => {
        const raw = rawDirection({ w }, createRng(seed)).w!;
        const d = normalized({ w: raw }, { w }, "filter").w!;
        const [drawn, made, of] = [raw, d, w.data as Float64Array].map((x) => filters(x, w.shape));
        made!.forEach((filter, j) => {
          const length = norm(of![j]!);
          expect(norm(filter)).toBeCloseTo(length, 7);
          const along = filter.reduce((sum, x, i) => sum + x * drawn![j]![i]!, 0);
          expect(along).toBeCloseTo(length * norm(drawn![j]!), 6);
        });
      }),
    );
  });

  test("of a whole layer is as long as the layer, and its filters are not as long as the filters", () => {
    const w = f64([3, 0, 0, 0.1], [2, 2]);
    const d = direction({ w }, createRng(5), "layer").w!;
    expect(norm(d)).toBeCloseTo(norm(w.data), 8);
    expect(Math.abs(norm(d.subarray(0, 2)) - 3)).toBeGreaterThan(0.01);
  });

  test("that is not normalized is the one that was drawn, whatever the weights", () => {
    const draw = (w: number[]): Direction => direction({ w: f64(w, [2, 2]) }, createRng("s"), "none");
    expect(draw([1, 2, 3, 4])).toEqual(draw([5, 0, 0, 0]));
    expect(draw([1, 2, 3, 4])).toEqual(rawDirection({ w: f64([0, 0, 0, 0], [2, 2]) }, createRng("s")));
  });

  test("is 0 at a filter of zeros, and finite where a drawn filter is 0", () => {
    const w = f64([0, 0, 3, 4], [2, 2]);
    expect([...direction({ w }, createRng(1)).w!.subarray(0, 2)].map(Math.abs)).toEqual([0, 0]);
    expect([...normalized({ w: new Float64Array(4) }, { w }, "filter").w!]).toEqual([0, 0, 0, 0]);
  });
});

describe("the directions of networks", () => {
  const float = nin({ depth: 2, width: 1, classes: 3 });
  const w = float.init(reference, createRng("w"), "float64").params;

  verifies(
    "QGen.fig.2",
    "leave biases, batch norm and steps where they are, and move all other weights",
    () => {
      const quantized = prepare(float, { bits: 2 }).init(reference, createRng("w"), "float64").params;
      for (const kind of kinds) {
        expect(Object.keys(direction(quantized, createRng(0), kind))).toEqual([...float.weights]);
        expect(Object.keys(direction(w, createRng(0), kind))).toEqual([...float.weights]);
      }
      const flat = { bias: f64([1, 2]), step: f64([0.5], []), one: f64([3], [1]) };
      expect(direction(flat, createRng(0))).toEqual({});
    },
  );

  verifies("QGen.fig.2", "are drawn alike for all precisions: by the seed and the names alone", () => {
    const raw = rawDirection(w, createRng(7));
    for (const bits of [8, 4, 2]) {
      const { params } = prepare(float, { bits }).init(reference, createRng(`other/${bits}`), "float32");
      expect(rawDirection(params, createRng(7))).toEqual(raw);
    }
    const one = "blocks.1.conv2.weight";
    expect(rawDirection({ [one]: w[one]! }, createRng(7))[one]).toEqual(raw[one]);
    expect(rawDirection(w, createRng(8))[one]).not.toEqual(raw[one]);
  });

  test("are standard normal: mean 0 and variance 1, within five standard errors", () => {
    const drawn = Object.values(rawDirection(w, createRng("law"))).flatMap((d) => [...d]);
    const n = drawn.length;
    const mean = drawn.reduce((a, b) => a + b) / n;
    const variance = drawn.reduce((a, b) => a + b * b, 0) / n;
    expect(n).toBeGreaterThan(5000);
    expect(Math.abs(mean)).toBeLessThan(5 / Math.sqrt(n));
    expect(Math.abs(variance - 1)).toBeLessThan(5 * Math.sqrt(2 / n));
  });

  test("of other names or sizes than the weights are refused", () => {
    const d = { w: new Float64Array(4) };
    expect(() => normalized(d, {}, "filter")).toThrow(
      '"w" has 4 numbers, but the weights of that name are missing',
    );
    expect(() => normalized(d, { w: f64([1, 2], [2, 1]) }, "filter")).toThrow("are 2");
    expect(sizeOf([2, 1])).toBe(2);
  });
});
