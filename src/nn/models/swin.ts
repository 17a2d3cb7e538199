import { permute } from "../../autograd/ops/layout.ts";
import { normal, zero } from "../init.ts";
import type { Model } from "../model.ts";
import { gelu, layerNorm } from "../network/attention.ts";
import { conv, globalAverage, linear } from "../network/convolutional.ts";
import { chain, identity, type Layer, map, residual, sequence } from "../network/layer.ts";
import { network } from "../network/network.ts";
import { dropPath } from "../network/random.ts";
import { neighbours, windowAttention } from "../network/windows.ts";
import type { ImageNetwork } from "./image-network.ts";

export interface SwinConfig extends ImageNetwork {
  /** Share of images that skip the last residual branch in training; earlier ones are skipped less. */
  readonly dropPath?: number;
}

const [CHANNELS, WINDOW, PATCH] = [96, 7, 4];
const DEPTHS = [2, 2, 6, 2];
const HEADS = [3, 6, 12, 24];

const channelsLast: Layer = map(permute([0, 2, 3, 1]));
const channelsFirst: Layer = map(permute([0, 3, 1, 2]));

const block = (channels: number, heads: number, shift: number, drop: number): Layer =>
  chain(
    residual(
      sequence({
        norm1: layerNorm(channels),
        attn: windowAttention(channels, heads, WINDOW, shift),
        stochastic_depth1: dropPath(drop),
      }),
    ),
    residual(
      sequence({
        norm2: layerNorm(channels),
        mlp: sequence([linear(channels, 4 * channels), gelu, identity, linear(4 * channels, channels)]),
        stochastic_depth2: dropPath(drop),
      }),
    ),
  );

/** Half as many tokens down and across, of twice as many numbers. */
const merging = (channels: number): Layer =>
  sequence({
    cat: map(neighbours),
    norm: layerNorm(4 * channels),
    reduction: linear(4 * channels, 2 * channels, { bias: false }),
  });

/**
 * Swin-T (Liu et al. 2021), with torchvision's names: patches of 4 × 4 pixels, attention within windows of 7 × 7 tokens
 * that are shifted in every second block, and four stages. Weight decay applies to weights alone.
 *
 * @implements QGen.models
 */
export function swinT({ image, classes, dropPath = 0.2 }: SwinConfig): Model {
  const total = DEPTHS.reduce((a, b) => a + b);
  const stages = DEPTHS.flatMap((depth, stage) => {
    const before = DEPTHS.slice(0, stage).reduce((a, b) => a + b, 0);
    const channels = CHANNELS * 2 ** stage;
    const blocks = Array.from({ length: depth }, (_, i) =>
      block(
        channels,
        HEADS[stage]!,
        i % 2 === 0 ? 0 : Math.floor(WINDOW / 2),
        (dropPath * (before + i)) / (total - 1),
      ),
    );
    return stage === 0 ? [sequence(blocks)] : [merging(channels / 2), sequence(blocks)];
  });
  const patches = sequence([
    conv(image[0]!, CHANNELS, PATCH, { stride: PATCH, padding: 0 }),
    channelsLast,
    layerNorm(CHANNELS),
  ]);
  const last = CHANNELS * 2 ** (DEPTHS.length - 1);
  return network(
    "swin-t",
    sequence({
      features: sequence([patches, ...stages]),
      norm: layerNorm(last),
      permute: channelsFirst,
      avgpool: globalAverage,
      head: linear(last, classes),
    }),
    { init: { linear: { weight: normal(0.02), bias: zero } }, decay: "weights" },
  );
}
