import { normal, normalByOutputs, zero } from "../init.ts";
import type { Model } from "../model.ts";
import { batchNorm, conv, globalAverage, linear, relu, relu6 } from "../network/convolutional.ts";
import { identity, type Layer, residual, sequence } from "../network/layer.ts";
import { network } from "../network/network.ts";
import { dropout } from "../network/random.ts";
import { type ImageNetwork, LARGE } from "./image-network.ts";

const USUAL_WIDTH = 32;

/** Blocks of one width: how much each is widened inside, its outputs, how many there are, the stride of the first. */
type Group = readonly [expansion: number, outputs: number, count: number, stride: number];

/** Channels in proportion to the width, in eights, and no less than nine tenths of their share: torchvision's rule. */
function scaled(channels: number, width: number): number {
  const share = (channels * width) / USUAL_WIDTH;
  const eights = Math.max(8, 8 * Math.floor((share + 4) / 8));
  return eights < 0.9 * share ? eights + 8 : eights;
}

const groupsOf = (strideOf24: 1 | 2): readonly Group[] => [
  [1, 16, 1, 1],
  [6, 24, 2, strideOf24],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
];

/** Channels of the first convolution, of the blocks, and of the last convolution. */
function channelsOf(width: number, strideOf24: 1 | 2) {
  const groups = groupsOf(strideOf24).map(
    ([expansion, outputs, count, stride]): Group => [expansion, scaled(outputs, width), count, stride],
  );
  const last = scaled(1280, Math.max(width, USUAL_WIDTH));
  return { first: scaled(USUAL_WIDTH, width), groups, before: groups.at(-1)![1], last };
}

type Block = (inputs: number, outputs: number, expansion: number, stride: number) => Layer;

const blocksOf = (first: number, groups: readonly Group[], block: Block): Layer[] =>
  groups.flatMap(([expansion, outputs, count, stride], g) =>
    Array.from({ length: count }, (_, i) =>
      i === 0
        ? block(groups[g - 1]?.[1] ?? first, outputs, expansion, stride)
        : block(outputs, outputs, expansion, 1),
    ),
  );

const pointwise = (inputs: number, outputs: number): Layer => conv(inputs, outputs, 1, { bias: false });
const depthwise = (channels: number, stride: number): Layer =>
  conv(channels, channels, 3, { stride, groups: channels, bias: false });

/** Of the networks for CIFAR: with ReLU, and a convolution in the shortcut where the channels change at stride 1. */
const smallBlock: Block = (inputs, outputs, expansion, stride) => {
  const inner = expansion * inputs;
  const branch = sequence({
    conv1: pointwise(inputs, inner),
    bn1: batchNorm(inner),
    relu1: relu,
    conv2: depthwise(inner, stride),
    bn2: batchNorm(inner),
    relu2: relu,
    conv3: pointwise(inner, outputs),
    bn3: batchNorm(outputs),
  });
  if (stride > 1) return branch;
  const projection = sequence({ shortcut: sequence([pointwise(inputs, outputs), batchNorm(outputs)]) });
  return residual(branch, inputs === outputs ? identity : projection);
};

const withRelu6 = (layer: Layer, outputs: number): Layer => sequence([layer, batchNorm(outputs), relu6]);

/** Torchvision's: with ReLU6, and a shortcut only where nothing changes. */
const largeBlock: Block = (inputs, outputs, expansion, stride) => {
  const inner = expansion * inputs;
  const branch = sequence({
    conv: sequence([
      ...(expansion === 1 ? [] : [withRelu6(pointwise(inputs, inner), inner)]),
      withRelu6(depthwise(inner, stride), inner),
      pointwise(inner, outputs),
      batchNorm(outputs),
    ]),
  });
  return stride === 1 && inputs === outputs ? residual(branch) : branch;
};

const nameOf = (width: number): string => `mobilenetv2${width === USUAL_WIDTH ? "" : `:w${width}`}`;

function small(width: number, channels: number, classes: number): Model {
  const { first, groups, before, last } = channelsOf(width, 1);
  return network(
    nameOf(width),
    sequence({
      conv1: conv(channels, first, 3, { bias: false }),
      bn1: batchNorm(first),
      relu1: relu,
      layers: sequence(blocksOf(first, groups, smallBlock)),
      conv2: pointwise(before, last),
      bn2: batchNorm(last),
      relu2: relu,
      pool: globalAverage,
      linear: linear(last, classes),
    }),
  );
}

function large(width: number, channels: number, classes: number): Model {
  const { first, groups, before, last } = channelsOf(width, 2);
  return network(
    nameOf(width),
    sequence({
      features: sequence([
        withRelu6(conv(channels, first, 3, { stride: 2, bias: false }), first),
        ...blocksOf(first, groups, largeBlock),
        withRelu6(pointwise(before, last), last),
      ]),
      pool: globalAverage,
      classifier: sequence([dropout(0.2), linear(last, classes)]),
    }),
    {
      init: {
        conv: { weight: normalByOutputs, bias: zero },
        linear: { weight: normal(0.01), bias: zero },
      },
    },
  );
}

export interface MobilenetV2Config extends ImageNetwork {
  /** Of 32, which are the channels of the first convolution; 16 halves all but the last ones, as `width_mult` 0.5 does. */
  readonly width?: number;
}

/**
 * MobileNet-V2: for large images torchvision's, for small ones the form for CIFAR.
 *
 * @implements QGen.models
 */
export const mobilenetV2 = ({ width = USUAL_WIDTH, image, classes }: MobilenetV2Config): Model =>
  (Math.min(image[1]!, image[2]!) >= LARGE ? large : small)(width, image[0]!, classes);
