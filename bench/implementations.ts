/**
 * The same work by each set of kernels, results read: the definition, plain TypeScript that tries to be fast, SIMD, and
 * gpu.js where it is to be had.
 *
 * @packageDocumentation
 */

import { Complaint } from "../src/experiments/complaint.ts";
import { openDevice } from "../src/experiments/node-device.ts";
import type { Kernels } from "../src/tensor/kernels/kernels.ts";
import { createRng } from "../src/tensor/random.ts";
import { scope } from "../src/tensor/scope.ts";
import { type Shape, sizeOf, type Tensor } from "../src/tensor/tensor.ts";
import { plainGemm } from "./baseline/plain.ts";
import { type Case, processorSeconds, takeTurns, wallSeconds } from "./timing.ts";

export interface ImplementationRate {
  readonly name: string;
  readonly device: string;
  readonly ms: number;
  /** Median time of the definition over this one, in turns. */
  readonly speed: number;
  readonly noise: number;
}

interface Work {
  readonly name: string;
  readonly operands: readonly Shape[];
  run(kernels: Kernels, xs: readonly Tensor[]): Tensor;
}

const size = 256;
const geometry = { stride: 1, padding: 1, groups: 1 };
const channel: Shape = [50];
const works: readonly Work[] = [
  {
    name: `product, ${size}²`,
    operands: [
      [size, size],
      [size, size],
    ],
    run: (kernels, [a, b]) => kernels.gemm(a!, b!),
  },
  {
    name: "convolution 3×3, 50 channels, 16²",
    operands: [
      [8, 50, 16, 16],
      [50, 50, 3, 3],
    ],
    run: (kernels, [x, w]) => kernels.conv2d(x!, w!, null, geometry),
  },
  {
    name: "batch norm + ReLU, [32, 50, 16, 16]",
    operands: [[32, 50, 16, 16], channel, channel, channel, channel],
    run: (kernels, [x, mean, variance, gamma, beta]) =>
      kernels.normalizeRelu(x!, mean!, variance!, gamma!, beta!, 1e-5),
  },
  {
    name: "LSQ, 2²⁰ weights",
    operands: [[2 ** 20], []],
    run: (kernels, [v, s]) => kernels.quantize(v!, s!, { qn: 8, qp: 7, rounding: "half-even" }),
  },
];

/** The kernels there are, the definition first; says which are not. */
async function devices(): Promise<Kernels[]> {
  const found: Kernels[] = [];
  for (const name of ["reference", "simd", "headlessgl"] as const)
    try {
      found.push((await openDevice(name)).kernels);
    } catch (error) {
      if (!(error instanceof Complaint)) throw error;
      console.error(`without ${name}: ${error.message}`);
    }
  return found;
}

export async function implementationRates(rounds = 7): Promise<ImplementationRate[]> {
  const all = await devices();
  const now = all.some(({ name }) => name === "headlessgl") ? wallSeconds : processorSeconds;
  const rng = createRng("implementations");
  const rows: ImplementationRate[] = [];
  for (const { name, operands, run } of works) {
    // Positive, as steps and variances are.
    const data = operands.map((shape) =>
      Float32Array.from({ length: sizeOf(shape) }, () => 0.1 + rng.uniform()),
    );
    const cases: (Case & { readonly device: string })[] = all.map((kernels) => {
      const xs = data.map((values, i) => kernels.tensor(values, operands[i]!));
      const use = async (): Promise<void> => void (await scope(() => run(kernels, xs)).read());
      return { name, device: kernels.name, run: use };
    });
    if (name.startsWith("product"))
      cases.splice(1, 0, {
        ...{ name, device: "plain TypeScript" },
        run: () => void plainGemm(data[0]!, data[1]!, size, size, size),
      });
    const timings = await takeTurns(cases, { rounds, now });
    rows.push(
      ...timings.map(({ seconds, speed, noise }, i) => ({
        ...{ name, device: cases[i]!.device, ms: 1000 * seconds, speed, noise },
      })),
    );
  }
  return rows;
}
