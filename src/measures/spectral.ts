/**
 * Largest singular values of layers: of a weight as a matrix, and of a convolution as the linear map that it is.
 *
 * @packageDocumentation
 */

import { cosTurn, sinTurn } from "../tensor/angles.ts";
import { createRng } from "../tensor/random.ts";
import { sizeOf, type Tensor } from "../tensor/tensor.ts";
import { lanczos } from "./lanczos.ts";

/** Two linear maps, each the transpose of the other. */
interface Pair {
  /** How many numbers `apply` takes, and `transpose`. */
  readonly inputs: number;
  readonly outputs: number;
  apply(x: Float64Array): Float64Array;
  transpose(y: Float64Array): Float64Array;
}

export interface SpectralOptions {
  /** Relative: the square of some singular value is this close to that of the result. */
  readonly tolerance?: number;
  /** Products with AᵀA, at most. */
  readonly steps?: number;
}

/**
 * The largest singular value of A: Lanczos on AᵀA, or A Aᵀ where that is smaller. Power iteration would need
 * thousands of steps where two singular values are close.
 */
function largestSingularValue(
  { inputs, outputs, apply, transpose }: Pair,
  { tolerance = 1e-9, steps = 300 }: SpectralOptions,
): number {
  const gram =
    inputs <= outputs ? (x: Float64Array) => transpose(apply(x)) : (y: Float64Array) => apply(transpose(y));
  const options = { rng: createRng("singular value"), tolerance, steps };
  return Math.sqrt(Math.max(0, lanczos(gram, Math.min(inputs, outputs), options).largest));
}

/** A [rows, columns], row-major. */
const matrix = (a: ArrayLike<number>, rows: number, columns: number): Pair => ({
  inputs: columns,
  outputs: rows,
  apply: (x) => {
    const y = new Float64Array(rows);
    for (let i = 0; i < rows; i++) {
      let total = 0;
      for (let j = 0; j < columns; j++) total += a[i * columns + j]! * x[j]!;
      y[i] = total;
    }
    return y;
  },
  transpose: (y) => {
    const x = new Float64Array(columns);
    for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) x[j]! += a[i * columns + j]! * y[i]!;
    return x;
  },
});

/** The complex matrix re + i im as a real map of twice the size: x = (real parts, imaginary parts). */
function complexMatrix(re: Float64Array, im: Float64Array, rows: number, columns: number): Pair {
  return {
    inputs: 2 * columns,
    outputs: 2 * rows,
    apply: (x) => {
      const y = new Float64Array(2 * rows);
      for (let i = 0; i < rows; i++) {
        let real = 0;
        let imaginary = 0;
        for (let j = 0; j < columns; j++) {
          const a = re[i * columns + j]!;
          const b = im[i * columns + j]!;
          real += a * x[j]! - b * x[columns + j]!;
          imaginary += a * x[columns + j]! + b * x[j]!;
        }
        y[i] = real;
        y[rows + i] = imaginary;
      }
      return y;
    },
    // Of a real map, the transpose; of the complex one, the conjugate transpose.
    transpose: (y) => {
      const x = new Float64Array(2 * columns);
      for (let i = 0; i < rows; i++) {
        const real = y[i]!;
        const imaginary = y[rows + i]!;
        for (let j = 0; j < columns; j++) {
          const a = re[i * columns + j]!;
          const b = im[i * columns + j]!;
          x[j]! += a * real + b * imaginary;
          x[columns + j]! += a * imaginary - b * real;
        }
      }
      return x;
    },
  };
}

/**
 * σ_max of a weight [out, …], reshaped to a matrix [out, −1].
 *
 * @deviation For a convolution this is not the norm of the map from images to images, but an approximation
 *   (Yoshida and Miyato 2017) that differs from it by up to √(kh kw). `circularSpectralNorm` has the map itself.
 */
export function spectralNorm(w: Tensor, options: SpectralOptions = {}): number {
  const rows = w.shape[0]!;
  return largestSingularValue(matrix(w.data, rows, sizeOf(w.shape) / rows), options);
}

export interface CircularOptions extends SpectralOptions {
  /** A kernel larger than the image goes around it again, or is cut off, as NumPy's `fft2` does. */
  readonly overhang?: "wrap" | "crop";
}

/**
 * σ_max of a convolution with stride 1 of images of height h and width w that go on around their edges: the
 * largest over all frequencies (u, v) of σ_max of T = Σ_ab K[:, :, a, b] e^{−2πi (ua/h + vb/w)} (Sedghi, Gupta
 * and Long 2019). A weight [out, in] is a convolution of a single pixel.
 *
 * @param kernel - [out, in, kh, kw], of one group
 * @deviation A layer's stride and zero padding do not enter, as in the code the literature shares. Striding only
 *   leaves out outputs, so that it cannot make the norm larger.
 */
export function circularSpectralNorm(
  kernel: Tensor,
  [h, w]: readonly [number, number],
  { overhang = "wrap", ...options }: CircularOptions = {},
): number {
  const [out, inputs, kh = 1, kw = 1] = kernel.shape as [number, number, number?, number?];
  const all = kernel.data;
  let largest = 0;
  for (const [u, v] of frequencies(kh, kw, h, w)) {
    const [re, im] = [new Float64Array(out * inputs), new Float64Array(out * inputs)];
    for (let a = 0; a < kh; a++)
      for (let b = 0; b < kw; b++) {
        if (overhang === "crop" && (a >= h || b >= w)) continue;
        const turn = -(((u * a) % h) / h + ((v * b) % w) / w);
        const [cos, sin] = [cosTurn(turn), sinTurn(turn)];
        for (let i = 0; i < re.length; i++) {
          const value = all[(i * kh + a) * kw + b]!;
          re[i]! += value * cos;
          im[i]! += value * sin;
        }
      }
    largest = Math.max(largest, largestSingularValue(complexMatrix(re, im, out, inputs), options));
  }
  return largest;
}

/** One of each pair (u, v), (−u, −v): a real kernel has conjugate matrices there. A 1×1 kernel has one matrix. */
function frequencies(kh: number, kw: number, h: number, w: number): (readonly [number, number])[] {
  if (kh === 1 && kw === 1) return [[0, 0]];
  const all = Array.from({ length: h * w }, (_, i) => [Math.floor(i / w), i % w] as const);
  return all.filter(([u, v], i) => i <= ((h - u) % h) * w + ((w - v) % w));
}
