/**
 * Opening a GPU, in Node and in a browser alike: who is there, is it hardware, and is it really what runs.
 *
 * @packageDocumentation
 */

import { createGpu, type GpuKernels } from "../tensor/kernels/gpu/index.ts";
import { createRuntime, type GpuJs, type GpuMode, type Probe, probe } from "../tensor/kernels/gpu/runtime.ts";
import type { Kernels } from "../tensor/kernels/kernels.ts";

/** What a GPU mode turned out to be. */
export interface GpuInfo {
  readonly mode: GpuMode;
  /** What draws: the driver's own words. */
  readonly renderer: string;
  /** Is it a program that plays a GPU? */
  readonly software: boolean;
  /** The largest extent of a texture. */
  readonly maxTextureSize: number;
}

/** A mode that cannot be had, and why. */
export class NoGpu extends Error {
  override readonly name = "NoGpu";
}

const backends: Readonly<Record<GpuMode, string>> = {
  cpu: "CPUKernel",
  webasm: "WebAssemblyKernel",
  headlessgl: "HeadlessGLKernel",
  webgl2: "WebGL2Kernel",
  webgpu: "WebGPUKernel",
};

const SOFTWARE = /llvmpipe|swiftshader|softpipe|lavapipe|software|basic render|subzero/i;
const GL_RENDERER = 0x1f01;
const GL_MAX_TEXTURE_SIZE = 0x0d33;

/** What is asked of a context of WebGL, or of the package `gl` that stands in for it in Node. */
interface GlContext {
  getParameter(name: number): unknown;
  getExtension(name: string): { readonly UNMASKED_RENDERER_WEBGL: number } | null;
  /** Only in the package `gl`, whose `getParameter` always says "ANGLE". */
  _getParameterDirect?(name: number): unknown;
}

/** `null` where the context is none of WebGL: then something else ran. */
function glInfo(gl: Partial<GlContext> | null): Pick<GpuInfo, "renderer" | "maxTextureSize"> | null {
  if (typeof gl?.getParameter !== "function") return null;
  const { UNMASKED_RENDERER_WEBGL: unmasked = GL_RENDERER } =
    gl.getExtension?.("WEBGL_debug_renderer_info") ?? {};
  return {
    renderer: String(gl._getParameterDirect?.(GL_RENDERER) ?? gl.getParameter(unmasked)),
    maxTextureSize: Number(gl.getParameter(GL_MAX_TEXTURE_SIZE)),
  };
}

interface Adapter {
  readonly info?: {
    readonly description?: string;
    readonly vendor?: string;
    readonly isFallbackAdapter?: boolean;
  };
  readonly isFallbackAdapter?: boolean;
  readonly limits?: { readonly maxStorageBufferBindingSize?: number };
}

/** Of WebGPU, whose results are buffers: as many numbers as one of them holds, as the side of a square. */
async function webgpuInfo(): Promise<GpuInfo> {
  const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<Adapter | null> } };
  const adapter = await gpu?.requestAdapter();
  const { description = "", vendor = "" } = adapter?.info ?? {};
  const renderer = [vendor, description].filter((part) => part !== "").join(" ") || "unknown adapter";
  const software = adapter?.info?.isFallbackAdapter ?? adapter?.isFallbackAdapter ?? false;
  const bytes = adapter?.limits?.maxStorageBufferBindingSize ?? 2 ** 27;
  return {
    mode: "webgpu",
    renderer,
    software: software || SOFTWARE.test(renderer),
    maxTextureSize: Math.floor(Math.sqrt(bytes / 4)),
  };
}

/**
 * Runs a kernel of one number in a mode, and says what ran it.
 *
 * @throws NoGpu where the mode is not to be had, or something else ran: gpu.js falls back without a word
 */
export async function inspectGpu(js: GpuJs, mode: GpuMode): Promise<GpuInfo> {
  let found: Probe<Pick<GpuInfo, "renderer" | "maxTextureSize"> | null>;
  try {
    found = await probe(js, mode, (context) =>
      mode === "headlessgl" || mode === "webgl2" ? glInfo(context as Partial<GlContext> | null) : null,
    );
  } catch (error) {
    throw new NoGpu(`${mode} cannot be opened: ${(error as Error).message}`, { cause: error });
  }
  if (found.backend !== backends[mode])
    throw new NoGpu(
      `${mode} cannot be opened: ${found.backend} ran instead${found.fallbackReason === null ? "" : ` (${found.fallbackReason})`}`,
    );
  if (!found.works) throw new NoGpu(`${mode} computes nonsense: 2 · 21 did not give 42`);
  if (mode === "webgpu") return webgpuInfo();
  if (found.answer === null) return { mode, renderer: mode, software: true, maxTextureSize: 2 ** 14 };
  return { mode, ...found.answer, software: SOFTWARE.test(found.answer.renderer) };
}

/** The kernels of a GPU that has been inspected. */
export const gpuKernels = (js: GpuJs, { mode, maxTextureSize }: GpuInfo, host: Kernels): GpuKernels =>
  createGpu(createRuntime(js, mode, { maxTextureSize }), host);
