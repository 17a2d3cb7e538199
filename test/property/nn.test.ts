import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { gradcheck } from "../../src/autograd/gradcheck.ts";
import { constant } from "../../src/autograd/op.ts";
import { initBatchNorm, initLayer } from "../../src/nn/init.ts";
import { batchNorm2d, conv2d, globalAvgPool, linear } from "../../src/nn/layers.ts";
import { nin } from "../../src/nn/models/nin.ts";
import { mapTree } from "../../src/nn/tree.ts";
import { reference } from "../../src/tensor/kernels/reference/index.ts";
import { createRng, type Rng } from "../../src/tensor/random.ts";
import { sizeOf } from "../../src/tensor/tensor.ts";
import { verifies } from "../spec.ts";
import { distance, dot, f64, filled } from "../tensors.ts";

describe("batch norm in train mode", () => {
  const name = "bn";
  const shape = [3, 2, 2, 2];
  const tree = (gamma: readonly number[], beta: readonly number[]) => ({
    "bn.weight": constant(f64(gamma)),
    "bn.bias": constant(f64(beta)),
  });
  const buffersOf = (mean: readonly number[], variance: readonly number[]) => ({
    "bn.running_mean": f64(mean),
    "bn.running_var": f64(variance),
    "other.running_mean": f64([7]),
  });
  /** The values of channel c of x [3, 2, 2, 2]. */
  const channel = (x: ArrayLike<number>, c: number): number[] =>
    Array.from(x).filter((_, i) => Math.floor(i / 4) % 2 === c);
  const mean = (v: readonly number[]): number => v.reduce((a, b) => a + b, 0) / v.length;
  const squares = (v: readonly number[]): number => v.reduce((a, b) => a + (b - mean(v)) ** 2, 0);

  test("gives each channel mean β and variance γ² σ² / (σ² + 1e-5), with the biased σ²", () => {
    fc.assert(
      fc.property(filled(shape, { min: -3, max: 3 }), (x) => {
        const { y } = batchNorm2d(
          tree([2, -0.5], [1, 0.25]),
          buffersOf([0, 0], [1, 1]),
          name,
          constant(x),
          "train",
        );
        [0, 1].forEach((c) => {
          const [v, out] = [channel(x.data, c), channel(y.value.data, c)];
          expect(mean(out)).toBeCloseTo([1, 0.25][c]!, 10);
          const expected = ([2, -0.5][c]! ** 2 * (squares(v) / 12)) / (squares(v) / 12 + 1e-5);
          expect(squares(out) / 12).toBeCloseTo(expected, 10);
        });
      }),
    );
  });

  test("moves the running mean and the unbiased running variance a tenth of the way", () => {
    fc.assert(
      fc.property(filled(shape, { min: -3, max: 3 }), (x) => {
        const before = buffersOf([0.5, -1], [2, 3]);
        const { buffers } = batchNorm2d(tree([1, 1], [0, 0]), before, name, constant(x), "train");
        [0, 1].forEach((c) => {
          const v = channel(x.data, c);
          const [oldMean, oldVar] = [[0.5, -1][c]!, [2, 3][c]!];
          expect(buffers["bn.running_mean"]!.data[c]).toBeCloseTo(0.9 * oldMean + 0.1 * mean(v), 12);
          expect(buffers["bn.running_var"]!.data[c]).toBeCloseTo(0.9 * oldVar + (0.1 * squares(v)) / 11, 12);
        });
        expect(buffers["other.running_mean"]).toBe(before["other.running_mean"]);
        expect(Array.from(before["bn.running_mean"].data)).toEqual([0.5, -1]);
      }),
    );
  });

  test("refuses one value per channel, whose variance is 0, and names the layer", () => {
    const one = constant(f64([1, 2], [1, 2, 1, 1]));
    const params = tree([1, 1], [0, 0]);
    expect(() => batchNorm2d(params, buffersOf([0, 0], [1, 1]), name, one, "train")).toThrow(
      "bn: batch norm needs more than one value per channel to train, got x of shape [1,2,1,1]",
    );
    expect(() => batchNorm2d(params, buffersOf([0, 0], [1, 1]), name, one, "eval")).not.toThrow();
  });

  test("in eval mode uses what it has learned and learns nothing: γ (x − mean) / √(var + 1e-5) + β", () => {
    fc.assert(
      fc.property(filled(shape), (x) => {
        const buffers = buffersOf([0.5, -1], [2, 0]);
        const out = batchNorm2d(tree([2, -0.5], [1, 0.25]), buffers, name, constant(x), "eval");
        expect(out.buffers).toBe(buffers);
        const expected = x.data.map((v, i) =>
          Math.floor(i / 4) % 2 === 0
            ? (2 * (v - 0.5)) / Math.sqrt(2 + 1e-5) + 1
            : (-0.5 * (v + 1)) / Math.sqrt(1e-5) + 0.25,
        );
        expect(distance(out.y.value.data, expected)).toBeLessThan(1e-12);
      }),
    );
  });

  test("starts with γ = 1, β = 0, mean 0 and variance 1", () => {
    const { params, buffers } = initBatchNorm(reference, "a.bn", 3, "float64");
    expect(mapTree({ ...params, ...buffers }, ({ data }) => Array.from(data))).toEqual({
      "a.bn.weight": [1, 1, 1],
      "a.bn.bias": [0, 0, 0],
      "a.bn.running_mean": [0, 0, 0],
      "a.bn.running_var": [1, 1, 1],
    });
  });
});

describe("layers", () => {
  test("linear is x Wᵀ + b, without b where there is none", () => {
    fc.assert(
      fc.property(filled([2, 3]), filled([4, 3]), filled([4]), (x, w, b) => {
        const product = (bias: ArrayLike<number>): number[] =>
          Array.from({ length: 8 }, (_, i) => {
            const [row, out] = [Math.floor(i / 4), i % 4];
            return [0, 1, 2].reduce((s, k) => s + x.data[row * 3 + k]! * w.data[out * 3 + k]!, bias[out]!);
          });
        const plain = { "fc.weight": constant(w) };
        const y = linear({ ...plain, "fc.bias": constant(b) }, "fc", constant(x)).value;
        expect(y.shape).toEqual([2, 4]);
        expect(distance(y.data, product(b.data))).toBeLessThan(1e-14);
        expect(distance(linear(plain, "fc", constant(x)).value.data, product([0, 0, 0, 0]))).toBeLessThan(
          1e-14,
        );
      }),
    );
  });

  test("conv2d has a bias where there is one, and refuses a layer without weights by name", () => {
    const x = constant(f64([1, 2, 3, 4], [1, 1, 2, 2]));
    const params = { "c.weight": constant(f64([2], [1, 1, 1, 1])) };
    expect(Array.from(conv2d(params, "c", x).value.data)).toEqual([2, 4, 6, 8]);
    const biased = { ...params, "c.bias": constant(f64([10])) };
    expect(Array.from(conv2d(biased, "c", x, { stride: 2 }).value.data)).toEqual([12]);
    expect(conv2d(biased, "c", x, { padding: 1 }).value.shape).toEqual([1, 1, 4, 4]);
    expect(() => conv2d(params, "d", x)).toThrow('there is no "d.weight" among c.weight');
  });

  test("globalAvgPool is the mean over the pixels of each channel, and keeps a batch of one", () => {
    fc.assert(
      fc.property(filled([1, 3, 2, 5]), (x) => {
        const y = globalAvgPool(constant(x)).value;
        expect(y.shape).toEqual([1, 3]);
        const pixels = Array.from(x.data);
        const means = [0, 10, 20].map((at) => pixels.slice(at, at + 10).reduce((a, b) => a + b, 0) / 10);
        expect(distance(y.data, means)).toBeLessThan(1e-15);
        gradcheck(globalAvgPool, [x]);
      }),
      { numRuns: 20 },
    );
  });
});

describe("initial weights", () => {
  const layer = (shape: readonly number[], seed = 0) =>
    initLayer(reference, createRng(seed), "l", shape, "float64");

  test("of a layer are uniform on ±1/√(number of inputs), weight and bias", () => {
    for (const shape of [
      [64, 16],
      [32, 4, 3, 3],
      [48, 1, 5, 5],
    ]) {
      const bound = 1 / Math.sqrt(sizeOf(shape.slice(1)));
      const { "l.weight": weight, "l.bias": bias } = layer(shape);
      expect(weight!.shape).toEqual(shape);
      expect(bias!.shape).toEqual([shape[0]]);
      for (const { data } of [weight!, bias!]) {
        const values = Array.from(data, (x) => x / bound);
        expect(Math.max(...values)).toBeLessThan(1);
        expect(Math.min(...values)).toBeGreaterThanOrEqual(-1);
        expect(Math.max(...values)).toBeGreaterThan(0.85);
        expect(Math.min(...values)).toBeLessThan(-0.85);
      }
      // Uniform on ±1: mean 0, variance 1/3; both within 5 standard errors.
      const values = Array.from(weight!.data, (x) => x / bound);
      const n = values.length;
      expect(Math.abs(values.reduce((a, b) => a + b, 0) / n)).toBeLessThan(5 / Math.sqrt(3 * n));
      const variance = values.reduce((a, b) => a + b * b, 0) / n;
      expect(Math.abs(variance - 1 / 3)).toBeLessThan(5 * Math.sqrt(4 / 45 / n));
    }
  });

  test("have E‖w‖² = outputs / 3, whatever the number of inputs", () => {
    for (const shape of [
      [30, 10],
      [30, 90],
      [30, 10, 3, 3],
    ]) {
      const norms = Array.from({ length: 40 }, (_, seed) => {
        const w = layer(shape, seed)["l.weight"]!;
        return dot(w, w);
      });
      const mean = norms.reduce((a, b) => a + b, 0) / norms.length;
      expect(Math.abs(mean / 10 - 1)).toBeLessThan(0.02);
    }
  });

  test("of a layer depend on the seed and its name, not on the layers before it", () => {
    const rng = createRng(5);
    const alone = initLayer(reference, createRng(5), "b", [2, 2], "float64");
    initLayer(reference, rng, "a", [7, 3], "float64");
    const after = initLayer(reference, rng, "b", [2, 2], "float64");
    expect(Array.from(after["b.weight"]!.data)).toEqual(Array.from(alone["b.weight"]!.data));
    const other = initLayer(reference, createRng(6), "b", [2, 2], "float64");
    expect(Array.from(other["b.weight"]!.data)).not.toEqual(Array.from(alone["b.weight"]!.data));
  });
});

describe("NiN", () => {
  /** Zeros: counting needs no random numbers. */
  const zero: Rng = { ...createRng(0), fork: () => zero, uniform: () => 0 };
  // depth, width, classes, weights of convolutions, all parameters
  const table = [
    [2, 8, 10, 527_400, 531_030],
    [2, 10, 10, 821_750, 826_280],
    [2, 12, 10, 1_181_100, 1_186_530],
    [3, 8, 10, 967_400, 972_830],
    [3, 10, 10, 1_509_250, 1_516_030],
    [3, 12, 10, 2_171_100, 2_179_230],
    [4, 8, 10, 1_407_400, 1_414_630],
    [4, 10, 10, 2_196_750, 2_205_780],
    [4, 12, 10, 3_161_100, 3_171_930],
    [3, 8, 100, 985_400, 991_100],
    [3, 10, 100, 1_531_750, 1_538_800],
    [3, 12, 100, 2_198_100, 2_206_500],
    [4, 8, 100, 1_425_400, 1_432_900],
    [4, 10, 100, 2_219_250, 2_228_550],
    [4, 12, 100, 3_188_100, 3_199_200],
    [5, 8, 100, 1_865_400, 1_874_700],
    [5, 10, 100, 2_906_750, 2_918_300],
    [5, 12, 100, 4_178_100, 4_191_900],
  ] as const;

  verifies("QGen.sec.B.1", "has as many parameters as PyTorch's, at each of the 18 sizes", () => {
    for (const [depth, width, classes, weights, total] of table) {
      const model = nin({ depth, width, classes });
      const { params } = model.init(reference, zero);
      const size = (names: readonly string[]): number =>
        names.reduce((n, name) => n + sizeOf(params[name]!.shape), 0);
      expect(model.weights).toHaveLength(3 * depth + 1);
      expect([model.name, size(model.weights), size(Object.keys(params))]).toEqual([
        `nin:${depth}x${width}`,
        weights,
        total,
      ]);
    }
  });

  verifies(
    "QGen.sec.B.1",
    "halves the image in every block and gives one logit per class, none below 0",
    () => {
      for (const [depth, side] of [
        [1, 7],
        [2, 8],
        [3, 16],
      ] as const) {
        const model = nin({ depth, width: 1, classes: 6, channels: 2 });
        const { params, buffers } = model.init(reference, createRng(1), "float64");
        const x = f64(
          Float64Array.from({ length: 2 * 2 * side * side }, (_, i) => Math.sin(i * i)),
          [2, 2, side, side],
        );
        const { y, buffers: seen } = model.apply(mapTree(params, constant), buffers, constant(x), "train");
        expect(y.value.shape).toEqual([2, 6]);
        expect(Math.min(...y.value.data)).toBeGreaterThanOrEqual(0);
        expect(Object.keys(seen)).toEqual(Object.keys(buffers));
        expect(Object.keys(buffers)).toHaveLength(2 * (3 * depth + 1));
      }
    },
  );
});
