/**
 * The outermost eigenvalues of a large symmetric matrix that is known only by its products with vectors.
 *
 * @packageDocumentation
 */

import type { Rng } from "../tensor/random.ts";
import { dot, length, times } from "./vectors.ts";

/**
 * The eigenvalues of the symmetric tridiagonal matrix with `diagonal` and, beside it, `off`; and the last component
 * of each eigenvector. By the implicit QL method.
 */
export function tridiagonal(
  diagonal: readonly number[],
  off: readonly number[],
): { readonly values: Float64Array; readonly last: Float64Array } {
  const n = diagonal.length;
  const [d, e, z] = [Float64Array.from(diagonal), new Float64Array(n), new Float64Array(n)];
  e.set(off.slice(0, n - 1));
  z[n - 1] = 1;
  for (let l = 0; l < n; ) {
    let m = l;
    while (m < n - 1 && Math.abs(e[m]!) > Number.EPSILON * (Math.abs(d[m]!) + Math.abs(d[m + 1]!))) m++;
    if (m === l) {
      l++;
      continue;
    }
    const shift = (d[l + 1]! - d[l]!) / (2 * e[l]!);
    const root = Math.sqrt(shift * shift + 1);
    let g = d[m]! - d[l]! + e[l]! / (shift + (shift >= 0 ? root : -root));
    let [s, c, p] = [1, 1, 0];
    let i = m - 1;
    for (; i >= l; i--) {
      const [f, b] = [s * e[i]!, c * e[i]!];
      const r = Math.sqrt(f * f + g * g);
      e[i + 1] = r;
      if (r === 0) {
        d[i + 1]! -= p;
        e[m] = 0;
        break;
      }
      [s, c] = [f / r, g / r];
      const q = d[i + 1]! - p;
      const t = (d[i]! - q) * s + 2 * c * b;
      p = s * t;
      d[i + 1] = q + p;
      g = c * t - b;
      [z[i + 1], z[i]] = [s * z[i]! + c * z[i + 1]!, c * z[i]! - s * z[i + 1]!];
    }
    if (i >= l) continue;
    d[l]! -= p;
    e[l] = g;
    e[m] = 0;
  }
  return { values: d, last: z };
}

export interface LanczosOptions {
  /** Draws the first vector. */
  readonly rng: Rng;
  /** Products with the matrix, at most. Each keeps a vector in memory. */
  readonly steps?: number;
  /** Stops when the residual of the largest eigenvalue is below this share of the largest |eigenvalue|. */
  readonly tolerance?: number;
}

export interface Spectrum {
  /** The largest eigenvalue: never above it, up to rounding. */
  readonly largest: number;
  /** ‖A u − λ u‖ of its eigenvector u: some eigenvalue is that close. */
  readonly residual: number;
  /** The smallest: never below it. Its own residual may be larger. */
  readonly smallest: number;
  /** Products that were taken. */
  readonly steps: number;
  readonly converged: boolean;
}

/** What is the same for all matrices: yields a vector, and is given its product. */
function* iteration(
  n: number,
  { rng, steps = 30, tolerance = 1e-3 }: LanczosOptions,
): Generator<Float64Array, Spectrum, Float64Array> {
  const first = Float64Array.from({ length: n }, () => rng.normal());
  const basis = [times(first, 1 / length(first))];
  const [diagonal, off]: [number[], number[]] = [[], []];
  for (;;) {
    const v = basis.at(-1)!;
    const w = Float64Array.from(yield v);
    const alpha = dot(v, w);
    if (!Number.isFinite(alpha)) throw new RangeError("lanczos: a product with the matrix is not finite");
    diagonal.push(alpha);
    // Twice is enough.
    for (let pass = 0; pass < 2; pass++)
      for (const u of basis) {
        const share = dot(u, w);
        for (let i = 0; i < n; i++) w[i]! -= share * u[i]!;
      }
    const beta = length(w);
    off.push(beta);

    const { values, last } = tridiagonal(diagonal, off);
    const top = values.indexOf(values.reduce((a, b) => Math.max(a, b)));
    const smallest = values.reduce((a, b) => Math.min(a, b));
    const largest = values[top]!;
    const residual = beta * Math.abs(last[top]!);
    const size = Math.max(Math.abs(largest), Math.abs(smallest));
    const converged = residual <= tolerance * size || beta <= Number.EPSILON * size || diagonal.length === n;
    if (converged || diagonal.length === Math.min(steps, n))
      return { largest, residual, smallest, steps: diagonal.length, converged };
    basis.push(times(w, 1 / beta));
  }
}

/**
 * Lanczos' method with full reorthogonalization, in float64.
 *
 * @param apply - the product with a symmetric matrix [n, n]
 */
export function lanczos(
  apply: (v: Float64Array) => Float64Array,
  n: number,
  options: LanczosOptions,
): Spectrum {
  const run = iteration(n, options);
  let turn = run.next();
  while (!turn.done) turn = run.next(apply(turn.value));
  return turn.value;
}

/** The same, for products that take their time. */
export async function lanczosAsync(
  apply: (v: Float64Array) => Promise<Float64Array>,
  n: number,
  options: LanczosOptions,
): Promise<Spectrum> {
  const run = iteration(n, options);
  let turn = run.next();
  while (!turn.done) turn = run.next(await apply(turn.value));
  return turn.value;
}
