import type { Model } from "../model.ts";
import { batchNorm, conv, flatten, linear, maxPool, relu } from "../network/convolutional.ts";
import { sequence } from "../network/layer.ts";
import { network } from "../network/network.ts";
import { type ImageNetwork, squareOf } from "./image-network.ts";

/** Channels of the convolutions before each max pooling. */
const STAGES = [
  [64, 64],
  [128, 128],
  [256, 256, 256, 256],
  [512, 512, 512, 512],
  [512, 512, 512, 512],
];

/**
 * VGG-19 in the form for CIFAR: 16 convolutions with batch norm, five max poolings that leave one pixel, and one
 * linear layer.
 *
 * @implements QGen.models
 * @throws RangeError for images that the five poolings do not bring down to one pixel
 */
export function vgg19({ image, classes }: ImageNetwork): Model {
  const [channels, size] = squareOf("vgg19", image);
  if (Math.floor(size / 32) !== 1)
    throw new RangeError(
      `vgg19 is the network for CIFAR: it takes images of 32 to 63 pixels on each side, but these have ${size}`,
    );
  const features = STAGES.flatMap((stage, s) => [
    ...stage.flatMap((c, i) => [
      conv(stage[i - 1] ?? STAGES[s - 1]?.[0] ?? channels, c, 3),
      batchNorm(c),
      relu,
    ]),
    maxPool(2),
  ]);
  return network(
    "vgg19",
    sequence({ features: sequence(features), flatten, classifier: linear(512, classes) }),
  );
}
