/**
 * A batch in parts that pass through a network one after the other, so that only one of them takes memory at a time.
 *
 * @packageDocumentation
 */

import { type Buffer, bufferOf, dtypeOf, type Shape } from "../tensor/tensor.ts";
import type { Batch } from "./images.ts";
import { mapTree, member, type Tree } from "./tree.ts";

export interface Numbers {
  readonly shape: Shape;
  readonly values: Buffer;
}

/** The batch in `count` parts, in order, whose sizes differ by one image at most. */
export function partsOf({ images, labels }: Batch, count: number): Batch[] {
  const size = images.length / labels.length;
  const start = (part: number): number => Math.floor((part * labels.length) / count);
  return Array.from({ length: count }, (_, part) => {
    const [from, to] = [start(part), start(part + 1)];
    return { images: images.subarray(from * size, to * size), labels: labels.subarray(from, to) };
  });
}

/** Images in the largest part of a batch: as many as there is memory for. */
export const partSize = (batchSize: number, count = 1): number => Math.ceil(batchSize / count);

/** What one part of a batch says: its share of the images, its mean loss and the gradient of that. */
export interface PartSlope {
  readonly share: number;
  readonly loss: number;
  readonly grads: Tree<Numbers>;
}

/**
 * Loss and gradient of the whole batch, Σ share · part, summed in float64. They are those of the batch in one piece, up to
 * rounding, where the images do not know of each other.
 *
 * @deviation Batch norm in train mode normalizes each part by the moments of that part, and its running moments learn from
 *   each part in turn, as in PyTorch: the paper does not accumulate.
 */
export function meanOf(parts: readonly PartSlope[]): Pick<PartSlope, "loss" | "grads"> {
  const [first] = parts;
  if (parts.length === 1) return first!;
  const grads = mapTree(first!.grads, ({ shape, values }, name) => {
    const sum = new Float64Array(values.length);
    for (const { share, grads } of parts) {
      const part = member(grads, name).values;
      for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + share * part[i]!;
    }
    const mean = bufferOf(dtypeOf(values), sum.length);
    mean.set(sum);
    return { shape, values: mean };
  });
  return { loss: parts.reduce((sum, { share, loss }) => sum + share * loss, 0), grads };
}
