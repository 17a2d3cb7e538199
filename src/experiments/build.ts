/**
 * From a configuration to the things it names.
 *
 * @packageDocumentation
 */

import type { Model } from "../nn/model.ts";
import { nin } from "../nn/models/nin.ts";
import { smoothed } from "../nn/objectives.ts";
import { adam, adamw, type Optimizer, rmsprop, sgd } from "../nn/optimizers.ts";
import { cosine, multiStep } from "../nn/schedules.ts";
import type { Images, Recipe } from "../nn/train.ts";
import { prepare, type QuantizedModel } from "../quant/prepare.ts";
import type { RecipeConfig, RunConfig } from "./config.ts";
import { batchOf, channelStatistics, type Dataset, type Split } from "./data/dataset.ts";
import { cropAndFlip } from "./data/placement.ts";

export function buildModel(
  { model, bits, policy }: RunConfig,
  { classes, shape }: Dataset,
): Model | QuantizedModel {
  const [depth, width] = model.slice("nin:".length).split("x").map(Number) as [number, number];
  const float = nin({ depth, width, classes: classes.length, channels: shape[0] });
  return bits === 32 ? float : prepare(float, { bits, ...policy });
}

export const isQuantized = (model: Model): model is QuantizedModel => "quantizers" in model;

function buildOptimizer({ optimizer, momentum, weightDecay }: RecipeConfig): Optimizer {
  switch (optimizer) {
    case "sgd":
      return sgd({ momentum, weightDecay });
    case "rmsprop":
      return rmsprop({ momentum, weightDecay });
    case "adam":
      return adam({ weightDecay });
    case "adamw":
      return adamw({ weightDecay });
  }
}

export const buildRecipe = (config: RecipeConfig): Recipe => ({
  epochs: config.epochs,
  batchSize: config.batchSize,
  optimizer: buildOptimizer(config),
  lr:
    config.schedule === undefined
      ? multiStep(config.lr, config.milestones, config.gamma)
      : cosine(config.lr, config.epochs, config.schedule),
  sam: config.sam,
  objective: objectiveOf(config),
});

function objectiveOf({ labelSmoothing }: RecipeConfig): Recipe["objective"] {
  if (labelSmoothing === undefined) return undefined;
  const objective = smoothed(labelSmoothing);
  return () => objective;
}

/**
 * Both splits, normalized by the statistics of the training images.
 *
 * @param augment - how images are placed when training draws for them; as they are where absent
 */
export function buildImages(
  { shape, train, test }: Dataset,
  augment?: RunConfig["augment"],
): { train: Images; test: Images } {
  const normalization = channelStatistics(train, shape);
  const [, height, width] = shape;
  const images = (split: Split): Images => ({
    count: split.count,
    shape,
    batch(indices, draws) {
      const placed =
        augment === undefined || draws === undefined
          ? undefined
          : (index: number) => cropAndFlip(draws(index), height, width);
      return batchOf(split, shape, indices, normalization, placed);
    },
  });
  return { train: images(train), test: images(test) };
}
