/**
 * Training as a stream of events. The loop knows neither files nor clocks: who reads the events decides what
 * to show and what to keep.
 *
 * @packageDocumentation
 */

import { firstNonFinite } from "../autograd/diagnose.ts";
import { grad, pullBack } from "../autograd/grad.ts";
import { constant, type Var } from "../autograd/op.ts";
import { add } from "../autograd/ops/arithmetic.ts";
import type { Rng } from "../tensor/random.ts";
import { type LoopScope, loopScope } from "../tensor/scope.ts";
import type { Buffer, Shape, Tensor } from "../tensor/tensor.ts";
import { type Batch, batchesOf, blocksInOrder, type ImageSource } from "./images.ts";
import { type Metrics, type Tally, tally, total } from "./metrics.ts";
import type { Mode, Model, Weights } from "./model.ts";
import { type Objective, toLabels } from "./objectives.ts";
import type { Optimizer, OptimizerState } from "./optimizers.ts";
import { ascentOf, climbed, type Sam } from "./sam.ts";
import { mapTree, type Tree } from "./tree.ts";

export type { Batch, ImageSource, Images } from "./images.ts";

export interface Recipe {
  readonly epochs: number;
  /** Images in a step. A last batch with fewer images is dropped. */
  readonly batchSize: number;
  readonly optimizer: Optimizer;
  /** The learning rate of an epoch, counted from 0. */
  readonly lr: (epoch: number) => number;
  /** Each step goes by the gradient at the worst point near the weights. */
  readonly sam?: Sam | undefined;
  /** What the steps on a batch minimize, in an epoch counted from 0; the mean cross-entropy where absent. */
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
        const { optimizer, sam } = recipe;
        const objective = await recipe.objective?.(batch, current);
        const trained = await trainStep(
          memory,
          model,
          optimizer,
          state,
          batch,
          data.train.shape,
          lr,
          sam,
          objective,
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

/** What a network has made of a batch. */
export interface Pass {
  /** The parameters, for gradients to arrive at. */
  readonly leaves: Tree<Var>;
  /** Logits [N, K]. */
  readonly y: Var;
  /** The buffers after having seen the batch. */
  readonly buffers: Tree<Tensor>;
}

export function forward(
  model: Model,
  { params, buffers }: Weights,
  batch: Batch,
  shape: Shape,
  mode: Mode = "train",
): Pass {
  const leaves = mapTree(params, constant);
  const x = imagesFor(params, batch.images, batch.labels.length, shape);
  return { leaves, ...model.apply(leaves, buffers, x, mode) };
}

/**
 * The loss of a batch, with the penalty where there is one, and its gradient to every parameter.
 *
 * @param logits - the numbers of `y`: the loss is computed by the host, wherever the network was
 */
export function backward(
  { leaves, y }: Pass,
  logits: Buffer,
  labels: Int32Array,
  { loss: lossOf, penalty }: Objective = toLabels,
): { readonly loss: Tensor; readonly grads: Tree<Tensor> } {
  const { kernels, shape, dtype } = y.value;
  const z = constant(kernels.tensor(logits, shape));
  const loss = lossOf(z, labels);
  const one = constant(kernels.fill(1, [], dtype));
  const extra = penalty?.(leaves);
  const pulled =
    extra === undefined
      ? pullBack([y], grad(loss, [z]), Object.values(leaves))
      : pullBack([y, extra], [...grad(loss, [z]), one], Object.values(leaves));
  const grads = Object.keys(leaves).map((name, i) => {
    const { kernels, shape, dtype } = leaves[name]!.value;
    return [name, pulled[i]?.value ?? kernels.fill(0, shape, dtype)] as const;
  });
  const total = extra === undefined ? loss : add(loss, extra);
  return { loss: total.value, grads: Object.fromEntries(grads) };
}

/**
 * One update of the weights by one batch. Between its scopes, the logits and the gradients come to the host from
 * wherever they are.
 *
 * With `sam`, the gradient is that of the same batch at w + e, and is applied at w. The loss and what batch norm learns
 * are those of w.
 *
 * @implements SAM.eq.3
 */
export async function trainStep(
  memory: LoopScope,
  model: Model,
  optimizer: Optimizer,
  state: TrainState,
  batch: Batch,
  shape: Shape,
  lr: number,
  sam?: Sam,
  objective?: Objective,
): Promise<{ readonly state: TrainState; readonly loss: number; readonly cause: string | null }> {
  const { pass } = memory.turn(() => ({ state, pass: forward(model, state.weights, batch, shape) }));
  const logits = await pass.y.value.read();
  const slopes = memory.turn(() => ({ state, pass, ...backward(pass, logits, batch.labels, objective) }));
  const loss = (await slopes.loss.read())[0]!;
  const { params } = state.weights;
  const cause = Number.isFinite(loss) ? null : await firstNonFinite(pass.y, params);
  let values = await readAll(slopes.grads);
  if (sam !== undefined && cause === null) {
    const e = ascentOf(params, values, sam, sam.moved === "all" ? Object.keys(params) : model.weights);
    const { above } = memory.turn(() => {
      const moved = climbed(params, e);
      const weights = { params: model.project?.(moved) ?? moved, buffers: state.weights.buffers };
      return { state, pass, above: forward(model, weights, batch, shape) };
    });
    const there = await above.y.value.read();
    const { grads } = memory.turn(() => ({
      state,
      pass,
      above,
      ...backward(above, there, batch.labels, objective),
    }));
    values = await readAll(grads);
  }
  const next = memory.turn(() => {
    const grads = onKernelsOf(params, values);
    const updated = optimizer.step(params, grads, state.optimizer, lr, model.decays);
    const weights = { params: model.project?.(updated.params) ?? updated.params, buffers: pass.buffers };
    return { ...state, weights, optimizer: updated.state };
  });
  return { state: next, loss, cause };
}

type Numbers = { readonly shape: Shape; readonly values: Buffer };

async function readAll(tree: Tree<Tensor>): Promise<Tree<Numbers>> {
  const read: Record<string, Numbers> = {};
  for (const [name, x] of Object.entries(tree)) read[name] = { shape: x.shape, values: await x.read() };
  return read;
}

/** Tensors of the same kernels as `like`, on the host. */
const onKernelsOf = (like: Tree<Tensor>, tree: Tree<Numbers>): Tree<Tensor> =>
  mapTree(tree, ({ shape, values }) => Object.values(like)[0]!.kernels.tensor(values, shape));

/** The state with its buffers on the host, where whoever is told of an epoch may look at them. */
async function onHost(memory: LoopScope, state: TrainState): Promise<TrainState> {
  const { params, buffers } = state.weights;
  const values = await readAll(buffers);
  return memory.turn(() => ({ ...state, weights: { params, buffers: onKernelsOf(params, values) } }));
}

/** Mean loss and accuracy over all images, in eval mode. */
export async function evaluate(
  model: Model,
  weights: Weights,
  images: ImageSource,
  batchSize: number,
): Promise<Metrics> {
  const memory = loopScope();
  const tallies: Tally[] = [];
  const params = mapTree(weights.params, constant);
  try {
    for await (const { images: pixels, labels } of batchesOf(
      images,
      blocksInOrder(images.count, batchSize),
    )) {
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
export function imagesFor(params: Tree<Tensor>, pixels: Float32Array, count: number, shape: Shape): Var {
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
