import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { constant } from "../../src/autograd/op.ts";
import { marginOf, margins, percentileMargin } from "../../src/measures/margin.ts";
import {
  differences,
  frobeniusSquares,
  inverseMargin,
  logProduct,
  logSum,
  overMargin,
  sumOfRatios,
  sumOfSquares,
} from "../../src/measures/norm-measures.ts";
import { pathNorm } from "../../src/measures/path-norm.ts";
import { flatten, inDoubles, pick, unflatten } from "../../src/measures/vectors.ts";
import type { Weights } from "../../src/nn/model.ts";
import { nin } from "../../src/nn/models/nin.ts";
import { mapTree } from "../../src/nn/tree.ts";
import { reference } from "../../src/tensor/kernels/reference/index.ts";
import { createRng } from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { simd } from "../kernels.ts";
import { f64 } from "../tensors.ts";
import { expectClose, sumSq } from "./calculus.ts";
import { linearWeights, smallNet, smallWeights, someImages, twoLinear } from "./small-models.ts";

const positive = fc.double({ min: 0.01, max: 100, noNaN: true });
const squares = fc.array(positive, { minLength: 1, maxLength: 6 });
const times = (x: Tensor, c: number): Tensor => x.kernels.unary("scale", x, c);

describe("weights as a vector", () => {
  test("there and back is the same tree, on the same kernels and in the same precision", () => {
    const tree = {
      a: simd.tensor(Float32Array.of(1, 2, 3, 4), [2, 2]),
      b: simd.tensor(Float32Array.of(5), [1]),
    };
    expect(Array.from(flatten(tree))).toEqual([1, 2, 3, 4, 5]);
    const back = unflatten(Float64Array.of(5, 4, 3, 2, 1), tree);
    expect(mapTree(back, ({ shape, dtype, data }) => ({ shape, dtype, data: Array.from(data) }))).toEqual({
      a: { shape: [2, 2], dtype: "float32", data: [5, 4, 3, 2] },
      b: { shape: [1], dtype: "float32", data: [1] },
    });
    expect(back.a!.kernels).toBe(simd);
    expect(Object.keys(pick(tree, ["b"]))).toEqual(["b"]);
    expect(inDoubles(tree).a!.dtype).toBe("float64");
    expect(() => unflatten(new Float64Array(4), tree)).toThrow("expected 5 numbers, got 4");
  });
});

describe("norms of layers", () => {
  test("the logarithm of the product is that of the product", () => {
    fc.assert(
      fc.property(squares, (xs) => {
        expectClose(logProduct(xs), Math.log(xs.reduce((a, b) => a * b)), 10);
      }),
    );
  });

  test("the “sum” is d times the geometric mean, at most the sum, and equal to it for equal norms", () => {
    fc.assert(
      fc.property(squares, positive, (xs, margin) => {
        const geometric = xs.reduce((a, b) => a * b) ** (1 / xs.length);
        expectClose(logSum(xs), Math.log(xs.length * geometric), 10);
        expect(logSum(xs)).toBeLessThanOrEqual(Math.log(sumOfSquares(xs)) + 1e-12);
        const equal = xs.map(() => xs[0]!);
        expectClose(logSum(equal), Math.log(sumOfSquares(equal)), 10);
        // (Π / γ²)^{1/d}: every factor takes its share of the margin.
        const shares = xs.map((x) => x / margin ** (2 / xs.length));
        expectClose(logSum(xs, margin), logSum(shares), 20);
      }),
    );
  });

  test("of ratios, the sum; a layer of zeros counts 0", () => {
    expectClose(sumOfRatios([9, 8], [3, 2]), 7);
    expect(sumOfRatios([0, 1], [0, 1])).toBe(1);
    expect(sumOfRatios([1], [0])).toBe(Infinity);
  });

  test("squared Frobenius norms are layer by layer; of differences, in float64", () => {
    const w = { a: f64([3, 4]), b: f64([1, 2], [1, 2]) };
    expect(frobeniusSquares(w)).toEqual([25, 5]);
    const single = { a: simd.tensor(Float32Array.of(1), [1]) };
    const start = { a: simd.tensor(Float32Array.of(1e-9), [1]) };
    const [moved] = frobeniusSquares(differences(single, start));
    expect(moved).toBe((1 - Math.fround(1e-9)) ** 2);
    expect(() => differences(w, { a: f64([1]), b: f64([1]) })).toThrow('"a" has the shapes [2] and [1]');
    expect(() => differences(w, { a: f64([1, 2]) })).toThrow('there is no "b"');
  });
});

describe("margins", () => {
  test("are the label's logit minus the largest other, whatever is added to a row", () => {
    const logits = Float64Array.of(1, 5, 3, 2, 2, 9);
    expect(Array.from(margins(logits, Int32Array.of(1, 0)))).toEqual([2, -7]);
    expect(
      Array.from(
        margins(
          logits.map((x, i) => x + (i < 3 ? 100 : -7)),
          Int32Array.of(1, 0),
        ),
      ),
    ).toEqual([2, -7]);
  });

  test("the tenth percentile is the ⌊m/10⌋-th smallest, with its sign", () => {
    const order = createRng(1).permutation(57);
    // The margins are −3, −2, …, 53.
    expect(percentileMargin(Float64Array.from(order, (k) => k - 3))).toBe(1);
    expect(percentileMargin(Float64Array.from({ length: 20 }, (_, k) => k - 10))).toBe(-9);
    expect(percentileMargin(Float64Array.of(4, 2, 3))).toBe(2);
    expect(() => percentileMargin(Float64Array.of(NaN, 1))).toThrow("a logit is not a number");
  });

  test("without a margin, division by it is ∞, and its logarithm is no smaller", () => {
    for (const margin of [0, -3]) {
      expect(inverseMargin(margin)).toBe(Infinity);
      expect(overMargin(margin)).toBe(Infinity);
    }
    fc.assert(
      fc.property(positive, (margin) => {
        expectClose(overMargin(margin), Math.log(inverseMargin(margin)), 10);
        expectClose(inverseMargin(margin) * margin * margin, 1);
      }),
    );
  });

  test("of a network are those of its logits in eval mode, whatever the size of a batch", async () => {
    const { params, buffers } = smallWeights(3);
    const images = someImages(43, [2, 1, 2], 2, "margin");
    const { images: pixels, labels } = images.batch(Int32Array.from({ length: 43 }, (_, i) => i));
    const x = constant(f64(pixels, [43, 2, 1, 2]));
    const { y } = smallNet.apply(mapTree(params, constant), buffers, x, "eval");
    const expected = Array.from(margins(y.value.data, labels)).sort((a, b) => a - b)[3]!;
    for (const size of [7, 43, 100])
      expectClose(await marginOf(smallNet, { params, buffers }, images, size), expected);
  });
});

describe("path norm", () => {
  const data = ({ params, buffers }: Weights) =>
    mapTree({ ...params, ...buffers }, (x) => Array.from(x.data));

  test("is the sum over all paths of the product of squares, written out", () => {
    for (let seed = 0; seed < 5; seed++) {
      const weights = smallWeights(seed);
      const v = data(weights);
      const hidden = [0, 1, 2].map((h) => {
        const conv = sumSq([v["conv.weight"]![2 * h]!, v["conv.weight"]![2 * h + 1]!]);
        const inner = conv + v["conv.bias"]![h]! ** 2 + v["bn.running_mean"]![h]! ** 2;
        return (
          (v["bn.weight"]![h]! ** 2 * inner) / (v["bn.running_var"]![h]! + 1e-5) + v["bn.bias"]![h]! ** 2
        );
      });
      // Six numbers go into the linear layer: each channel at two pixels.
      const out = [0, 1].map((o) =>
        hidden.reduce(
          (total, x, h) =>
            total + x * sumSq([v["fc.weight"]![6 * o + 2 * h]!, v["fc.weight"]![6 * o + 2 * h + 1]!]),
          v["fc.bias"]![o]! ** 2,
        ),
      );
      expectClose(pathNorm(smallNet, weights, [2, 1, 2]), out[0]! + out[1]!, 1, 1e-11);
    }
  });

  test("without biases, it is ‖W₂ ∘ W₂ · W₁ ∘ W₁ · 1‖₁, and no sign of a weight matters", () => {
    const weights = linearWeights(1);
    const [a, b] = [weights.params["a.weight"]!.data, weights.params["b.weight"]!.data];
    let total = 0;
    for (let o = 0; o < 3; o++)
      for (let h = 0; h < 3; h++) for (let i = 0; i < 2; i++) total += (b[3 * o + h]! * a[2 * h + i]!) ** 2;
    expectClose(pathNorm(twoLinear, weights, [2, 1, 1]), total);
    const flipped = { ...weights, params: mapTree(weights.params, (x) => times(x, -1)) };
    expectClose(pathNorm(twoLinear, flipped, [2, 1, 1]), total);
  });

  test("is the same for all networks that compute the same by rescaled layers", () => {
    const weights = smallWeights(7);
    const { params, buffers } = weights;
    const before = pathNorm(smallNet, weights, [2, 1, 2]);
    const rescaled = (c: number): Weights => ({
      params: {
        ...params,
        "conv.weight": times(params["conv.weight"]!, c),
        "conv.bias": times(params["conv.bias"]!, c),
      },
      buffers: {
        "bn.running_mean": times(buffers["bn.running_mean"]!, c),
        "bn.running_var": f64(buffers["bn.running_var"]!.data.map((x) => c * c * (x + 1e-5) - 1e-5)),
      },
    });
    const x = constant(f64([1, -2, 0.5, 3], [1, 2, 1, 2]));
    const computed = ({ params, buffers }: Weights): number[] =>
      Array.from(smallNet.apply(mapTree(params, constant), buffers, x, "eval").y.value.data);
    for (const c of [0.25, 3]) {
      computed(rescaled(c)).forEach((y, i) => {
        expectClose(y, computed(weights)[i]!);
      });
      expectClose(pathNorm(smallNet, rescaled(c), [2, 1, 2]), before, 10);
      // With parameters alone squared, it is not: the trap of networks whose batch norm is not folded.
      const parameters = { square: "parameters" } as const;
      const ratio =
        pathNorm(smallNet, rescaled(c), [2, 1, 2], parameters) /
        pathNorm(smallNet, weights, [2, 1, 2], parameters);
      expect(Math.abs(ratio - 1)).toBeGreaterThan(0.05);
    }
  });

  test("of a NiN in float32 is computed in float64, and is finite and above 0", () => {
    const model = nin({ depth: 1, width: 1, classes: 10 });
    const [single, double] = [model.init(simd, createRng(0)), model.init(reference, createRng(0))];
    const norm = pathNorm(model, single, [3, 8, 8]);
    expect(norm).toBeGreaterThan(0);
    expect(norm).toBe(pathNorm(model, double, [3, 8, 8]));
    expect(() => pathNorm(model, { ...single, buffers: { steps: f64([1]) } }, [3, 8, 8])).toThrow(
      'expected running means and variances among the buffers, got "steps"',
    );
  });
});
