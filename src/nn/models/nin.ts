import type { Model } from "../model.ts";
import { batchNorm, conv, globalAverage, relu } from "../network/convolutional.ts";
import { type Layer, sequence } from "../network/layer.ts";
import { network } from "../network/network.ts";

export interface NinConfig {
  /** Number of blocks. */
  readonly depth: number;
  /** Each block has 25 × width channels. */
  readonly width: number;
  readonly classes: number;
  /** Channels of the images. */
  readonly channels?: number;
}

const block = (inputs: number, c: number): Layer =>
  sequence({
    conv1: conv(inputs, c, 3, { stride: 2 }),
    bn1: batchNorm(c),
    relu1: relu,
    conv2: conv(c, c, 1),
    bn2: batchNorm(c),
    relu2: relu,
    conv3: conv(c, c, 1),
    bn3: batchNorm(c),
    relu3: relu,
  });

/**
 * Network in network, d × w: `depth` blocks of a strided 3×3 and two 1×1 convolutions with 25 `width`
 * channels, then a 1×1 convolution to the classes and the mean over all pixels.
 *
 * @implements QGen.models
 * @implements QGen.sec.B.1
 * @deviation The paper's caption calls 25 the base depth; only as the base width does it reproduce Table 3.
 * @deviation A ReLU follows the last batch norm too, as in the code the paper builds on, so that logits are
 *   means of numbers that are not negative.
 */
export function nin({ depth, width, classes, channels = 3 }: NinConfig): Model {
  const c = 25 * width;
  return network(
    `nin:${depth}x${width}`,
    sequence({
      blocks: sequence(Array.from({ length: depth }, (_, i) => block(i === 0 ? channels : c, c))),
      conv: conv(c, classes, 1),
      bn: batchNorm(classes),
      relu,
      pool: globalAverage,
    }),
  );
}
