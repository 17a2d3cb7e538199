import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { GpuJs, GpuMode } from "../tensor/kernels/gpu/runtime.ts";
import { createSimd, type SimdKernels } from "../tensor/kernels/simd/index.ts";
import { Complaint } from "./complaint.ts";
import { type Device, type DeviceName, openOn } from "./device.ts";
import { type GpuInfo, inspectGpu, NoGpu } from "./gpu-device.ts";
import { nodeTeam, saidThreads, worthwhile } from "./threads.ts";

const built = (name: string): string => fileURLToPath(new URL(`../../build/${name}`, import.meta.url));

/**
 * The SIMD kernels. One thread has the plain build, whose memory is its own.
 *
 * @throws Complaint where they are not built
 */
export function openSimd(threads = 1): SimdKernels {
  const file = built(threads === 1 ? "kernels.wasm" : "kernels-threads.wasm");
  let wasm: Uint8Array<ArrayBuffer>;
  try {
    wasm = new Uint8Array(readFileSync(file));
  } catch {
    throw new Complaint(`the SIMD kernels are not built: ${file} is missing. Run "npm run kernels".`);
  }
  return threads === 1 ? createSimd(wasm) : createSimd(wasm, nodeTeam(threads));
}

/** What to do about a mode that is not to be had in Node. */
export const remedies: Readonly<Partial<Record<GpuMode, string>>> = {
  headlessgl:
    'It needs a driver for Vulkan (a graphics card\'s, or the package mesa-vulkan-drivers, which is software) and then "npm run gpu:setup"; or, after "npm run gpu:setup", a display (xvfb-run -a …).',
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

/** Where the drivers of graphics cards are found: of most, of NVIDIA's, of Windows beneath Linux, of Mali's. */
const cards = ["/dev/dri", "/dev/nvidiactl", "/dev/dxg", "/dev/mali0"];
/** Linux shows a card as a file; elsewhere, only opening it tells. Opening one that is software takes half a second. */
const cardInSight = (): boolean => process.platform !== "linux" || cards.some((card) => existsSync(card));

/**
 * The kernels of that name, in Node.
 *
 * @param threads - where somebody has asked for a number
 * @throws Complaint where what is asked for by name cannot be had, with the remedy
 */
export async function openDevice(requested: DeviceName = "auto", threads?: number): Promise<Device> {
  const asked = threads ?? saidThreads();
  const device = await openOn(
    {
      openSimd: async (count) => (count === null ? worthwhile(openSimd) : openSimd(count)),
      inspect: inspectHere,
      auto: { mode: "headlessgl", more: " (qgen doctor tells more)", cardInSight },
    },
    requested,
    asked,
  );
  if (threads !== undefined && device.info.threads !== threads)
    throw new Complaint(
      `--threads ${threads}: only simd computes with several, ${device.info.backend} with one`,
      2,
    );
  return device;
}
