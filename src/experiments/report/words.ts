/**
 * The sentences of a report. Each is computed, so that it is true whatever the numbers are.
 *
 * @packageDocumentation
 */

import type { RunConfig } from "../config.ts";
import { precisionOf } from "../precision.ts";
import { type Aggregate, compare, ratio, unique } from "./aggregate.ts";
import { count, fixed, listed, meanSd, percent, signed } from "./format.ts";
import type { Reference } from "./reference.ts";

export type Scale = "smoke" | "small" | "paper";

const dataNames: Readonly<Record<string, string>> = {
  cifar10: "CIFAR-10",
  cifar100: "CIFAR-100",
  "fashion-mnist": "Fashion-MNIST",
  synthetic: "the built-in synthetic images",
};
export const dataName = (name: string): string => dataNames[name] ?? name;

const optimizers: Readonly<Record<string, string>> = {
  sgd: "SGD",
  adam: "Adam",
  adamw: "AdamW",
  rmsprop: "RMSprop",
};

export const optimizerName = (name: string): string => optimizers[name] ?? name;

/** The depth and the width of a NiN; nothing of other networks. */
const sizeOf = (model: string): readonly number[] =>
  /^nin:(\d+)x(\d+)$/.exec(model)?.slice(1).map(Number) ?? [];

/** A network in words. */
function design(model: string): string {
  const [depth, ninWidth] = sizeOf(model);
  if (depth !== undefined) return `NiN with ${count(depth, "block")} of ${25 * ninWidth!} channels`;
  const [name, width] = model.split(":w") as [string, string?];
  const families: Readonly<Record<string, string>> = {
    resnet18: "ResNet-18",
    resnet50: "ResNet-50",
    mobilenetv1: "MobileNet-V1",
    mobilenetv2: "MobileNet-V2",
    vgg19: "VGG-19",
    "deit-t": "DeiT-T",
    "swin-t": "Swin-T",
  };
  return `${families[name] ?? name}${width === undefined ? "" : ` of base width ${width}`}`;
}

const falls = ({ milestones, gamma }: Aggregate["recipe"]): string =>
  milestones.length === 0
    ? "held constant"
    : `multiplied by ${gamma} after ${listed(milestones)} ${milestones.join() === "1" ? "epoch" : "epochs"}`;

/** Which networks, on what. */
export function whatWasRun(all: Aggregate): string[] {
  const { recipe, runs, seeds } = all;
  const names = unique(runs.map(({ config }) => precisionOf(config)));
  const { epochs, batchSize, data } = recipe;
  return [
    `${count(runs.length, "network")} of the same design ${runs.length === 1 ? "was" : "were"} trained, ${design(recipe.model)}: ${listed(names)}, over ${count(seeds.length, "seed")} (${listed(seeds)}).`.replace(
      /^one/,
      "One",
    ),
    `They saw ${count(data.train, "training image")} of ${dataName(data.name)} for ${count(epochs, "epoch")} in batches of ${batchSize}, and were tested on ${count(data.test, "image")}.`,
    ...unique(runs.map(({ dataSource }) => dataSource)).map((source) =>
      /[.!?]$/.test(source) ? source : `${source}.`,
    ),
  ];
}

/** How long a network learned, from what and how, in half a sentence. */
export const lessons = ({
  data,
  epochs,
  batchSize,
  optimizer,
  lr,
}: Pick<RunConfig, "data" | "epochs" | "batchSize" | "optimizer" | "lr">): string =>
  `${count(data.train, "training image")} for ${count(epochs, "epoch")} in batches of ${batchSize} with ${optimizers[optimizer]} at ${lr}`;

/** The recipe that all of them share. */
export function howTheyWereTrained({ recipe, runs }: Aggregate): string[] {
  const { optimizer, momentum, weightDecay, lr, policy } = recipe;
  const ends = {
    same: "",
    "8bit": ", the first and the last layer with 8 bits",
    float: ", the first and the last layer left in float",
  };
  const activations =
    policy.activations === undefined
      ? "activations stay in float"
      : `what arrives at a layer has ${policy.activations} bits`;
  const withMomentum = (optimizer === "sgd" || optimizer === "rmsprop") && momentum > 0;
  return [
    `The optimizer is ${optimizers[optimizer]}${withMomentum ? ` with momentum ${momentum}` : ""}, the learning rate ${lr}, ${falls(recipe)}, and the weight decay ${weightDecay}.`,
    ...(runs.some(({ config }) => config.bits !== 32)
      ? [`Weights are quantized with LSQ, one step for each layer${ends[policy.firstLast]}; ${activations}.`]
      : []),
    "Of each run, the epoch with the lowest training loss counts.",
  ];
}

/** What a reader may conclude from a report of this size. */
export function scaleNote(scale: Scale): string {
  if (scale === "smoke")
    return "This is the smoke scale: it shows that everything works. Its verdicts say nothing about the paper.";
  if (scale === "small")
    return "This is the small scale: it can show in which direction a number moves, but not how large it is in the paper.";
  return "This is the paper scale: meant to be trained as long as in the paper. What differs all the same is listed below Table 1.";
}

const paperPool = {
  widths: [8, 10, 12],
  depths: { "CIFAR-10": [2, 3, 4], "CIFAR-100": [3, 4, 5] },
  weightDecays: [0, 1e-4, 2e-4],
  lr: { sgd: [0.1, 0.05, 0.01], adam: [1e-3, 5e-4, 1e-4], rmsprop: [1e-3, 5e-4, 1e-4] } as Readonly<
    Record<string, readonly number[]>
  >,
} as const;

/** In what these runs differ from those behind Table 1 of the paper. */
export function whatDiffers({ recipe, seeds }: Aggregate, { dataset, sameData }: Reference): string[] {
  const { data, epochs, batchSize, milestones, gamma, model, optimizer, lr, weightDecay } = recipe;
  const [depth, width] = sizeOf(model);
  const [widths, depths] = [paperPool.widths, paperPool.depths[dataset]];
  const when = (differs: boolean, sentence: string): string[] => (differs ? [sentence] : []);
  return [
    ...when(
      !sameData,
      `The paper’s numbers are those of its ${dataset} networks: other data than ${dataName(data.name)}.`,
    ),
    `One setting with ${count(seeds.length, "seed")}, where the paper has the mean over 243 settings (3 depths, 3 widths, 3 optimizers, 3 learning rates, 3 weight decays).`,
    ...when(
      !widths.some((w) => w === width) || !depths.some((d) => d === depth),
      `${depth === undefined ? `${design(model)}, where the paper’s are NiN` : `NiN ${depth}×${width}, where the paper’s are`} ${depths[0]} to ${depths.at(-1)} deep and ${widths[0]} to ${widths.at(-1)} wide.`,
    ),
    ...when(
      !(paperPool.lr[optimizer] ?? []).includes(lr) ||
        !paperPool.weightDecays.some((wd) => wd === weightDecay),
      `${optimizers[optimizer]} with learning rate ${lr} and weight decay ${weightDecay}, which is not among the paper’s settings.`,
    ),
    ...when(data.train !== 50_000, `${count(data.train, "training image")} instead of 50,000.`),
    ...when(data.test !== 10_000, `${count(data.test, "test image")} instead of 10,000.`),
    ...when(epochs !== 300, `${count(epochs, "epoch")} instead of 300.`),
    ...when(
      milestones.join() !== "100,200" || gamma !== 0.1,
      `The learning rate is ${falls(recipe)}, instead of multiplied by 0.1 after 100 and 200.`,
    ),
    ...when(batchSize !== 128, `Batches of ${batchSize} instead of 128.`),
  ].map((sentence) => sentence.replace(/^one/, "One"));
}

/** What changes from the most bits to the fewest: here, and in the paper. */
export function changeInTable1({ precisions }: Aggregate, reference: Reference): string[] {
  const [most, fewest] = [precisions[0], precisions.at(-1)];
  if (most === undefined || fewest === undefined || most === fewest) return [];
  const printed = (name: string) => reference.table1.find(({ precision }) => precision === name);
  const [from, to] = [printed(most.name), printed(fewest.name)];
  return (["trainLoss", "testLoss", "gap"] as const).flatMap((metric) => {
    const { difference } = compare(most, fewest, metric);
    if (difference === null) return [];
    const [name, column] = {
      trainLoss: ["training loss", "train_loss"],
      testLoss: ["test loss", "test_loss"],
      gap: ["gap", "generalization_gap"],
    }[metric] as [string, "train_loss" | "test_loss" | "generalization_gap"];
    const paper = from && to ? ` (paper ${signed(to[column] - from[column], 3)})` : "";
    return [`${name} ${signed(difference.mean, 3)}${paper}`];
  });
}

/** Do all runs of a seed start from weights of the same norm? */
const sameStart = ({ precisions, seeds }: Aggregate): boolean =>
  seeds.every((seed) => {
    const norms = precisions.flatMap(({ runs }) =>
      runs.filter(({ config }) => config.seed === seed).map((run) => run.norms.initial),
    );
    return norms.every((norm) => Math.abs(norm - norms[0]!) <= 1e-6 * norms[0]!);
  });

/** What the norms say to Table 2: 8-bit rounding cannot have made the paper's factor. */
export function normRemark(all: Aggregate, reference: Reference): string[] {
  const [float, eight] = [32, 8].map((bits) => all.precisions.find((precision) => precision.bits === bits));
  const printed = reference.table2.map(({ norms }) => norms.get("FP32")! / norms.get("Int8")!);
  const [low, high] = [Math.min(...printed), Math.max(...printed)];
  const says = [
    `In the paper, the norm at FP32 is ${fixed(low, 2)} to ${fixed(high, 2)} times that at Int8 (its ${reference.dataset} NiN).`,
  ];
  if (eight === undefined) return says;
  const rounding = Math.max(...eight.runs.map(({ norms }) => Math.abs(norms.quantized / norms.weights - 1)));
  says.push(
    `Rounding to 8 bits itself changes the norm by ${percent(rounding)} at most here (‖ŵ‖ against ‖w‖).`,
  );
  const factor = float && ratio(float, eight, "weights");
  if (!factor) return says;
  const controlled = all.differing.length === 0 && sameStart(all);
  says.push(
    `Trained here${controlled ? " from the same initial weights with the same recipe" : ""}, the factor is ${meanSd(factor, 3)}${factor.n === 1 ? " (one seed)" : ""}.`,
  );
  if (factor.max < low && factor.min > 1 / low && 1 + rounding < low && controlled)
    says.push(
      "Neither rounding nor training with it makes a factor like the paper’s here; its FP32 and its quantized networks may differ in something besides the precision, such as the initialization, the weight decay, or whether batch norm was folded into the weights.",
    );
  else if (factor.max >= low) says.push("In some seed here, the factor is as large as the paper’s smallest.");
  return says;
}
