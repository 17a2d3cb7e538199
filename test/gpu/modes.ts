/** The GPU kernels in the modes of gpu.js that need no GPU. They serve to test: nobody should compute with them. */
import { createRequire } from "node:module";
import { createGpu, type GpuKernels } from "../../src/tensor/kernels/gpu/index.ts";
import { createRuntime, type GpuJs, type GpuMode } from "../../src/tensor/kernels/gpu/runtime.ts";
import { simd } from "../kernels.ts";

export const gpuJs = createRequire(import.meta.url)("gpu.js") as GpuJs;

export const gpuOf = (mode: GpuMode, limits = {}): GpuKernels =>
  createGpu(createRuntime(gpuJs, mode, limits), simd);
