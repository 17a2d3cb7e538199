import { describe, expect, test } from "vitest";
import { fingerprint } from "../../src/experiments/checkpoint.ts";
import { generalizationGap } from "../../src/measures/gap.ts";
import { evaluate } from "../../src/nn/evaluate.ts";
import type { Images } from "../../src/nn/images.ts";
import { tally, total } from "../../src/nn/metrics.ts";
import type { Model } from "../../src/nn/model.ts";
import { nin } from "../../src/nn/models/nin.ts";
import { sgd } from "../../src/nn/optimizers.ts";
import { multiStep } from "../../src/nn/schedules.ts";
import { Diverged, startOf, type TrainEvent, train } from "../../src/nn/train.ts";
import { mapTree } from "../../src/nn/tree.ts";
import { prepare } from "../../src/quant/prepare.ts";
import { createRng } from "../../src/tensor/random.ts";
import { simd } from "../kernels.ts";
import { verifies } from "../spec.ts";

/** Noise with a class-dependent offset: learnable in a few steps. */
function images(count: number, seed: number): Images {
  const rng = createRng(`images/${seed}`);
  const size = 3 * 8 * 8;
  const labels = Int32Array.from({ length: count }, () => rng.below(10));
  const pixels = Float32Array.from(
    { length: count * size },
    (_, i) => rng.normal() + 0.3 * (labels[Math.floor(i / size)]! - 4.5),
  );
  return {
    count,
    shape: [3, 8, 8],
    batch: (indices) => ({
      images: Float32Array.from(
        { length: indices.length * size },
        (_, i) => pixels[indices[Math.floor(i / size)]! * size + (i % size)]!,
      ),
      labels: Int32Array.from(indices, (i) => labels[i]!),
    }),
  };
}
const data = { train: images(70, 0), test: images(30, 1) };
const recipe = (lr: number, epochs = 3) => ({
  epochs,
  batchSize: 16,
  optimizer: sgd({ momentum: 0.9 }),
  lr: multiStep(lr, []),
});

async function trainAll(model: Model, lr: number, epochs = 3) {
  const { optimizer, ...rest } = recipe(lr, epochs);
  const start = startOf(model.init(simd, createRng(0)), optimizer);
  const events: TrainEvent[] = [];
  const bests: { epoch: number; loss: number }[] = [];
  for await (const event of train(model, data, { optimizer, ...rest }, start, createRng(0))) {
    events.push(event);
    if (event.type === "epoch")
      bests.push({ epoch: event.state.best!.epoch, loss: event.state.best!.train.loss });
  }
  return { events, bests, epochs: events.filter((event) => event.type === "epoch") };
}

describe("training", () => {
  verifies(
    "QGen.sec.4.2",
    "the epoch that is selected is the earliest with the lowest training loss in eval mode",
    async () => {
      // A high rate makes the loss go up and down.
      const { epochs, bests } = await trainAll(nin({ depth: 1, width: 1, classes: 10 }), 1.5, 8);
      const losses = epochs.map(({ train }) => train.loss);
      expect(losses.some((loss, i) => i > 0 && loss > losses[i - 1]!)).toBe(true);
      bests.forEach((best, i) => {
        const lowest = Math.min(...losses.slice(0, i + 1));
        expect(best).toEqual({ epoch: losses.indexOf(lowest) + 1, loss: lowest });
        expect(epochs[i]!.best).toBe(best.epoch === i + 1);
      });
    },
  );

  verifies(
    "QGen.sec.4.2",
    "the weights that are selected have, evaluated again, the loss they were selected for",
    async () => {
      const model = prepare(nin({ depth: 1, width: 1, classes: 10 }), { bits: 2 });
      const { optimizer, ...rest } = recipe(0.5, 4);
      const start = startOf(model.init(simd, createRng(0)), optimizer);
      for await (const event of train(model, data, { optimizer, ...rest }, start, createRng(0)))
        if (event.type === "epoch") {
          const { best } = event.state;
          expect(await evaluate(model, best!.weights, data.train, 16)).toEqual(best!.train);
          // The batch size only cuts the sum differently.
          expect((await evaluate(model, best!.weights, data.train, 70)).loss).toBeCloseTo(
            best!.train.loss,
            6,
          );
        }
    },
  );

  verifies(
    "QGen.sec.4.2",
    "test images decide nothing: with others, with other labels, the same epoch and weights are selected",
    async () => {
      const selectedWith = async (test: Images) => {
        const { optimizer, ...rest } = recipe(1.5, 5);
        const model = nin({ depth: 1, width: 1, classes: 10 });
        const start = startOf(model.init(simd, createRng(0)), optimizer);
        let [best, testLoss] = ["", 0];
        const events = train(model, { ...data, test }, { optimizer, ...rest }, start, createRng(0));
        for await (const event of events)
          if (event.type === "epoch") {
            best = `${event.state.best!.epoch} ${fingerprint(event.state.best!.weights)}`;
            testLoss = event.test.loss;
          }
        return { best, testLoss };
      };
      const [here, there] = [await selectedWith(data.test), await selectedWith(images(20, 2))];
      expect(there.testLoss).not.toBe(here.testLoss);
      expect(there.best).toBe(here.best);
    },
  );

  verifies("QGen.sec.4.2", "the gap is test loss minus training loss", () => {
    const of = (loss: number) => ({ loss, accuracy: 0 });
    expect(generalizationGap(of(0.103), of(0.405))).toBe(0.405 - 0.103);
  });

  test("the last batch, if it is smaller, is dropped in training and counted by its size in evaluation", async () => {
    const { events } = await trainAll(nin({ depth: 1, width: 1, classes: 10 }), 0.1, 1);
    expect(events.filter(({ type }) => type === "step")).toHaveLength(Math.floor(70 / 16));
    const metrics = total([
      tally(Float32Array.of(0, 0, 5, 0), Int32Array.of(0, 0)),
      tally(Float32Array.of(0, 5), Int32Array.of(0)),
    ]);
    expect(metrics.accuracy).toBeCloseTo(2 / 3, 12);
    expect(metrics.loss).toBeCloseTo(
      (Math.log(2) + Math.log1p(Math.exp(-5)) + 5 + Math.log1p(Math.exp(-5))) / 3,
      12,
    );
  });

  test("the same seed gives the same losses; another seed, another order of images", async () => {
    const model = nin({ depth: 1, width: 1, classes: 10 });
    const [a, b] = [await trainAll(model, 0.1, 1), await trainAll(model, 0.1, 1)];
    expect(a.events.map((e) => (e.type === "step" ? e.loss : e.train))).toEqual(
      b.events.map((e) => (e.type === "step" ? e.loss : e.train)),
    );
    const order = (seed: number) => createRng(seed).fork("shuffle/0").permutation(70);
    expect(order(0)).not.toEqual(order(1));
  });

  test("memory is flat: every epoch ends with the blocks that the first one ended with", async () => {
    const model = prepare(nin({ depth: 1, width: 1, classes: 10 }), { bits: 4 });
    const { optimizer, ...rest } = recipe(0.01, 12);
    const start = startOf(model.init(simd, createRng(0)), optimizer);
    const used: number[] = [];
    for await (const event of train(model, data, { optimizer, ...rest }, start, createRng(0))) {
      // An epoch that is the best so far shares its weights with the selected ones.
      if (event.type === "epoch" && event.best) used.push(simd.memoryUsage().used);
    }
    expect(used.length).toBeGreaterThan(4);
    expect(new Set(used.slice(1)).size).toBe(1);
  });

  test("a loss that is not a number stops with the epoch, the step, the rate and the first culprit", async () => {
    const model = nin({ depth: 1, width: 1, classes: 10 });
    const poisoned: Model = {
      ...model,
      init(kernels, rng) {
        const { params, buffers } = model.init(kernels, rng);
        return {
          params: mapTree(params, (p, name) =>
            name === "blocks.0.conv2.weight" ? kernels.fill(Number.NaN, p.shape, "float32") : p,
          ),
          buffers,
        };
      },
    };
    const failure = trainAll(poisoned, 0.1);
    await expect(failure).rejects.toThrow(Diverged);
    await expect(failure).rejects.toThrow(
      /NaN in epoch 1, step 1 of 4, at learning rate 0.1; .* parameter blocks\.0\.conv2\.weight/,
    );
    await expect(trainAll(model, 1e38)).rejects.toThrow(
      /the loss became (NaN|Infinity) in epoch 1, step \d of 4/,
    );
  });

  test("a batch that is larger than the training set is refused in a sentence", async () => {
    const model = nin({ depth: 1, width: 1, classes: 10 });
    const start = startOf(model.init(simd, createRng(0)), sgd());
    const events = train(model, data, { ...recipe(0.1), batchSize: 71 }, start, createRng(0));
    await expect(events.next()).rejects.toThrow("a batch of 71 does not fit into 70 training images");
  });
});
