import benny from "benny";
import { grad } from "../src/autograd/grad.ts";
import { constant, type Var } from "../src/autograd/op.ts";
import { add, mul, sum, tanh } from "../src/autograd/ops/arithmetic.ts";
import { batchNorm, crossEntropy } from "../src/autograd/ops/fused.ts";
import { openDevice } from "../src/experiments/node-device.ts";
import { lsq, signed } from "../src/quant/lsq.ts";
import type { Kernels } from "../src/tensor/kernels/kernels.ts";
import { createRng } from "../src/tensor/random.ts";
import { scope } from "../src/tensor/scope.ts";
import { type Shape, sizeOf } from "../src/tensor/tensor.ts";
import { noiseOf } from "./timing.ts";

export interface OpRate {
  readonly name: string;
  /** Median milliseconds of one use. */
  readonly ms: number;
  /** How far the times lie apart, as a share of the median. */
  readonly noise: number;
}

/** Values and gradients of some ops, and what it costs to record one, on tiny tensors where nothing else costs. */
function cases(kernels: Kernels): Readonly<Record<string, () => unknown>> {
  const rng = createRng("bench/ops");
  const random = (shape: Shape): Var =>
    constant(
      kernels.tensor(
        Float32Array.from({ length: sizeOf(shape) }, () => rng.uniform() - 0.5),
        shape,
      ),
    );
  const image = random([32, 50, 16, 16]);
  const [gamma, beta] = [random([50]), random([50])];
  const weights = random([50, 50, 3, 3]);
  const step = constant(kernels.fill(0.1, [], "float32"));
  const logits = random([128, 10]);
  const labels = Int32Array.from({ length: 128 }, () => rng.below(10));
  const one = random([1]);
  const layer = random([200, 200, 1, 1]);
  const slope = (f: (...xs: Var[]) => Var, ...xs: Var[]) => grad(sum(f(...xs)), xs).map(({ value }) => value);
  return {
    "add, 409,600 numbers": () => add(image, image),
    "tanh, 409,600 numbers": () => tanh(image),
    "batch norm and gradient, [32, 50, 16, 16]": () =>
      slope((x, g, b) => batchNorm(1e-5)(x, g, b)[0], image, gamma, beta),
    "LSQ, [50, 50, 3, 3]": () => lsq(signed(4))(weights, step),
    "LSQ and gradient, [50, 50, 3, 3]": () => slope((w, s) => lsq(signed(4))(w, s), weights, step),
    "LSQ and gradient, [200, 200, 1, 1]": () => slope((w, s) => lsq(signed(4))(w, s), layer, step),
    "cross-entropy and gradient, [128, 10]": () => slope((z) => crossEntropy(labels)(z), logits),
    "product of single numbers, the kernel alone": () => kernels.binary("mul", one.value, one.value),
    "product of single numbers, recorded": () => mul(one, one),
    "product of single numbers, recorded, and its gradient": () => slope(mul, one, one),
  };
}

/** The suite of one device, run by benny. */
export async function opRates(device: "simd" | "reference"): Promise<OpRate[]> {
  const { kernels } = await openDevice(device);
  const summary = await benny.suite(
    `ops, ${device}`,
    ...Object.entries(cases(kernels)).map(([name, run]) =>
      benny.add(
        name,
        () => {
          scope(() => {
            run();
          });
        },
        { maxTime: 0.5 },
      ),
    ),
  );
  return summary.results.map(({ name, details }) => ({
    name: `${device}: ${name}`,
    ms: 1000 * details.median,
    noise: noiseOf(details.sampleResults),
  }));
}
