/**
 * Runs, put together by precision and paired by seed. Everything in a report is computed from this.
 *
 * @packageDocumentation
 */

import { canonicalJson, type RunConfig } from "../config.ts";
import { precisionName } from "../precision.ts";
import type { LayerStep, RunResult } from "../result.ts";
import { type Interval, interval, pairedDifferences, type Summary, summarize } from "./statistics.ts";

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
  /** From the most bits to the fewest. Precisions without a run that counts are not here. */
  readonly precisions: readonly Precision[];
  /** Names of the precisions that were tried and have no run that counts. */
  readonly missing: readonly string[];
  readonly excluded: readonly Excluded[];
  /** Of all runs, ascending. */
  readonly seeds: readonly number[];
  readonly runs: readonly RunResult[];
  /** What all runs have in common: the configuration of the first, without its bits and seed. */
  readonly recipe: Omit<RunConfig, "bits" | "seed">;
  /** Top-level settings, other than bits and seed, in which the runs differ. Should be empty. */
  readonly differing: readonly string[];
}

/** One metric at two precisions, paired by seed. */
export interface Comparison {
  readonly metric: Metric;
  readonly from: string;
  readonly to: string;
  /** Of `to` − `from`; `null` where no seed has both. */
  readonly difference: Interval | null;
}

/** @throws RangeError without any runs: then there is nothing to say */
export function aggregate(results: readonly RunResult[]): Aggregate {
  const runs = [...results].sort((a, b) => b.config.bits - a.config.bits || a.config.seed - b.config.seed);
  if (runs[0] === undefined) throw new RangeError("aggregate: expected at least one run, got none");
  const { bits: _bits, seed: _seed, ...recipe } = runs[0].config;
  const excluded: Excluded[] = [];
  const counted = new Map<number, RunResult[]>();
  for (const run of runs) {
    const others = counted.get(run.config.bits) ?? [];
    const why = reasonAgainst(run, others);
    if (why === null) counted.set(run.config.bits, [...others, run]);
    else excluded.push({ run, why });
  }
  const tried = unique(runs.map(({ config }) => config.bits));
  return {
    precisions: [...counted].map(([bits, runs]) => ({ bits, name: precisionName(bits), runs })),
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

function reasonAgainst(run: RunResult, others: readonly RunResult[]): string | null {
  if (run.status === "diverged") return run.reason ?? "diverged, without a reason";
  // JSON has no NaN: what was not finite has become null.
  const broken = Object.entries(metrics).find(([, of]) => !Number.isFinite(of(run)));
  if (broken !== undefined) return `${broken[0]} is not a finite number`;
  const layer = run.steps.find(({ step, initialStep }) => !(step > 0 && initialStep > 0 && step < Infinity));
  if (layer !== undefined) return `the step of ${layer.weight} is not a positive number`;
  if (others.some(({ config }) => config.seed === run.config.seed))
    return "a second run of the same precision and seed; only the first counts";
  return null;
}

export const unique = <T>(xs: readonly T[]): T[] => [...new Set(xs)];

export const summaryOf = ({ runs }: Precision, metric: Metric): Summary =>
  summarize(runs.map(metrics[metric]));

const bySeed = ({ runs }: Precision, metric: Metric): ReadonlyMap<number, number> =>
  new Map(runs.map((run) => [run.config.seed, metrics[metric](run)]));

export function compare(from: Precision, to: Precision, metric: Metric): Comparison {
  const differences = pairedDifferences(bySeed(from, metric), bySeed(to, metric));
  return {
    metric,
    from: from.name,
    to: to.name,
    difference: differences.length === 0 ? null : interval(differences),
  };
}

/** `from` / `to` of one metric for every seed that has both; `null` where none has. */
export function ratio(from: Precision, to: Precision, metric: Metric): Summary | null {
  const below = bySeed(to, metric);
  const ratios = [...bySeed(from, metric)].flatMap(([seed, above]) =>
    below.has(seed) ? [above / below.get(seed)!] : [],
  );
  return ratios.length === 0 || !ratios.every(Number.isFinite) ? null : summarize(ratios);
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
