/** What the tests of GPU modes in a browser share: gpu.js, the SIMD kernels and the golden weights, fetched. */
import gpuJs from "gpu.js";
import { decodeSafetensors } from "../../src/experiments/safetensors.ts";
import { createGpu, type GpuKernels } from "../../src/tensor/kernels/gpu/index.ts";
import { createRuntime, type GpuJs, type GpuMode } from "../../src/tensor/kernels/gpu/runtime.ts";
import { createSimd } from "../../src/tensor/kernels/simd/index.ts";
import type { Read } from "../golden/nin.ts";
import type { Setting } from "./training.ts";

export const js = gpuJs as unknown as GpuJs;

const fetched = async (path: string): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await (await fetch(new URL(path, import.meta.url))).arrayBuffer());

const simd = createSimd(await fetched("../../build/kernels.wasm"));
const { tensors } = decodeSafetensors(await fetched("../golden/nin-2x1.safetensors"));
const stored: Read = (name) => {
  const { shape, data } = tensors[name]!;
  return { shape, values: Float64Array.from(data as Float64Array) };
};

export const gpuOf = (mode: GpuMode, limits = {}): GpuKernels =>
  createGpu(createRuntime(js, mode, limits), simd);

export const settingOf = (open: () => GpuKernels): Setting => ({ open, simd, stored });
