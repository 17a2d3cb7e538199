import { signErrors } from "../../measures/ranking/environments.ts";
import { leastInformation } from "../../measures/ranking/information.ts";
import { granulatedKendall, kendall } from "../../measures/ranking/kendall.ts";
import { axesOf, type Run } from "../../measures/ranking/pairs.ts";
import type { RunResult } from "../result.ts";
import type { RunMeasure } from "./claim-h1.ts";

/** How well one measure predicts the gap in a pool of runs. `null`: the pool does not say. */
export interface Ranked {
  readonly measure: string;
  readonly runs: number;
  /** Hyper-parameters in which they differ, the seed aside. */
  readonly axes: readonly string[];
  /** Kendall's τ_b. */
  readonly tau: number | null;
  /** Granulated Kendall's τ. */
  readonly granulated: number | null;
  /** Least conditional mutual information, normalized. */
  readonly information: number | null;
  /** Sign error over the environments: mean and worst. */
  readonly meanError: number | null;
  readonly worstError: number | null;
}

/** What a run was trained with: the paper's five hyper-parameters, and the precision. Only NiN has a depth and a width. */
function hyperOf({ config }: RunResult): Record<string, string | number> {
  const { model, optimizer, lr, weightDecay, bits } = config;
  const [family, depth = 0, width = 0] = /^(nin):(\d+)x(\d+)$/.exec(model)?.slice(1) ?? [model];
  return { family, depth: Number(depth), width: Number(width), optimizer, lr, weightDecay, bits };
}

/** The runs that are complete and have the measure, as a pool. Runs that differ in the seed only are repetitions. */
export const poolOf = (runs: readonly RunResult[], { of }: RunMeasure): readonly Run[] =>
  runs.flatMap((run) => {
    const measure = run.status === "complete" ? of(run) : null;
    return measure === null || Number.isNaN(measure) || !Number.isFinite(run.gap)
      ? []
      : [{ hyper: hyperOf(run), measure, gap: run.gap }];
  });

/** What one measure predicts in a pool; `null` with fewer than two runs. */
export function rank(runs: readonly RunResult[], measure: RunMeasure): Ranked | null {
  const pool = poolOf(runs, measure);
  if (pool.length < 2) return null;
  const axes = axesOf(pool);
  const { mean, robust } = signErrors(pool, axes);
  return {
    measure: measure.name,
    runs: pool.length,
    axes,
    tau: kendall(pool),
    granulated: granulatedKendall(pool, axes).tau,
    information: leastInformation(pool, axes).least,
    meanError: mean,
    worstError: robust,
  };
}

/** All measures, the best by granulated τ first; those without one last. */
export const ranking = (runs: readonly RunResult[], measures: readonly RunMeasure[]): readonly Ranked[] =>
  measures
    .flatMap((measure) => rank(runs, measure) ?? [])
    .sort((a, b) => (b.granulated ?? -2) - (a.granulated ?? -2));
