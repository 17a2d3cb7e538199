import { describe, expect, test } from "vitest";
import { inspectGpu } from "../../src/experiments/gpu-device.ts";
import { obeysTheContract } from "../kernel-contract.ts";
import { gpuOf, js, settingOf } from "./browser.ts";
import { trainsLikeSimd } from "./training.ts";

test("webgpu is what runs, and says on what", async () => {
  const gpu = await inspectGpu(js, "webgpu");
  expect(gpu).toMatchObject({ mode: "webgpu" });
  expect(gpu.renderer).toMatch(/\w/);
  expect(gpu.maxTextureSize).toBeGreaterThanOrEqual(2048);
  console.log(`webgpu on ${gpu.renderer}${gpu.software ? " (software)" : ""}`);
});

describe("gpu.js, webgpu", () => {
  const kernels = gpuOf("webgpu", { maxTextureSize: 4096 });
  trainsLikeSimd(
    settingOf(() => kernels),
    { steps: 20 },
  );
  obeysTheContract(kernels, { ieee: 1, transcendental: 4 });
});
