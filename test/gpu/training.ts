/** What training on a GPU must do: follow the SIMD kernels, keep activations where they are, and leave nothing behind. */
import { expect, test } from "vitest";
import { nin } from "../../src/nn/models/nin.ts";
import { trainStep } from "../../src/nn/step.ts";
import { startOf } from "../../src/nn/train.ts";
import { prepare } from "../../src/quant/prepare.ts";
import type { GpuKernels } from "../../src/tensor/kernels/gpu/index.ts";
import type { Kernels } from "../../src/tensor/kernels/kernels.ts";
import { createRng } from "../../src/tensor/random.ts";
import { loopScope, scope } from "../../src/tensor/scope.ts";
import { sizeOf } from "../../src/tensor/tensor.ts";
import { batch } from "../golden/batch.ts";
import { image, initialWeights, LEARNING_RATE, networks, type Read, rule } from "../golden/nin.ts";

const model = networks.lsq4;

/** What is compared. */
export interface Setting {
  open(): GpuKernels;
  readonly simd: Kernels;
  /** Reads `nin-2x1.safetensors`. */
  readonly stored: Read;
}

/** Is time short, as in .ci/run? A step on software that plays a GPU takes a second. */
const hurried = Number(process.env.QGEN_EFFORT ?? 1) < 0.05;
/** Steps in which something might be left behind. */
const many = hurried ? 200 : 1000;

export function trainsLikeSimd(
  { open, simd, stored }: Setting,
  { steps: all }: { readonly steps: number },
): void {
  const steps = hurried ? Math.min(all, 6) : all;

  /** Trains from the weights of the file, and tells the loss of each step; `after` is called between two steps. */
  async function losses(kernels: Kernels, count: number, after: () => void = () => {}): Promise<number[]> {
    const memory = loopScope();
    const found: number[] = [];
    let state = startOf(initialWeights(stored, "lsq4", kernels, "float32"), rule);
    for (let i = 0; i < count; i++) {
      const turn = await trainStep(memory, model, rule, state, batch(i % 50), image, LEARNING_RATE);
      state = turn.state;
      found.push(turn.loss);
      after();
    }
    memory.end();
    return found;
  }

  /** Bytes of all parameters of the network that the kernels of the device are given. */
  function bytesOfWeights(): number {
    const { params } = scope(() => model.init(simd, createRng(0)));
    return Object.entries(params)
      .filter(([name]) => !name.endsWith(".step"))
      .reduce((bytes, [, x]) => bytes + 4 * sizeOf(x.shape), 0);
  }

  test(`${steps} LSQ steps of NiN 2x1 follow the losses of simd within 1e-3`, {
    timeout: 300_000,
  }, async () => {
    const [ours, theirs] = [await losses(open(), steps), await losses(simd, steps)];
    expect(ours).toHaveLength(steps);
    ours.forEach((loss, i) => {
      expect(Math.abs(loss - theirs[i]!), `step ${i + 1}`).toBeLessThan(1e-3);
    });
  });

  test("a step moves no more than weights, their gradients, images and logits", {
    timeout: 120_000,
  }, async () => {
    const kernels = open();
    const { traffic } = kernels.runtime;
    let [before, moved] = [{ ...traffic }, { up: 0, down: 0 }];
    await losses(kernels, 3, () => {
      moved = { up: traffic.up - before.up, down: traffic.down - before.down };
      before = { ...traffic };
    });
    const [weights, images, logits] = [bytesOfWeights(), 16 * 3 * 32 * 32 * 4, 16 * 10 * 4];
    // The logits come to the host, their gradient goes back. Gradients come in texels of four: kernels of 3 channels in 4.
    expect(moved.up).toBeLessThanOrEqual(weights + images + logits);
    expect(moved.down).toBeLessThanOrEqual(1.5 * weights + 2 * logits);
  });

  test(`over ${many} steps nothing is compiled again, and nothing stays on the device`, {
    timeout: 600_000,
  }, async () => {
    const kernels = open();
    const { runtime } = kernels;
    const [small, pixels] = [prepare(nin({ depth: 1, width: 1, classes: 10 }), { bits: 4 }), 3 * 4 * 4];
    const memory = loopScope();
    let state = startOf(small.init(kernels, createRng(0)), rule);
    const seen: { compiled: number; resident: number }[] = [];
    for (let i = 0; i < many; i++) {
      const { images, labels } = batch(i % 50);
      const few = { images: images.subarray(0, 2 * pixels), labels: labels.subarray(0, 2) };
      ({ state } = await trainStep(memory, small, rule, state, few, [3, 4, 4], 0.01));
      seen.push({ compiled: runtime.compiled(), resident: runtime.resident() });
    }
    for (const later of seen.slice(2)) expect(later).toEqual(seen[1]);
    memory.end();
    expect(runtime.resident()).toBe(0);
  });
}
