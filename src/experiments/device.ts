/**
 * Which kernels compute, and on what: the same rules in Node and in a browser.
 *
 * @packageDocumentation
 */

import type { GpuJs, GpuMode } from "../tensor/kernels/gpu/runtime.ts";
import type { Kernels } from "../tensor/kernels/kernels.ts";
import { reference } from "../tensor/kernels/reference/index.ts";
import { Complaint } from "./complaint.ts";
import { type GpuInfo, gpuKernels } from "./gpu-device.ts";

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

/** @param why - `auto` has taken no GPU */
const processor = (
  requested: DeviceName,
  kernels: Kernels & { readonly threads?: number },
  why?: string,
): Device => ({
  kernels,
  info: {
    requested,
    backend: kernels.name,
    renderer: null,
    software: false,
    threads: kernels.threads ?? 1,
    limits: { maxTextureSize: null },
    ...(why === undefined ? {} : { why }),
  },
});

/** `host` does what the GPU does not. */
const graphics = (requested: DeviceName, js: GpuJs, gpu: GpuInfo, host: Kernels): Device => ({
  kernels: gpuKernels(js, gpu, host),
  info: {
    requested,
    backend: gpu.mode,
    renderer: gpu.renderer,
    software: gpu.software,
    threads: 1,
    limits: { maxTextureSize: gpu.maxTextureSize },
  },
});

/** What runs programs: Node or a browser. */
export interface Platform {
  /** `null`: as many threads as are worthwhile. */
  openSimd(threads: number | null): Promise<Kernels>;
  /** @throws Complaint with the remedy, where the mode is not to be had */
  inspect(mode: GpuMode): Promise<{ readonly js: GpuJs; readonly gpu: GpuInfo }>;
  /** The mode that `auto` tries, and where to learn more if it is not there. */
  readonly auto: {
    readonly mode: GpuMode;
    readonly more: string;
    /** Could there be a graphics card? Without one, opening a GPU finds software at best. */
    cardInSight?(): boolean;
  };
}

/**
 * The kernels of that name. `auto` takes a GPU that is hardware, where there is one, else `simd`, and says why.
 *
 * @param threads - how many compute, where the kernels are `simd`; beside a GPU they have one
 * @throws Complaint where what is asked for by name cannot be had, with the remedy
 */
export async function openOn(
  platform: Platform,
  requested: DeviceName,
  threads: number | null = 1,
): Promise<Device> {
  if (requested === "reference") return processor(requested, reference);
  const simd = async (why?: string): Promise<Device> =>
    processor(requested, await platform.openSimd(threads), why);
  if (requested === "simd") return simd();
  const { mode, more, cardInSight } = platform.auto;
  if (requested === "auto" && cardInSight?.() === false) return simd("there is no graphics card");
  try {
    const { js, gpu } = await platform.inspect(requested === "auto" ? mode : requested);
    if (requested === "auto" && gpu.software) return simd(`the GPU is software (${gpu.renderer})`);
    return graphics(requested, js, gpu, await platform.openSimd(1));
  } catch (error) {
    if (requested !== "auto" || !(error instanceof Complaint)) throw error;
    return simd(`no GPU can be opened${more}`);
  }
}

/** The device in a few words. */
export const deviceText = ({ backend, renderer, software, threads, why }: DeviceInfo): string =>
  `${backend}${renderer === null ? "" : ` on ${renderer}${software ? ", software" : ""}`}${threads > 1 ? `, ${threads} threads` : ""}${why === undefined ? "" : `; ${why}`}`;
