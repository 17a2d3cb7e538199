import { expect, test } from "vitest";
import { fingerprint } from "../../src/experiments/checkpoint.ts";
import { nin } from "../../src/nn/models/nin.ts";
import { sgd } from "../../src/nn/optimizers.ts";
import { multiStep } from "../../src/nn/schedules.ts";
import { startOf, type TrainState, trainStep } from "../../src/nn/train.ts";
import { prepare } from "../../src/quant/prepare.ts";
import { createRng } from "../../src/tensor/random.ts";
import { loopScope } from "../../src/tensor/scope.ts";
import { simd } from "../kernels.ts";
import { batch } from "./batch.ts";

const float = nin({ depth: 2, width: 1, classes: 10 });

// Whoever changes an order of summation, a stream of random numbers or a rule of updating changes these. Where that is
// meant, the message of the failing test has the new value.
test.each([
  ["float", float, "eb129d07d8d5eff7a600d0444308ca827edc0a08388874e2eb6c2881804161fe"],
  [
    "LSQ, 2 bits",
    prepare(float, { bits: 2 }),
    "23e077aa358cab4b54e06f64458388ac44ab528e861dc27a69d87ea0c0d89abc",
  ],
  [
    "LSQ, 4 bits",
    prepare(float, { bits: 4 }),
    "ded8f4444012fdacc687e0272e115e71fae2bb5c3932c74f50eac8fc0ac89a31",
  ],
] as const)(
  "30 steps of NiN 2x1 from our own first weights end with the pinned bits: %s",
  async (_, model, sha256) => {
    const optimizer = sgd({ momentum: 0.9, weightDecay: 1e-4 });
    const lr = multiStep(0.1, [20]);
    const memory = loopScope();
    let state: TrainState = startOf(model.init(simd, createRng(0)), optimizer);
    for (let i = 0; i < 30; i++)
      ({ state } = await trainStep(memory, model, optimizer, state, batch(i), [3, 32, 32], lr(i)));
    expect(fingerprint(state.weights)).toBe(sha256);
    memory.end();
  },
);
