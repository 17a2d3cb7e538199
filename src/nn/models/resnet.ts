import { defaultInit, normalByOutputs } from "../init.ts";
import type { Model } from "../model.ts";
import { batchNorm, conv, globalAverage, linear, maxPool, relu } from "../network/convolutional.ts";
import { chain, identity, type Layer, residual, sequence } from "../network/layer.ts";
import { network } from "../network/network.ts";
import { type ImageNetwork, LARGE } from "./image-network.ts";

export interface ResnetConfig extends ImageNetwork {
  readonly depth: 18 | 50;
  /** Channels of the first stage; each stage has twice as many as the one before. */
  readonly width?: number;
}

/** A block of `inner` channels; its outputs are `expansion` times as many. */
interface Block {
  readonly expansion: number;
  readonly branch: (inputs: number, inner: number, stride: number) => Layer;
}

const convOf = (inputs: number, outputs: number, size: number, stride = 1): Layer =>
  conv(inputs, outputs, size, { stride, bias: false });

const basic: Block = {
  expansion: 1,
  branch: (inputs, inner, stride) =>
    sequence({
      conv1: convOf(inputs, inner, 3, stride),
      bn1: batchNorm(inner),
      relu,
      conv2: convOf(inner, inner, 3),
      bn2: batchNorm(inner),
    }),
};

const bottleneck: Block = {
  expansion: 4,
  branch: (inputs, inner, stride) =>
    sequence({
      conv1: convOf(inputs, inner, 1),
      bn1: batchNorm(inner),
      relu1: relu,
      conv2: convOf(inner, inner, 3, stride),
      bn2: batchNorm(inner),
      relu2: relu,
      conv3: convOf(inner, 4 * inner, 1),
      bn3: batchNorm(4 * inner),
    }),
};

function blockOf({ branch, expansion }: Block, inputs: number, inner: number, stride: number): Layer {
  const outputs = expansion * inner;
  const shortcut =
    stride === 1 && inputs === outputs
      ? identity
      : sequence({ downsample: sequence([convOf(inputs, outputs, 1, stride), batchNorm(outputs)]) });
  return chain(residual(branch(inputs, inner, stride), shortcut), relu);
}

/**
 * Residual networks with torchvision's names: for large images as torchvision has them, for small ones with a 3×3
 * convolution of stride 1 at the beginning, and PyTorch's default initialization.
 *
 * @implements QGen.models
 * @deviation Where a block changes the size, its shortcut is a 1×1 convolution with batch norm. The counts behind
 *   Table 3 leave these out, or the authors' CIFAR networks have none; the paper does not say.
 */
export function resnet({ depth, width = 64, image, classes }: ResnetConfig): Model {
  const [block, counts] =
    depth === 18 ? ([basic, [2, 2, 2, 2]] as const) : ([bottleneck, [3, 4, 6, 3]] as const);
  const large = Math.min(image[1]!, image[2]!) >= LARGE;
  const stage = (i: number): Layer => {
    const inner = width * 2 ** i;
    const before = i === 0 ? width : (block.expansion * inner) / 2;
    const first = blockOf(block, before, inner, i === 0 ? 1 : 2);
    const others = Array.from({ length: counts[i]! - 1 }, () =>
      blockOf(block, block.expansion * inner, inner, 1),
    );
    return sequence([first, ...others]);
  };
  return network(
    `resnet${depth}${width === 64 ? "" : `:w${width}`}`,
    sequence({
      conv1: large ? convOf(image[0]!, width, 7, 2) : convOf(image[0]!, width, 3),
      bn1: batchNorm(width),
      relu,
      maxpool: large ? maxPool(3, { stride: 2, padding: 1 }) : identity,
      layer1: stage(0),
      layer2: stage(1),
      layer3: stage(2),
      layer4: stage(3),
      avgpool: globalAverage,
      fc: linear(8 * width * block.expansion, classes),
    }),
    large ? { init: { conv: { ...defaultInit, weight: normalByOutputs } } } : {},
  );
}
