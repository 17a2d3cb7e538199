/**
 * Which settings differ how: means of the differences over all settings that have one value of one hyper-parameter.
 *
 * @packageDocumentation
 */

import { bootstrapIntervals } from "../../../measures/bootstrap.ts";
import type { RunConfig } from "../../config.ts";
import { type Aggregate, type Metric, metrics, type Precision, unique } from "../../report/aggregate.ts";
import { toCsv } from "../../report/csv.ts";
import { pairsOf, poolRng } from "../../report/pairs.ts";
import { mean } from "../../report/statistics.ts";
import { optimizerName } from "../../report/words.ts";
import type { RunResult } from "../../result.ts";

const sizeOf = (model: string): readonly [depth: string, width: string] => {
  const [, depth = "?", width = "?"] = /^nin:(\d+)x(\d+)$/.exec(model) ?? [];
  return [depth, width];
};

/** The hyper-parameters of a setting in words. A learning rate means something with its optimizer only. */
export const axes: Readonly<Record<string, (config: RunConfig) => string>> = {
  optimizer: ({ optimizer }) => optimizerName(optimizer),
  rate: ({ optimizer, lr }) => `${optimizerName(optimizer)} ${lr}`,
  decay: ({ weightDecay }) => `decay ${weightDecay}`,
  depth: ({ model }) => `depth ${sizeOf(model)[0]}`,
  width: ({ model }) => `width ${sizeOf(model)[1]}`,
};

/** `SGD 0.1, decay 0, depth 2, width 1` */
export const settingName = (config: RunConfig): string =>
  ["rate", "decay", "depth", "width"].map((axis) => axes[axis]!(config)).join(", ");

/** The values of each hyper-parameter that has several, in the order of the grid. */
export const valuesOfAxes = ({ runs }: Pick<Aggregate, "runs">): readonly (readonly [string, string[]])[] =>
  Object.entries(axes)
    .map(([axis, of]) => [axis, unique(runs.map(({ config }) => of(config)))] as const)
    .filter(([, values]) => values.length > 1);

/** One setting at one precision and at full precision. */
export interface Difference {
  readonly setting: string;
  readonly config: RunConfig;
  readonly precision: string;
  readonly of: Readonly<Record<"trainLoss" | "testLoss" | "gap", number>>;
}

export const differed = ["trainLoss", "testLoss", "gap"] as const satisfies readonly Metric[];

const difference = (metric: Metric, pairs: readonly (readonly [RunResult, RunResult])[]): number =>
  mean(pairs.map(([float, run]) => metrics[metric](run) - metrics[metric](float)));

/** Each quantized precision − FP32, setting by setting. */
export function differencesIn({ precisions }: Aggregate): Difference[] {
  const float = precisions.find(({ bits }) => bits === 32);
  if (float === undefined) return [];
  return quantizedOf(precisions).flatMap((precision) =>
    pairsOf(float, precision).map((pairs) => {
      const { config } = pairs[0]![1];
      const of = Object.fromEntries(
        differed.map((metric) => [metric, difference(metric, pairs)]),
      ) as Difference["of"];
      return { setting: settingName(config), config, precision: precision.name, of };
    }),
  );
}

export const quantizedOf = (precisions: readonly Precision[]): Precision[] =>
  precisions.filter(({ bits }) => bits !== 32);

/** The mean difference over the settings with one value of one hyper-parameter. */
export interface Marginal {
  readonly axis: string;
  readonly value: string;
  readonly precision: string;
  readonly metric: (typeof differed)[number];
  readonly settings: number;
  readonly mean: number;
  readonly low: number | null;
  readonly high: number | null;
}

export function marginals(all: Aggregate): Marginal[] {
  const differences = differencesIn(all);
  return valuesOfAxes(all).flatMap(([axis, values]) =>
    values.flatMap((value) =>
      quantizedOf(all.precisions).flatMap(({ name: precision }) => {
        const some = differences.filter(
          (one) => one.precision === precision && axes[axis]!(one.config) === value,
        );
        if (some.length === 0) return [];
        const intervals = bootstrapIntervals(
          differed.map((metric) => some.map(({ of }) => of[metric])),
          poolRng(`${precision} - FP32, ${axis}: ${value}`),
        );
        return differed.map((metric, i) => {
          const { n, mean, low, high } = intervals[i]!;
          return { axis, value, precision, metric, settings: n, mean, low, high };
        });
      }),
    ),
  );
}

const columns: Readonly<Record<(typeof differed)[number], string>> = {
  trainLoss: "train_loss",
  testLoss: "test_loss",
  gap: "gap",
};

export const marginalsCsv = (rows: readonly Marginal[]): string =>
  toCsv(
    ["hyperparameter", "value", "of", "column", "settings", "mean", "low", "high"],
    rows.map(({ axis, value, precision, metric, settings, mean, low, high }) => ({
      hyperparameter: axis,
      value,
      of: `${precision} - FP32`,
      column: columns[metric],
      settings,
      mean,
      low,
      high,
    })),
  );
