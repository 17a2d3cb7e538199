import { constant } from "../autograd/op.ts";
import type { Images } from "../nn/images.ts";
import type { Model, Weights } from "../nn/model.ts";
import { mapTree } from "../nn/tree.ts";
import { loopScope } from "../tensor/scope.ts";
import type { Buffer } from "../tensor/tensor.ts";
import { batches } from "./batches.ts";

/** The logit of the label minus the largest other one, for each row of logits [N, K]: below 0 where the network is wrong. */
export function margins(logits: Buffer, labels: Int32Array): Float64Array {
  const k = logits.length / labels.length;
  return Float64Array.from(labels, (label, row) => {
    let other = -Infinity;
    for (let j = 0; j < k; j++) if (j !== label) other = Math.max(other, logits[row * k + j]!);
    return logits[row * k + label]! - other;
  });
}

/**
 * The ⌊m/10⌋-th smallest of m margins, at least the first: nine tenths of the images have a larger one.
 *
 * @param share - another tenth
 */
export function percentileMargin(all: Float64Array, share = 0.1): number {
  if (all.some(Number.isNaN)) throw new RangeError("margin: a logit is not a number");
  return all.slice().sort()[Math.max(1, Math.floor(all.length * share)) - 1]!;
}

/** The 10th percentile of the margins of all images, in eval mode, with its sign. */
export async function marginOf(
  model: Model,
  { params, buffers }: Weights,
  images: Images,
  batchSize: number,
): Promise<number> {
  const memory = loopScope();
  const leaves = mapTree(params, constant);
  const all = new Float64Array(images.count);
  let at = 0;
  try {
    for (const batch of batches(images, batchSize, params)) {
      const logits = memory.turn(() => model.apply(leaves, buffers, batch.images(), "eval").y.value);
      all.set(margins(await logits.read(), batch.labels), at);
      at += batch.labels.length;
    }
    return percentileMargin(all);
  } finally {
    memory.end();
  }
}
