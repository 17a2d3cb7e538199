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
  ["float", float, "d65f04e0a67045659ffb0489ba595b83aa6a77cc05e0683b6218dbbc269c7606"],
  [
    "LSQ, 2 bits",
    prepare(float, { bits: 2 }),
    "178d1ce28579377974290f6b6c255604ccb0ead949c8c95437218a91d80cf9f4",
  ],
  [
    "LSQ, 4 bits",
    prepare(float, { bits: 4 }),
    "75ab3e5538ef51986a2f75da58ba7476790f8813871eaae20dd57e67a05d555e",
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
