import { log } from "../tensor/math.ts";
import type { Rng } from "../tensor/random.ts";
import { normalBelow, studentQuantile } from "./student.ts";

export interface BootstrapOptions {
  /** Share of the intervals that hold the true mean. */
  readonly confidence?: number;
  readonly resamples?: number;
  /** Intervals that have to be right together: each is widened so that all of them are, by Bonferroni. */
  readonly together?: number;
}

/** A mean over seeds, and where the true one lies. */
export interface BootstrapInterval {
  readonly n: number;
  readonly mean: number;
  /** `null` for a single seed, which says nothing about its own spread. */
  readonly low: number | null;
  readonly high: number | null;
  /** Seeds whose number is below 0, 0, and above 0. */
  readonly below: number;
  readonly equal: number;
  readonly above: number;
}

const defaults = { confidence: 0.95, resamples: 10_000, together: 1 } as const;

function checkedColumns(columns: readonly (readonly number[])[]): number {
  const n = columns[0]?.length ?? 0;
  for (const [i, column] of columns.entries()) {
    const odd = column.findIndex((x) => !Number.isFinite(x));
    if (odd !== -1)
      throw new RangeError(`bootstrap: number ${odd} of column ${i} is ${column[odd]}, not finite`);
    if (column.length !== n)
      throw new RangeError(`bootstrap: column ${i} has ${column.length} numbers, the first has ${n}`);
  }
  if (n === 0) throw new RangeError("bootstrap: expected at least one number");
  return n;
}

/** Σ x / n, the same to the bit with every sign turned. */
const mean = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0) / xs.length;

/**
 * Means of columns over seeds that are drawn with replacement, for all columns the same: what belongs to one seed
 * stays together.
 *
 * @returns for each column its means, in the order of the draws
 */
export function resampledMeans(
  columns: readonly (readonly number[])[],
  rng: Rng,
  resamples: number = defaults.resamples,
): readonly Float64Array[] {
  const n = checkedColumns(columns);
  const means = columns.map(() => new Float64Array(resamples));
  const drawn = new Int32Array(n);
  for (let r = 0; r < resamples; r++) {
    for (let i = 0; i < n; i++) drawn[i] = rng.below(n);
    for (const [c, column] of columns.entries()) {
      let sum = 0;
      for (const seed of drawn) sum += column[seed]!;
      means[c]![r] = sum / n;
    }
  }
  return means;
}

/**
 * The tail to cut from the means of resamples of n numbers so that the interval is as wide as that of Student's t
 * would be: Φ(−√(n/(n − 1)) t). A plain percentile interval of few numbers is too narrow.
 */
export function expandedTail(tail: number, n: number): number {
  return normalBelow(-Math.sqrt(n / (n - 1)) * studentQuantile(1 - 2 * tail, n - 1));
}

/**
 * Percentile intervals of the means of paired differences: seeds are drawn with replacement, and with a seed all its
 * differences.
 *
 * @param columns - differences within each seed, one column for each comparison
 */
export function bootstrapIntervals(
  columns: readonly (readonly number[])[],
  rng: Rng,
  options: BootstrapOptions = {},
): readonly BootstrapInterval[] {
  const { confidence, resamples, together } = { ...defaults, ...options };
  if (!(confidence > 0 && confidence < 1) || !(together >= 1) || !(resamples >= 1))
    throw new RangeError(
      `bootstrap: expected a confidence in 0..1 and whole numbers above 0, got ${confidence}, ${together} and ${resamples}`,
    );
  const n = checkedColumns(columns);
  const means = n === 1 ? [] : resampledMeans(columns, rng, resamples);
  const cut = n === 1 ? 0 : Math.floor(expandedTail((1 - confidence) / 2 / together, n) * resamples);
  return columns.map((column, c) => {
    const sorted = means[c]?.sort();
    return {
      n,
      mean: mean(column),
      low: sorted?.[cut] ?? null,
      high: sorted?.[resamples - 1 - cut] ?? null,
      below: column.filter((x) => x < 0).length,
      equal: column.filter((x) => x === 0).length,
      above: column.filter((x) => x > 0).length,
    };
  });
}

/**
 * The fewest seeds that can decide anything: where differences are as likely above 0 as below, all n lie on one side
 * with chance 2⁻ⁿ, and an interval of resamples then lies there too. That has to be rarer than the tail.
 */
export const fewestSeeds = (confidence: number = defaults.confidence, together = 1): number =>
  Math.ceil(log((2 * together) / (1 - confidence)) / Math.LN2 - 1e-9);
