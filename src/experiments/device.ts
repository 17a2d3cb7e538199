import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { GpuJs, GpuMode } from "../tensor/kernels/gpu/runtime.ts";
import type { Kernels } from "../tensor/kernels/kernels.ts";
import { reference } from "../tensor/kernels/reference/index.ts";
import { createSimd, type SimdKernels } from "../tensor/kernels/simd/index.ts";
import { Complaint } from "./complaint.ts";
import { type GpuInfo, gpuKernels, inspectGpu, NoGpu } from "./gpu-device.ts";

export const deviceNames = ["auto", "simd", "reference", "headlessgl", "webgl2", "webgpu"] as const;
export type DeviceName = (typeof deviceNames)[number];

/** What was asked for and what it became. Goes into every result. */
export interface DeviceInfo {
  readonly requested: DeviceName;
  readonly backend: string;
  /** What draws, for a GPU; `null` for the kernels of the processor. */
  readonly renderer: string | null;
  /** Is the GPU a program? `false` for the kernels of the processor. */
  readonly software: boolean;
  readonly threads: number;
  readonly limits: { readonly maxTextureSize: number | null };
  /** Why `auto` has not taken a GPU. */
  readonly why?: string;
}

export interface Device {
  readonly kernels: Kernels;
  readonly info: DeviceInfo;
}

const wasmFile = fileURLToPath(new URL("../../build/kernels.wasm", import.meta.url));

/** @throws Complaint where they are not built */
export function openSimd(): SimdKernels {
  let wasm: Uint8Array<ArrayBuffer>;
  try {
    wasm = new Uint8Array(readFileSync(wasmFile));
  } catch {
    throw new Complaint(`the SIMD kernels are not built: ${wasmFile} is missing. Run "npm run kernels".`);
  }
  return createSimd(wasm);
}

const processor = (requested: DeviceName, kernels: Kernels): Device => ({
  kernels,
  info: {
    requested,
    backend: kernels.name,
    renderer: null,
    software: false,
    threads: 1,
    limits: { maxTextureSize: null },
  },
});

const graphics = (requested: DeviceName, js: GpuJs, gpu: GpuInfo): Device => ({
  kernels: gpuKernels(js, gpu, openSimd()),
  info: {
    requested,
    backend: gpu.mode,
    renderer: gpu.renderer,
    software: gpu.software,
    threads: 1,
    limits: { maxTextureSize: gpu.maxTextureSize },
  },
});

/** What to do about a mode that is not to be had in Node. */
export const remedies: Readonly<Partial<Record<GpuMode, string>>> = {
  headlessgl:
    'Run "npm run gpu:setup" once; then it needs a driver for Vulkan (a graphics card\'s, or the package mesa-vulkan-drivers, which is software) or a display (xvfb-run -a …).',
  webgl2: 'It is a browser\'s. "npm run page" opens one.',
  webgpu: 'It is a browser\'s. "npm run page" opens one.',
};

/** gpu.js, loaded only when somebody asks for a GPU. */
export function loadGpuJs(): GpuJs {
  // Without a display, ANGLE draws by Vulkan. It looks at this when it is loaded.
  if (!process.env.DISPLAY) process.env.ANGLE_DEFAULT_PLATFORM ??= "vulkan";
  return createRequire(import.meta.url)("gpu.js") as GpuJs;
}

/** @throws Complaint with the remedy, where the mode is not to be had here */
export async function inspectHere(mode: GpuMode): Promise<{ readonly js: GpuJs; readonly gpu: GpuInfo }> {
  const refuse = (why: string): never => {
    throw new Complaint(`${why}. ${remedies[mode] ?? ""}`.trim());
  };
  if (mode === "webgl2" || mode === "webgpu") return refuse(`there is no ${mode} in Node`);
  try {
    const js = loadGpuJs();
    return { js, gpu: await inspectGpu(js, mode) };
  } catch (error) {
    if (!(error instanceof NoGpu)) throw error;
    return refuse(error.message);
  }
}

/** The device in a few words. */
export const deviceText = ({ backend, renderer, software, why }: DeviceInfo): string =>
  `${backend}${renderer === null ? "" : ` on ${renderer}${software ? ", software" : ""}`}${why === undefined ? "" : `; ${why}`}`;

/**
 * The kernels of that name. `auto` takes a GPU that is hardware, where there is one, else `simd`, and says why.
 *
 * @throws Complaint where what is asked for by name cannot be had, with the remedy
 */
export async function openDevice(requested: DeviceName = "auto"): Promise<Device> {
  if (requested === "reference") return processor(requested, reference);
  if (requested === "simd") return processor(requested, openSimd());
  if (requested !== "auto") {
    const { js, gpu } = await inspectHere(requested);
    return graphics(requested, js, gpu);
  }
  let why: string;
  try {
    const { js, gpu } = await inspectHere("headlessgl");
    if (!gpu.software) return graphics(requested, js, gpu);
    why = `the GPU is software (${gpu.renderer})`;
  } catch (error) {
    if (!(error instanceof Complaint)) throw error;
    why = "no GPU can be opened (qgen doctor tells more)";
  }
  const { kernels, info } = processor(requested, openSimd());
  return { kernels, info: { ...info, why } };
}
