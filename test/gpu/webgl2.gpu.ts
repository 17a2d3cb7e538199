import { describe, expect, test } from "vitest";
import { inspectGpu } from "../../src/experiments/gpu-device.ts";
import { obeysTheContract } from "../kernel-contract.ts";
import { gpuOf, js, settingOf } from "./browser.ts";
import { trainsLikeSimd } from "./training.ts";

test("webgl2 is what runs, and says on what", async () => {
  const gpu = await inspectGpu(js, "webgl2");
  expect(gpu).toMatchObject({ mode: "webgl2" });
  expect(gpu.renderer).toMatch(/\w/);
  expect(gpu.maxTextureSize).toBeGreaterThanOrEqual(2048);
  console.log(`webgl2 on ${gpu.renderer}${gpu.software ? " (software)" : ""}`);
});

describe("gpu.js, webgl2", () => {
  const kernels = gpuOf("webgl2", { maxTextureSize: 8192 });
  trainsLikeSimd(
    settingOf(() => kernels),
    { steps: 20 },
  );
  obeysTheContract(kernels, { ieee: 1, transcendental: 4 });
});
