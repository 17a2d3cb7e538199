import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Kernels } from "../../src/tensor/kernels/kernels.ts";
import { reference } from "../../src/tensor/kernels/reference/index.ts";
import type { SimdKernels } from "../../src/tensor/kernels/simd/index.ts";
import { scope } from "../../src/tensor/scope.ts";
import { type Shape, sizeOf, type Tensor } from "../../src/tensor/tensor.ts";
import { noise } from "../contract/subject.ts";
import { obeysTheContract } from "../kernel-contract.ts";
import { freshSimd, simd } from "../kernels.ts";

obeysTheContract(reference);
obeysTheContract(simd);

const drawn = (kernels: Kernels, shape: Shape, seed: number): Tensor => {
  const draw = noise(seed);
  return kernels.tensor(Float32Array.from({ length: sizeOf(shape) }, draw), shape);
};

describe.each([reference, simd])("sums in float64: $name", (kernels) => {
  test("a variance keeps its digits where the mean is a million standard deviations from zero", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 300 }), fc.integer(), (n, seed) => {
        const draw = noise(seed);
        // Whole numbers around 2²³ are exact in float32.
        const values = Float32Array.from({ length: n }, () => 2 ** 23 + Math.trunc(draw() * 2));
        const mean = values.reduce((a, b) => a + b / n, 0);
        const variance = values.reduce((s, x) => s + (x - mean) ** 2, 0) / n;
        const [, found] = kernels.moments(kernels.tensor(values, [n, 1]));
        expect(Math.abs(found.data[0]! - variance)).toBeLessThanOrEqual(2 ** -23 * variance);
      }),
    );
  });

  test("the sum of many numbers is as good as one rounding", () => {
    const n = 100_000;
    const x = drawn(kernels, [n], 1);
    const exact = Array.from(x.data).reduce((a, b) => a + b);
    const [sum] = kernels.sumTo(x, []).data;
    expect(sum).toBe(Math.fround(exact));
  });
});

describe("simd", () => {
  /** Leaves NaN wherever a kernel might find what others have left behind. */
  function pollute(kernels: SimdKernels): void {
    scope(() => {
      const bad = (shape: Shape): Tensor => kernels.fill(NaN, shape, "float32");
      kernels.gemm(bad([100, 260]), bad([260, 520]));
      const geometry = { stride: 1, padding: 2, groups: 1 };
      const [x, w, g] = [bad([3, 11, 20, 20]), bad([9, 11, 5, 5]), bad([3, 9, 20, 20])];
      kernels.conv2d(x, w, bad([9]), geometry);
      kernels.conv2dInputGrad(g, w, x.shape, geometry);
      kernels.conv2dWeightGrad(g, x, w.shape, geometry);
      kernels.sumTo(bad([300, 1000]), [1000]);
    });
  }

  test("what others have left in memory reaches no result", () => {
    const [clean, used] = [freshSimd(), freshSimd()];
    const extents = fc.record({
      n: fc.integer({ min: 1, max: 4 }),
      c: fc.integer({ min: 1, max: 9 }),
      o: fc.integer({ min: 1, max: 9 }),
      size: fc.integer({ min: 3, max: 9 }),
      window: fc.integer({ min: 1, max: 3 }),
      stride: fc.integer({ min: 1, max: 3 }),
      padding: fc.integer({ min: 0, max: 1 }),
    });
    fc.assert(
      fc.property(extents, ({ n, c, o, size, window, stride, padding }) => {
        const results = (kernels: SimdKernels): Float32Array[] =>
          scope(() => {
            const x = drawn(kernels, [n, c, size, size], 1);
            const w = drawn(kernels, [o, c, window, window], 2);
            const geometry = { stride, padding, groups: 1 };
            const y = kernels.conv2d(x, w, drawn(kernels, [o], 3), geometry);
            const all = [
              y,
              kernels.conv2dInputGrad(y, w, x.shape, geometry),
              kernels.conv2dWeightGrad(y, x, w.shape, geometry),
              kernels.gemm(drawn(kernels, [n, c], 4), drawn(kernels, [c, o], 5)),
              kernels.sumTo(x, [1, c, 1, 1]),
              kernels.take(x, 1, Int32Array.of(-1, 0)),
              kernels.takeGrad(
                x,
                [n, c + 1, size, size],
                1,
                Int32Array.from({ length: c }, () => c),
              ),
              kernels.permute(x, [2, 0, 3, 1]),
              kernels.softmax(x),
              kernels.avgPool2dGrad(x, [n, c, size + 1, size + 1], { size: 2, stride: 1, padding: 0 }),
              ...kernels.moments(x),
              ...kernels.sgd(x, x, null, {
                lr: 1,
                momentum: 0.9,
                dampening: 0,
                nesterov: true,
                weightDecay: 0.1,
              }),
            ];
            return all.map((t) => Float32Array.from(t.data));
          });
        pollute(used);
        expect(results(used)).toEqual(results(clean));
      }),
      { numRuns: 25 },
    );
  });

  test("the numbers of one tensor can be given to another while the memory grows", () => {
    const kernels = freshSimd();
    const x = drawn(kernels, [1_000_003], 1);
    const before = Float32Array.from(x.data);
    for (let grown = 0; grown < 3; ) {
      const { reserved } = kernels.memoryUsage();
      const copy = kernels.tensor(x.data, x.shape);
      expect(copy.data.every((value, i) => value === before[i])).toBe(true);
      if (kernels.memoryUsage().reserved > reserved) grown++;
    }
  });

  test("a tensor's numbers stay readable when the memory has grown", () => {
    const kernels = freshSimd();
    const x = drawn(kernels, [100], 1);
    const before = [...x.data];
    kernels.fill(0, [20_000_000], "float32");
    expect([...x.data]).toEqual(before);
  });

  test("asking for more memory than there is throws a sentence, and the kernels go on", () => {
    const kernels = freshSimd();
    const x = drawn(kernels, [10, 10], 1);
    const used = () => kernels.memoryUsage().used;
    const before = used();
    expect(() => kernels.fill(0, [2 ** 30], "float32")).toThrow(/out of memory: .* Use a smaller batch/);
    expect(used()).toBe(before);
    expect(kernels.gemm(x, x).data.every(Number.isFinite)).toBe(true);
  });
});
