import type { Var } from "../../autograd/op.ts";
import { add, reshape } from "../../autograd/ops/arithmetic.ts";
import { permute, take } from "../../autograd/ops/layout.ts";
import { square } from "../../tensor/math.ts";
import { normal, zero } from "../init.ts";
import type { Model } from "../model.ts";
import { attention, gelu, layerNorm } from "../network/attention.ts";
import { conv, linear } from "../network/convolutional.ts";
import { chain, join, type Layer, map, residual, sequence } from "../network/layer.ts";
import { network } from "../network/network.ts";
import { dropPath } from "../network/random.ts";
import { member } from "../tree.ts";
import { type ImageNetwork, squareOf } from "./image-network.ts";

export interface DeitConfig extends ImageNetwork {
  /** Share of images that skip the last residual branch in training; earlier ones are skipped less. */
  readonly dropPath?: number;
}

const [CHANNELS, DEPTH, HEADS, PATCH, EPS] = [192, 12, 3, 16, 1e-6];

/** [N, C, H, W] to rows of tokens [N, HW, C] */
const toTokens: Layer = map((x) => {
  const [n, c, h, w] = x.value.shape as [number, number, number, number];
  return permute([0, 2, 1])(reshape([n, c, h * w])(x));
});

/** The token of the class before all others, and what is learned of each place added. */
const withClassAndPlaces = (channels: number, patches: number): Layer => ({
  parts: [
    { name: "cls_token", kind: "parameter", shape: [1, 1, channels] },
    { name: "pos_embed", kind: "parameter", shape: [1, 1 + patches, channels] },
  ],
  apply({ params }, name, x) {
    const own = (parameter: string): Var => member(params, join(name, parameter));
    const others = Int32Array.from({ length: 1 + patches }, (_, i) => i - 1);
    const first = others.map((i) => (i < 0 ? 0 : -1));
    return add(add(take(1, others)(x), take(1, first)(own("cls_token"))), own("pos_embed"));
  },
});

/** The first token of each image. */
const classToken: Layer = map((x) => {
  const [n, , c] = x.value.shape as [number, number, number];
  return reshape([n, c])(take(1, Int32Array.of(0))(x));
});

const block = (channels: number, heads: number, drop: number): Layer =>
  chain(
    residual(
      sequence({
        norm1: layerNorm(channels, EPS),
        attn: attention(channels, heads),
        drop_path1: dropPath(drop),
      }),
    ),
    residual(
      sequence({
        norm2: layerNorm(channels, EPS),
        mlp: sequence({
          fc1: linear(channels, 4 * channels),
          act: gelu,
          fc2: linear(4 * channels, channels),
        }),
        drop_path2: dropPath(drop),
      }),
    ),
  );

/**
 * DeiT-T (Touvron et al. 2021), with timm's names: patches of 16 × 16 pixels as tokens of 192 numbers, and a token for
 * the class. Weight decay applies to weights alone.
 *
 * @implements QGen.models
 * @throws RangeError for images that do not consist of whole patches
 */
export function deitT({ image, classes, dropPath = 0.1 }: DeitConfig): Model {
  const [channels, size] = squareOf("deit-t", image);
  if (size % PATCH !== 0)
    throw new RangeError(
      `deit-t cuts images into patches of ${PATCH} × ${PATCH} pixels, but these have ${size} on each side`,
    );
  const blocks = Array.from({ length: DEPTH }, (_, i) =>
    block(CHANNELS, HEADS, (dropPath * i) / (DEPTH - 1)),
  );
  return network(
    "deit-t",
    chain(
      sequence({
        patch_embed: sequence({
          proj: conv(channels, CHANNELS, PATCH, { stride: PATCH, padding: 0 }),
          tokens: toTokens,
        }),
      }),
      withClassAndPlaces(CHANNELS, square(size / PATCH)),
      sequence({
        blocks: sequence(blocks),
        norm: layerNorm(CHANNELS, EPS),
        token: classToken,
        head: linear(CHANNELS, classes),
      }),
    ),
    { init: { linear: { weight: normal(0.02), bias: zero } }, decay: "weights" },
  );
}
