import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fingerprint } from "../../src/experiments/checkpoint.ts";
import { type Batch, batchesOf, blocksInOrder, type Draws, type ImageSource } from "../../src/nn/images.ts";
import { nin } from "../../src/nn/models/nin.ts";
import { sgd } from "../../src/nn/optimizers.ts";
import { startOf, train } from "../../src/nn/train.ts";
import { createRng } from "../../src/tensor/random.ts";
import { simd } from "../kernels.ts";
import { someImages } from "./small-models.ts";

const later = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const batch = (first: number): Batch => ({ images: new Float32Array(1), labels: Int32Array.of(first) });

describe("batches", () => {
  const blocks = [0, 1, 2, 3, 4, 5, 6].map((i) => [i]);

  test("come in their order, and never more than `ahead` of them are asked for before they are needed", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(9), fc.func(fc.nat(3)), async (ahead, delays) => {
        let [asked, seen] = [0, 0];
        const source: ImageSource = {
          count: 7,
          shape: [1],
          ahead,
          async batch([first]: ArrayLike<number> & Iterable<number>) {
            asked++;
            expect(asked - seen).toBeLessThanOrEqual(ahead + 1);
            for (let i = 0; i < delays(first); i++) await later();
            return batch(first!);
          },
        } as ImageSource;
        for await (const { labels } of batchesOf(source, blocks)) {
          expect(labels[0]).toBe(seen);
          expect(asked).toBe(Math.min(seen + 1 + ahead, 7));
          seen++;
        }
        expect(seen).toBe(7);
      }),
      { numRuns: 20 },
    );
  });

  test("that fail are heard of when their turn comes, and not at all if the loop ends before", async () => {
    const source: ImageSource = {
      count: 7,
      shape: [1],
      ahead: 6,
      batch: async (indices) => {
        if (indices[0] === 3) throw new Error("the disk is gone");
        return batch(indices[0]!);
      },
    };
    const seen: number[] = [];
    const all = async (until: number): Promise<void> => {
      for await (const { labels } of batchesOf(source, blocks)) if (seen.push(labels[0]!) === until) break;
    };
    await all(2);
    expect(seen).toEqual([0, 1]);
    await later();
    await expect(all(99)).rejects.toThrow("the disk is gone");
    expect(seen).toEqual([0, 1, 0, 1, 2]);
  });

  test("in order hold every index once", () => {
    expect(blocksInOrder(5, 2).map((block) => [...block])).toEqual([[0, 1], [2, 3], [4]]);
    expect(blocksInOrder(4, 2)).toHaveLength(2);
    expect(blocksInOrder(0, 2)).toEqual([]);
  });
});

describe("training", () => {
  const model = nin({ depth: 1, width: 1, classes: 3 });
  const images = someImages(20, [3, 4, 4], 3, "images");
  const rule = sgd({ momentum: 0.9 });
  const recipe = { epochs: 2, batchSize: 4, optimizer: rule, lr: () => 0.05 };

  async function bits(source: ImageSource): Promise<string> {
    const start = startOf(model.init(simd, createRng(0)), rule);
    let last = "";
    for await (const event of train(model, { train: source, test: images }, recipe, start, createRng(0)))
      if (event.type === "epoch") last = fingerprint(event.state.weights);
    return last;
  }

  test("ends with the same bits whether its images are at hand or come later, many batches ahead", async () => {
    const slow: ImageSource = {
      ...images,
      ahead: 3,
      async batch(indices) {
        await later();
        return images.batch(indices);
      },
    };
    expect(await bits(slow)).toBe(await bits(images));
  });

  test("has draws for each image and epoch of their own, by name; evaluation has none", async () => {
    const drawn: { epoch: number; index: number; draw: number }[] = [];
    let steps = 0;
    const source: ImageSource = {
      ...images,
      batch(indices, draws?: Draws) {
        const epoch = Math.floor(steps / 5);
        if (draws !== undefined) {
          steps++;
          for (const index of Array.from(indices)) drawn.push({ epoch, index, draw: draws(index).uniform() });
        }
        return images.batch(indices);
      },
    };
    await bits(source);
    expect(drawn).toHaveLength(40);
    for (const { epoch, index, draw } of drawn)
      expect(draw).toBe(createRng(0).fork(`augment/${epoch}/${index}`).uniform());
    expect(new Set(drawn.map(({ draw }) => draw)).size).toBe(40);
  });
});
