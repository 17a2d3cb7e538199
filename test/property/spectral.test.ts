import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { constant } from "../../src/autograd/op.ts";
import { conv2d } from "../../src/autograd/ops/linear.ts";
import { circularSpectralNorm, spectralNorm } from "../../src/measures/spectral.ts";
import { createRng } from "../../src/tensor/random.ts";
import { sizeOf, type Tensor } from "../../src/tensor/tensor.ts";
import { f64, filled } from "../tensors.ts";
import { expectClose } from "./calculus.ts";
import { eigenvalues, largestSingularValue } from "./svd.ts";

const rowsOf = ({ data, shape }: Tensor): number[][] => {
  const columns = sizeOf(shape) / shape[0]!;
  return Array.from({ length: shape[0]! }, (_, i) => Array.from(data.slice(i * columns, (i + 1) * columns)));
};
const normal = (seed: string, shape: readonly number[]): Tensor => {
  const rng = createRng(seed);
  return f64(
    Array.from({ length: sizeOf(shape) }, () => rng.normal()),
    shape,
  );
};

/** The map from images to images, as a matrix: its columns are what the convolution makes of single pixels. */
function circulant(kernel: Tensor, h: number, w: number): number[][] {
  const [out, inputs, kh, kw] = kernel.shape as [number, number, number, number];
  const a = Array.from({ length: out * h * w }, () => new Array<number>(inputs * h * w).fill(0));
  for (let o = 0; o < out; o++)
    for (let c = 0; c < inputs; c++)
      for (let y = 0; y < h; y++)
        for (let x = 0; x < w; x++)
          for (let i = 0; i < kh; i++)
            for (let j = 0; j < kw; j++) {
              const pixel = ((y + i) % h) * w + ((x + j) % w);
              const at = a[o * h * w + y * w + x]!;
              at[c * h * w + pixel]! += kernel.data[((o * inputs + c) * kh + i) * kw + j]!;
            }
  return a;
}

describe("the spectral norm of a weight", () => {
  test("is the largest singular value of the matrix [out, −1]", () => {
    const shape = fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 6 }));
    fc.assert(
      fc.property(
        shape.chain((s) => filled(s)),
        (w) => {
          expectClose(spectralNorm(w), largestSingularValue(rowsOf(w)), 1, 1e-9);
        },
      ),
    );
    const kernel = normal("kernel", [6, 4, 3, 3]);
    expectClose(spectralNorm(kernel), largestSingularValue(rowsOf(kernel)), 1, 1e-10);
  });

  test("close, equal and vanishing singular values are no trouble", () => {
    expectClose(spectralNorm(f64([3, 0, 0, 2.999], [2, 2])), 3, 3, 1e-9);
    expectClose(spectralNorm(f64([2, 0, 0, -2], [2, 2])), 2);
    expect(spectralNorm(f64([0, 0, 0, 0], [2, 2]))).toBe(0);
    expectClose(spectralNorm(f64([3, 4], [1, 2])), 5);
    // A start whose entries are evenly spaced is orthogonal to the first direction of this one.
    expectClose(spectralNorm(f64([-1, 0, 1, 0, 0, 0, 0, 1, 0, -1], [2, 5])), Math.sqrt(3));
    const almost = f64([0, 0.9998591880131037, -0.9998710839078482, 0], [2, 2]);
    expectClose(spectralNorm(almost), 0.9998710839078482);
    expect(() => spectralNorm(f64([NaN, 1], [1, 2]))).toThrow("a product with the matrix is not finite");
  });

  test("the Jacobi method that it is held against has the eigenvalues of a known matrix", () => {
    const found = eigenvalues([
      [2, 1, 0],
      [1, 2, 1],
      [0, 1, 2],
    ]);
    [2 + Math.SQRT2, 2, 2 - Math.SQRT2].forEach((value, i) => {
      expectClose(found[i]!, value);
    });
  });
});

describe("the spectral norm of a circular convolution", () => {
  test.each([
    [[2, 3, 3, 3], 4, 5],
    [[3, 2, 3, 3], 3, 3],
    [[2, 2, 1, 1], 3, 4],
    [[2, 3, 1, 3], 2, 4],
    // Kernels larger than the image: they go around it again.
    [[2, 2, 3, 3], 2, 2],
    [[2, 2, 3, 3], 1, 1],
  ] as const)("%j on %i × %i is the largest singular value of its circulant matrix", (shape, h, w) => {
    const kernel = normal(`${shape}`, shape);
    expectClose(circularSpectralNorm(kernel, [h, w]), largestSingularValue(circulant(kernel, h, w)), 1, 1e-9);
  });

  test("a kernel that is cut off, as by NumPy, is the one without the taps that reach beyond the image", () => {
    const kernel = normal("crop", [2, 2, 3, 3]);
    const taps = Array.from(kernel.data).filter((_, i) => i % 3 < 2 && Math.floor(i / 3) % 3 < 2);
    const cut = circularSpectralNorm(f64(taps, [2, 2, 2, 2]), [2, 2]);
    expectClose(circularSpectralNorm(kernel, [2, 2], { overhang: "crop" }), cut);
    expect(Math.abs(circularSpectralNorm(kernel, [2, 2]) - cut)).toBeGreaterThan(0.1);
  });

  test("of one pixel, and of a weight without pixels, it is that of the matrix", () => {
    const w = normal("matrix", [4, 3]);
    expectClose(circularSpectralNorm(w, [8, 8]), spectralNorm(w), 1, 1e-10);
    expectClose(circularSpectralNorm(f64(w.data, [4, 3, 1, 1]), [8, 8]), spectralNorm(w), 1, 1e-10);
  });

  test("is not below the gain of the layer with zero padding and a stride", () => {
    const kernel = normal("gain", [3, 2, 3, 3]);
    const x = normal("image", [1, 2, 6, 6]);
    const norm = (t: Tensor): number => Math.hypot(...t.data);
    // On 8 × 8, going around the edges meets the zeros of the padding.
    const bound = circularSpectralNorm(kernel, [8, 8]);
    for (const stride of [1, 2]) {
      const y = conv2d({ stride, padding: 1, groups: 1 })(constant(x), constant(kernel)).value;
      expect(norm(y)).toBeLessThanOrEqual(bound * norm(x));
    }
  });
});
