import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { physicalCores } from "../../src/experiments/cores.ts";
import { openDevice } from "../../src/experiments/node-device.ts";
import { checkedThreads, defaultThreads, nodeTeam } from "../../src/experiments/threads.ts";
import { createSimd } from "../../src/tensor/kernels/simd/index.ts";
import { gather, type Team } from "../../src/tensor/kernels/simd/team.ts";
import { obeysTheContract } from "../kernel-contract.ts";
import { threadedSimd } from "../kernels.ts";

describe.each([2, 3])("%i threads", (threads) => {
  const kernels = threadedSimd(threads);
  afterAll(() => kernels.close());
  obeysTheContract(kernels);
});
