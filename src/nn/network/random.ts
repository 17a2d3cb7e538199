/**
 * Random numbers of layers that drop something in training. A seed, and how many batches have been seen, are kept
 * among the buffers: what is dropped depends on these and on the name of the layer, so that a run that is resumed
 * drops the same, and so does a second pass with the same buffers.
 *
 * @packageDocumentation
 */

import { constant } from "../../autograd/op.ts";
import { mul } from "../../autograd/ops/arithmetic.ts";
import type { Kernels } from "../../tensor/kernels/kernels.ts";
import { createRng, type Rng } from "../../tensor/random.ts";
import { bufferOf, type DType, sizeOf, type Tensor } from "../../tensor/tensor.ts";
import { member, type Tree } from "../tree.ts";
import { identity, type Layer } from "./layer.ts";

/** Name of the buffer [seed, batches seen]. */
export const RANDOM = "random_state";

export function initRandom(kernels: Kernels, rng: Rng, dtype: DType): Tree<Tensor> {
  const state = bufferOf(dtype, 2);
  // Whole numbers below 2²⁴ are exact in float32.
  state[0] = rng.fork(RANDOM).below(2 ** 24);
  return { [RANDOM]: kernels.tensor(state, [2]) };
}

/** The buffers after one more batch. */
export function nextRandom(buffers: Tree<Tensor>): Tree<Tensor> {
  const before = buffers[RANDOM];
  if (before === undefined) return buffers;
  const { kernels, dtype } = before;
  const [seed, batches] = before.data as unknown as readonly [number, number];
  const next = bufferOf(dtype, 2);
  next.set([seed, batches + 1]);
  return { ...buffers, [RANDOM]: kernels.tensor(next, [2]) };
}

/**
 * In training, zeros in the place of a `share` of its input, and the rest divided by 1 − share.
 *
 * @param per - what is dropped as one: a whole image (then, in a residual branch, it is "drop path" or "stochastic
 *   depth"), or each number
 */
export function drop(share: number, per: "image" | "number"): Layer {
  if (!(share >= 0 && share < 1)) throw new RangeError(`drop: expected a share in [0, 1), got ${share}`);
  if (share === 0) return identity;
  return {
    parts: [{ name: "", kind: "random" }],
    apply({ buffers, mode }, name, x) {
      if (mode === "eval") return x;
      const { shape, dtype, kernels } = x.value;
      const [seed, batches] = member(buffers, RANDOM).data;
      const rng = createRng(seed!).fork(String(batches)).fork(name);
      const kept = per === "number" ? shape : shape.map((extent, axis) => (axis === 0 ? extent : 1));
      const mask = bufferOf(dtype, sizeOf(kept)).map(() => (rng.uniform() < share ? 0 : 1 / (1 - share)));
      return mul(x, constant(kernels.tensor(mask, kept)));
    },
  };
}

/** Leaves a residual branch out, for some of the images. */
export const dropPath = (share: number): Layer => drop(share, "image");
export const dropout = (share: number): Layer => drop(share, "number");
