/**
 * The figures of a report, each with what one should see in it.
 *
 * @packageDocumentation
 */

import { type Aggregate, type metrics, type Precision, summaryOf } from "./aggregate.ts";
import { binPairs } from "./claims-on-steps.ts";
import { binWidths } from "./figure-bins.ts";
import { gapAgainstLoss, gaps } from "./figure-gap.ts";
import { losses } from "./figure-loss.ts";
import type { Drawing } from "./figures.ts";
import { count, fixed, short } from "./format.ts";

/** Those that there are numbers for. */
export function drawingsOf(all: Aggregate): Drawing[] {
  const { precisions } = all;
  if (precisions.length === 0) return [];
  const quantized = precisions.filter(({ runs }) => runs.some(({ steps }) => steps.length > 0));
  const several = all.seeds.length > 1;
  return [
    ...(quantized.length === 0 ? [] : [figure1(quantized, several)]),
    ...(precisions.some(({ runs }) => runs.some(({ curve }) => curve.length > 0))
      ? [byEpoch(all, several)]
      : []),
    bySeed(all),
    againstLoss(all),
  ];
}

const runsOf = (precisions: readonly Precision[]) => precisions.flatMap(({ runs }) => runs);
const means = (precisions: readonly Precision[], metric: keyof typeof metrics): string =>
  precisions.map((p) => `${p.name} ${fixed(summaryOf(p, metric).mean, 3)}`).join(", ");

function figure1(quantized: readonly Precision[], several: boolean): Drawing {
  const pairs = binPairs(quantized);
  const wider = pairs.filter(({ ratio }) => ratio > 1).length;
  const steps = quantized
    .map(({ name, runs }) => {
      const all = runs.flatMap(({ steps }) => steps.map(({ step }) => step));
      return `${name} ${short(Math.min(...all))} to ${short(Math.max(...all))}`;
    })
    .join(", ");
  return {
    id: "figure-1",
    heading: "Figure 1: width of the quantization bin, layer by layer",
    caption: [
      ...(pairs.length === 0
        ? []
        : [
            wider === pairs.length
              ? "Fewer bits, wider bins, in every layer and every seed."
              : `The bin is wider with fewer bits in ${wider} of ${count(pairs.length, "comparison")}.`,
          ]),
      `Filled marks: the learned step s of each layer, from the input to the output${several ? ", mean over the seeds; the bars behind them span the seeds" : ""}.`,
      "Hollow marks: the step before training, which is wider with fewer bits by construction, s₀ = 2 mean|w| / √Qp.",
      "The paper’s Figure 1 shows networks for ImageNet and prints no numbers: only the order can be compared.",
    ].join(" "),
    alt: `Line chart, logarithmic: the learned step of each layer at ${steps}.`,
    spec: binWidths(quantized),
  };
}

function byEpoch(all: Aggregate, several: boolean): Drawing {
  const runs = runsOf(all.precisions);
  const atEnd = runs.filter(({ selectedEpoch, curve }) => selectedEpoch === curve.at(-1)?.epoch).length;
  return {
    id: "losses",
    heading: "Training and test loss by epoch",
    caption: [
      several ? "Lines: mean over the seeds; the bands span the seeds." : "One seed.",
      "Hollow marks: the epoch of lowest training loss, where everything else in this report is measured;",
      `it is the last epoch in ${atEnd} of ${count(runs.length, "run")}.`,
    ].join(" "),
    alt: `Line charts of training and test loss by epoch. At the selected epochs, mean training loss: ${means(all.precisions, "trainLoss")}; mean test loss: ${means(all.precisions, "testLoss")}.`,
    spec: losses(all),
  };
}

function bySeed(all: Aggregate): Drawing {
  const [most, fewest] = [all.precisions[0]!, all.precisions.at(-1)!];
  const gapOf = new Map(most.runs.map((run) => [run.config.seed, run.gap]));
  const paired = fewest.runs.filter(({ config }) => gapOf.has(config.seed));
  const smaller = paired.filter((run) => run.gap < gapOf.get(run.config.seed)!).length;
  return {
    id: "gaps",
    heading: "The gap, seed by seed",
    caption: [
      ...(most === fewest || paired.length === 0
        ? []
        : [
            `From ${most.name} to ${fewest.name} the gap shrinks in ${smaller} of ${count(paired.length, "seed")}.`,
          ]),
      "Each thin line joins the runs of one seed; the short bars, with their numbers, are the means.",
      "Lines that run alike show an effect of the precision; lines that cross show the noise between seeds.",
    ].join(" "),
    alt: `The generalization gap of every run, by precision. Means: ${means(all.precisions, "gap")}.`,
    spec: gaps(all),
  };
}

function againstLoss(all: Aggregate): Drawing {
  const [first, ...others] = all.precisions;
  const line = summaryOf(first!, "testLoss").mean;
  const runs = runsOf(others);
  const above = runs.filter((run) => run.test.loss > line).length;
  return {
    id: "gap-and-loss",
    heading: "The gap against the training loss",
    caption: [
      `Each mark is a run. Along the dashed line the test loss is ${fixed(line, 3)}, the mean of ${first!.name}: there, a smaller gap means a higher training loss and nothing else.`,
      ...(runs.length === 0
        ? []
        : [
            `Above the line the test loss is higher: so it is in ${above} of the ${count(runs.length, "run")} with fewer bits.`,
          ]),
    ].join(" "),
    alt: `Scatter plot of the gap against the training loss of every run. Mean training loss: ${means(all.precisions, "trainLoss")}; mean gap: ${means(all.precisions, "gap")}.`,
    spec: gapAgainstLoss(all),
  };
}
