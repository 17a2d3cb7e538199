import { axesOf, checked, compare, groupBy, pairs, type Run, valueAt } from "./pairs.ts";

/** Pairs by how measure and gap rank them. */
interface Counts {
  readonly concordant: number;
  readonly discordant: number;
  /** Pairs in which the measure differs, and those in which the gap does. */
  readonly byMeasure: number;
  readonly byGap: number;
}

function countPairs(of: Iterable<readonly [Run, Run]>): Counts {
  let [concordant, discordant, byMeasure, byGap] = [0, 0, 0, 0];
  for (const [a, b] of of) {
    const [m, g] = [compare(a.measure, b.measure), compare(a.gap, b.gap)];
    if (m !== 0) byMeasure++;
    if (g !== 0) byGap++;
    if (m * g > 0) concordant++;
    if (m * g < 0) discordant++;
  }
  return { concordant, discordant, byMeasure, byGap };
}

/** (C − D)/√(pairs that differ in one · pairs that differ in the other); null where none does. */
function tauOf({ concordant, discordant, byMeasure, byGap }: Counts): number | null {
  if (byMeasure === 0 || byGap === 0) return null;
  return (concordant - discordant) / Math.sqrt(byMeasure * byGap);
}

/**
 * Kendall's τ_b of measure and gap: 1 where they rank all runs alike, −1 where the other way round. Ties count for
 * neither side. `null` where one of the two is the same for all runs, so that there is no ranking.
 */
export const kendall = (runs: readonly Run[]): number | null => tauOf(countPairs(pairs(checked(runs))));

/** τ along one hyper-parameter. */
export interface AxisTau {
  readonly axis: string;
  /** Mean of τ over the groups in which nothing else varies. */
  readonly tau: number | null;
  readonly groups: number;
}

export interface Granulated {
  /** Mean over the axes that have a τ. */
  readonly tau: number | null;
  readonly axes: readonly AxisTau[];
}

/** The mean; of no numbers, null. */
const mean = (xs: readonly number[]): number | null =>
  xs.length === 0 ? null : xs.reduce((a, b) => a + b, 0) / xs.length;

/**
 * Granulated Kendall's τ (Jiang et al. 2019): τ in each group of runs that differ in one hyper-parameter only, its
 * mean over the groups of that axis, and the mean over the axes. A measure that only follows one strong
 * hyper-parameter does well in τ and badly here.
 *
 * A group whose gaps are all equal has nothing to predict and is left out; a measure that is the same throughout a
 * group predicts nothing, and has τ = 0 there.
 *
 * @param axes - the hyper-parameters that count; runs that are alike in all of them are repetitions
 * @deviation τ_b, so that ties cost nothing; Jiang et al. divide by all pairs.
 */
export function granulatedKendall(
  runs: readonly Run[],
  axes: readonly string[] = axesOf(checked(runs)),
): Granulated {
  checked(runs);
  const each = axes.map((axis): AxisTau => {
    const rest = axes.filter((other) => other !== axis);
    const taus = groupBy(runs, rest).flatMap((group) => {
      // Repetitions of one setting are not a change along the axis.
      const along = [...pairs(group)].filter(([a, b]) => valueAt(a, axis) !== valueAt(b, axis));
      const counts = countPairs(along);
      return counts.byGap === 0 ? [] : [tauOf(counts) ?? 0];
    });
    return { axis, tau: mean(taus), groups: taus.length };
  });
  return { tau: mean(each.flatMap(({ tau }) => (tau === null ? [] : [tau]))), axes: each };
}
