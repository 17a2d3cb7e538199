import { fewestSeeds } from "../../measures/bootstrap.ts";
import { type H1Level, type H1Test, type H1Verdict, testH1 } from "../../measures/h1.ts";
import { createRng } from "../../tensor/random.ts";
import { precisionName } from "../precision.ts";
import type { RunResult } from "../result.ts";
import { type Aggregate, type Precision, unique } from "./aggregate.ts";
import { type Claim, unanswerable, type Verdict } from "./claim.ts";
import { fixed, range, short, signed } from "./format.ts";
import { groupsOf, keyOf, type Unit } from "./pairs.ts";
import { mean } from "./statistics.ts";

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

/** The measure by seed; in a pool by the number of the setting: the mean over its seeds. */
const byUnit = (precision: Precision, { of }: RunMeasure, number: (run: RunResult) => number) =>
  new Map(
    groupsOf(precision).flatMap((runs) => {
      const values = runs.map(of).filter((value) => value !== null && Number.isFinite(value)) as number[];
      return values.length === 0 ? [] : [[number(runs[0]!), mean(values)] as const];
    }),
  );

/** A number for each seed, which is the seed, or each setting. */
function numbering(runs: readonly RunResult[], unit: Unit): (run: RunResult) => number {
  if (unit === "seed") return ({ config }) => config.seed;
  const keys = unique(runs.map((run) => keyOf(run, unit)));
  const numbers = new Map(keys.map((key, i) => [key, i]));
  return (run) => numbers.get(keyOf(run, unit))!;
}

/**
 * Hypothesis 1 on the runs at hand, for one measure of sharpness; `null` where no seed, or setting, has it at full precision and
 * at every other one. The resampling is seeded with the name of the measure.
 */
export function h1Of({ precisions, runs, unit }: Aggregate, measure: RunMeasure): H1Test | null {
  const float = precisions.find(({ bits }) => bits === 32);
  const number = numbering(runs, unit);
  const quantized = precisions
    .filter(({ bits }) => bits !== 32)
    .map((p) => [p.bits, byUnit(p, measure, number)] as const)
    .filter(([, g]) => g.size > 0);
  if (float === undefined || quantized.length === 0) return null;
  const full = byUnit(float, measure, number);
  if (![...full.keys()].some((seed) => quantized.every(([, g]) => g.has(seed)))) return null;
  return testH1(full, new Map(quantized), createRng(measure.name), { confidence });
}

function levelText({ bits, simultaneous, notSharper }: H1Level, unit: Unit): string {
  const { n, mean, low, high } = simultaneous;
  const digits = Math.max(3, short(mean).split(".")[1]?.length ?? 0);
  const interval = low === null || high === null ? "" : `${range(low, high, digits)}; `;
  return `${precisionName(bits)} ${signed(mean, digits)} (${interval}at or below FP32 in ${notSharper} of ${n} ${n === 1 ? unit : `${unit}s`})`;
}

/** H1 as a claim of the report. */
export function h1Claim(all: Aggregate, measure: RunMeasure): Claim {
  const head = {
    id: "h1",
    statement: `At some bit width the minimum is at least as flat as at full precision, by ${measure.name}`,
    place: "hypothesis 1, section 4; Table 3",
  };
  const rule =
    `Holds where the bootstrap interval of quantized minus FP32, paired by ${all.unit} and right for all bit widths at once ` +
    `(${fixed(100 * confidence, 0)}%), lies below zero at some bit width; fails where the intervals of all bit widths, each by ` +
    `itself, lie above. Undecided with fewer than ${fewestSeeds(confidence)} ${all.unit}s for one bit width, more for several.`;
  const found = h1Of(all, measure);
  if (found === null) return unanswerable(head, rule, `${measure.name} at FP32 and at a lower precision,`);
  return {
    ...head,
    verdict: verdicts[found.verdict],
    says: [
      `Quantized minus FP32: ${found.levels.map((level) => levelText(level, all.unit)).join("; ")}.`,
      found.why,
    ],
    rule,
    comparisons: [],
  };
}
