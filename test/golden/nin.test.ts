import { beforeAll, describe, expect, test } from "vitest";
import { constant } from "../../src/autograd/op.ts";
import type { Model, Weights } from "../../src/nn/model.ts";
import { backward, forward } from "../../src/nn/pass.ts";
import { trainStep } from "../../src/nn/step.ts";
import { startOf, type TrainState } from "../../src/nn/train.ts";
import { mapTree, type Tree } from "../../src/nn/tree.ts";
import type { Kernels } from "../../src/tensor/kernels/kernels.ts";
import { reference } from "../../src/tensor/kernels/reference/index.ts";
import { createRng } from "../../src/tensor/random.ts";
import { loopScope } from "../../src/tensor/scope.ts";
import { type DType, item, type Tensor } from "../../src/tensor/tensor.ts";
import { simd } from "../kernels.ts";
import { verifies } from "../spec.ts";
import { distance } from "../tensors.ts";
import { batch } from "./batch.ts";
import { image, initialWeights, LEARNING_RATE, type Network, networks, rule } from "./nin.ts";
import { tensorsIn } from "./read.ts";

const stored = tensorsIn("nin-2x1.safetensors");
const initial = (network: Network, kernels: Kernels, dtype: DType): Weights =>
  initialWeights(stored, network, kernels, dtype);

function evalLogits(model: Model, { params, buffers }: Weights): Float64Array {
  const { kernels, dtype } = Object.values(params)[0]!;
  const { images } = batch(0);
  const x = kernels.tensor(dtype === "float32" ? images : Float64Array.from(images), [16, ...image]);
  return Float64Array.from(model.apply(mapTree(params, constant), buffers, constant(x), "eval").y.value.data);
}

const numbers = (tree: Tree<Tensor>): Tree<Float64Array> =>
  mapTree(tree, ({ data }) => Float64Array.from(data));

/** Everything that the file tells of the first step. */
async function firstStep(network: Network, kernels: Kernels, dtype: DType) {
  const model: Model = networks[network];
  const weights = initial(network, kernels, dtype);
  const pass = forward(model, weights, batch(0), image);
  const { loss, grads } = backward(pass, pass.y.value.data.slice(), batch(0).labels);
  const seen = pass.buffers;
  const start = startOf(weights, rule);
  const { state } = await trainStep(loopScope(), model, rule, start, batch(0), image, LEARNING_RATE);
  return {
    loss: item(loss),
    grads: numbers(grads),
    running: numbers(seen),
    eval_logits: evalLogits(model, { params: weights.params, buffers: seen }),
    updated_eval_logits: evalLogits(model, state.weights),
    state,
  };
}

test("the generator makes the batches of the file: all labels, the first and the last pixels", () => {
  for (let i = 0; i < 50; i++) {
    const { images, labels } = batch(i);
    expect(Array.from(labels)).toEqual(
      Array.from(stored("data/labels").values.subarray(16 * i, 16 * i + 16)),
    );
    const four = (name: string) => Array.from(stored(name).values.subarray(4 * i, 4 * i + 4));
    expect(Array.from(images.subarray(0, 4))).toEqual(four("data/first_pixels"));
    expect(Array.from(images.subarray(-4))).toEqual(four("data/last_pixels"));
  }
});

const precisions = [
  // The file's float64 numbers, to the last digits.
  ["reference, float64", reference, "float64", "64", 1e-11],
  // Its float32 numbers: both computations round.
  ["simd, float32", simd, "float32", "32", 2e-5],
  // Its float64 numbers: only ours rounds.
  ["simd, float32 against float64", simd, "float32", "64", 2e-5],
] as const;

describe.each(["float", "lsq4"] as const)("NiN 2x1, %s: the first step is PyTorch's", (network) => {
  describe.each(precisions)("%s", (_name, kernels, dtype, suffix, tolerance) => {
    const value = (part: string): Float64Array => stored(`${network}/${part}`).values;
    let step: Awaited<ReturnType<typeof firstStep>>;
    beforeAll(async () => {
      step = await firstStep(network, kernels, dtype);
    });

    test("parameters and buffers have PyTorch's names and shapes", () => {
      const { params, buffers } = initial(network, kernels, dtype);
      const named = stored.names.flatMap((name) => (name.startsWith("init/") ? [name.slice(5)] : []));
      const steps = stored.names.flatMap((name) => (name.startsWith("lsq4/init/") ? [name.slice(10)] : []));
      expect(Object.keys({ ...params, ...buffers }).sort()).toEqual(
        [...named, ...(network === "lsq4" ? steps : [])].sort(),
      );
      const fresh = networks[network].init(kernels, createRng(0), dtype);
      expect(mapTree(fresh.params, ({ shape }) => shape)).toEqual(mapTree(params, ({ shape }) => shape));
    });

    verifies("QGen.sec.B.1", "loss, and logits of training mode", () => {
      expect(Math.abs(step.loss - value(`loss${suffix}`)[0]!)).toBeLessThanOrEqual(tolerance);
      const { params, buffers } = initial(network, kernels, dtype);
      const x = kernels.tensor(dtype === "float32" ? batch(0).images : Float64Array.from(batch(0).images), [
        16,
        ...image,
      ]);
      const { y } = networks[network].apply(mapTree(params, constant), buffers, constant(x), "train");
      expect(distance(y.value.data, value(`logits${suffix}`))).toBeLessThanOrEqual(tolerance);
    });

    verifies("QGen.sec.B.1", "gradients to every parameter", () => {
      const names = Object.keys(step.grads);
      expect(names).toHaveLength(network === "lsq4" ? 35 : 28);
      for (const name of names) {
        const expected = value(`grad${suffix}/${name}`);
        expect(distance(step.grads[name]!, expected), name).toBeLessThanOrEqual(tolerance);
      }
    });

    verifies(
      "QGen.sec.B.1",
      "running statistics, and logits in eval mode before and after the update",
      () => {
        expect(Object.keys(step.running)).toHaveLength(14);
        for (const [name, found] of Object.entries(step.running))
          expect(distance(found, value(`running${suffix}/${name}`)), name).toBeLessThanOrEqual(tolerance);
        for (const part of ["eval_logits", "updated_eval_logits"] as const)
          expect(distance(step[part], value(`${part}${suffix}`)), part).toBeLessThanOrEqual(tolerance);
      },
    );
  });
});

describe.each(["float", "lsq4"] as const)("NiN 2x1, %s: training is PyTorch's", (network) => {
  const model: Model = networks[network];
  async function train(
    kernels: Kernels,
    dtype: DType,
    steps: number,
  ): Promise<{ losses: number[]; final: Tree<Float64Array> }> {
    const memory = loopScope();
    let state: TrainState = startOf(initial(network, kernels, dtype), rule);
    const losses: number[] = [];
    for (let i = 0; i < steps; i++) {
      const turn = await trainStep(memory, model, rule, state, batch(i), image, LEARNING_RATE);
      state = turn.state;
      losses.push(turn.loss);
    }
    const final = numbers(state.weights.params);
    memory.end();
    return { losses, final };
  }
  const losses64 = stored(`${network}/losses64`).values;
  const apart = (losses: readonly number[], from: number, to: number): number =>
    Math.max(...losses.slice(from, to).map((loss, i) => Math.abs(loss / losses64[from + i]! - 1)));

  verifies("QGen.sec.B.1", "the first losses in float64, to the last digits", async () => {
    const { losses } = await train(reference, "float64", 3);
    expect(losses[0]).toBeGreaterThan(1);
    expect(apart(losses, 0, 3)).toBeLessThan(1e-12);
  });

  verifies(
    "QGen.sec.B.1",
    "fifty losses in float32: the first twenty to 2e-6, then as near as kinks allow",
    async () => {
      const { losses, final } = await train(simd, "float32", 50);
      expect(losses).toHaveLength(50);
      expect(apart(losses, 0, 20)).toBeLessThan(2e-6);
      expect(apart(losses, 20, 50)).toBeLessThan(0.05);
      for (const name of stored.names.filter((name) => name.startsWith(`${network}/final64/`))) {
        const found = final[name.slice(`${network}/final64/`.length)]!;
        expect(Math.abs(found[0]! / stored(name).values[0]! - 1), name).toBeLessThan(0.02);
      }
      if (network === "lsq4")
        expect(Object.keys(final).filter((name) => name.endsWith(".step"))).toHaveLength(7);
    },
  );
});
