/**
 * Linear filters on pictures of numbers, `[height, width, channels]`.
 *
 * @packageDocumentation
 */

import { exp } from "../../tensor/math.ts";

/** Where a filter finds the pixel `i` of `n`, inside or outside of them. */
export type Border = (i: number, n: number) => number;

/** a a | a b c | c c */
export const nearest: Border = (i, n) => (i < 0 ? 0 : i < n ? i : n - 1);

/** c b | a b c | b a */
export function mirror(i: number, n: number): number {
  if (n === 1) return 0;
  const at = Math.abs(i) % (2 * n - 2);
  return at < n ? at : 2 * n - 2 - at;
}

/** b a | a b c | c b */
export function reflect(i: number, n: number): number {
  const at = ((i % (2 * n)) + 2 * n) % (2 * n);
  return at < n ? at : 2 * n - 1 - at;
}

export interface Extent {
  readonly height: number;
  readonly width: number;
}

/** exp(−x²/2σ²) for x = 0, 1, …, r, so that all of −r..r sum to 1. */
export function gaussianHalf(sigma: number, r: number): Float64Array {
  const half = Float64Array.from({ length: r + 1 }, (_, x) => exp((-0.5 / (sigma * sigma)) * x * x));
  const total = half.reduce((sum, w, x) => sum + (x === 0 ? w : 2 * w), 0);
  return half.map((w) => w / total);
}

/** y ← Σ wⱼ (x[−j] + x[j]) along lines that lie `stride` apart, each of `n` groups of `size` neighbours. */
function alongAxis(
  x: Float64Array,
  half: Float64Array,
  border: Border,
  { lines, apart, n, stride, size }: Record<"lines" | "apart" | "n" | "stride" | "size", number>,
): Float64Array {
  const y = new Float64Array(x.length);
  const r = half.length - 1;
  const [below, above] = [new Int32Array(n * (r + 1)), new Int32Array(n * (r + 1))];
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= r; j++) {
      below[i * (r + 1) + j] = border(i - j, n) * stride;
      above[i * (r + 1) + j] = border(i + j, n) * stride;
    }
  for (let line = 0; line < lines; line++) {
    const start = line * apart;
    for (let i = 0; i < n; i++) {
      const to = start + i * stride;
      for (let k = 0; k < size; k++) {
        let sum = x[to + k]! * half[0]!;
        for (let j = r; j > 0; j--) {
          const at = i * (r + 1) + j;
          sum += (x[start + below[at]! + k]! + x[start + above[at]! + k]!) * half[j]!;
        }
        y[to + k] = sum;
      }
    }
  }
  return y;
}

/** The picture filtered by the same symmetric weights down and across. */
export function filtered(
  x: Float64Array,
  { height, width }: Extent,
  half: Float64Array,
  border: Border,
): Float64Array {
  const size = x.length / (height * width);
  const row = width * size;
  const down = alongAxis(x, half, border, { lines: 1, apart: 0, n: height, stride: row, size: row });
  return alongAxis(down, half, border, { lines: height, apart: row, n: width, stride: size, size });
}

/** The Gaussian blur, cut off at `truncate` σ. A σ of 0 leaves everything as it is. */
export function gaussianBlur(
  x: Float64Array,
  extent: Extent,
  sigma: number,
  { border = nearest, truncate = 4 }: { readonly border?: Border; readonly truncate?: number } = {},
): Float64Array {
  const r = Math.floor(truncate * sigma + 0.5);
  return r === 0 ? x : filtered(x, extent, gaussianHalf(sigma, r), border);
}

/** A square kernel of odd side, row by row. */
export interface Kernel {
  readonly side: number;
  readonly weights: Float64Array;
}

/** The kernel without rows and columns at its rim that are 0. */
export function trimmed({ side, weights }: Kernel): Kernel {
  const middle = (side - 1) / 2;
  let r = 0;
  weights.forEach((w, i) => {
    if (w !== 0) r = Math.max(r, Math.abs(Math.floor(i / side) - middle), Math.abs((i % side) - middle));
  });
  const small = 2 * r + 1;
  const at = (i: number): number => (Math.floor(i / small) + middle - r) * side + (i % small) + middle - r;
  return { side: small, weights: Float64Array.from({ length: small * small }, (_, i) => weights[at(i)]!) };
}

/** y[p] = Σ k[q] x[p + q], the border mirrored about its pixels. */
export function correlate(
  x: Float64Array,
  { height, width }: Extent,
  { side, weights }: Kernel,
): Float64Array {
  const y = new Float64Array(x.length);
  const size = x.length / (height * width);
  const r = (side - 1) / 2;
  const columns = Int32Array.from({ length: width + 2 * r }, (_, i) => mirror(i - r, width) * size);
  for (let h = 0; h < height; h++)
    for (let a = 0; a < side; a++) {
      const from = mirror(h + a - r, height) * width * size;
      for (let b = 0; b < side; b++) {
        const w = weights[a * side + b]!;
        if (w === 0) continue;
        let to = h * width * size;
        for (let i = 0; i < width; i++) {
          const at = from + columns[i + b]!;
          for (let k = 0; k < size; k++) y[to++]! += w * x[at + k]!;
        }
      }
    }
  return y;
}
