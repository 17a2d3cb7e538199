import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { buildImages } from "../../src/experiments/build.ts";
import { batchOf, type ImageShape, type Split } from "../../src/experiments/data/dataset.ts";
import { cropAndFlip, middle, resizedCropAndFlip } from "../../src/experiments/data/placement.ts";
import { syntheticDataset } from "../../src/experiments/data/synthetic.ts";
import { createRng } from "../../src/tensor/random.ts";

const sides = fc.integer({ min: 1, max: 300 });
const seeds = fc.nat();

describe("crop and flip", () => {
  test("moves the window by −4 to 4 pixels, all equally often, and mirrors every second image", () => {
    const rng = createRng("placements");
    const placements = Array.from({ length: 9000 }, (_, i) => cropAndFlip(rng.fork(String(i)), 32, 32));
    const times = new Map<number, number>();
    for (const { top, left, height, width } of placements) {
      times.set(top, (times.get(top) ?? 0) + 1);
      expect([Math.abs(left) <= 4, height, width]).toEqual([true, 32, 32]);
    }
    expect([...times.keys()].sort((a, b) => a - b)).toEqual([-4, -3, -2, -1, 0, 1, 2, 3, 4]);
    // Five standard deviations of a count of mean 1000.
    for (const count of times.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
    expect(Math.abs(placements.filter(({ flip }) => flip).length - 4500)).toBeLessThan(240);
  });
});

describe("random resized crop", () => {
  test("is a window inside the image, of 8 to 100 % of its area and a ratio of 3/4 to 4/3, up to whole pixels", () => {
    fc.assert(
      fc.property(seeds, sides, sides, (seed, h, w) => {
        const { top, left, height, width } = resizedCropAndFlip(createRng(seed), h, w);
        expect(Math.min(top, left)).toBeGreaterThanOrEqual(0);
        expect(Math.min(height, width)).toBeGreaterThanOrEqual(1);
        expect(top + height).toBeLessThanOrEqual(h);
        expect(left + width).toBeLessThanOrEqual(w);
        if (h < 40 || w < 40 || Math.max(h / w, w / h) > 4 / 3) return;
        expect(((height + 1) * (width + 1)) / (h * w)).toBeGreaterThan(0.08);
        expect((width - 0.5) / (height + 0.5)).toBeLessThan(4 / 3);
        expect((height - 0.5) / (width + 0.5)).toBeLessThan(4 / 3);
      }),
    );
  });

  test("of an image that no window fits takes the largest allowed one in the middle", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        // Of 8 % of the area, the narrowest window is 1.4 times as wide as this image.
        const { flip: _, ...window } = resizedCropAndFlip(createRng(seed), 301, 9);
        expect(window).toEqual({ top: 144, left: 0, height: 12, width: 9 });
      }),
    );
  });

  test("has 48 % of the area on average: uneven windows of nearly all of it do not fit", () => {
    const rng = createRng("areas");
    const shares = Array.from({ length: 4000 }, (_, i) => {
      const { height, width } = resizedCropAndFlip(rng.fork(String(i)), 600, 600);
      return (height * width) / 600 ** 2;
    });
    // torchvision's rule, written in PyTorch, has a mean of 0.479 over 200,000 draws.
    const mean = shares.reduce((a, b) => a + b, 0) / shares.length;
    expect(Math.abs(mean - 0.479)).toBeLessThan(0.015);
  });
});

test("the middle of an image is the same from both sides, or one pixel off", () => {
  fc.assert(
    fc.property(sides, sides, (h, w) => {
      const [height, width] = [Math.ceil(h / 2), Math.ceil(w / 2)];
      const { top, left } = middle(h, w, height, width);
      expect(Math.abs(h - height - 2 * top)).toBeLessThanOrEqual(1);
      expect(Math.abs(w - width - 2 * left)).toBeLessThanOrEqual(1);
    }),
  );
  // Halves go to the even pixel, as Python rounds.
  expect([middle(5, 7, 4, 4).top, middle(5, 7, 4, 4).left]).toEqual([0, 2]);
});

describe("a batch of placed images", () => {
  const shape: ImageShape = [2, 3, 3];
  const pixels = Uint8Array.from({ length: 18 }, (_, i) => i + 1);
  const split: Split = { images: pixels, labels: Uint8Array.of(0), count: 1 };
  // (p / 255 − 0) · 255 = p
  const asBytes = { mean: [0, 0], std: [1 / 255, 1 / 255] };
  const seen = (top: number, left: number, flip: boolean): number[] => {
    const placement = { top, left, height: 3, width: 3, flip };
    return Array.from(batchOf(split, shape, [0], asBytes, () => placement).images, Math.round).slice(0, 9);
  };

  test("shows what is under the window, black outside, mirrored where it says so", () => {
    expect(seen(0, 0, false)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(seen(1, -1, false)).toEqual([0, 4, 5, 0, 7, 8, 0, 0, 0]);
    expect(seen(1, -1, true)).toEqual([5, 4, 0, 8, 7, 0, 0, 0, 0]);
  });

  test("is the same for the same image and epoch, whatever the batch around it; another epoch shows another", () => {
    const dataset = syntheticDataset({ train: 12, test: 2, seed: 0 });
    const { train } = buildImages(dataset, "crop-flip");
    const size = train.shape.reduce((a, b) => a * b, 1);
    const draws = (epoch: number) => (index: number) => createRng(0).fork(`augment/${epoch}/${index}`);
    const image = (at: number, indices: number[], epoch: number) =>
      train.batch(indices, draws(epoch)).images.subarray(at * size, (at + 1) * size);
    expect(image(2, [3, 1, 7], 5)).toEqual(image(0, [7], 5));
    expect(image(0, [7], 6)).not.toEqual(image(0, [7], 5));
    const plain = buildImages(dataset).train;
    expect(plain.batch([7], draws(5))).toEqual(plain.batch([7]));
    expect(train.batch([7])).toEqual(plain.batch([7]));
  });
});
