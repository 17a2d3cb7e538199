/** The kernels that tests run on. `npm run kernels` compiles the SIMD ones. */
import { readFileSync } from "node:fs";
import { createSimd, type SimdKernels } from "../src/tensor/kernels/simd/index.ts";

const wasm = readFileSync(new URL("../build/kernels.wasm", import.meta.url));

/** SIMD kernels with a memory of their own. */
export const freshSimd = (): SimdKernels => createSimd(wasm);

/** The SIMD kernels that a file's tests share. */
export const simd: SimdKernels = freshSimd();
