/**
 * Rates of kernels and times of steps on any device, in Node and in a browser.
 *
 * @packageDocumentation
 */

import type { Device } from "../src/experiments/device.ts";
import { nin } from "../src/nn/models/nin.ts";
import { sgd } from "../src/nn/optimizers.ts";
import { trainStep } from "../src/nn/step.ts";
import { startOf } from "../src/nn/train.ts";
import { prepare } from "../src/quant/prepare.ts";
import type { GpuKernels } from "../src/tensor/kernels/gpu/index.ts";
import type { Kernels } from "../src/tensor/kernels/kernels.ts";
import { createRng } from "../src/tensor/random.ts";
import { loopScope, scope } from "../src/tensor/scope.ts";
import { type Shape, sizeOf, type Tensor } from "../src/tensor/tensor.ts";
import { median } from "./timing.ts";

/** One kernel on one device. */
export interface GpuRate {
  readonly name: string;
  readonly device: string;
  /** 10⁹ operations a second, operands and result in place. */
  readonly resident: number;
  /** The same with operands sent and the result fetched. */
  readonly transferred: number;
}

const rng = createRng("bench/gpu");
const numbers = (shape: Shape): Float32Array =>
  Float32Array.from({ length: sizeOf(shape) }, () => rng.uniform() - 0.5);

/** So many rounds of work that takes so many seconds: software that plays a GPU is slow. */
const roundsFor = (seconds: number): number => (seconds > 2 ? 1 : seconds > 0.5 ? 3 : 7);

/** Seconds of one `use`, a median; the result is read, so that it is there. */
async function secondsOf(use: () => Tensor): Promise<number> {
  const run = async (n: number): Promise<number> => {
    const began = performance.now();
    await scope(() => {
      let y = use();
      for (let i = 1; i < n; i++) y = use();
      return y;
    }).read();
    return (performance.now() - began) / 1000;
  };
  await run(1);
  const once = await run(1);
  const times = once > 0.5 ? 1 : 8;
  // What reading takes is left out: the difference between many uses and one.
  const seconds: number[] = [];
  for (let round = 0; round < roundsFor(once); round++) {
    const one = await run(1);
    seconds.push(((await run(1 + times)) - one) / times);
  }
  return median(seconds);
}

async function rateOf(
  name: string,
  kernels: Kernels,
  shapes: readonly Shape[],
  work: number,
  use: (xs: readonly Tensor[]) => Tensor,
): Promise<GpuRate> {
  const data = shapes.map(numbers);
  const made = (): Tensor[] => data.map((values, i) => kernels.tensor(values, shapes[i]!));
  const placed = made();
  const resident = await secondsOf(() => use(placed));
  const whole: number[] = [];
  for (let round = 0; round < roundsFor(resident); round++) {
    const began = performance.now();
    await scope(() => use(made())).read();
    whole.push((performance.now() - began) / 1000);
  }
  return {
    name,
    device: kernels.name,
    resident: work / resident / 1e9,
    transferred: work / median(whole) / 1e9,
  };
}

const convolutions: readonly (readonly [
  name: string,
  c: number,
  o: number,
  size: number,
  k: number,
  stride: number,
])[] = [
  ["NiN 2×8", 3, 200, 32, 3, 2],
  ["NiN 2×8", 200, 200, 16, 1, 1],
  ["NiN 2×8", 200, 200, 16, 3, 2],
  ["ResNet-18, width 16", 16, 16, 32, 3, 1],
  ["ResNet-18, width 16", 64, 128, 8, 3, 2],
  ["ResNet-18, width 16", 128, 128, 4, 3, 1],
];

/** Matrix products and the convolutions of two networks. */
export async function kernelRates({ kernels }: Device, batch = 32): Promise<GpuRate[]> {
  const rates: GpuRate[] = [];
  for (const size of [256, 512, 1024]) {
    const square = [size, size];
    rates.push(
      await rateOf(`gemm ${size}`, kernels, [square, square], 2 * size ** 3, ([a, b]) =>
        kernels.gemm(a!, b!),
      ),
    );
  }
  for (const [net, c, o, size, k, stride] of convolutions) {
    const geometry = { stride, padding: k === 3 ? 1 : 0, groups: 1 };
    const out = size / stride;
    const work = 2 * batch * o * out * out * c * k * k;
    const [x, w, g] = [
      [batch, c, size, size],
      [o, c, k, k],
      [batch, o, out, out],
    ] as const;
    const name = `${net}: ${k}×${k} ${c}→${o}, ${size}²`;
    rates.push(
      await rateOf(name, kernels, [x, w], work, ([a, b]) => kernels.conv2d(a!, b!, null, geometry)),
      await rateOf(`${name}, to x`, kernels, [g, w], work, ([a, b]) =>
        kernels.conv2dInputGrad(a!, b!, x, geometry),
      ),
      await rateOf(`${name}, to w`, kernels, [g, x], work, ([a, b]) =>
        kernels.conv2dWeightGrad(a!, b!, w, geometry),
      ),
    );
  }
  return rates;
}

/** A training step with LSQ at 4 bits, and what it moves between host and device. */
export interface GpuStep {
  readonly name: string;
  readonly device: string;
  readonly ms: number;
  /** Bytes sent and fetched in a step; `null` where there is no other side. */
  readonly up: number | null;
  readonly down: number | null;
  /** Bytes of the weights, of the images and of the logits. */
  readonly weights: number;
  readonly images: number;
  readonly logits: number;
}

export async function stepOf(
  { kernels }: Device,
  width: number,
  batch: number,
  rounds: number,
): Promise<GpuStep> {
  const model = prepare(nin({ depth: 2, width, classes: 10 }), { bits: 4 });
  const images = numbers([batch, 3, 32, 32]);
  const labels = Int32Array.from({ length: batch }, () => rng.below(10));
  const optimizer = sgd({ momentum: 0.9, weightDecay: 1e-4 });
  const memory = loopScope();
  const { runtime } = kernels as Partial<GpuKernels>;
  let state = startOf(model.init(kernels, createRng(0)), optimizer);
  const weights = Object.values(state.weights.params).reduce(
    (bytes, { shape }) => bytes + 4 * sizeOf(shape),
    0,
  );
  const times: number[] = [];
  let before = { up: 0, down: 0 };
  for (let round = -2; round < rounds; round++) {
    before = { ...before, ...runtime?.traffic };
    const began = performance.now();
    ({ state } = await trainStep(memory, model, optimizer, state, { images, labels }, [3, 32, 32], 0.1));
    if (round >= 0) times.push(performance.now() - began);
  }
  memory.end();
  return {
    name: `NiN 2×${width}, Int4, batch ${batch}`,
    device: kernels.name,
    ms: median(times),
    up: runtime === undefined ? null : runtime.traffic.up - before.up,
    down: runtime === undefined ? null : runtime.traffic.down - before.down,
    weights,
    images: images.byteLength,
    logits: batch * 10 * 4,
  };
}
