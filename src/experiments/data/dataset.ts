/**
 * Labelled images as bytes, and the batches of numbers that networks are fed with.
 *
 * @packageDocumentation
 */

import type { Batch } from "../../nn/images.ts";
import type { Placement } from "./placement.ts";

/** `[channels, height, width]` of one image. */
export type ImageShape = readonly [channels: number, height: number, width: number];

export interface Split {
  /** `[count, channels, height, width]`, row-major, bytes 0..255. */
  readonly images: Uint8Array;
  /** `[count]`, each an index into the classes of its data set. */
  readonly labels: Uint8Array | Int32Array;
  readonly count: number;
}

export interface Dataset {
  readonly name: string;
  readonly classes: readonly string[];
  readonly shape: ImageShape;
  readonly train: Split;
  readonly test: Split;
  /** One sentence: where the images came from. */
  readonly source: string;
  /** What all images are normalized by; absent: the statistics of the training images. */
  readonly normalization?: Normalization;
}

/** What a network has to know of its images. */
export type ImageKind = Pick<Dataset, "classes" | "shape">;

/** Mean and standard deviation of each channel, of pixels in 0..1. */
export interface Normalization {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/**
 * The mean and the population standard deviation of each channel over the whole split:
 * μ = Σp / 255n and σ = √(nΣp² − (Σp)²) / 255n over the n pixels p of the channel. The sums are integers and
 * exact, so that the result does not depend on the order of the images.
 *
 * @deviation The test images are normalized with the statistics of the training images (QGen is silent; the
 * code of Jiang et al.'s measures uses the test images' own, which a deployed network cannot know).
 * @throws RangeError on a split without images.
 */
export function channelStatistics(split: Split, shape: ImageShape): Normalization {
  checkSize("channelStatistics", split, shape);
  if (split.count === 0) throw new RangeError("channelStatistics: expected at least one image, got none");
  const [channels, height, width] = shape;
  const plane = height * width;
  const mean: number[] = [];
  const std: number[] = [];
  const n = split.count * plane;
  for (let c = 0; c < channels; c++) {
    const histogram = new Float64Array(256);
    for (let i = 0; i < split.count; i++) {
      const start = (i * channels + c) * plane;
      for (let p = start; p < start + plane; p++) histogram[split.images[p]!]!++;
    }
    // n Σp² passes 2⁵³ on 60,000 images, so the difference is taken in big integers.
    let [sum, squares] = [0n, 0n];
    histogram.forEach((times, value) => {
      sum += BigInt(times * value);
      squares += BigInt(times * value * value);
    });
    mean.push(Number(sum) / (255 * n));
    std.push(Math.sqrt(Number(BigInt(n) * squares - sum * sum)) / (255 * n));
  }
  return { mean, std };
}

/**
 * The chosen images as numbers (p / 255 − μ) / σ, and their labels.
 *
 * @param indices - which images, in this order; repetitions are allowed
 * @param placed - the window, of the image's own size, that is seen of the image of that index; what lies outside of it
 *   is black. All of the image where absent.
 * @throws RangeError on an index without an image, or a channel that never varies (σ = 0).
 */
export function batchOf(
  split: Split,
  shape: ImageShape,
  indices: ArrayLike<number>,
  { mean, std }: Normalization,
  placed?: (index: number) => Placement,
): Batch {
  checkSize("batchOf", split, shape);
  const [channels, height, width] = shape;
  const plane = height * width;
  if (mean.length !== channels || std.length !== channels)
    throw new RangeError(
      `batchOf: expected a mean and a std for each of ${channels} channels, got ${mean.length} and ${std.length}`,
    );
  const tables = mean.map((mu, c) => normalizedBytes(mu, std[c]!, c));
  const images = new Float32Array(indices.length * channels * plane);
  const labels = new Int32Array(indices.length);
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i]!;
    if (!Number.isInteger(index) || index < 0 || index >= split.count)
      throw new RangeError(
        `batchOf: expected indices of images in 0..${split.count - 1}, got ${index} at ${i}`,
      );
    labels[i] = split.labels[index]!;
    const placement = placed?.(index);
    for (let c = 0; c < channels; c++) {
      const table = tables[c]!;
      const [from, to] = [(index * channels + c) * plane, (i * channels + c) * plane];
      if (placement === undefined)
        for (let p = 0; p < plane; p++) images[to + p] = table[split.images[from + p]!]!;
      else copyPlaced(split.images, from, height, width, table, placement, images, to);
    }
  }
  return { images, labels };
}

/**
 * The first `count` images, sharing the memory of the split.
 *
 * @throws RangeError where the split has fewer.
 */
export function take(split: Split, count: number): Split {
  if (!Number.isInteger(count) || count < 0)
    throw new RangeError(`take: expected a whole number of images, got ${count}`);
  if (count > split.count)
    throw new RangeError(`take: expected at least ${count} images, but the split has ${split.count}`);
  const size = split.count === 0 ? 0 : split.images.length / split.count;
  return { images: split.images.subarray(0, count * size), labels: split.labels.subarray(0, count), count };
}

function copyPlaced(
  bytes: Uint8Array,
  from: number,
  height: number,
  width: number,
  table: Float32Array,
  { top, left, flip }: Placement,
  images: Float32Array,
  to: number,
): void {
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const [row, column] = [top + y, left + (flip ? width - 1 - x : x)];
      const inside = row >= 0 && row < height && column >= 0 && column < width;
      images[to + y * width + x] = table[inside ? bytes[from + row * width + column]! : 0]!;
    }
}

/** What each of the 256 bytes becomes. */
export function normalizedBytes(mean: number, std: number, channel: number): Float32Array {
  if (!(std > 0))
    throw new RangeError(
      `batchOf: expected channel ${channel} to vary, but its standard deviation is ${std}, so it cannot be normalized`,
    );
  return Float32Array.from({ length: 256 }, (_, byte) => (byte / 255 - mean) / std);
}

function checkSize(what: string, { images, labels, count }: Split, shape: ImageShape): void {
  const expected = count * shape[0] * shape[1] * shape[2];
  if (images.length !== expected || labels.length !== count)
    throw new RangeError(
      `${what}: expected ${count} images of [${shape}], which is ${expected} bytes and ${count} labels, got ` +
        `${images.length} bytes and ${labels.length} labels`,
    );
}
