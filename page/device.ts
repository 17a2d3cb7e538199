/** Devices in a browser: the rules are those of Node, the modes are others. */
import gpuJs from "gpu.js";
import wasmUrl from "../build/kernels.wasm?url";
import sharedUrl from "../build/kernels-threads.wasm?url";
import { Complaint } from "../src/experiments/complaint.ts";
import { type Device, type DeviceName, openOn } from "../src/experiments/device.ts";
import { inspectGpu, NoGpu } from "../src/experiments/gpu-device.ts";
import type { GpuJs } from "../src/tensor/kernels/gpu/runtime.ts";
import { createSimd, type SimdKernels } from "../src/tensor/kernels/simd/index.ts";
import { defaultThreads, threadedSimd } from "./threads.ts";

const js = gpuJs as unknown as GpuJs;

const remedies: Readonly<Record<string, string>> = {
  headlessgl: 'It is Node\'s: "qgen train --device headlessgl".',
  webgl2: "Switch hardware acceleration on in the browser's settings, or take simd.",
  webgpu: "Current Chrome and Edge have it, on most machines; take webgl2 or simd elsewhere.",
};

const opened = new Map<number, Promise<SimdKernels>>();

export function openSimd(threads = 1): Promise<SimdKernels> {
  const kernels = opened.get(threads) ?? fetchSimd(threads);
  opened.set(threads, kernels);
  return kernels;
}

async function fetchSimd(threads: number): Promise<SimdKernels> {
  const url = threads === 1 ? wasmUrl : sharedUrl;
  const response = await fetch(url);
  if (!response.ok)
    throw new Complaint(`the SIMD kernels could not be fetched from ${url}: ${response.status}`);
  const wasm = new Uint8Array(await response.arrayBuffer());
  return threads === 1 ? createSimd(wasm) : threadedSimd(wasm, threads);
}

/** @throws Complaint where what is asked for by name cannot be had, with the remedy */
export const openDevice = (requested: DeviceName): Promise<Device> =>
  openOn(
    {
      openSimd: (threads) => openSimd(threads ?? 1),
      async inspect(mode) {
        const refuse = (why: string): never => {
          throw new Complaint(`${why}. ${remedies[mode]}`);
        };
        if (mode === "headlessgl") return refuse("there is no headlessgl in a browser");
        if (mode === "webgl2" && new OffscreenCanvas(1, 1).getContext("webgl2") === null)
          return refuse("this browser gives no WebGL2");
        if (mode === "webgpu" && !("gpu" in navigator)) return refuse("this browser has no WebGPU");
        try {
          return { js, gpu: await inspectGpu(js, mode) };
        } catch (error) {
          if (!(error instanceof NoGpu)) throw error;
          return refuse(error.message);
        }
      },
      auto: { mode: "webgl2", more: ": this browser gives no WebGL2" },
    },
    requested,
    defaultThreads(),
  );
