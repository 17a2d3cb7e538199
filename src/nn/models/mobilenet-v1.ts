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

/** Outputs and stride of each block. */
const BLOCKS = [
  [64, 1],
  [128, 2],
  [128, 1],
  [256, 2],
  [256, 1],
  [512, 2],
  [512, 1],
  [512, 1],
  [512, 1],
  [512, 1],
  [512, 1],
  [1024, 2],
  [1024, 1],
] as const;

/**
 * MobileNet-V1 in the form for CIFAR: stride 1 at the beginning, and the mean over all pixels at the end.
 *
 * @implements QGen.models
 */
export function mobilenetV1({ image, classes }: ImageNetwork): Model {
  const blocks = BLOCKS.map(([outputs, stride], i) => separable(BLOCKS[i - 1]?.[0] ?? 32, outputs, stride));
  return network(
    "mobilenetv1",
    sequence({
      conv1: conv(image[0]!, 32, 3, { bias: false }),
      bn1: batchNorm(32),
      relu,
      layers: sequence(blocks),
      pool: globalAverage,
      linear: linear(1024, classes),
    }),
  );
}
