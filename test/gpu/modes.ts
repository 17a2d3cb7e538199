import { loadGpuJs } from "../../src/experiments/device.ts";
import { createGpu, type GpuKernels } from "../../src/tensor/kernels/gpu/index.ts";
import { createRuntime, type GpuMode } from "../../src/tensor/kernels/gpu/runtime.ts";
import { simd } from "../kernels.ts";

/** Kernels on gpu.js, with a context of their own. */
export const gpuOf = (mode: GpuMode, limits = {}): GpuKernels =>
  createGpu(createRuntime(loadGpuJs(), mode, limits), simd);
