import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { channelStatistics } from "../../src/experiments/data/dataset.ts";
import { syntheticDataset } from "../../src/experiments/data/synthetic.ts";

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

describe("synthetic pictures", () => {
  test("the first pictures of seed 0 are these bytes, in every engine", () => {
    const { train, test } = syntheticDataset({ train: 20, test: 10, seed: 0 });
    expect(sha256(train.images)).toBe("4be0a648e9721c40771562ae7cb713538eb753672f1f88e50241b6144744c89c");
    expect(sha256(test.images)).toBe("9b797227d7f43be0dc4d591430020b48d75bace566e077efcd4ce94576188c5a");
  });

  test("a picture does not depend on how many are drawn", () => {
    const many = syntheticDataset({ train: 40, test: 30, seed: 3 });
    fc.assert(
      fc.property(fc.nat({ max: 40 }), fc.nat({ max: 30 }), (train, test) => {
        const few = syntheticDataset({ train, test, seed: 3 });
        expect(sha256(few.train.images)).toBe(sha256(many.train.images.subarray(0, train * 3072)));
        expect(sha256(few.test.images)).toBe(sha256(many.test.images.subarray(0, test * 3072)));
      }),
      { numRuns: 10 },
    );
  });

  test("no two pictures of any seed and split are alike", () => {
    const pictures = [0, 1, "1/synthetic"].flatMap((seed) => {
      const { train, test } = syntheticDataset({ train: 50, test: 50, seed });
      return [train, test].flatMap(({ images }) =>
        Array.from({ length: 50 }, (_, i) => sha256(images.subarray(i * 3072, (i + 1) * 3072))),
      );
    });
    expect(new Set(pictures).size).toBe(300);
  });

  test("every class has as many pictures, and the pictures use the range of bytes without sticking to its ends", () => {
    const { train, shape } = syntheticDataset({ train: 100, test: 0, seed: 5 });
    for (let label = 0; label < 10; label++)
      expect(train.labels.filter((other) => other === label)).toHaveLength(10);
    const { mean, std } = channelStatistics(train, shape);
    for (const channel of [0, 1, 2]) {
      expect(Math.abs(mean[channel]! - 0.5)).toBeLessThan(0.05);
      expect(Math.abs(std[channel]! - 0.25)).toBeLessThan(0.05);
    }
    expect(
      train.images.filter((byte) => byte === 0 || byte === 255).length / train.images.length,
    ).toBeLessThan(0.06);
  });

  // The nearest mean of a class, over the repetitions of the weave: chance is 0.1, and a small network reaches 0.75.
  test("the designs of the classes tell more than chance about new pictures, and far from everything", () => {
    const { train, test } = syntheticDataset({ train: 1500, test: 500, seed: 0 });
    const weave = (images: Uint8Array, i: number): Float64Array => {
      const sum = new Float64Array(192);
      for (let p = 0; p < 3072; p++) {
        const [channel, row, column] = [p >> 10, (p >> 5) & 7, p & 7];
        sum[channel * 64 + row * 8 + column]! += images[i * 3072 + p]! / 16;
      }
      return sum;
    };
    const means = Array.from({ length: 10 }, () => new Float64Array(192));
    for (let i = 0; i < train.count; i++)
      weave(train.images, i).forEach((v, k) => {
        means[train.labels[i]!]![k]! += v / 150;
      });
    let right = 0;
    for (let i = 0; i < test.count; i++) {
      const seen = weave(test.images, i);
      const distances = means.map((mean) => mean.reduce((sum, m, k) => sum + (m - seen[k]!) ** 2, 0));
      if (distances.indexOf(Math.min(...distances)) === test.labels[i]) right++;
    }
    expect(right / test.count).toBeGreaterThan(0.55);
    expect(right / test.count).toBeLessThan(0.85);
  });

  test("a count that is not a whole number is refused", () => {
    expect(() => syntheticDataset({ train: 1.5, test: 0, seed: 0 })).toThrow(
      "a whole number of pictures for 0/synthetic/train, got 1.5",
    );
    expect(() => syntheticDataset({ train: 0, test: -1, seed: 0 })).toThrow("got -1");
  });
});
