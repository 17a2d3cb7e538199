/**
 * The little statistics that a report over a few seeds needs.
 *
 * @packageDocumentation
 */

import { studentQuantile } from "../../measures/student.ts";

export { studentInside, studentQuantile } from "../../measures/student.ts";

/** Some numbers, described. */
export interface Summary {
  readonly n: number;
  readonly mean: number;
  /** With n − 1; `null` for a single number, which has no spread. */
  readonly sd: number | null;
  readonly min: number;
  readonly max: number;
}

/** A mean, and where the true one lies with the given confidence. */
export interface Interval {
  readonly n: number;
  readonly mean: number;
  /** `null` for a single number, which says nothing about its own spread. */
  readonly low: number | null;
  readonly high: number | null;
}

/** @throws RangeError on no numbers, or one that is not finite */
export function mean(xs: readonly number[]): number {
  const odd = xs.find((x) => !Number.isFinite(x));
  if (xs.length === 0 || odd !== undefined)
    throw new RangeError(`mean: expected finite numbers, got ${odd ?? "none"}`);
  // Around the first number, so that equal numbers have exactly that mean.
  const origin = xs[0]!;
  return origin + xs.reduce((sum, x) => sum + (x - origin), 0) / xs.length;
}

/** √(Σ(x − x̄)² / (n − 1)); `null` for a single number. */
export function standardDeviation(xs: readonly number[]): number | null {
  const center = mean(xs);
  if (xs.length < 2) return null;
  return Math.sqrt(xs.reduce((sum, x) => sum + (x - center) ** 2, 0) / (xs.length - 1));
}

export const summarize = (xs: readonly number[]): Summary => ({
  n: xs.length,
  mean: mean(xs),
  sd: standardDeviation(xs),
  min: Math.min(...xs),
  max: Math.max(...xs),
});

/** `to` − `from` for every key that both have, in the order of `from`. */
export const pairedDifferences = <K>(from: ReadonlyMap<K, number>, to: ReadonlyMap<K, number>): number[] =>
  [...from].flatMap(([key, value]) => (to.has(key) ? [to.get(key)! - value] : []));

/**
 * x̄ ± t sd/√n: where the mean lies, by Student's t with n − 1 degrees of freedom. Of paired differences, this
 * is the paired t interval.
 *
 * A bootstrap of the three to ten seeds of a report would be too narrow.
 */
export function interval(xs: readonly number[], confidence = 0.95): Interval {
  const { n, mean, sd } = summarize(xs);
  if (sd === null) return { n, mean, low: null, high: null };
  const half = (studentQuantile(confidence, n - 1) * sd) / Math.sqrt(n);
  return { n, mean, low: mean - half, high: mean + half };
}
