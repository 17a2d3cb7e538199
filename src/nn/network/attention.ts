/**
 * The layers of transformers. Images are rows of tokens [N, T, C], or tokens at places [N, H, W, C].
 *
 * @packageDocumentation
 */

import type { Var } from "../../autograd/op.ts";
import { reshape, scale } from "../../autograd/ops/arithmetic.ts";
import { permute, take } from "../../autograd/ops/layout.ts";
import { gemm } from "../../autograd/ops/linear.ts";
import { softmax } from "../../autograd/ops/softmax.ts";
import * as f from "../layers.ts";
import { linear } from "./convolutional.ts";
import { join, type Layer, map, partsOf } from "./layer.ts";

export const layerNorm = (channels: number, eps = 1e-5): Layer => ({
  parts: [{ name: "", kind: "layerNorm", channels }],
  apply: ({ params }, name, x) => f.layerNorm(params, name, x, eps),
});

export const gelu: Layer = map(f.gelu, "offset");

/**
 * Attention of rows of tokens to each other, in several heads: softmax(q kᵀ/√d + bias) v.
 *
 * @param qkv - [B, T, 3C]: queries, keys and values, each of them head by head
 * @param onScores - adds what is known of places to q kᵀ/√d [B, heads, T, T]
 * @returns [B, T, C]
 */
export function attend(qkv: Var, heads: number, onScores: (scores: Var) => Var = (scores) => scores): Var {
  const [b, t, width] = qkv.value.shape as [number, number, number];
  const d = width / 3 / heads;
  const split = permute([2, 0, 3, 1, 4])(reshape([b, t, 3, heads, d])(qkv));
  const [q, k, v] = [0, 1, 2].map((i) => reshape([b, heads, t, d])(take(0, Int32Array.of(i))(split)));
  const scores = gemm({ transposeB: true })(scale(1 / Math.sqrt(d))(q!), k!);
  const y = gemm()(softmax(onScores(scores)), v!);
  return reshape([b, t, heads * d])(permute([0, 2, 1, 3])(y));
}

/** Attention of all tokens of an image to each other. */
export function attention(channels: number, heads: number): Layer {
  const [qkv, proj] = [linear(channels, 3 * channels), linear(channels, channels)];
  return {
    parts: [...partsOf("qkv", qkv), ...partsOf("proj", proj)],
    apply: (pass, name, x) =>
      proj.apply(pass, join(name, "proj"), attend(qkv.apply(pass, join(name, "qkv"), x), heads)),
  };
}
