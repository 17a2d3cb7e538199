import { describe, expect, test } from "vitest";
import { constant } from "../../src/autograd/op.ts";
import type { Images } from "../../src/nn/images.ts";
import type { Model } from "../../src/nn/model.ts";
import type { Optimizer } from "../../src/nn/optimizers.ts";
import { startOf, type TrainEvent, train } from "../../src/nn/train.ts";
import { mapTree, type Tree } from "../../src/nn/tree.ts";
import { reference } from "../../src/tensor/kernels/reference/index.ts";
import { createRng } from "../../src/tensor/random.ts";
import { item, type Tensor } from "../../src/tensor/tensor.ts";
import { verifies } from "../spec.ts";

const scalar = (x: number): Tensor => reference.tensor(Float32Array.of(x), []);

/** Losses of the images, epoch by epoch. */
interface Script {
  readonly train: readonly (readonly number[])[];
  readonly test: readonly (readonly number[])[];
}

/** Logits of two classes whose cross-entropy, for label 0, is that loss. */
const logitFor = (loss: number): number => -Math.log(Math.expm1(loss));

/** Image i of a set has one pixel, 10 · set + i; labels are 0. Remembers what was asked for. */
function numbered(set: number, count: number) {
  const asked: number[][] = [];
  const images: Images = {
    count,
    shape: [1, 1, 1],
    batch(indices) {
      const wanted = Array.from(indices);
      asked.push(wanted);
      return {
        images: Float32Array.from(wanted, (i) => 10 * set + i),
        labels: new Int32Array(wanted.length),
      };
    },
  };
  return { images, asked };
}

/** A network that does as the script says: its one parameter counts the steps, one of which is an epoch. */
function actor({ train, test: tests }: Script): Model {
  return {
    name: "actor",
    weights: [],
    init: () => ({ params: { steps: scalar(0) }, buffers: { seen: scalar(0) } }),
    apply(params, buffers, x, mode) {
      const pixels = Array.from(x.value.data);
      const logit = (pixel: number): number => {
        if (mode === "train") return 1;
        const losses = (pixel < 10 ? train : tests)[item(params.steps!.value) - 1]!;
        return logitFor(losses[pixel % 10]!);
      };
      const y = reference.tensor(Float32Array.from(pixels.flatMap((pixel) => [logit(pixel), 0])), [
        pixels.length,
        2,
      ]);
      const seen = mode === "train" ? scalar(item(buffers.seen!) + 1) : buffers.seen!;
      return { y: constant(y), buffers: { seen } };
    },
  };
}

/** Adds 1 to every parameter, and remembers what it was told. */
function counter() {
  const told: { lr: number; decays: unknown }[] = [];
  const optimizer: Optimizer = {
    name: "counter",
    init: () => ({ step: 0, slots: {} }),
    step(params, _grads, state, lr, decays) {
      told.push({ lr, decays });
      return {
        params: mapTree(params, (p) => scalar(item(p) + 1)),
        state: { ...state, step: state.step + 1 },
      };
    },
  };
  return { optimizer, told };
}

async function play(script: Script, model: Model = actor(script)) {
  const [trained, tested] = [numbered(0, script.train[0]!.length), numbered(1, script.test[0]!.length)];
  const { optimizer, told } = counter();
  const epochs: (TrainEvent & { type: "epoch" })[] = [];
  const recipe = {
    epochs: script.train.length,
    batchSize: trained.images.count,
    optimizer,
    lr: (epoch: number) => 10 + epoch,
  };
  const data = { train: trained.images, test: tested.images };
  const start = startOf(model.init(reference, createRng(0)), optimizer);
  for await (const event of train(model, data, recipe, start, createRng(0)))
    if (event.type === "epoch") epochs.push(event);
  const numbers = (tree: Tree<Tensor>): Tree<number> => mapTree(tree, item);
  return { epochs, told, asked: trained.asked, best: epochs.at(-1)!.state.best, numbers };
}

/** Test losses that would choose another epoch than the training losses do. */
const opposite = (n: number): number[][] => Array.from({ length: n }, (_, i) => [n - i]);

describe("a network that does as it is told", () => {
  test("is told rightly: losses and gap of an epoch are those of the script", async () => {
    const { epochs } = await play({ train: [[0.5, 1.5]], test: [[2, 4]] });
    expect(epochs[0]!.train.loss).toBeCloseTo(1, 6);
    expect(epochs[0]!.test.loss).toBeCloseTo(3, 6);
    // A loss below ln 2 is a hit.
    expect([epochs[0]!.train.accuracy, epochs[0]!.test.accuracy]).toEqual([0.5, 0]);
  });

  verifies("QGen.sec.4.2", "of epochs with the same training loss the earliest is selected", async () => {
    const { best, epochs, numbers } = await play({ train: [[3], [1], [1], [2]], test: opposite(4) });
    expect(best!.epoch).toBe(2);
    expect(numbers(best!.weights.params)).toEqual({ steps: 2 });
    expect(numbers(best!.weights.buffers)).toEqual({ seen: 2 });
    expect(epochs.map((epoch) => epoch.best)).toEqual([true, true, false, false]);
  });

  verifies("QGen.sec.4.2", "neither the test loss nor the accuracy selects an epoch", async () => {
    // Epoch 1: the lowest loss without a single hit. Epoch 2: one hit of two. Epoch 3: the lowest test loss.
    const script = {
      train: [
        [0.8, 0.8],
        [0.1, 2.9],
        [1.1, 1.1],
      ],
      test: [[5], [4], [0.1]],
    };
    const { best, epochs } = await play(script);
    expect(epochs.map(({ train: { accuracy } }) => accuracy)).toEqual([0, 0.5, 0]);
    expect(best!.epoch).toBe(1);
  });

  verifies("QGen.sec.4.2", "an epoch whose loss is not a number is never selected", async () => {
    expect((await play({ train: [[Number.NaN], [2]], test: opposite(2) })).best!.epoch).toBe(2);
    expect((await play({ train: [[2], [Number.NaN], [3]], test: opposite(3) })).best!.epoch).toBe(1);
  });

  test("each epoch has its own learning rate, from that of epoch 0", async () => {
    const { told } = await play({ train: [[1], [1], [1]], test: opposite(3) });
    expect(told.map(({ lr }) => lr)).toEqual([10, 11, 12]);
  });

  test("each epoch takes all images once, in an order of its own that the seed decides", async () => {
    const losses = Array.from({ length: 4 }, () => Array(9).fill(1) as number[]);
    const script = { train: losses, test: opposite(4) };
    const orders = (await play(script)).asked.filter((_, i) => i % 2 === 0);
    const sorted = Array.from({ length: 9 }, (_, i) => i);
    for (const order of orders) {
      expect([...order].sort((a, b) => a - b)).toEqual(sorted);
      expect(order).not.toEqual(sorted);
    }
    expect(new Set(orders.map(String)).size).toBe(4);
    expect((await play(script)).asked.filter((_, i) => i % 2 === 0)).toEqual(orders);
  });

  test("the optimizer hears what the network exempts from weight decay, and the network has the last word", async () => {
    const script = { train: [[1], [1]], test: opposite(2) };
    const decays = (): boolean => false;
    const project = (params: Tree<Tensor>): Tree<Tensor> => ({ ...params, mark: scalar(7) });
    const { told, epochs, numbers } = await play(script, { ...actor(script), decays, project });
    expect(told.map((call) => call.decays)).toEqual([decays, decays]);
    expect(numbers(epochs[1]!.state.weights.params)).toEqual({ steps: 2, mark: 7 });
  });

  test("training steps change the buffers, evaluation does not", async () => {
    const { epochs, numbers } = await play({ train: [[1], [1]], test: opposite(2) });
    expect(epochs.length).toBe(2);
    expect(numbers(epochs[1]!.state.weights.buffers)).toEqual({ seen: 2 });
  });
});
