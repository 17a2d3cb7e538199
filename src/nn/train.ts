/**
 * Training as a stream of events. The loop knows neither files nor clocks: who reads the events decides what
 * to show and what to keep.
 *
 * @packageDocumentation
 */

import { firstNonFinite } from "../autograd/diagnose.ts";
import { grad } from "../autograd/grad.ts";
import { constant, type Var } from "../autograd/op.ts";
import { crossEntropy } from "../autograd/ops/fused.ts";
import type { Rng } from "../tensor/random.ts";
import { loopScope } from "../tensor/scope.ts";
import type { Shape, Tensor } from "../tensor/tensor.ts";
import { type Metrics, type Tally, tally, total } from "./metrics.ts";
import type { Model, Weights } from "./model.ts";
import type { Optimizer, OptimizerState } from "./optimizers.ts";
import { mapTree, type Tree } from "./tree.ts";

/** Normalized images with labels, to be had by their indices. */
export interface Images {
  readonly count: number;
  /** [C, H, W] */
  readonly shape: Shape;
  batch(indices: ArrayLike<number>): { readonly images: Float32Array; readonly labels: Int32Array };
}

export interface Recipe {
  readonly epochs: number;
  /** Images in a step. A last batch with fewer images is dropped. */
  readonly batchSize: number;
  readonly optimizer: Optimizer;
  /** The learning rate of an epoch, counted from 0. */
  readonly lr: (epoch: number) => number;
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
 * @param rng - orders the images of each epoch, by the epoch's name
 * @throws Diverged with a sentence that says where
 * @implements QGen.sec.4.2
 */
export async function* train(
  model: Model,
  data: { readonly train: Images; readonly test: Images },
  recipe: Recipe,
  start: TrainState,
  rng: Rng,
): AsyncGenerator<TrainEvent, TrainState> {
  const steps = Math.floor(data.train.count / recipe.batchSize);
  if (steps < 1)
    throw new RangeError(
      `train: a batch of ${recipe.batchSize} does not fit into ${data.train.count} training images`,
    );
  const memory = loopScope();
  let state = start;
  try {
    while (state.epoch < recipe.epochs) {
      const lr = recipe.lr(state.epoch);
      const order = rng.fork(`shuffle/${state.epoch}`).permutation(data.train.count);
      let lossSum = 0;
      for (let step = 0; step < steps; step++) {
        const batch = data.train.batch(
          order.subarray(step * recipe.batchSize, (step + 1) * recipe.batchSize),
        );
        const turn = memory.turn(() =>
          trainStep(model, recipe.optimizer, state, batch, data.train.shape, lr),
        );
        state = turn.state;
        const loss = (await turn.loss.read())[0]!;
        if (!Number.isFinite(loss)) throw diverged(loss, state.epoch, step, steps, lr, turn.cause);
        lossSum += loss;
        yield { type: "step", epoch: state.epoch, step, steps, loss, lr };
      }
      const [train, test] = [
        await evaluate(model, state.weights, data.train, recipe.batchSize),
        await evaluate(model, state.weights, data.test, recipe.batchSize),
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

/** One update of the weights by one batch. */
export function trainStep(
  model: Model,
  optimizer: Optimizer,
  state: TrainState,
  batch: { readonly images: Float32Array; readonly labels: Int32Array },
  shape: Shape,
  lr: number,
): { readonly state: TrainState; readonly loss: Tensor; readonly cause: string | null } {
  const { params, buffers } = state.weights;
  const { loss, grads, seen } = gradients(model, params, buffers, batch, shape);
  const updated = optimizer.step(params, grads, state.optimizer, lr, model.decays);
  const weights = { params: model.project?.(updated.params) ?? updated.params, buffers: seen };
  return {
    state: { ...state, weights, optimizer: updated.state },
    loss: loss.value,
    cause: Number.isFinite(loss.value.data[0]) ? null : firstNonFinite(loss, params),
  };
}

/** Loss of a batch in train mode, its gradient to every parameter, and the buffers after having seen it. */
export function gradients(
  model: Model,
  params: Tree<Tensor>,
  buffers: Tree<Tensor>,
  { images, labels }: { readonly images: Float32Array; readonly labels: Int32Array },
  shape: Shape,
): { readonly loss: Var; readonly grads: Tree<Tensor>; readonly seen: Tree<Tensor> } {
  const leaves = mapTree(params, constant);
  const x = imagesFor(params, images, labels.length, shape);
  const { y, buffers: seen } = model.apply(leaves, buffers, x, "train");
  const loss = crossEntropy(labels)(y);
  const names = Object.keys(leaves);
  const slopes = grad(loss, Object.values(leaves));
  return { loss, grads: Object.fromEntries(names.map((name, i) => [name, slopes[i]!.value])), seen };
}

/** Mean loss and accuracy over all images, in eval mode. */
export async function evaluate(
  model: Model,
  weights: Weights,
  images: Images,
  batchSize: number,
): Promise<Metrics> {
  const memory = loopScope();
  const tallies: Tally[] = [];
  const params = mapTree(weights.params, constant);
  try {
    for (let from = 0; from < images.count; from += batchSize) {
      const indices = Int32Array.from(
        { length: Math.min(batchSize, images.count - from) },
        (_, i) => from + i,
      );
      const { images: pixels, labels } = images.batch(indices);
      const logits = memory.turn(() => {
        const x = imagesFor(weights.params, pixels, labels.length, images.shape);
        return model.apply(params, weights.buffers, x, "eval").y.value;
      });
      tallies.push(tally(await logits.read(), labels));
    }
    return total(tallies);
  } finally {
    memory.end();
  }
}

/** The images on the kernels, and in the precision, of the parameters. */
function imagesFor(params: Tree<Tensor>, pixels: Float32Array, count: number, shape: Shape): Var {
  const { kernels, dtype } = Object.values(params)[0]!;
  return constant(
    kernels.tensor(dtype === "float32" ? pixels : Float64Array.from(pixels), [count, ...shape]),
  );
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
