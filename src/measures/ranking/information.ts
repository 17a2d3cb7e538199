import { log } from "../../tensor/math.ts";
import { axesOf, checked, compare, keyOf, type Run } from "./pairs.ts";

/** Σ −p log p over counts, in nats. */
function entropy(counts: Iterable<number>, total: number): number {
  let sum = 0;
  for (const n of counts) if (n > 0) sum -= (n / total) * log(n / total);
  return sum;
}

/** What the sign of a difference of measures tells about that of gaps. */
export interface Information {
  /** I(V_μ; V_g | U)/H(V_g | U), 0 to 1; `null` where the hyper-parameters leave nothing to tell. */
  readonly normalized: number | null;
  /** I(V_μ; V_g | U), in nats. */
  readonly information: number;
  /** H(V_g | U), in nats. */
  readonly entropy: number;
}

/**
 * The normalized mutual information between V_μ = sign(μ₁ − μ₂) and V_g = sign(g₁ − g₂) over all ordered pairs of
 * runs, given U: the values that both runs have of some hyper-parameters.
 */
export function conditionalInformation(runs: readonly Run[], given: readonly string[]): Information {
  checked(runs);
  const names = new Map<string, number>();
  const keys = runs.map((run) => {
    const key = keyOf(run, given);
    if (!names.has(key)) names.set(key, names.size);
    return names.get(key)!;
  });
  // Counts of (u, sign of the measures, sign of the gaps), and what they are without one or both signs.
  const values = names.size * names.size;
  const both = new Float64Array(9 * values);
  const [byMeasure, byGap] = [new Float64Array(3 * values), new Float64Array(3 * values)];
  const byU = new Float64Array(values);
  for (const [i, a] of runs.entries())
    for (const [j, b] of runs.entries()) {
      if (i === j) continue;
      const u = keys[i]! * names.size + keys[j]!;
      const [m, g] = [1 + compare(a.measure, b.measure), 1 + compare(a.gap, b.gap)];
      byU[u]!++;
      byMeasure[3 * u + m]!++;
      byGap[3 * u + g]!++;
      both[9 * u + 3 * m + g]!++;
    }
  const total = runs.length * (runs.length - 1);
  // H(X | U) = H(X, U) − H(U)
  const [ofU, ofGap] = [entropy(byU, total), entropy(byGap, total)];
  const information = Math.max(0, entropy(byMeasure, total) + ofGap - entropy(both, total) - ofU);
  const rest = Math.max(0, ofGap - ofU);
  // What is left of rounding is no entropy.
  const nothing = rest < 1e-9;
  return { normalized: nothing ? null : Math.min(1, information / rest), information, entropy: rest };
}

/** The same given one set of hyper-parameters. */
export interface Conditioned extends Information {
  readonly given: readonly string[];
}

export interface LeastInformation {
  /** The smallest over all sets that leave something to tell; `null` where none does. */
  readonly least: number | null;
  readonly sets: readonly Conditioned[];
}

/** Every set of at most `size` members, the empty one first. */
export function subsets<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  if (size === 0 || items.length === 0) return [[]];
  const [first, ...rest] = items;
  return [...subsets(rest, size), ...subsets(rest, size - 1).map((set) => [first!, ...set])].sort(
    (a, b) => a.length - b.length,
  );
}

/**
 * Conditional mutual information (Jiang et al. 2019): the least that a measure tells about the gap when up to `size`
 * hyper-parameters of both runs are known. Near 1 where the measure may be a cause of the gap; near 0 where some
 * hyper-parameters explain both.
 *
 * @deviation Ties are a third outcome, and a set counts by how often its values occur; the scoring code of the
 *   authors takes a tie for a fall, and weighs all values alike.
 */
export function leastInformation(
  runs: readonly Run[],
  axes: readonly string[] = axesOf(checked(runs)),
  size = 2,
): LeastInformation {
  const sets = subsets(axes, size).map((given) => ({ given, ...conditionalInformation(runs, given) }));
  const known = sets.flatMap(({ normalized }) => (normalized === null ? [] : [normalized]));
  return { least: known.length === 0 ? null : Math.min(...known), sets };
}
