import type { Rng } from "../tensor/random.ts";
import { type BootstrapInterval, bootstrapIntervals, fewestSeeds } from "./bootstrap.ts";

export type H1Verdict = "supported" | "contradicted" | "undecided";

/** A measure g by seed. */
export type BySeed = ReadonlyMap<number, number>;

/** One bit width beside full precision: g(quantized) − g(float), seed by seed. */
export interface H1Level {
  readonly bits: number;
  /** Right for this bit width by itself. */
  readonly own: BootstrapInterval;
  /** Right for all bit widths together. */
  readonly simultaneous: BootstrapInterval;
  /** Seeds in which the quantized network is at most as sharp. */
  readonly notSharper: number;
}

export interface H1Test {
  readonly verdict: H1Verdict;
  /** What the verdict follows from, in a sentence. */
  readonly why: string;
  readonly seeds: readonly number[];
  /** Fewer seeds than this decide nothing. */
  readonly needed: number;
  readonly levels: readonly H1Level[];
  /** The bit width with the lowest mean difference. */
  readonly best: number;
}

export interface H1Options {
  readonly confidence?: number;
  readonly resamples?: number;
}

function difference(float: BySeed, quantized: BySeed, seed: number, bits: number): number {
  const [f, q] = [float.get(seed)!, quantized.get(seed)!];
  if (!Number.isFinite(f) || !Number.isFinite(q))
    throw new RangeError(`H1: seed ${seed} has the measure ${f} at full precision and ${q} at ${bits} bits`);
  return q - f;
}

/** The seeds that full precision and every bit width have. */
function common(float: BySeed, quantized: ReadonlyMap<number, BySeed>): number[] {
  const seeds = [...float.keys()].filter((seed) => [...quantized.values()].every((g) => g.has(seed)));
  if (quantized.size === 0) throw new RangeError("H1: expected at least one bit width");
  if (seeds.length === 0)
    throw new RangeError(
      `H1: no seed has a measure at full precision and at ${[...quantized.keys()].join(", ")} bits`,
    );
  return seeds.sort((a, b) => a - b);
}

/**
 * Hypothesis 1 on runs of our own: is there a bit width b with g(w_b) ≤ g(w), for a measure of sharpness g?
 *
 * A paired bootstrap over seeds of the mean of g(w_b) − g(w). *Supported* where the interval of some bit width lies
 * below 0; since that picks the best of several, the intervals are those that are right for all together.
 * *Contradicted* where the intervals of all bit widths lie above 0; since each has to, their own are enough.
 * *Undecided* otherwise, and with too few seeds.
 *
 * @implements QGen.H1
 * @deviation The paper states H1 for two solutions and tests it on single networks; here it is about the mean over
 *   seeds, so that it can be wrong.
 */
export function testH1(
  float: BySeed,
  quantized: ReadonlyMap<number, BySeed>,
  rng: Rng,
  options: H1Options = {},
): H1Test {
  const { confidence = 0.95 } = options;
  const seeds = common(float, quantized);
  const widths = [...quantized.keys()];
  const columns = widths.map((bits) =>
    seeds.map((seed) => difference(float, quantized.get(bits)!, seed, bits)),
  );
  // One name, so that both are made from the same draws.
  const intervals = (together: number): readonly BootstrapInterval[] =>
    bootstrapIntervals(columns, rng.fork("h1"), { ...options, together });
  const [own, simultaneous] = [intervals(1), intervals(widths.length)];
  const levels = widths.map((bits, i): H1Level => {
    const { below, equal } = own[i]!;
    return { bits, own: own[i]!, simultaneous: simultaneous[i]!, notSharper: below + equal };
  });
  const best = levels.reduce((a, b) => (b.own.mean < a.own.mean ? b : a)).bits;
  const needed = fewestSeeds(confidence, widths.length);
  return { ...judge(levels, seeds.length, needed), seeds, needed, levels, best };
}

const text = (widths: readonly H1Level[]): string => widths.map(({ bits }) => bits).join(", ");

function judge(
  levels: readonly H1Level[],
  n: number,
  needed: number,
): { readonly verdict: H1Verdict; readonly why: string } {
  if (n < needed)
    return {
      verdict: "undecided",
      why: `${n} of at least ${needed} seeds: fewer may all lie on one side by chance.`,
    };
  const flatter = levels.filter(({ simultaneous: { high } }) => high !== null && high < 0);
  if (flatter.length > 0)
    return {
      verdict: "supported",
      why: `The simultaneous interval of the difference lies below 0 at ${text(flatter)} bits.`,
    };
  if (levels.every(({ own: { low } }) => low !== null && low > 0))
    return {
      verdict: "contradicted",
      why: "The interval of the difference lies above 0 at every bit width.",
    };
  return {
    verdict: "undecided",
    why: "No simultaneous interval lies below 0, and not all intervals lie above.",
  };
}
