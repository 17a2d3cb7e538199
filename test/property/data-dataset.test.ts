import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  batchOf,
  channelStatistics,
  type ImageShape,
  type Split,
  take,
} from "../../src/experiments/data/dataset.ts";

const shape: ImageShape = [2, 2, 3];
const size = 12;
const split = (images: readonly number[]): Split => ({
  images: Uint8Array.from(images),
  labels: Uint8Array.from({ length: images.length / size }, (_, i) => i % 7),
  count: images.length / size,
});
const image = fc.array(fc.integer({ min: 0, max: 255 }), { minLength: size, maxLength: size });
const images = (minLength: number) => fc.array(image, { minLength, maxLength: 6 });
/** Every channel varies, so that it can be normalized. */
const varied = images(1).map((list) =>
  split([...list.flat(), ...Array.from({ length: size }, (_, p) => p * 20)]),
);

describe("data sets", () => {
  test("the statistics of one channel are those of the textbook, on numbers of which they are known", () => {
    const { mean, std } = channelStatistics(split([0, 0, 0, 255, 255, 255, 51, 51, 51, 51, 51, 51]), shape);
    expect(mean).toEqual([0.5, 0.2]);
    expect(std).toEqual([0.5, 0]);
  });

  test("a split normalized with its own statistics has mean 0 and variance 1 in each channel", () => {
    fc.assert(
      fc.property(varied, (s) => {
        const batch = batchOf(s, shape, [...Array(s.count).keys()], channelStatistics(s, shape));
        for (const channel of [0, 1]) {
          const values = Array.from(batch.images).filter((_, p) => Math.floor(p / 6) % 2 === channel);
          const mean = values.reduce((a, b) => a + b, 0) / values.length;
          expect(mean).toBeCloseTo(0, 5);
          expect(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length).toBeCloseTo(1, 5);
        }
      }),
    );
  });

  test("the statistics do not depend on the order of the images, to the last bit", () => {
    fc.assert(
      fc.property(images(2), (list) => {
        const forwards = channelStatistics(split(list.flat()), shape);
        expect(channelStatistics(split(list.toReversed().flat()), shape)).toEqual(forwards);
      }),
    );
  });

  test("a batch holds the chosen images and labels in the order of the indices, as the formula has them", () => {
    fc.assert(
      fc.property(varied, fc.array(fc.nat(), { maxLength: 5 }), (s, picks) => {
        const indices = picks.map((pick) => pick % s.count);
        const [mean, std] = [
          [0.25, 0.5],
          [0.5, 0.125],
        ] as const;
        const batch = batchOf(s, shape, indices, { mean, std });
        expect(Array.from(batch.labels)).toEqual(indices.map((i) => s.labels[i]));
        const expected = indices.flatMap((i) =>
          Array.from(s.images.subarray(i * size, (i + 1) * size), (byte, p) =>
            Math.fround((byte / 255 - mean[p < 6 ? 0 : 1]) / std[p < 6 ? 0 : 1]),
          ),
        );
        expect(Array.from(batch.images)).toEqual(expected);
      }),
    );
  });

  test("taking is a prefix, and more than there is is refused", () => {
    fc.assert(
      fc.property(varied, fc.nat({ max: 10 }), (s, count) => {
        if (count > s.count) {
          expect(() => take(s, count)).toThrow(`at least ${count} images, but the split has ${s.count}`);
          return;
        }
        const taken = take(s, count);
        expect(taken.count).toBe(count);
        expect(taken.images).toEqual(s.images.slice(0, count * size));
        expect(taken.labels).toEqual(s.labels.slice(0, count));
      }),
    );
  });

  test("what cannot be a batch is refused with a sentence", () => {
    const s = split(Array.from({ length: 2 * size }, (_, p) => p));
    const normalization = channelStatistics(s, shape);
    expect(() => batchOf(s, shape, [2], normalization)).toThrow("indices of images in 0..1, got 2 at 0");
    expect(() => batchOf(s, shape, [0, 0.5], normalization)).toThrow("got 0.5 at 1");
    expect(() => batchOf(s, shape, [0], { mean: [0], std: [1] })).toThrow("each of 2 channels, got 1 and 1");
    expect(() => batchOf(s, shape, [0], { mean: [0, 0], std: [1, 0] })).toThrow("channel 1 to vary");
    expect(() => batchOf(s, [3, 2, 3], [0], normalization)).toThrow("36 bytes and 2 labels, got 24 bytes");
    expect(() => channelStatistics(split([]), shape)).toThrow("at least one image, got none");
    expect(() => take(s, -1)).toThrow("a whole number of images, got -1");
  });
});
