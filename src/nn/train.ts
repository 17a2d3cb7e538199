/**
 * Training as a stream of events. The loop knows neither files nor clocks: who reads the events decides what
 * to show and what to keep.
 *
 * @packageDocumentation
 */

import type { Rng } from "../tensor/random.ts";
import { type LoopScope, loopScope } from "../tensor/scope.ts";
import { evaluate } from "./evaluate.ts";
import { type Batch, batchesOf, type ImageSource } from "./images.ts";
import type { Metrics } from "./metrics.ts";
import type { Model, Weights } from "./model.ts";
import type { Objective } from "./objectives.ts";
import type { Optimizer, OptimizerState } from "./optimizers.ts";
import { partSize } from "./parts.ts";
import type { Sam } from "./sam.ts";
import { onKernelsOf, readAll, trainStep } from "./step.ts";

export interface Recipe {
  readonly epochs: number;
  /** Images in a step. A last batch with fewer images is dropped. */
  readonly batchSize: number;
  readonly optimizer: Optimizer;
  /** The learning rate of an epoch, counted from 0. */
  readonly lr: (epoch: number) => number;
  /** Each step goes by the gradient at the worst point near the weights. */
  readonly sam?: Sam | undefined;
  /** Each batch passes through the network in so many parts, one after the other; 1 if it is not given. Evaluation, too, takes no more images at a time. */
  readonly accumulate?: number | undefined;
  /** What the steps on some images minimize, in an epoch counted from 0; the mean cross-entropy where absent. */
  readonly objective?: ((batch: Batch, epoch: number) => Objective | Promise<Objective>) | undefined;
}

/** Everything that a later start needs to go on to the same bits. */
export interface TrainState {
  /** Epochs that are complete. */
  readonly epoch: number;
  readonly weights: Weights;
  readonly optimizer: OptimizerState;
  /** The weights of the epoch with the lowest training loss so far. */
  readonly best: { readonly epoch: number; readonly train: Metrics; readonly weights: Weights } | null;
}

export type TrainEvent =
  | {
      readonly type: "step";
      readonly epoch: number;
      readonly step: number;
      readonly steps: number;
      readonly loss: number;
      readonly lr: number;
    }
  | {
      readonly type: "epoch";
      /** Epochs that are complete, from 1. */
      readonly epoch: number;
      readonly lr: number;
      /** Mean loss of the steps, in train mode. */
      readonly stepLoss: number;
      /** In eval mode, on all training images. */
      readonly train: Metrics;
      readonly test: Metrics;
      /** Is this the lowest training loss so far? */
      readonly best: boolean;
      /** Its tensors live until the next event is asked for. */
      readonly state: TrainState;
    };

/** Training cannot go on: the loss is no longer a number. */
export class Diverged extends Error {
  override readonly name = "Diverged";
}

export function startOf(weights: Weights, optimizer: Optimizer): TrainState {
  return { epoch: 0, weights, optimizer: optimizer.init(weights.params), best: null };
}

/**
 * Trains from `start` to the end of the recipe: an event for each step and for each epoch.
 *
 * The state that is selected is the one with the lowest training loss, evaluated in eval mode after each
 * epoch; of equals the earliest, and never one that is not a number.
 *
 * @param rng - orders the images of each epoch, by the epoch's name, and places each of them
 * @throws Diverged with a sentence that says where
 * @implements QGen.sec.4.2
 */
export async function* train(
  model: Model,
  data: { readonly train: ImageSource; readonly test: ImageSource },
  recipe: Recipe,
  start: TrainState,
  rng: Rng,
): AsyncGenerator<TrainEvent, TrainState> {
  const steps = Math.floor(data.train.count / recipe.batchSize);
  if (steps < 1)
    throw new RangeError(
      `train: a batch of ${recipe.batchSize} does not fit into ${data.train.count} training images`,
    );
  const { accumulate = 1 } = recipe;
  if (accumulate > recipe.batchSize)
    throw new RangeError(
      `train: a batch of ${recipe.batchSize} images cannot be split into ${accumulate} parts`,
    );
  const memory = loopScope();
  let state = start;
  try {
    while (state.epoch < recipe.epochs) {
      const lr = recipe.lr(state.epoch);
      const order = rng.fork(`shuffle/${state.epoch}`).permutation(data.train.count);
      const blocks = Array.from({ length: steps }, (_, i) =>
        order.subarray(i * recipe.batchSize, (i + 1) * recipe.batchSize),
      );
      const { epoch: current } = state;
      const draws = (index: number): Rng => rng.fork(`augment/${current}/${index}`);
      let [lossSum, step] = [0, 0];
      for await (const batch of batchesOf(data.train, blocks, draws)) {
        const trained = await trainStep(
          memory,
          model,
          recipe.optimizer,
          state,
          batch,
          data.train.shape,
          lr,
          recipe,
        );
        state = trained.state;
        const { loss, cause } = trained;
        if (!Number.isFinite(loss)) throw diverged(loss, state.epoch, step, steps, lr, cause);
        lossSum += loss;
        yield { type: "step", epoch: state.epoch, step, steps, loss, lr };
        step++;
      }
      state = await onHost(memory, state);
      const [train, test] = [
        await evaluate(model, state.weights, data.train, partSize(recipe.batchSize, accumulate)),
        await evaluate(model, state.weights, data.test, partSize(recipe.batchSize, accumulate)),
      ];
      const best = state.best === null || train.loss < state.best.train.loss;
      const epoch = state.epoch + 1;
      state = {
        ...state,
        epoch,
        best: best && Number.isFinite(train.loss) ? { epoch, train, weights: state.weights } : state.best,
      };
      yield { type: "epoch", epoch, lr, stepLoss: lossSum / steps, train, test, best, state };
    }
    return state;
  } finally {
    memory.end();
  }
}

/** The state with its buffers on the host, where whoever is told of an epoch may look at them. */
async function onHost(memory: LoopScope, state: TrainState): Promise<TrainState> {
  const { params, buffers } = state.weights;
  const values = await readAll(buffers);
  return memory.turn(() => ({ ...state, weights: { params, buffers: onKernelsOf(params, values) } }));
}

function diverged(
  loss: number,
  epoch: number,
  step: number,
  steps: number,
  lr: number,
  cause: string | null,
): Diverged {
  return new Diverged(
    `the loss became ${loss} in epoch ${epoch + 1}, step ${step + 1} of ${steps}, at learning rate ${lr}` +
      (cause === null ? "" : `; the first value that is not finite is ${cause}`) +
      ". A smaller learning rate may help.",
  );
}
