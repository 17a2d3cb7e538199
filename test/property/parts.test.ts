import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { buildRecipe } from "../../src/experiments/build.ts";
import { runId, runSchema } from "../../src/experiments/config.ts";
import type { Batch } from "../../src/nn/images.ts";
import type { Model, Weights } from "../../src/nn/model.ts";
import { nin } from "../../src/nn/models/nin.ts";
import { sgd } from "../../src/nn/optimizers.ts";
import { partsOf } from "../../src/nn/parts.ts";
import { forward } from "../../src/nn/pass.ts";
import { defaultSam } from "../../src/nn/sam.ts";
import { trainStep } from "../../src/nn/step.ts";
import { type Recipe, startOf, train } from "../../src/nn/train.ts";
import { prepare } from "../../src/quant/prepare.ts";
import { createRng } from "../../src/tensor/random.ts";
import { loopScope } from "../../src/tensor/scope.ts";
import type { Shape } from "../../src/tensor/tensor.ts";
import { freshSimd } from "../kernels.ts";
import { distance } from "../tensors.ts";
import { linearWeights, smallNet, smallWeights, someImages, twoLinear } from "./small-models.ts";

const rule = sgd({ momentum: 0.9, weightDecay: 0.01 });
const all = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

interface Subject {
  readonly model: Model;
  readonly weights: Weights;
  readonly shape: Shape;
  readonly classes: number;
}
const plain: Subject = { model: twoLinear, weights: linearWeights(1), shape: [2, 1, 1], classes: 3 };
const withNorm: Subject = { model: smallNet, weights: smallWeights(1), shape: [2, 1, 2], classes: 2 };
const evaluating: Subject = {
  ...withNorm,
  model: { ...smallNet, apply: (params, buffers, x) => smallNet.apply(params, buffers, x, "eval") },
};

async function stepOf({ model, weights, shape, classes }: Subject, count: number, how: Partial<Recipe>) {
  const batch = someImages(count, shape, classes, "parts").batch(all(count));
  const { state, loss } = await trainStep(
    loopScope(),
    model,
    rule,
    startOf(weights, rule),
    batch,
    shape,
    0.5,
    how,
  );
  return { batch, loss, params: Object.values(state.weights.params), buffers: state.weights.buffers };
}

describe("a batch in parts", () => {
  const sizes = fc
    .integer({ min: 1, max: 12 })
    .chain((n) => fc.tuple(fc.constant(n), fc.integer({ min: 1, max: n })));

  test("is the batch, in order, in parts whose sizes differ by one at most", () => {
    fc.assert(
      fc.property(sizes, ([n, k]) => {
        const batch: Batch = {
          images: Float32Array.from({ length: 6 * n }, (_, i) => i),
          labels: Int32Array.from(all(n)),
        };
        const parts = partsOf(batch, k);
        expect(parts).toHaveLength(k);
        expect(parts.flatMap(({ labels }) => [...labels])).toEqual(all(n));
        expect(parts.flatMap(({ images }) => [...images])).toEqual(all(6 * n));
        const counts = parts.map(({ labels }) => labels.length);
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      }),
    );
  });

  test("gives the loss and the step of the whole, up to rounding, where images do not know of each other", async () => {
    const ways = fc.constantFrom<Partial<Recipe>>({}, { sam: defaultSam });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(plain, evaluating), sizes, ways, async (subject, [n, k], way) => {
        const whole = await stepOf(subject, n, way);
        const parts = await stepOf(subject, n, { ...way, accumulate: k });
        expect(Math.abs(parts.loss - whole.loss)).toBeLessThan(1e-14 * Math.max(1, whole.loss));
        parts.params.forEach((p, i) => {
          expect(distance(p.data, whole.params[i]!.data)).toBeLessThan(1e-13);
        });
      }),
      { numRuns: 40 },
    );
  });

  test("with batch norm in train mode, each part is normalized by itself, and moments learn from one after the other", async () => {
    const [n, k] = [12, 3];
    const { batch, buffers, params } = await stepOf(withNorm, n, { accumulate: k });
    let expected = withNorm.weights.buffers;
    for (const part of partsOf(batch, k))
      expected = forward(smallNet, { ...withNorm.weights, buffers: expected }, part, withNorm.shape).buffers;
    for (const [name, { data }] of Object.entries(expected)) expect(buffers[name]!.data).toEqual(data);
    const whole = await stepOf(withNorm, n, {});
    expect(distance(params[0]!.data, whole.params[0]!.data)).toBeGreaterThan(1e-3);
  });

  test("takes less memory, in training and in evaluation: in four parts, half of it at most", async () => {
    const peaks: number[] = [];
    for (const accumulate of [1, 4]) {
      const kernels = freshSimd();
      let peak = 0;
      const model = prepare(nin({ depth: 1, width: 1, classes: 10 }), { bits: 4 });
      const watching: Model = {
        ...model,
        apply(...args) {
          const passed = model.apply(...args);
          peak = Math.max(peak, kernels.memoryUsage().used);
          return passed;
        },
      };
      const start = startOf(model.init(kernels, createRng(0)), rule);
      const data = someImages(32, [3, 16, 16], 10, "memory");
      const recipe = { epochs: 1, batchSize: 32, optimizer: rule, lr: () => 0.1, accumulate };
      for await (const _ of train(watching, { train: data, test: data }, recipe, start, createRng(0)));
      peaks.push(peak);
    }
    expect(peaks[1]!).toBeLessThan(peaks[0]! / 2);
  });

  test("a batch of 4 images in 5 parts is refused", async () => {
    const data = someImages(8, plain.shape, plain.classes, "few");
    const recipe = { epochs: 1, batchSize: 4, optimizer: rule, lr: () => 0.1, accumulate: 5 };
    const training = train(
      twoLinear,
      { train: data, test: data },
      recipe,
      startOf(plain.weights, rule),
      createRng(0),
    );
    await expect(training.next()).rejects.toThrow("a batch of 4 images cannot be split into 5 parts");
  });

  test("a run in one piece keeps its name; one in parts has another, and its recipe", () => {
    const config = {
      ...{ model: "nin:2x1", bits: 4, data: { name: "synthetic", train: 256, test: 200 }, epochs: 3 },
      ...{ batchSize: 128, lr: 0.1, momentum: 0.9, weightDecay: 1e-4, milestones: [1, 2], seed: 0 },
    };
    const whole = runSchema.parse(config);
    const parts = runSchema.parse({ ...config, accumulate: 4 });
    expect(whole).not.toHaveProperty("accumulate");
    expect(buildRecipe(whole).accumulate).toBe(undefined);
    expect(runId(parts)).not.toBe(runId(whole));
    expect(buildRecipe(parts).accumulate).toBe(4);
    for (const accumulate of [0, 1, 2.5, -4])
      expect(runSchema.safeParse({ ...config, accumulate }).success).toBe(false);
  });
});
