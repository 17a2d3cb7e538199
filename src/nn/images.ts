/**
 * Where training gets its images from: out of memory at once, or, decoded ahead of the network, as promises.
 *
 * @packageDocumentation
 */

import type { Rng } from "../tensor/random.ts";
import type { Shape } from "../tensor/tensor.ts";

export interface Batch {
  readonly images: Float32Array;
  readonly labels: Int32Array;
}

/** The random numbers that place the image of that index; a stream of its own for each image and epoch. */
export type Draws = (index: number) => Rng;

/** Normalized images with labels, to be had by their indices. */
export interface ImageSource {
  readonly count: number;
  /** [C, H, W] */
  readonly shape: Shape;
  /** How many batches to ask for before the first of them is needed; 0 where absent. */
  readonly ahead?: number;
  /**
   * The images in this order; those that cannot be read are left out.
   *
   * @param draws - place each image at random (crop, flip), where the source has a way to; absent: as it is evaluated
   */
  batch(indices: ArrayLike<number>, draws?: Draws): Batch | Promise<Batch>;
}

/** Images in memory. */
export interface Images extends ImageSource {
  batch(indices: ArrayLike<number>, draws?: Draws): Batch;
}

/** The batches of these indices in their order, `source.ahead` of them asked for in advance. */
export async function* batchesOf(
  source: ImageSource,
  blocks: readonly ArrayLike<number>[],
  draws?: Draws,
): AsyncGenerator<Batch> {
  const { ahead = 0 } = source;
  const asked: (Batch | Promise<Batch>)[] = [];
  for (let i = 0, next = 0; i < blocks.length; i++) {
    while (next < blocks.length && next <= i + ahead) {
      const coming = source.batch(blocks[next++]!, draws);
      // One that fails is heard of when its turn comes, or never, if the loop ends before.
      if (coming instanceof Promise) coming.catch(() => {});
      asked.push(coming);
    }
    yield await asked.shift()!;
  }
}

/** 0, 1, …, count − 1, `size` at a time; the last block may be smaller. */
export const blocksInOrder = (count: number, size: number): Int32Array[] =>
  Array.from({ length: Math.ceil(count / size) }, (_, block) =>
    Int32Array.from({ length: Math.min(size, count - block * size) }, (_, i) => block * size + i),
  );
