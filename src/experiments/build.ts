/**
 * From a configuration to the things it names.
 *
 * @packageDocumentation
 */

import type { Model } from "../nn/model.ts";
import { adam, adamw, multiStep, type Optimizer, rmsprop, sgd } from "../nn/optimizers.ts";
import type { Images, Recipe } from "../nn/train.ts";
import { prepare, type QuantizedModel } from "../quant/prepare.ts";
import { architecture } from "./architectures.ts";
import type { RecipeConfig, RunConfig } from "./config.ts";
import { batchOf, channelStatistics, type Dataset, type Normalization, type Split } from "./data/dataset.ts";
import { type Pretrained, pretrained } from "./pretrained.ts";

/** @param start - the file that its first weights come from, if they do */
export function buildModel(
  { model, bits, policy }: RunConfig,
  { classes, shape }: Dataset,
  start?: Pretrained,
): Model | QuantizedModel {
  const drawn = architecture(model, { image: shape, classes: classes.length });
  const float = start === undefined ? drawn : pretrained(drawn, start);
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

/** Images of a split as numbers. */
export const imagesOf = (split: Split, shape: Dataset["shape"], normalization: Normalization): Images => ({
  count: split.count,
  shape,
  batch: (indices) => batchOf(split, shape, indices, normalization),
});

/** Both splits, normalized by the statistics of the training images. */
export function buildImages({ shape, train, test }: Dataset): { train: Images; test: Images } {
  const normalization = channelStatistics(train, shape);
  return { train: imagesOf(train, shape, normalization), test: imagesOf(test, shape, normalization) };
}
