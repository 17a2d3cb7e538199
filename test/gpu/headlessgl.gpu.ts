import { beforeAll, describe, expect, test } from "vitest";
import { inspectHere, openDevice } from "../../src/experiments/node-device.ts";
import type { GpuKernels } from "../../src/tensor/kernels/gpu/index.ts";
import { obeysTheContract } from "../kernel-contract.ts";
import { gpuOf, settingOf } from "./modes.ts";
import { trainsLikeSimd } from "./training.ts";

// gpu.js falls back to the processor without a word: what follows would pass there, and mean nothing.
beforeAll(async () => {
  await inspectHere("headlessgl");
});

test("headlessgl is what runs, and says on what", async () => {
  const { info } = await openDevice("headlessgl");
  expect(info).toMatchObject({ requested: "headlessgl", backend: "headlessgl" });
  expect(info.renderer).toMatch(/\w/);
  expect(info.limits.maxTextureSize).toBeGreaterThanOrEqual(4096);
  console.log(`headlessgl on ${info.renderer}${info.software ? " (software)" : ""}`);
});

test("auto takes hardware only, and says why it has not", async () => {
  const [asked, auto] = [await openDevice("headlessgl"), await openDevice("auto")];
  expect(auto.info.backend).toBe(asked.info.software ? "simd" : "headlessgl");
  if (asked.info.software) expect(auto.info.why).toMatch(/^the GPU is software|^there is no graphics card$/);
});

describe("gpu.js, headlessgl", () => {
  let shared: GpuKernels | undefined;
  const open = (): GpuKernels => {
    shared ??= gpuOf("headlessgl", { maxTextureSize: 8192 });
    return shared;
  };
  trainsLikeSimd(settingOf(open), { steps: 20 });
  obeysTheContract(open(), { ieee: 1, transcendental: 4 });

  test("what the device has no room for is refused in a sentence, before anything runs", () => {
    const kernels = gpuOf("headlessgl", { maxTextureSize: 16 });
    const x = kernels.fill(1, [2, 8, 16, 16], "float32");
    const before = { ...kernels.runtime.traffic };
    expect(() => kernels.moments(x)).toThrow(
      /upload of \[2,8,16,16\]: a result of 1024 texels is more than headlessgl holds \(256\)\. Use a smaller batch/,
    );
    expect(kernels.runtime.traffic).toEqual(before);
  });
});
