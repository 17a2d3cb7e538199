/**
 * Recipes and methods by name: values for the options of `qgen train` that were not given.
 *
 * @packageDocumentation
 */

import type { RunConfig } from "./config.ts";

interface RecipeOptions {
  readonly epochs: number;
  readonly batchSize: number;
  readonly optimizer: RunConfig["optimizer"];
  readonly lr: number;
  readonly momentum: number;
  readonly weightDecay: number;
  readonly milestones: readonly number[];
  readonly gamma: number;
  readonly schedule: "steps" | "cosine";
  readonly augment: "none" | NonNullable<RunConfig["augment"]>;
}

const augmentOf = (data: string): RecipeOptions["augment"] =>
  data.startsWith("cifar") ? "crop-flip" : data === "imagenet" ? "resized-crop-flip" : "none";

/**
 * Fine-tuning of convolutional networks: 120 epochs of SGD at 0.01, divided by ten at 30, 60 and 90. With other
 * epochs, at each quarter.
 *
 * @implements QGen.sec.C.1
 * @deviation Batch size and augmentation are not stated: 128; crop and flip (CIFAR), random resized crop and flip (ImageNet).
 */
export const paperCnn = (data: string, epochs = 120): RecipeOptions => ({
  epochs,
  batchSize: 128,
  optimizer: "sgd",
  lr: 0.01,
  momentum: 0.9,
  weightDecay: 1e-4,
  milestones: [1, 2, 3].map((quarter) => Math.ceil((quarter * epochs) / 4)),
  gamma: 0.1,
  schedule: "steps",
  augment: augmentOf(data),
});

/**
 * Fine-tuning of transformers: 150 epochs of AdamW at 5 · 10⁻⁴ along half a cosine wave, in batches of 512.
 *
 * @implements VVTQ.recipe
 */
export const paperTransformer = (data: string, epochs = 150): RecipeOptions => ({
  epochs,
  batchSize: 512,
  optimizer: "adamw",
  lr: 5e-4,
  momentum: 0,
  weightDecay: 1e-4,
  milestones: [],
  gamma: 0.1,
  schedule: "cosine",
  augment: augmentOf(data),
});

export const recipes = { "paper-cnn": paperCnn, "paper-transformer": paperTransformer } as const;

export const recipeNames = Object.keys(recipes) as readonly (keyof typeof recipes)[];

interface MethodOptions {
  readonly gradScale: RunConfig["policy"]["gradScale"];
  readonly firstStep: "mean" | "mse";
  readonly firstLast: RunConfig["policy"]["firstLast"];
  readonly stepFloor: number;
  readonly binReg?: number;
}

/**
 * How weights are quantized: LSQ, as the paper does with convolutional networks, or VVTQ, as it does with transformers
 * (the variation-aware gradient scale, the first step of least error, bin regularization, 8 bits outside).
 */
export const methods: Readonly<Record<"lsq" | "vvtq", MethodOptions>> = {
  lsq: { gradScale: "lsq", firstStep: "mean", firstLast: "same", stepFloor: 1e-8 },
  vvtq: { gradScale: "l1", firstStep: "mse", firstLast: "8bit", stepFloor: 1e-4, binReg: 0.01 },
};

export const methodNames = Object.keys(methods) as readonly (keyof typeof methods)[];
