import type { Model } from "../model.ts";
import { batchNorm, conv, globalAverage, linear, relu } from "../network/convolutional.ts";
import { type Layer, sequence } from "../network/layer.ts";
import { network } from "../network/network.ts";
import type { ImageNetwork } from "./image-network.ts";

/** A 3×3 convolution of each channel by itself, then a 1×1 convolution that mixes them. */
const separable = (inputs: number, outputs: number, stride: number): Layer =>
  sequence({
    conv1: conv(inputs, inputs, 3, { stride, groups: inputs, bias: false }),
    bn1: batchNorm(inputs),
    relu1: relu,
    conv2: conv(inputs, outputs, 1, { bias: false }),
    bn2: batchNorm(outputs),
    relu2: relu,
  });

/** Of each block: how many times the channels of the first convolution it gives, and its stride. */
const BLOCKS = [
  [2, 1],
  [4, 2],
  [4, 1],
  [8, 2],
  [8, 1],
  [16, 2],
  [16, 1],
  [16, 1],
  [16, 1],
  [16, 1],
  [16, 1],
  [32, 2],
  [32, 1],
] as const;

export interface MobilenetConfig extends ImageNetwork {
  /** Channels of the first convolution; 32 in the paper that describes the network. */
  readonly width?: number;
}

/**
 * MobileNet-V1 in the form for CIFAR: stride 1 at the beginning, and the mean over all pixels at the end.
 *
 * @implements QGen.models
 */
export function mobilenetV1({ width = 32, image, classes }: MobilenetConfig): Model {
  const blocks = BLOCKS.map(([times, stride], i) =>
    separable(width * (BLOCKS[i - 1]?.[0] ?? 1), width * times, stride),
  );
  return network(
    `mobilenetv1${width === 32 ? "" : `:w${width}`}`,
    sequence({
      conv1: conv(image[0]!, width, 3, { bias: false }),
      bn1: batchNorm(width),
      relu,
      layers: sequence(blocks),
      pool: globalAverage,
      linear: linear(32 * width, classes),
    }),
  );
}
