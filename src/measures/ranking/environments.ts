import { exp, square } from "../../tensor/math.ts";
import { axesOf, checked, compare, groupBy, type Run, valueAt } from "./pairs.ts";

/**
 * 0 where measure and gap rank two runs alike, 1 where the other way round, ½ where one of them is the same: (1 −
 * sign(μ₁ − μ₂) sign(g₁ − g₂))/2.
 */
export const signError = (a: Run, b: Run): number =>
  (1 - compare(a.measure, b.measure) * compare(a.gap, b.gap)) / 2;

/** How much a pair counts. */
export type PairWeight = (a: Run, b: Run) => number;

/** Every pair counts 1. */
export const equalWeight: PairWeight = () => 1;

/**
 * How sure it is that two gaps differ which were measured on `images` images each, as differences of error rates (0 to
 * 1): max(0, 1 − 2 exp(−2 n (|Δg|/2)²))² by Hoeffding's inequality, of which what is above ½ counts.
 */
export const hoeffdingWeight =
  (images: number): PairWeight =>
  (a, b) => {
    const chance = 2 * exp(-2 * images * square((a.gap - b.gap) / 2));
    return Math.max(0, square(Math.max(0, 1 - chance)) - 0.5);
  };

/** Two settings that differ in one hyper-parameter. */
export interface Environment {
  readonly axis: string;
  readonly values: readonly [string | number, string | number];
  /** The hyper-parameters that both have. */
  readonly others: Readonly<Record<string, string | number>>;
  /** Weighted mean of the sign errors of its pairs. */
  readonly error: number;
  readonly weight: number;
}

export interface SignErrors {
  readonly environments: readonly Environment[];
  /** Mean over the environments. `null` where there is none. */
  readonly mean: number | null;
  /** Largest over the environments: what the measure can be relied on for. `null` where there is none. */
  readonly robust: number | null;
}

/** All that one setting and another, one step along `axis` away, have to say. */
function environment(
  axis: string,
  axes: readonly string[],
  from: readonly Run[],
  to: readonly Run[],
  weigh: PairWeight,
): Environment {
  let [total, weight] = [0, 0];
  for (const a of from)
    for (const b of to) {
      const w = weigh(a, b);
      weight += w;
      total += w * signError(a, b);
    }
  const [a, b] = [from[0]!, to[0]!];
  const others = axes.filter((other) => other !== axis).map((other) => [other, valueAt(a, other)] as const);
  return {
    axis,
    values: [valueAt(a, axis), valueAt(b, axis)],
    others: Object.fromEntries(others),
    error: total / weight,
    weight,
  };
}

/**
 * Sign errors by environment (Dziugaite et al. 2020): every two settings that differ in one hyper-parameter are an
 * environment, over which the sign error of all their pairs of runs is averaged. A robust measure does well in the
 * worst environment.
 *
 * Environments without weight are left out.
 *
 * @param axes - the hyper-parameters that count; runs that are alike in all of them are repetitions
 */
export function signErrors(
  runs: readonly Run[],
  axes: readonly string[] = axesOf(checked(runs)),
  weigh: PairWeight = equalWeight,
): SignErrors {
  checked(runs);
  const environments = axes
    .flatMap((axis) =>
      groupBy(
        runs,
        axes.filter((other) => other !== axis),
      ).flatMap((group) => {
        const settings = groupBy(group, [axis]);
        return settings.flatMap((from, i) =>
          settings.slice(i + 1).map((to) => environment(axis, axes, from, to, weigh)),
        );
      }),
    )
    .filter(({ weight }) => weight > 0);
  const errors = environments.map(({ error }) => error);
  return {
    environments,
    mean: errors.length === 0 ? null : errors.reduce((a, b) => a + b, 0) / errors.length,
    robust: errors.length === 0 ? null : errors.reduce((a, b) => Math.max(a, b)),
  };
}
