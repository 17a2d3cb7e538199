/** Which kernels a name opens, what `auto` takes, and what is said when it cannot be. */
import { describe, expect, test, vi } from "vitest";
import { Complaint } from "../../src/experiments/complaint.ts";
import { deviceText, openOn, type Platform } from "../../src/experiments/device.ts";
import { type GpuInfo, inspectGpu } from "../../src/experiments/gpu-device.ts";
import { loadGpuJs, openDevice } from "../../src/experiments/node-device.ts";
import type { GpuJs } from "../../src/tensor/kernels/gpu/runtime.ts";
import { simd } from "../kernels.ts";

const card: GpuInfo = { mode: "cpu", renderer: "a card", software: false, maxTextureSize: 4096 };

/** Where there is this GPU; or none, for a reason. */
const platform = (there: GpuInfo | Error): Platform => ({
  openSimd: async () => simd,
  inspect: async () => {
    if (there instanceof Error) throw there;
    return { js: loadGpuJs(), gpu: there };
  },
  auto: { mode: "headlessgl", more: " (there is help)" },
});

describe("openDevice", () => {
  test("auto takes a GPU that is hardware, and says what draws", async () => {
    const { info, kernels } = await openOn(platform(card), "auto");
    expect(kernels.name).toBe("cpu");
    expect(info).toEqual({
      requested: "auto",
      backend: "cpu",
      renderer: "a card",
      software: false,
      threads: 1,
      limits: { maxTextureSize: 4096 },
    });
    expect(deviceText(info)).toBe("cpu on a card");
  });
  test("auto takes simd where the GPU is software, and says why", async () => {
    const { info, kernels } = await openOn(platform({ ...card, software: true }), "auto");
    expect(kernels).toBe(simd);
    expect(info.why).toBe("the GPU is software (a card)");
    expect(deviceText(info)).toBe("simd; the GPU is software (a card)");
  });
  test("auto takes simd where there is no GPU, and says why", async () => {
    const { info, kernels } = await openOn(platform(new Complaint("no card")), "auto");
    expect(kernels).toBe(simd);
    expect(info.why).toBe("no GPU can be opened (there is help)");
  });
  test("auto opens no GPU where no card is in sight, and says why; by name, it is opened all the same", async () => {
    const there = platform({ ...card, software: true });
    const blind: Platform = { ...there, auto: { ...there.auto, cardInSight: () => false } };
    const opened = vi.spyOn(blind, "inspect");
    const { info, kernels } = await openOn(blind, "auto");
    expect(kernels).toBe(simd);
    expect(deviceText(info)).toBe("simd; there is no graphics card");
    expect(opened).not.toHaveBeenCalled();
    expect((await openOn(blind, "headlessgl")).info.renderer).toBe("a card");
  });
  test("a GPU that is asked for by name is opened even if it is software", async () => {
    const { info } = await openOn(platform({ ...card, software: true }), "headlessgl");
    expect(info).toMatchObject({ requested: "headlessgl", software: true });
  });
  test("a GPU that is asked for by name and is not there is never replaced", async () => {
    await expect(openOn(platform(new Complaint("no card")), "headlessgl")).rejects.toThrow("no card");
  });
  test("an error that is none of these is not taken for a missing GPU", async () => {
    await expect(openOn(platform(new TypeError("a bug")), "auto")).rejects.toThrow("a bug");
  });
  test.each(["webgl2", "webgpu"] as const)("%s in Node is refused, with the remedy", async (mode) => {
    await expect(openDevice(mode)).rejects.toThrow(
      `there is no ${mode} in Node. It is a browser's. "npm run page" opens one.`,
    );
  });
  test.each(["simd", "reference"] as const)("%s opens everywhere", async (name) => {
    const { info, kernels } = await openDevice(name);
    expect([kernels.name, info.backend, info.renderer]).toEqual([name, name, null]);
  });
});

describe("inspectGpu", () => {
  /** gpu.js that runs something else than it was asked for, or runs it wrongly. */
  const pretending = (backend: string, answer: number): GpuJs => ({
    GPU: class {
      createKernel() {
        const run = () => [answer];
        const kernel = { constructor: { mode: "", name: backend }, fallbackReason: "no context" };
        return Object.assign(run, { kernel, destroy() {} });
      }
      async destroy() {}
    },
    Input: class {},
  });
  test("a silent fall back to the processor is found out", async () => {
    await expect(inspectGpu(pretending("CPUKernel", 42), "headlessgl")).rejects.toThrow(
      "headlessgl cannot be opened: CPUKernel ran instead (no context)",
    );
  });
  test("a driver that computes nonsense is found out", async () => {
    await expect(inspectGpu(pretending("HeadlessGLKernel", 41), "headlessgl")).rejects.toThrow(
      "headlessgl computes nonsense",
    );
  });
});
