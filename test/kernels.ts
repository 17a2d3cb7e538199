/** The kernels that tests run on. `npm run kernels` compiles the SIMD ones. */
import { readFileSync } from "node:fs";
import { nodeTeam } from "../src/experiments/threads.ts";
import { createSimd, type SimdKernels } from "../src/tensor/kernels/simd/index.ts";

const built = (name: string) => readFileSync(new URL(`../build/${name}`, import.meta.url));
const wasm = built("kernels.wasm");

/** SIMD kernels with a memory of their own. */
export const freshSimd = (): SimdKernels => createSimd(wasm);

/** The SIMD kernels that a file's tests share. */
export const simd: SimdKernels = freshSimd();

/** SIMD kernels of several threads. A grain of 1 splits whatever has two parts. Whoever asks closes them. */
export const threadedSimd = (threads: number, grain?: number): SimdKernels =>
  createSimd(built("kernels-threads.wasm"), nodeTeam(threads, grain === undefined ? {} : { grain }));
