/**
 * Hits of a network on training images that are at hand: normalized once, and put into an order in which a change for
 * the worse, or its absence, shows early.
 *
 * @packageDocumentation
 */

import { constant } from "../../autograd/op.ts";
import type { Batch, Images } from "../../nn/images.ts";
import { type Tally, tally } from "../../nn/metrics.ts";
import type { Model, Weights } from "../../nn/model.ts";
import { imagesFor } from "../../nn/pass.ts";
import { mapTree, type Tree } from "../../nn/tree.ts";
import { loopScope } from "../../tensor/scope.ts";
import type { Buffer, Tensor } from "../../tensor/tensor.ts";
import type { Baseline, Criterion } from "./criterion.ts";

/** Images that are looked at together: few enough for a verdict in time, enough to keep the kernels busy. */
const blockSize = (count: number): number => Math.max(16, Math.min(128, Math.ceil(count / 32)));

/** More bytes of normalized images than this are not kept: they are made again each time. */
const KEPT_BYTES = 2 ** 30;

export interface Arranged {
  /** Images in each block. The first block is a fair sample; the others go from difficult to easy images. */
  readonly sizes: readonly number[];
  /** What the network itself gets right, or minus its losses. */
  base(how: Criterion["displacement"]): Baseline;
  block(index: number): Batch;
}

/** Logits [N, K] of a batch in eval mode, on the host. */
async function logitsOf(
  model: Model,
  buffers: Tree<Tensor>,
  params: () => Tree<Tensor>,
  { images, labels }: Batch,
  shape: Images["shape"],
): Promise<Buffer> {
  const memory = loopScope();
  try {
    const logits = memory.turn(() => {
      const values = params();
      const x = imagesFor(values, images, labels.length, shape);
      return model.apply(mapTree(values, constant), buffers, x, "eval").y.value;
    });
    return await logits.read();
  } finally {
    memory.end();
  }
}

/** What one batch adds to the hits, or, where losses count, to minus their sum. */
function scoreOf({ correct, loss }: Tally, how: Criterion["displacement"]): number {
  if (how !== "loss") return correct;
  // Multiples of 2⁻²⁰ add up to the same in any order. A loss that is no number is as bad as can be.
  return Number.isNaN(loss) ? -Infinity : -Math.round(loss * 2 ** 20) / 2 ** 20;
}

/** How many images of a batch have their largest logit at their label, or minus their losses, in eval mode. */
export const hitsOf = async (
  model: Model,
  buffers: Tree<Tensor>,
  params: () => Tree<Tensor>,
  batch: Batch,
  shape: Images["shape"],
  how: Criterion["displacement"],
): Promise<number> => scoreOf(tally(await logitsOf(model, buffers, params, batch, shape), batch.labels), how);

/** For each row of logits, that of the label minus the largest other one: above 0 for a hit. */
function margins(logits: Buffer, labels: Int32Array): number[] {
  const k = logits.length / labels.length;
  return Array.from(labels, (label, row) => {
    let other = -Infinity;
    for (let j = 0; j < k; j++) if (j !== label) other = Math.max(other, logits[row * k + j]!);
    return logits[row * k + label]! - other;
  });
}

/** Looks at every image once with the network itself, and arranges them by its margins: once for all its searches. */
export async function arrange(
  model: Model,
  weights: Weights,
  images: Images,
  size = blockSize(images.count),
): Promise<Arranged> {
  const byMargin: { index: number; margin: number }[] = [];
  let [hits, losses] = [0, 0];
  for (let from = 0; from < images.count; from += size) {
    const batch = images.batch(range(from, Math.min(from + size, images.count)));
    const logits = await logitsOf(model, weights.buffers, () => weights.params, batch, images.shape);
    const found = tally(logits, batch.labels);
    hits += scoreOf(found, "drop");
    losses += scoreOf(found, "loss");
    byMargin.push(...margins(logits, batch.labels).map((margin, i) => ({ index: from + i, margin })));
  }
  byMargin.sort((a, b) => a.margin - b.margin || a.index - b.index);
  const blocks = sampleAndRest(
    byMargin.map(({ index }) => index),
    size,
  );
  const bytes = 4 * images.count * images.shape.reduce((n, extent) => n * extent, 1);
  const kept: Batch[] = bytes > KEPT_BYTES ? [] : blocks.map((indices) => images.batch(indices));
  return {
    sizes: blocks.map(({ length }) => length),
    base: (how) => ({ hits: how === "loss" ? losses : hits, count: images.count }),
    block: (index) => kept[index] ?? images.batch(blocks[index]!),
  };
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

/** At most `size` entries at equal distances, then the others in their order, `size` at a time. */
function sampleAndRest(order: readonly number[], size: number): number[][] {
  const stride = Math.ceil(order.length / size);
  const sampled = (i: number): boolean => i % stride === stride >> 1;
  const rest = order.filter((_, i) => !sampled(i));
  const chunks = Array.from({ length: Math.ceil(rest.length / size) }, (_, i) =>
    rest.slice(i * size, (i + 1) * size),
  );
  return [order.filter((_, i) => sampled(i)), ...chunks].filter(({ length }) => length > 0);
}
