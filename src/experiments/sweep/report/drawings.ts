/**
 * The figures of a pool, each with what one should see in it.
 *
 * @packageDocumentation
 */

import type { Aggregate } from "../../report/aggregate.ts";
import { losses } from "../../report/figure-loss.ts";
import type { Drawing } from "../../report/figures.ts";
import { count, fixed, listed, signed } from "../../report/format.ts";
import type { Pool } from "../pool.ts";
import { type Difference, type Marginal, quantizedOf, settingName } from "./settings.ts";
import { bySetting } from "./spec-settings.ts";
import { decomposed, paired } from "./specs.ts";

/** Those that there are numbers for. */
export function poolDrawings(
  all: Aggregate,
  pool: Pool,
  differences: readonly Difference[],
  marginals: readonly Marginal[],
): Drawing[] {
  return [
    ...(differences.length === 0 ? [] : [pairs(all, pool, differences), parts(all, differences)]),
    ...(all.precisions.some(({ runs }) => runs.some(({ curve }) => curve.length > 0))
      ? [curves(all, pool)]
      : []),
    ...(marginals.length === 0 ? [] : [settings(all, marginals)]),
  ];
}

const ofEach = (all: Aggregate, differences: readonly Difference[], what: (some: Difference[]) => string) =>
  quantizedOf(all.precisions).map(
    ({ name }) => `${name} ${what(differences.filter(({ precision }) => precision === name))}`,
  );

const meanChanges = ({ differences }: Pool, metric: "gap" | "trainLoss" | "testLoss"): string =>
  listed(
    differences.flatMap(({ bits, cells }) =>
      cells === null ? [] : [`Int${bits} ${signed(cells[metric].mean, 3)}`],
    ),
  );

function pairs(all: Aggregate, pool: Pool, differences: readonly Difference[]): Drawing {
  const smaller = ofEach(
    all,
    differences,
    (some) => `in ${some.filter(({ of }) => of.gap < 0).length} of ${some.length}`,
  );
  return {
    id: "paired",
    heading: "Each setting against itself in full precision",
    caption: [
      "Each dot is a setting: what a precision differs by from FP32, trained from the same first weights on the same batches.",
      "Beside the dots their mean, with its 95% bootstrap interval.",
      `The gap is smaller with ${listed(smaller)} settings.`,
    ].join(" "),
    alt: `Dots by precision in three panels, the differences to FP32. Mean change of the training loss: ${meanChanges(pool, "trainLoss")}; of the test loss: ${meanChanges(pool, "testLoss")}; of the gap: ${meanChanges(pool, "gap")}.`,
    spec: paired(all, differences, pool),
  };
}

function parts(all: Aggregate, differences: readonly Difference[]): Drawing {
  const smaller = differences.filter(({ of }) => of.gap < 0);
  const worse = smaller.filter(({ of }) => of.testLoss > 0).length;
  return {
    id: "decomposition",
    heading: "What the change of the gap is made of",
    caption: [
      "The change of the gap is that of the test loss less that of the training loss: none along the slanted line, a smaller gap below it.",
      "Below the dashed line, too, the test loss is lower than that of FP32: there the smaller gap is a better network. Between the two lines the gap is smaller since the training loss has risen more than the test loss.",
      smaller.length === 0
        ? "No gap is smaller."
        : `Of ${count(smaller.length, "smaller gap")}, ${worse} ${worse === 1 ? "comes" : "come"} with a higher test loss.`,
    ].join(" "),
    alt: `Scatter plot of the change of the test loss against that of the training loss, setting by setting. The gap is smaller than that of FP32 with ${listed(ofEach(all, differences, (some) => `in ${some.filter(({ of }) => of.gap < 0).length} of ${some.length}`))} settings, and both the gap and the test loss are lower with ${listed(ofEach(all, differences, (some) => `in ${some.filter(({ of }) => of.gap < 0 && of.testLoss < 0).length}`))}.`,
    spec: decomposed(all, differences),
  };
}

function curves(all: Aggregate, { rows }: Pool): Drawing {
  const runs = all.precisions.flatMap(({ runs }) => runs);
  const atEnd = runs.filter(({ selectedEpoch, curve }) => selectedEpoch === curve.at(-1)?.epoch).length;
  const means = (metric: "trainLoss" | "testLoss"): string =>
    listed(
      rows.flatMap(({ bits, cells }) =>
        cells === null ? [] : [`${bits === 32 ? "FP32" : `Int${bits}`} ${fixed(cells[metric].mean, 3)}`],
      ),
    );
  return {
    id: "curves",
    heading: "Training and test loss by epoch",
    caption: `Thick: the mean over the settings. Behind it, each setting. All numbers on this page are of the epoch with the lowest training loss, whatever the test loss was; it is the last epoch in ${atEnd} of ${count(runs.length, "run")}.`,
    alt: `Line charts of training and test loss by epoch. At the selected epochs, mean training loss: ${means("trainLoss")}; mean test loss: ${means("testLoss")}.`,
    spec: losses(all, ({ config }) => settingName(config)),
  };
}

function settings(all: Aggregate, marginals: readonly Marginal[]): Drawing {
  const fewest = quantizedOf(all.precisions).at(-1)!.name;
  const gaps = marginals
    .filter(({ precision, metric }) => precision === fewest && metric === "gap")
    .toSorted((a, b) => a.mean - b.mean);
  const [least, most] = [gaps[0]!, gaps.at(-1)!];
  const text = ({ value, mean }: Marginal): string => `${value} (${signed(mean, 3)})`;
  return {
    id: "by-setting",
    heading: "Which settings differ how",
    caption: [
      "The mean difference to FP32 over all settings with one value of one hyper-parameter, with its 95% bootstrap interval.",
      `From FP32 to ${fewest} the gap falls most, or rises least, with ${text(least)}, and the other way round with ${text(most)}.`,
    ].join(" "),
    alt: `Means and intervals by value of each hyper-parameter, in three panels. Change of the gap from FP32 to ${fewest}: ${listed(gaps.map(text))}.`,
    spec: bySetting(all, marginals),
  };
}
