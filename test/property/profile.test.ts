import { describe, expect, test } from "vitest";
import { activationsOf, createProfiler, type Profile, profileText } from "../../src/experiments/profile.ts";
import { evaluate } from "../../src/nn/evaluate.ts";
import { nin } from "../../src/nn/models/nin.ts";
import { sgd } from "../../src/nn/optimizers.ts";
import { trainStep } from "../../src/nn/step.ts";
import { startOf } from "../../src/nn/train.ts";
import { prepare } from "../../src/quant/prepare.ts";
import type { Kernels } from "../../src/tensor/kernels/kernels.ts";
import { reference } from "../../src/tensor/kernels/reference/index.ts";
import { watched } from "../../src/tensor/kernels/watched.ts";
import { createRng } from "../../src/tensor/random.ts";
import { loopScope, scope } from "../../src/tensor/scope.ts";
import type { Shape } from "../../src/tensor/tensor.ts";
import { freshSimd } from "../kernels.ts";
import { someImages } from "./small-models.ts";

const shape: Shape = [3, 16, 16];
const images = someImages(32, shape, 10, "profile");
const indices = Int32Array.from({ length: 32 }, (_, i) => i);
const rule = sgd({ momentum: 0.9 });

async function bitsAfterSteps(kernels: Kernels) {
  const model = prepare(nin({ depth: 1, width: 1, classes: 10 }), { bits: 4 });
  const memory = loopScope();
  let state = startOf(model.init(kernels, createRng(0)), rule);
  for (let i = 0; i < 2; i++)
    ({ state } = await trainStep(memory, model, rule, state, images.batch(indices), shape, 0.1));
  const metrics = await evaluate(model, state.weights, images, 32);
  return { metrics, weights: Object.values(state.weights.params).map(({ data }) => [...data]) };
}

describe("watched kernels", () => {
  test("train to the same bits", async () => {
    const watcher = { now: () => 0, called: () => undefined, released: () => undefined };
    expect(await bitsAfterSteps(watched(freshSimd(), watcher))).toEqual(await bitsAfterSteps(freshSimd()));
  });

  test("tell what each call took, read and made; a reshape moves nothing and keeps its memory alive", () => {
    for (const kernels of [freshSimd(), reference]) {
      let [clock, alive] = [0, 0];
      const told: string[] = [];
      const own = watched(kernels, {
        now: () => clock++,
        called({ kernel, time, read, made }) {
          const bytes = (memories: readonly { bytes: number }[]): number[] => memories.map((m) => m.bytes);
          told.push(`${kernel} ${time} reads ${bytes(read)} makes ${bytes(made)}`);
          for (const memory of made) alive += memory.bytes;
        },
        released({ bytes }) {
          alive -= bytes;
        },
      });
      const kept = scope(() => {
        const x = own.tensor(Float32Array.of(1, -2, 3, -4, 5, -6), [2, 3]);
        const y = own.gemm(x, own.reshape(x, [3, 2]));
        const [mean, variance] = own.moments(y);
        own.binary("add", mean, variance);
        expect(alive).toBe(24 + 16 + 8 + 8 + 8);
        return own.reshape(own.unary("relu", y), [4]);
      });
      expect([...kept.data]).toEqual([10, 0, 0, 24]);
      expect([kept.kernels === own, kept.dtype, alive]).toEqual([true, "float32", 16]);
      expect(told).toEqual([
        "tensor 1 reads  makes 24",
        "reshape 1 reads  makes ",
        "gemm 1 reads 24,24 makes 16",
        "moments 1 reads 16 makes 8,8",
        "binary add 1 reads 8,8 makes 8",
        "unary relu 1 reads 16 makes 16",
        "reshape 1 reads  makes ",
      ]);
      expect(() => own.reshape(kept, [5])).toThrow("cannot become [5]");
    }
  });
});

describe("a profile", () => {
  test("needs of NiN, for its backward pass, the images, two activations for each layer, and small things", async () => {
    const profiler = createProfiler(freshSimd(), () => 0);
    const model = nin({ depth: 2, width: 1, classes: 10 });
    const needed = await activationsOf(profiler, model, images, 32);
    const pixels = [3 * 64, 3 * 16].reduce((sum, area) => sum + area, 0);
    // Of each layer, what its convolution makes and, for the next one, what its ReLU makes; two moments for each channel.
    const values = 32 * (3 * 256 + 2 * 25 * pixels + 10 * 16) + 2 * (6 * 25 + 10);
    expect(needed).toBe(4 * values);
  });

  test("of training and evaluating NiN 2×8 at batch 128 peaks within 1.5 times of what is needed", async () => {
    const profiler = createProfiler(freshSimd(), () => 0);
    const { kernels } = profiler;
    const many = someImages(128, [3, 32, 32], 10, "peak");
    const model = prepare(nin({ depth: 2, width: 8, classes: 10 }), { bits: 4 });
    const needed = await activationsOf(profiler, model, many, 128);
    const memory = loopScope();
    const start = startOf(model.init(kernels, createRng(0)), rule);
    const batch = many.batch(Int32Array.from({ length: 128 }, (_, i) => i));
    profiler.start();
    const { state } = await trainStep(memory, model, rule, start, batch, many.shape, 0.1);
    await evaluate(model, state.weights, many, 128);
    memory.end();
    const { peak } = profiler.profile(needed).memory;
    expect(needed).toBeGreaterThan(150e6);
    expect(peak / needed).toBeLessThan(1.5);
  });

  test("counts calls, time and bytes of each kernel from its start on, and remembers the highest peak", () => {
    let clock = 0;
    const profiler = createProfiler(reference, () => (clock += 2));
    const { kernels } = profiler;
    scope(() => {
      kernels.fill(1, [1000], "float64");
    });
    profiler.start();
    scope(() => {
      const x = kernels.fill(1, [10], "float64");
      scope(() => kernels.binary("add", x, kernels.binary("mul", x, x)));
      kernels.unary("exp", x);
    });
    const profile = profiler.profile(160);
    expect(profile).toEqual({
      ms: 18,
      kernels: [
        { kernel: "fill", calls: 1, ms: 2, read: 0, written: 80 },
        { kernel: "binary mul", calls: 1, ms: 2, read: 160, written: 80 },
        { kernel: "binary add", calls: 1, ms: 2, read: 160, written: 80 },
        { kernel: "unary exp", calls: 1, ms: 2, read: 80, written: 80 },
      ],
      memory: { peak: 240, peakIn: "binary add", needed: 160, reserved: null },
    } satisfies Profile);
  });

  test("is a table and a sentence", () => {
    const text = profileText({
      ms: 10,
      kernels: [{ kernel: "gemm", calls: 3, ms: 4, read: 2 ** 20, written: 2 ** 20 }],
      memory: { peak: 300 * 2 ** 20, peakIn: "gemm", needed: 200 * 2 ** 20, reserved: 320 * 2 ** 20 },
    });
    expect(text.split("\n")).toEqual([
      "kernel               calls    ms    share   MB  GB/s",
      "gemm                     3   4.0   40.0 %  2.0   0.5",
      "outside the kernels          6.0   60.0 %",
      "together                    10.0  100.0 %",
      "",
      "At most 300 MB of tensors were alive at a time (gemm); the backward pass needs 200 MB of activations: 1.50 times as much.",
      "The kernels hold 320 MB of WebAssembly memory.",
    ]);
  });
});
