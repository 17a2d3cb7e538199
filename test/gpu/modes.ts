import { loadGpuJs } from "../../src/experiments/node-device.ts";
import { createGpu, type GpuKernels } from "../../src/tensor/kernels/gpu/index.ts";
import { createRuntime, type GpuMode } from "../../src/tensor/kernels/gpu/runtime.ts";
import { tensorsIn } from "../golden/read.ts";
import { simd } from "../kernels.ts";
import type { Setting } from "./training.ts";

/** Kernels on gpu.js, with a context of their own. */
export const gpuOf = (mode: GpuMode, limits = {}): GpuKernels =>
  createGpu(createRuntime(loadGpuJs(), mode, limits), simd);

const stored = tensorsIn("nin-2x1.safetensors");

export const settingOf = (open: () => GpuKernels): Setting => ({ open, simd, stored });
