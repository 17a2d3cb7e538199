/**
 * How fast kernels multiply matrices: a quick look, in Node and in a browser alike. `bench/` measures with care.
 *
 * @packageDocumentation
 */

import type { Kernels } from "../tensor/kernels/kernels.ts";
import { scope } from "../tensor/scope.ts";

/**
 * About a second of products of square matrices, with operands and results in place, in 10⁹ operations a second. The
 * first product does not count: it compiles.
 */
export async function gemmRate(kernels: Kernels, size: number): Promise<number> {
  const values = Float32Array.from({ length: size * size }, (_, i) => ((i * 7) % 13) / 13 - 0.5);
  const [a, b] = [kernels.tensor(values, [size, size]), kernels.tensor(values, [size, size])];
  const product = (times: number): Promise<unknown> =>
    scope(() => {
      let c = kernels.gemm(a, b);
      for (let i = 1; i < times; i++) c = kernels.gemm(a, b);
      // Results of a GPU are there when they have been read.
      return c;
    }).read();
  await product(1);
  const began = performance.now();
  let [done, times] = [0, 1];
  while (performance.now() - began < 1000) {
    await product(times);
    done += times;
    times = Math.min(2 * times, 16);
  }
  return (2 * size ** 3 * done) / (performance.now() - began) / 1e6;
}
