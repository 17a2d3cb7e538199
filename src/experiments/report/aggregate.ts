/**
 * Runs, put together by precision and paired by seed, or by setting. Everything in a report is computed from this.
 *
 * @packageDocumentation
 */

import { canonicalJson, type RunConfig } from "../config.ts";
import { precisionName } from "../precision.ts";
import type { LayerStep, RunResult } from "../result.ts";
import { groupsOf, intervalOf, keyOf, pairsOf, type Unit } from "./pairs.ts";
import { type Interval, mean, type Summary, summarize } from "./statistics.ts";

/** What is compared between precisions, each a number of a run. */
export const metrics = {
  trainAccuracy: ({ train }: RunResult) => train.accuracy,
  testAccuracy: ({ test }: RunResult) => test.accuracy,
  trainLoss: ({ train }: RunResult) => train.loss,
  testLoss: ({ test }: RunResult) => test.loss,
  gap: ({ gap }: RunResult) => gap,
  weights: ({ norms }: RunResult) => norms.weights,
  quantized: ({ norms }: RunResult) => norms.quantized,
  distance: ({ norms }: RunResult) => norms.distance,
} as const satisfies Record<string, (run: RunResult) => number>;
export type Metric = keyof typeof metrics;

/** The runs of one precision that count, in the order of their seeds; at least one. */
export interface Precision {
  /** What its numbers are over, and what pairs its runs with those of other precisions. */
  readonly unit: Unit;
  readonly bits: number;
  /** `FP32`, `Int8`, … */
  readonly name: string;
  readonly runs: readonly RunResult[];
}

/** A run that is in no mean, and why. */
export interface Excluded {
  readonly run: RunResult;
  readonly why: string;
}

export interface Aggregate {
  readonly unit: Unit;
  /** From the most bits to the fewest. Precisions without a run that counts are not here. */
  readonly precisions: readonly Precision[];
  /** Names of the precisions that were tried and have no run that counts. */
  readonly missing: readonly string[];
  readonly excluded: readonly Excluded[];
  /** Of all runs, ascending. */
  readonly seeds: readonly number[];
  readonly runs: readonly RunResult[];
  /** What all runs have in common (of one setting): the configuration of the first, without its bits and seed. */
  readonly recipe: Omit<RunConfig, "bits" | "seed">;
  /** Hyper-parameters, other than bits and seed, in which the runs differ. Empty but in a pool of settings. */
  readonly differing: readonly string[];
}

/** One metric at two precisions, pair by pair. */
export interface Comparison {
  readonly unit: Unit;
  readonly metric: Metric;
  readonly from: string;
  readonly to: string;
  /** Of `to` − `from`; `null` where no seed, or setting, has both. */
  readonly difference: Interval | null;
}

/**
 * @param unit - what is repeated: one setting with several seeds, or, in a pool, settings
 * @throws RangeError without any runs: then there is nothing to say
 */
export function aggregate(results: readonly RunResult[], unit: Unit = "seed"): Aggregate {
  const runs = [...results].sort((a, b) => b.config.bits - a.config.bits || a.config.seed - b.config.seed);
  if (runs[0] === undefined) throw new RangeError("aggregate: expected at least one run, got none");
  const { bits: _bits, seed: _seed, ...recipe } = runs[0].config;
  const excluded: Excluded[] = [];
  const counted = new Map<number, RunResult[]>();
  for (const run of runs) {
    const others = counted.get(run.config.bits) ?? [];
    const why = reasonAgainst(run, others, unit);
    if (why === null) counted.set(run.config.bits, [...others, run]);
    else excluded.push({ run, why });
  }
  const tried = unique(runs.map(({ config }) => config.bits));
  return {
    unit,
    precisions: [...counted].map(([bits, runs]) => ({ unit, bits, name: precisionName(bits), runs })),
    missing: tried.filter((bits) => !counted.has(bits)).map(precisionName),
    excluded,
    seeds: unique(runs.map(({ config }) => config.seed)).sort((a, b) => a - b),
    runs,
    recipe,
    differing: (Object.keys(recipe) as (keyof typeof recipe)[]).filter(
      (key) => unique(runs.map(({ config }) => canonicalJson(config[key]))).length > 1,
    ),
  };
}

function reasonAgainst(run: RunResult, others: readonly RunResult[], unit: Unit): string | null {
  if (run.status === "diverged") return run.reason ?? "diverged, without a reason";
  // JSON has no NaN: what was not finite has become null.
  const broken = Object.entries(metrics).find(([, of]) => !Number.isFinite(of(run)));
  if (broken !== undefined) return `${broken[0]} is not a finite number`;
  const layer = run.steps.find(({ step, initialStep }) => !(step > 0 && initialStep > 0 && step < Infinity));
  if (layer !== undefined) return `the step of ${layer.weight} is not a positive number`;
  if (
    others.some((other) => keyOf(other, unit) === keyOf(run, unit) && other.config.seed === run.config.seed)
  )
    return "a second run of the same precision and seed; only the first counts";
  return null;
}

export const unique = <T>(xs: readonly T[]): T[] => [...new Set(xs)];

/** One number of each seed, or each setting: there, the mean over its seeds. */
export const valuesOf = (precision: Precision, metric: Metric): number[] =>
  groupsOf(precision).map((runs) => mean(runs.map(metrics[metric])));

export const summaryOf = (precision: Precision, metric: Metric): Summary =>
  summarize(valuesOf(precision, metric));

/** `to` − `from` of one metric for every seed, or setting, that has both. */
export const differencesOf = (from: Precision, to: Precision, metric: Metric): number[] =>
  pairsOf(from, to).map((pairs) => mean(pairs.map(([a, b]) => metrics[metric](b) - metrics[metric](a))));

export function compare(from: Precision, to: Precision, metric: Metric): Comparison {
  const differences = differencesOf(from, to, metric);
  return {
    unit: from.unit,
    metric,
    from: from.name,
    to: to.name,
    difference:
      differences.length === 0 ? null : intervalOf(differences, from.unit, `${to.name} - ${from.name}`),
  };
}

/** `from` / `to` of one metric for every seed, or setting, that has both; `null` where none has. */
export function ratio(from: Precision, to: Precision, metric: Metric): Summary | null {
  const ratios = pairsOf(from, to).map((pairs) =>
    pairs.map(([a, b]) => metrics[metric](a) / metrics[metric](b)),
  );
  return ratios.length === 0 || !ratios.flat().every(Number.isFinite) ? null : summarize(ratios.map(mean));
}

/** Every two neighbours of a list. */
export const neighbours = <T>(xs: readonly T[]): [T, T][] => xs.slice(1).map((x, i) => [xs[i]!, x]);

export interface LayerSummary {
  readonly weight: string;
  /** Place in the network, from 0. */
  readonly index: number;
  readonly step: Summary;
  readonly initialStep: Summary;
}

/** The steps of each layer over the seeds, in the order of the network. Empty for floats. */
export function layersOf({ runs }: Precision): LayerSummary[] {
  const names = unique(runs.flatMap(({ steps }) => steps.map(({ weight }) => weight)));
  return names.map((weight, index) => {
    const all = (of: (layer: LayerStep) => number): Summary =>
      summarize(runs.flatMap(({ steps }) => steps.filter((layer) => layer.weight === weight).map(of)));
    return {
      weight,
      index,
      step: all(({ step }) => step),
      initialStep: all(({ initialStep }) => initialStep),
    };
  });
}
