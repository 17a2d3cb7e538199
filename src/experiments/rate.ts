/**
 * How fast kernels are: a quick look, in Node and in a browser alike. `bench/` measures with care.
 *
 * @packageDocumentation
 */

import type { Kernels } from "../tensor/kernels/kernels.ts";
import { scope } from "../tensor/scope.ts";
import { type Shape, sizeOf, type Tensor } from "../tensor/tensor.ts";

/** A call of a kernel. */
export interface Call {
  readonly name: string;
  /** Floating-point operations of one call. */
  readonly operations: number;
  /** Shapes of the operands. */
  readonly operands: readonly Shape[];
  run(kernels: Kernels, operands: readonly Tensor[]): Tensor;
}

/** The product of two square matrices. */
export const square = (size: number): Call => ({
  name: `gemm ${size} × ${size}`,
  operations: 2 * size ** 3,
  operands: [
    [size, size],
    [size, size],
  ],
  run: (kernels, [a, b]) => kernels.gemm(a!, b!),
});

/**
 * About a second of calls, with operands and results in place, in 10⁹ operations a second. The first call does not
 * count: it compiles.
 */
export async function rateOf(kernels: Kernels, { operations, operands, run }: Call): Promise<number> {
  const xs = operands.map((shape) => {
    const values = Float32Array.from({ length: sizeOf(shape) }, (_, i) => ((i * 7) % 13) / 13 - 0.5);
    return kernels.tensor(values, shape);
  });
  const calls = (times: number): Promise<unknown> =>
    scope(() => {
      let y = run(kernels, xs);
      for (let i = 1; i < times; i++) y = run(kernels, xs);
      // Results of a GPU are there when they have been read.
      return y;
    }).read();
  await calls(1);
  const began = performance.now();
  let [done, times] = [0, 1];
  while (performance.now() - began < 1000) {
    await calls(times);
    done += times;
    times = Math.min(2 * times, 16);
  }
  return (operations * done) / (performance.now() - began) / 1e6;
}
