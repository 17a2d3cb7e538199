import { expect, test } from "vitest";
import { fingerprint } from "../../src/experiments/checkpoint.ts";
import { nin } from "../../src/nn/models/nin.ts";
import { sgd } from "../../src/nn/optimizers.ts";
import { multiStep } from "../../src/nn/schedules.ts";
import { trainStep } from "../../src/nn/step.ts";
import { startOf, type TrainState } from "../../src/nn/train.ts";
import { prepare } from "../../src/quant/prepare.ts";
import { createRng } from "../../src/tensor/random.ts";
import { loopScope } from "../../src/tensor/scope.ts";
import { simd } from "../kernels.ts";
import { batch } from "./batch.ts";

const float = nin({ depth: 2, width: 1, classes: 10 });

// Whoever changes an order of summation, a stream of random numbers or a rule of updating changes these. Where that is
// meant, the message of the failing test has the new value.
test.each([
  ["float", float, "b351097da2d6c82a82bd8523ae4f17ec7555b1720220ffc83ca94ef8767b434b"],
  [
    "LSQ, 2 bits",
    prepare(float, { bits: 2 }),
    "467a4d97e1e17298f47a3664544abb8f844741788f4d7d33173388f37df17912",
  ],
  [
    "LSQ, 4 bits",
    prepare(float, { bits: 4 }),
    "56e2ada757f32d586dd8d388e9ae4daa52838d5664566b40bbf258ae4b36ab23",
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
