/** Products and convolutions by their definitions: every element is gathered on its own, in float64. */
import { include, type Sums, sums } from "./subject.ts";

type Numbers = ArrayLike<number>;

/** C[m,n] = A[m,k] B[k,n], each row-major as it is written here. */
export function product(m: number, n: number, k: number, a: Numbers, b: Numbers): Sums {
  const c = sums(m * n);
  for (let i = 0; i < m; i++)
    for (let p = 0; p < k; p++)
      for (let j = 0; j < n; j++) include(c, i * n + j, a[i * k + p]! * b[p * n + j]!);
  return c;
}

/** The transpose of a row-major matrix [rows, columns]. */
export const transposed = (a: Numbers, rows: number, columns: number): Float64Array =>
  Float64Array.from({ length: rows * columns }, (_, i) => a[(i % rows) * columns + Math.floor(i / rows)]!);

/** A convolution of n images; `c` and `o` count the channels of one group. */
export interface Convolution {
  readonly n: number;
  readonly groups: number;
  readonly c: number;
  readonly o: number;
  readonly h: number;
  readonly w: number;
  readonly kh: number;
  readonly kw: number;
  readonly stride: number;
  readonly padding: number;
}

/** How often a window fits, counted. */
export function places(extent: number, window: number, stride: number, padding: number): number {
  let count = 0;
  while (count * stride + window <= extent + 2 * padding) count++;
  return count;
}

export function shapesOf(d: Convolution) {
  return {
    x: [d.n, d.groups * d.c, d.h, d.w],
    w: [d.groups * d.o, d.c, d.kh, d.kw],
    y: [d.n, d.groups * d.o, places(d.h, d.kh, d.stride, d.padding), places(d.w, d.kw, d.stride, d.padding)],
  };
}

/** Calls `visit` with the offsets of each output, and of each weight and pixel that it is made of. */
function multiplied(d: Convolution, visit: (y: number, w: number, x: number) => void): void {
  const [, channels, oh, ow] = shapesOf(d).y as [number, number, number, number];
  for (let n = 0; n < d.n; n++)
    for (let o = 0; o < channels; o++)
      for (let y = 0; y < oh * ow; y++) {
        const [top, left] = [Math.trunc(y / ow) * d.stride - d.padding, (y % ow) * d.stride - d.padding];
        const group = Math.trunc(o / d.o);
        for (let c = 0; c < d.c; c++)
          for (let ky = Math.max(0, -top); ky < d.kh && top + ky < d.h; ky++)
            for (let kx = Math.max(0, -left); kx < d.kw && left + kx < d.w; kx++)
              visit(
                (n * channels + o) * oh * ow + y,
                ((o * d.c + c) * d.kh + ky) * d.kw + kx,
                (((n * d.groups + group) * d.c + c) * d.h + top + ky) * d.w + left + kx,
              );
      }
}

const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** y[n,o,p] = bias[o] + Σ w[o,c,k] x[n,c,p·stride + k − padding], over what lies inside the image. */
export function convolution(d: Convolution, x: Numbers, w: Numbers, bias: Numbers | null): Sums {
  const { y: shape } = shapesOf(d);
  const y = sums(size(shape));
  const plane = shape[2]! * shape[3]!;
  if (bias !== null)
    y.value.forEach((_, i) => {
      include(y, i, bias[Math.trunc(i / plane) % shape[1]!]!);
    });
  multiplied(d, (i, j, k) => {
    include(y, i, w[j]! * x[k]!);
  });
  return y;
}

/** The coefficient of each pixel in ⟨g, convolution(x)⟩. */
export function pixelCoefficients(d: Convolution, g: Numbers, w: Numbers): Sums {
  const dx = sums(size(shapesOf(d).x));
  multiplied(d, (i, j, k) => {
    include(dx, k, w[j]! * g[i]!);
  });
  return dx;
}

/** The coefficient of each weight in ⟨g, convolution(x)⟩. */
export function weightCoefficients(d: Convolution, g: Numbers, x: Numbers): Sums {
  const dw = sums(size(shapesOf(d).w));
  multiplied(d, (i, j, k) => {
    include(dw, j, g[i]! * x[k]!);
  });
  return dw;
}
