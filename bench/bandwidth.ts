import { openSimd } from "../src/experiments/node-device.ts";
import { createRng } from "../src/tensor/random.ts";
import { scope } from "../src/tensor/scope.ts";
import { type Shape, sizeOf, type Tensor } from "../src/tensor/tensor.ts";
import { takeTurns } from "./timing.ts";

/** A kernel that does little with each number: memory is its limit. */
export interface BandwidthRate {
  readonly name: string;
  /** 10⁹ bytes a second, read and written. */
  readonly gbps: number;
  /** Of the rate at which as many bytes are copied, in turns. */
  readonly share: number;
  readonly noise: number;
}

const kernels = openSimd();
const rng = createRng("bench/bandwidth");
const random = (shape: Shape): Tensor =>
  kernels.tensor(
    Float32Array.from({ length: sizeOf(shape) }, () => rng.uniform() + 0.1),
    shape,
  );

/** Numbers that pass memory in one use, in units of the largest operand, and the use. */
type Use = readonly [passes: number, run: () => unknown];

/** On activations of NiN 2 × 2, and on a million weights. */
function uses(): Readonly<Record<string, Use>> {
  const image: Shape = [128, 50, 16, 16];
  const [x, y, g] = [random(image), random(image), random(image)];
  const [mean, variance, gamma, beta, bias] = [
    random([50]),
    random([50]),
    random([50]),
    random([50]),
    random([50, 1, 1]),
  ];
  const weights: Shape = [2 ** 20];
  const [w, dw, m, v] = [random(weights), random(weights), random(weights), random(weights)];
  const s = kernels.fill(0.1, [], "float32");
  const q = { qn: 8, qp: 7, rounding: "half-even" } as const;
  const sgd = { lr: 0.1, momentum: 0.9, dampening: 0, nesterov: false, weightDecay: 1e-4 };
  const adam = { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0, decoupled: false, step: 3 };
  const rmsprop = { lr: 1e-3, alpha: 0.99, eps: 1e-8, momentum: 0.9, weightDecay: 0 };
  return {
    relu: [2, () => kernels.unary("relu", x)],
    scale: [2, () => kernels.unary("scale", x, 3)],
    "√": [2, () => kernels.unary("sqrt", x)],
    add: [3, () => kernels.binary("add", x, y)],
    gate: [3, () => kernels.binary("gate", x, y)],
    "add a number for each channel": [2, () => kernels.binary("add", x, bias)],
    "sums of channels": [1, () => kernels.sumTo(x, [50, 1, 1])],
    moments: [1, () => kernels.moments(x)],
    normalize: [2, () => kernels.normalize(x, mean, variance, gamma, beta, 1e-5)],
    "normalize and ReLU": [2, () => kernels.normalizeRelu(x, mean, variance, gamma, beta, 1e-5)],
    // The gradient of x needs sums over all of g and x first: both are read twice.
    "gradient of batch norm": [5, () => kernels.batchNormGrad(g, x, mean, variance, gamma, 1e-5)],
    "gradient of batch norm and ReLU": [
      5,
      () => kernels.batchNormReluGrad(g, x, mean, variance, gamma, beta, 1e-5),
    ],
    "LSQ, a million weights": [2, () => kernels.quantize(w, s, q)],
    "gradient of LSQ, a million weights": [
      3,
      () => kernels.quantizeGrad(dw, w, s, { ...q, mask: "inside", gradScale: 1 }),
    ],
    "SGD with momentum, a million weights": [5, () => kernels.sgd(w, dw, m, sgd)],
    "Adam, a million weights": [7, () => kernels.adam(w, dw, m, v, adam)],
    "RMSprop with momentum, a million weights": [7, () => kernels.rmsprop(w, dw, v, m, rmsprop)],
  };
}

/** Kernels that are bound by memory, beside copies of as many bytes. */
export async function bandwidthRates(): Promise<BandwidthRate[]> {
  const rates: BandwidthRate[] = [];
  const largest = (name: string): number => (name.endsWith("weights") ? 2 ** 20 : 128 * 50 * 256);
  for (const [name, [passes, run]] of Object.entries(uses())) {
    const numbers = passes * largest(name);
    // Half of the bytes are read, half are written.
    const [from, to] = [new Float32Array(numbers / 2).fill(1), new Float32Array(numbers / 2)];
    const [, kernel] = await takeTurns([
      { name: "copy", run: () => to.set(from) },
      {
        name,
        run: () =>
          scope(() => {
            run();
          }),
      },
    ]);
    rates.push({
      name,
      gbps: (4 * numbers) / kernel!.seconds / 1e9,
      share: kernel!.speed,
      noise: kernel!.noise,
    });
  }
  return rates;
}
