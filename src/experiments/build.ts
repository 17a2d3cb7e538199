/**
 * From a configuration to the things it names.
 *
 * @packageDocumentation
 */

import { softLabels, type Teacher } from "../nn/distill.ts";
import type { Images } from "../nn/images.ts";
import type { Model } from "../nn/model.ts";
import { type Objective, smoothed, toLabels, toTargets } from "../nn/objectives.ts";
import { adam, adamw, type Optimizer, rmsprop, sgd } from "../nn/optimizers.ts";
import { cosine, multiStep } from "../nn/schedules.ts";
import type { Recipe } from "../nn/train.ts";
import { binRegularization, binWeight } from "../quant/bin-regularization.ts";
import { prepare, type QuantizedModel } from "../quant/prepare.ts";
import { architecture } from "./architectures.ts";
import type { RecipeConfig, RunConfig } from "./config.ts";
import {
  batchOf,
  channelStatistics,
  type Dataset,
  type ImageKind,
  type Normalization,
  type Split,
} from "./data/dataset.ts";
import { cropAndFlip } from "./data/placement.ts";
import { type Pretrained, pretrained } from "./pretrained.ts";

/** @param start - the file that its first weights come from, if they do */
export function buildModel(
  { model, bits, policy, newHead }: RunConfig,
  { classes, shape }: ImageKind,
  start?: Pretrained,
): Model | QuantizedModel {
  const drawn = architecture(model, { image: shape, classes: classes.length });
  const float = start === undefined ? drawn : pretrained(drawn, start, newHead);
  return bits === 32 && policy.activations === undefined ? float : prepare(float, { bits, ...policy });
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

/**
 * @param model - the network to be trained, where its weights are regularized
 * @param teacher - where there is one
 */
export const buildRecipe = (config: RecipeConfig, model?: Model, teacher?: Teacher): Recipe => ({
  epochs: config.epochs,
  batchSize: config.batchSize,
  optimizer: buildOptimizer(config),
  lr:
    config.schedule === undefined
      ? multiStep(config.lr, config.milestones, config.gamma)
      : cosine(config.lr, config.epochs, config.schedule),
  sam: config.sam,
  accumulate: config.accumulate,
  objective: objectiveOf(config, model, teacher),
});

/** What a run minimizes; `undefined` where it is the plain cross-entropy. */
function objectiveOf(
  { labelSmoothing, binReg, teacher: asked, epochs }: RecipeConfig,
  model?: Model,
  teacher?: Teacher,
): Recipe["objective"] {
  if (labelSmoothing === undefined && binReg === undefined && asked === undefined) return undefined;
  if (asked !== undefined && teacher === undefined)
    throw new RangeError(`this run learns from the run ${asked.run}, but no teacher was given`);
  const hard = labelSmoothing === undefined ? toLabels : smoothed(labelSmoothing);
  const whom = asked && teacher;

  return async (batch, epoch): Promise<Objective> => {
    const objective = whom === undefined ? hard : toTargets(await softLabels(whom, batch));
    const lambda = binReg === undefined ? 0 : binWeight(binReg, epoch, epochs);
    return lambda > 0 && model !== undefined && isQuantized(model)
      ? { ...objective, penalty: binRegularization(model, lambda) }
      : objective;
  };
}

/**
 * Images of a split as numbers.
 *
 * @param augment - how images are placed when training draws for them; as they are where absent
 */
export function imagesOf(
  split: Split,
  shape: Dataset["shape"],
  normalization: Normalization,
  augment?: RunConfig["augment"],
): Images {
  const [, height, width] = shape;
  return {
    count: split.count,
    shape,
    batch(indices, draws) {
      const placed =
        augment === undefined || draws === undefined
          ? undefined
          : (index: number) => cropAndFlip(draws(index), height, width);
      return batchOf(split, shape, indices, normalization, placed);
    },
  };
}

/**
 * Both splits, normalized by the statistics of the training images, unless the data set has others.
 */
export function buildImages(
  { shape, train, test, normalization = channelStatistics(train, shape) }: Dataset,
  augment?: RunConfig["augment"],
): { train: Images; test: Images } {
  const images = (split: Split): Images => imagesOf(split, shape, normalization, augment);
  return { train: images(train), test: images(test) };
}
