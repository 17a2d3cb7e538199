/**
 * From a configuration to the things it names.
 *
 * @packageDocumentation
 */

import type { Model } from "../nn/model.ts";
import { nin } from "../nn/models/nin.ts";
import { adam, adamw, multiStep, type Optimizer, rmsprop, sgd } from "../nn/optimizers.ts";
import type { Images, Recipe } from "../nn/train.ts";
import { prepare, type QuantizedModel } from "../quant/prepare.ts";
import type { RecipeConfig, RunConfig } from "./config.ts";
import { batchOf, channelStatistics, type Dataset, type Split } from "./data/dataset.ts";

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
  lr: multiStep(config.lr, config.milestones, config.gamma),
  sam: config.sam,
  accumulate: config.accumulate,
});

/** Both splits, normalized by the statistics of the training images. */
export function buildImages({ shape, train, test }: Dataset): { train: Images; test: Images } {
  const normalization = channelStatistics(train, shape);
  const images = (split: Split): Images => ({
    count: split.count,
    shape,
    batch: (indices) => batchOf(split, shape, indices, normalization),
  });
  return { train: images(train), test: images(test) };
}
