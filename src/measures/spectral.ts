/**
 * Largest singular values of layers: of a weight as a matrix, and of a convolution as the linear map that it is.
 *
 * @packageDocumentation
 */

import { sizeOf, type Tensor } from "../tensor/tensor.ts";
import { length, plus, times } from "./vectors.ts";

/** Two linear maps, each the transpose of the other. */
interface Pair {
  /** How many numbers `apply` takes. */
  readonly inputs: number;
  apply(x: Float64Array): Float64Array;
  transpose(y: Float64Array): Float64Array;
}

export interface PowerOptions {
  /** Stops when ‖AᵀA v − σ² v‖ ≤ tolerance σ²: then σ² is that close, relatively, to some squared singular value. */
  readonly tolerance?: number;
  /** Stops after so many steps at the latest. */
  readonly steps?: number;
}

/** No pattern that a matrix could be orthogonal to by design: the multiples of the golden ratio, modulo 1. */
const irregular = (n: number): Float64Array =>
  Float64Array.from({ length: n }, (_, i) => 0.5 + ((i * 0.6180339887498949) % 1));

/**
 * The largest singular value of A by power iteration on AᵀA, and its right singular vector.
 *
 * @param start - where to begin; an even mixture of directions unless given
 */
export function powerIteration(
  { inputs, apply, transpose }: Pair,
  { tolerance = 1e-9, steps = 20_000 }: PowerOptions = {},
  start: Float64Array = irregular(inputs),
): { readonly value: number; readonly vector: Float64Array } {
  let v = times(start, 1 / length(start));
  let square = 0;
  for (let step = 0; step < steps; step++) {
    const next = transpose(apply(v));
    const size = length(next);
    if (!Number.isFinite(size)) throw new RangeError("spectral norm: a weight is not a finite number");
    if (size === 0) return { value: Math.sqrt(square), vector: v };
    square = 0;
    for (let i = 0; i < inputs; i++) square += v[i]! * next[i]!;
    let residual = 0;
    for (let i = 0; i < inputs; i++) residual += (next[i]! - square * v[i]!) ** 2;
    v = times(next, 1 / size);
    if (Math.sqrt(residual) <= tolerance * square) break;
  }
  return { value: Math.sqrt(square), vector: v };
}

/** A [rows, columns], row-major. */
const matrix = (a: ArrayLike<number>, rows: number, columns: number): Pair => ({
  inputs: columns,
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
  const product = (x: Float64Array, sign: number, transposed: boolean): Float64Array => {
    const [from, to] = transposed ? [rows, columns] : [columns, rows];
    const y = new Float64Array(2 * to);
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++) {
        const [source, target] = transposed ? [i, j] : [j, i];
        const [a, b] = [re[i * columns + j]!, sign * im[i * columns + j]!];
        const [xr, xi] = [x[source]!, x[from + source]!];
        y[target]! += a * xr - b * xi;
        y[to + target]! += b * xr + a * xi;
      }
    return y;
  };
  return {
    inputs: 2 * columns,
    apply: (x) => product(x, 1, false),
    transpose: (y) => product(y, -1, true),
  };
}

/**
 * σ_max of a weight [out, …], reshaped to a matrix [out, −1].
 *
 * @deviation For a convolution this is not the norm of the map from images to images, but an approximation
 *   (Yoshida and Miyato 2017) that differs from it by up to √(kh kw). `circularSpectralNorm` has the map itself.
 */
export function spectralNorm(w: Tensor, options: PowerOptions = {}): number {
  const rows = w.shape[0]!;
  return powerIteration(matrix(w.data, rows, sizeOf(w.shape) / rows), options).value;
}

export interface CircularOptions extends PowerOptions {
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
  { overhang = "wrap", tolerance = 1e-7, ...options }: CircularOptions = {},
): number {
  const [out, inputs, kh = 1, kw = 1] = kernel.shape as [number, number, number?, number?];
  const all = kernel.data;
  const matrices = frequencies(kh, kw, h, w);
  let [largest, start] = [0, irregular(2 * inputs)];
  for (const [u, v] of matrices) {
    const [re, im] = [new Float64Array(out * inputs), new Float64Array(out * inputs)];
    for (let a = 0; a < kh; a++)
      for (let b = 0; b < kw; b++) {
        if (overhang === "crop" && (a >= h || b >= w)) continue;
        const turn = -2 * Math.PI * (((u * a) % h) / h + ((v * b) % w) / w);
        const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
        for (let i = 0; i < re.length; i++) {
          const value = all[(i * kh + a) * kw + b]!;
          re[i]! += value * cos;
          im[i]! += value * sin;
        }
      }
    const found = powerIteration(complexMatrix(re, im, out, inputs), { tolerance, ...options }, start);
    largest = Math.max(largest, found.value);
    // The neighbour's vector is a good beginning; a tenth of the even mixture keeps every direction in it.
    start = plus(found.vector, 0.1 / Math.sqrt(2 * inputs), irregular(2 * inputs));
  }
  return largest;
}

/** One of each pair (u, v), (−u, −v): a real kernel has conjugate matrices there. A 1×1 kernel has one matrix. */
function frequencies(kh: number, kw: number, h: number, w: number): (readonly [number, number])[] {
  if (kh === 1 && kw === 1) return [[0, 0]];
  const all = Array.from({ length: h * w }, (_, i) => [Math.floor(i / w), i % w] as const);
  return all.filter(([u, v], i) => i <= ((h - u) % h) * w + ((w - v) % w));
}
