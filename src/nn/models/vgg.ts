import type { Model } from "../model.ts";
import { batchNorm, conv, flatten, linear, maxPool, relu } from "../network/convolutional.ts";
import { sequence } from "../network/layer.ts";
import { network } from "../network/network.ts";
import { type ImageNetwork, squareOf } from "./image-network.ts";

/** Before each max pooling: how many times the channels of the first convolution there are, and in how many convolutions. */
const STAGES = [
  [1, 2],
  [2, 2],
  [4, 4],
  [8, 4],
  [8, 4],
] as const;

export interface VggConfig extends ImageNetwork {
  /** Channels of the convolutions of the first stage. */
  readonly width?: number;
}

/**
 * VGG-19 in the form for CIFAR: 16 convolutions with batch norm, five max poolings that leave one pixel, and one
 * linear layer.
 *
 * @implements QGen.models
 * @throws RangeError for images that the five poolings do not bring down to one pixel
 */
export function vgg19({ width = 64, image, classes }: VggConfig): Model {
  const [channels, size] = squareOf("vgg19", image);
  if (Math.floor(size / 32) !== 1)
    throw new RangeError(
      `vgg19 is the network for CIFAR: it takes images of 32 to 63 pixels on each side, but these have ${size}`,
    );
  const features = STAGES.flatMap(([times, count], s) => {
    const outputs = width * times;
    const before = s === 0 ? channels : width * STAGES[s - 1]![0];
    const convolutions = Array.from({ length: count }, (_, i) => [
      conv(i === 0 ? before : outputs, outputs, 3),
      batchNorm(outputs),
      relu,
    ]);
    return [...convolutions.flat(), maxPool(2)];
  });
  return network(
    `vgg19${width === 64 ? "" : `:w${width}`}`,
    sequence({ features: sequence(features), flatten, classifier: linear(8 * width, classes) }),
  );
}
