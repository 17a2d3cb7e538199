import { fewestSeeds } from "../../measures/bootstrap.ts";
import { type H1Level, type H1Test, type H1Verdict, testH1 } from "../../measures/h1.ts";
import { createRng } from "../../tensor/random.ts";
import { precisionName } from "../precision.ts";
import type { RunResult } from "../result.ts";
import type { Aggregate, Precision } from "./aggregate.ts";
import { type Claim, unanswerable, type Verdict } from "./claim.ts";
import { fixed, range, short, signed } from "./format.ts";

/** A measure of a run; `null` where it was not taken. */
export interface RunMeasure {
  /** `PAC-Bayes-Mag-Init` */
  readonly name: string;
  of(run: RunResult): number | null;
}

const verdicts: Readonly<Record<H1Verdict, Verdict>> = {
  supported: "holds",
  contradicted: "fails",
  undecided: "undecided",
};
const confidence = 0.95;

const bySeed = ({ runs }: Precision, { of }: RunMeasure): ReadonlyMap<number, number> =>
  new Map(
    runs.flatMap((run) => {
      const value = of(run);
      return value === null || !Number.isFinite(value) ? [] : [[run.config.seed, value] as const];
    }),
  );

/**
 * Hypothesis 1 on the runs at hand, for one measure of sharpness; `null` where no seed has it at full precision and
 * at every other one. The resampling is seeded with the name of the measure.
 */
export function h1Of({ precisions }: Aggregate, measure: RunMeasure): H1Test | null {
  const float = precisions.find(({ bits }) => bits === 32);
  const quantized = precisions
    .filter(({ bits }) => bits !== 32)
    .map((p) => [p.bits, bySeed(p, measure)] as const)
    .filter(([, g]) => g.size > 0);
  if (float === undefined || quantized.length === 0) return null;
  const full = bySeed(float, measure);
  if (![...full.keys()].some((seed) => quantized.every(([, g]) => g.has(seed)))) return null;
  return testH1(full, new Map(quantized), createRng(measure.name), { confidence });
}

function levelText({ bits, simultaneous, notSharper }: H1Level): string {
  const { n, mean, low, high } = simultaneous;
  const digits = Math.max(3, short(mean).split(".")[1]?.length ?? 0);
  const interval = low === null || high === null ? "" : `${range(low, high, digits)}; `;
  return `${precisionName(bits)} ${signed(mean, digits)} (${interval}at or below FP32 in ${notSharper} of ${n} ${n === 1 ? "seed" : "seeds"})`;
}

/** H1 as a claim of the report. */
export function h1Claim(all: Aggregate, measure: RunMeasure): Claim {
  const head = {
    id: "h1",
    statement: `At some bit width the minimum is at least as flat as at full precision, by ${measure.name}`,
    place: "hypothesis 1, section 4; Table 3",
  };
  const rule =
    `Holds where the bootstrap interval of quantized minus FP32, paired by seed and right for all bit widths at once ` +
    `(${fixed(100 * confidence, 0)}%), lies below zero at some bit width; fails where the intervals of all bit widths, each by ` +
    `itself, lie above. Undecided with fewer than ${fewestSeeds(confidence)} seeds for one bit width, more for several.`;
  const found = h1Of(all, measure);
  if (found === null) return unanswerable(head, rule, `${measure.name} at FP32 and at a lower precision,`);
  return {
    ...head,
    verdict: verdicts[found.verdict],
    says: [`Quantized minus FP32: ${found.levels.map(levelText).join("; ")}.`, found.why],
    rule,
    comparisons: [],
  };
}
