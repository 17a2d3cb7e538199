/**
 * Three scales of the same experiment: to see that it works, to see the effect, and the paper's own.
 *
 * @packageDocumentation
 */

import type { RecipeConfig } from "./config.ts";
import type { Severity } from "./corruptions/constants.ts";
import type { MeasureSettings } from "./measuring/settings.ts";

export const scaleNames = ["smoke", "small", "paper"] as const;
export type ScaleName = (typeof scaleNames)[number];

export interface Scale {
  readonly model: string;
  /** First so many images; `null`: all there are. */
  readonly train: number | null;
  readonly test: number | null;
  readonly epochs: number;
  readonly seeds: number;
  /** How closely the networks are measured. */
  readonly measures: Partial<MeasureSettings>;
  /** Points a side, and images, of the loss landscape. */
  readonly landscape: { readonly grid: number; readonly images: number | null };
  /** Corrupted test images: how many of each corruption and severity. */
  readonly robustness: {
    readonly images: number | null;
    readonly severities: readonly Severity[];
    readonly others: Others;
  };
}

/** The recipe of the paper: SGD at 0.1, divided by ten at one and at two thirds of the epochs. */
export const paperRecipe = (epochs: number): RecipeConfig => ({
  epochs,
  batchSize: 128,
  optimizer: "sgd",
  lr: 0.1,
  momentum: 0.9,
  weightDecay: 1e-4,
  milestones: [Math.floor(epochs / 3), Math.floor((2 * epochs) / 3)],
  gamma: 0.1,
});

/** Networks that are trained for Tables 4 and 5 besides those of `model`: at every precision, from one seed. */
export interface Others {
  readonly models: readonly string[];
  /** What they are trained and tested on, and how: with less than `model`, where all of them are to be done in minutes. */
  readonly train: number | null;
  readonly test: number | null;
  /** Of each corruption and severity. */
  readonly images: number | null;
  readonly epochs: number;
  readonly recipe: (epochs: number) => RecipeConfig;
}

/**
 * The networks of Table 5 in small, which learn few images by heart. In the 112 steps that there is time for, SGD at 0.1 leaves
 * VGG-19 where it began; Adam brings all of them off it, the narrower ones of MobileNet-V1 with 2 bits excepted.
 */
const inBrief = (train: number, epochs: number, images: number): Others => ({
  models: ["resnet18:w4", "mobilenetv1:w8", "vgg19:w4"],
  train,
  test: 100,
  images,
  epochs,
  recipe: (epochs) => ({
    ...paperRecipe(epochs),
    batchSize: 32,
    optimizer: "adam",
    lr: 0.003,
    momentum: 0,
    milestones: [Math.floor((3 * epochs) / 4)],
  }),
});

export const scales: Readonly<Record<ScaleName, Scale>> = {
  smoke: {
    model: "nin:2x1",
    train: 256,
    test: 200,
    epochs: 3,
    seeds: 2,
    measures: { images: 128, draws: 2, restarts: 1, ascentSteps: 2, ascentBatch: 32, curvatureImages: 16 },
    landscape: { grid: 3, images: 64 },
    robustness: { images: 10, severities: [1, 5], others: inBrief(64, 1, 10) },
  },
  small: {
    model: "nin:2x1",
    train: 1536,
    test: 1000,
    epochs: 18,
    seeds: 3,
    measures: { images: 256, draws: 4, restarts: 2, ascentBatch: 32, curvatureImages: 64 },
    landscape: { grid: 13, images: 192 },
    robustness: { images: 150, severities: [1, 2, 3, 4, 5], others: inBrief(256, 14, 50) },
  },
  paper: {
    model: "nin:4x10",
    train: null,
    test: null,
    epochs: 300,
    seeds: 3,
    measures: { curvatureImages: 1024 },
    landscape: { grid: 51, images: null },
    robustness: {
      images: null,
      severities: [1, 2, 3, 4, 5],
      others: {
        models: ["resnet18", "mobilenetv1", "vgg19"],
        train: null,
        test: null,
        images: null,
        epochs: 300,
        recipe: paperRecipe,
      },
    },
  },
};
