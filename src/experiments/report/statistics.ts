/**
 * The little statistics that a report over a few seeds needs.
 *
 * @packageDocumentation
 */

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
 * P(|T| ≤ t) for Student's t with ν degrees of freedom: for whole ν a finite series in cos θ, tan θ = t/√ν
 * (Abramowitz and Stegun, 26.7.3 and 26.7.4).
 */
export function studentInside(t: number, nu: number): number {
  const theta = Math.atan(t / Math.sqrt(nu));
  const cosSq = 1 / (1 + t ** 2 / nu);
  const odd = nu % 2 === 1;
  let [term, sum] = [odd ? Math.sqrt(cosSq) : 1, 0];
  for (let k = odd ? 1 : 0; k <= nu - 2; k += 2) {
    sum += term;
    term *= (cosSq * (k + 1)) / (k + 2);
  }
  const sine = Math.sin(theta);
  return odd ? (2 / Math.PI) * (theta + sine * sum) : sine * sum;
}

/** The t that |T| stays within with that probability, by bisection. */
export function studentQuantile(inside: number, nu: number): number {
  if (!(inside > 0 && inside < 1) || !Number.isInteger(nu) || nu < 1)
    throw new RangeError(
      `studentQuantile: expected a probability in 0..1 and whole degrees of freedom, got ${inside} and ${nu}`,
    );
  let [lower, upper] = [0, 1];
  while (studentInside(upper, nu) < inside) upper *= 2;
  for (let i = 0; i < 60; i++) {
    const middle = (lower + upper) / 2;
    if (studentInside(middle, nu) < inside) lower = middle;
    else upper = middle;
  }
  return upper;
}

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
