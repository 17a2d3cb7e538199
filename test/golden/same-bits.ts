/**
 * The pinned run: 200 LSQ steps of a small network on built-in pictures. Nothing in it is of Node or of a browser, so that all of them
 * can run it.
 */
import { buildImages } from "../../src/experiments/build.ts";
import { syntheticDataset } from "../../src/experiments/data/synthetic.ts";
import { nin } from "../../src/nn/models/nin.ts";
import { sgd } from "../../src/nn/optimizers.ts";
import { multiStep } from "../../src/nn/schedules.ts";
import { trainStep } from "../../src/nn/step.ts";
import { startOf } from "../../src/nn/train.ts";
import { prepare } from "../../src/quant/prepare.ts";
import type { Kernels } from "../../src/tensor/kernels/kernels.ts";
import { createRng } from "../../src/tensor/random.ts";
import { loopScope } from "../../src/tensor/scope.ts";

const STEPS = 200;
const BATCH = 8;

/**
 * Who changes an order of summation, a stream of random numbers or a rule of updating changes this. Where that is meant, the message of
 * the failing test has the new value.
 */
export const pinnedSha256 = "cc504235ae587333d54cd8e32824115e01728d75fe86a0ea5eddb88fbfc46b96";

/** SHA-256 of all parameters and buffers after the run, in the order of their names. */
export async function weightsSha256(kernels: Kernels): Promise<string> {
  const { train } = buildImages(syntheticDataset({ train: 80, test: 10, seed: 0 }));
  const model = prepare(nin({ depth: 1, width: 1, classes: 10 }), { bits: 4 });
  const optimizer = sgd({ momentum: 0.9, weightDecay: 1e-4 });
  const lr = multiStep(0.05, [100]);
  const rng = createRng(0);
  const memory = loopScope();
  let state = startOf(model.init(kernels, rng.fork("init")), optimizer);
  for (let i = 0; i < STEPS; i++) {
    const indices = Array.from({ length: BATCH }, (_, j) => (i * BATCH + j) % train.count);
    ({ state } = await trainStep(memory, model, optimizer, state, train.batch(indices), train.shape, lr(i)));
  }
  const { params, buffers } = state.weights;
  const named = Object.entries({ ...params, ...buffers }).sort(([a], [b]) => (a < b ? -1 : 1));
  const bytes = named.flatMap(([, { data }]) => [
    ...new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  ]);
  memory.end();
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", Uint8Array.from(bytes)));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
