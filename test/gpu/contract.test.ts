import { describe } from "vitest";
import { obeysTheContract } from "../kernel-contract.ts";
import { gpuOf, settingOf } from "./modes.ts";
import { trainsLikeSimd } from "./training.ts";

describe.each(["cpu", "webasm"] as const)("gpu.js, %s", (mode) => {
  obeysTheContract(gpuOf(mode));
});

describe("gpu.js, cpu", () => {
  trainsLikeSimd(
    settingOf(() => gpuOf("cpu")),
    { steps: 6 },
  );
});
