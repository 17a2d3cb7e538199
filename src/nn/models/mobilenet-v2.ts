import { normal, normalByOutputs, zero } from "../init.ts";
import type { Model } from "../model.ts";
import { batchNorm, conv, globalAverage, linear, relu, relu6 } from "../network/convolutional.ts";
import { identity, type Layer, residual, sequence } from "../network/layer.ts";
import { network } from "../network/network.ts";
import { dropout } from "../network/random.ts";
import { type ImageNetwork, LARGE } from "./image-network.ts";

/** Blocks of one width: how much each is widened inside, its outputs, how many there are, the stride of the first. */
type Group = readonly [expansion: number, outputs: number, count: number, stride: number];

const groupsOf = (strideOf24: 1 | 2): readonly Group[] => [
  [1, 16, 1, 1],
  [6, 24, 2, strideOf24],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
];

type Block = (inputs: number, outputs: number, expansion: number, stride: number) => Layer;

const blocksOf = (groups: readonly Group[], block: Block): Layer[] =>
  groups.flatMap(([expansion, outputs, count, stride], g) =>
    Array.from({ length: count }, (_, i) =>
      i === 0
        ? block(groups[g - 1]?.[1] ?? 32, outputs, expansion, stride)
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

const small = (channels: number, classes: number): Model =>
  network(
    "mobilenetv2",
    sequence({
      conv1: conv(channels, 32, 3, { bias: false }),
      bn1: batchNorm(32),
      relu1: relu,
      layers: sequence(blocksOf(groupsOf(1), smallBlock)),
      conv2: pointwise(320, 1280),
      bn2: batchNorm(1280),
      relu2: relu,
      pool: globalAverage,
      linear: linear(1280, classes),
    }),
  );

const large = (channels: number, classes: number): Model =>
  network(
    "mobilenetv2",
    sequence({
      features: sequence([
        withRelu6(conv(channels, 32, 3, { stride: 2, bias: false }), 32),
        ...blocksOf(groupsOf(2), largeBlock),
        withRelu6(pointwise(320, 1280), 1280),
      ]),
      pool: globalAverage,
      classifier: sequence([dropout(0.2), linear(1280, classes)]),
    }),
    {
      init: {
        conv: { weight: normalByOutputs, bias: zero },
        linear: { weight: normal(0.01), bias: zero },
      },
    },
  );

/**
 * MobileNet-V2: for large images torchvision's, for small ones the form for CIFAR.
 *
 * @implements QGen.models
 */
export const mobilenetV2 = ({ image, classes }: ImageNetwork): Model =>
  (Math.min(image[1]!, image[2]!) >= LARGE ? large : small)(image[0]!, classes);
