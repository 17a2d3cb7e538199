/**
 * Knowledge distillation: a network learns the probabilities that a trained one, its teacher, gives to the classes.
 *
 * @packageDocumentation
 */

import { constant } from "../autograd/op.ts";
import { exp } from "../tensor/math.ts";
import { loopScope } from "../tensor/scope.ts";
import type { Buffer, Shape } from "../tensor/tensor.ts";
import type { Batch } from "./images.ts";
import type { Model, Weights } from "./model.ts";
import { imagesFor } from "./pass.ts";
import { mapTree } from "./tree.ts";

export interface Teacher {
  readonly model: Model;
  readonly weights: Weights;
  /** [C, H, W] of its images. */
  readonly shape: Shape;
  /** Only so many probabilities of each image are kept, and the rest is spread evenly; all where absent. */
  readonly top?: number | undefined;
}

/** exp(z) / Σ exp(z) of each row of k logits, in float64. */
export function softmax(logits: Buffer, k: number): Float64Array {
  const p = new Float64Array(logits.length);
  for (let from = 0; from < p.length; from += k) {
    let [largest, total] = [-Infinity, 0];
    for (let j = from; j < from + k; j++) largest = Math.max(largest, logits[j]!);
    for (let j = from; j < from + k; j++) total += p[j] = exp(logits[j]! - largest);
    for (let j = from; j < from + k; j++) p[j]! /= total;
  }
  return p;
}

/**
 * The `top` largest probabilities of each row of k, and what is missing to 1 spread evenly over the others. Of equals,
 * the first ones are kept.
 *
 * @implements VVTQ.distill
 */
export function marginallySmoothed(p: Float64Array, k: number, top: number): Float64Array {
  if (top >= k) return p;
  const smoothed = new Float64Array(p.length);
  for (let from = 0; from < p.length; from += k) {
    const row = p.subarray(from, from + k);
    const kept = Array.from(row.keys())
      .sort((a, b) => row[b]! - row[a]! || a - b)
      .slice(0, top);
    const mass = kept.reduce((total, j) => total + row[j]!, 0);
    smoothed.fill((1 - mass) / (k - top), from, from + k);
    for (const j of kept) smoothed[from + j] = row[j]!;
  }
  return smoothed;
}

/**
 * The probabilities [N, K] that the teacher gives to the classes of a batch, in eval mode.
 *
 * @implements VVTQ.distill
 * @deviation The teacher looks at the very crops that its student sees, while they train. VVTQ stores its answers to
 *   500 crops of each image beforehand (FKD), and shows four of them in one batch.
 */
export async function softLabels(
  { model, weights: { params, buffers }, shape, top }: Teacher,
  { images, labels }: Batch,
): Promise<Float64Array> {
  const memory = loopScope();
  try {
    const y = memory.turn(() => {
      const x = imagesFor(params, images, labels.length, shape);
      return model.apply(mapTree(params, constant), buffers, x, "eval").y.value;
    });
    const k = y.shape[1]!;
    const p = softmax(await y.read(), k);
    return top === undefined ? p : marginallySmoothed(p, k, top);
  } finally {
    memory.end();
  }
}
