/**
 * Training as a stream of events. The loop knows neither files nor clocks: who reads the events decides what
 * to show and what to keep.
 *
 * @packageDocumentation
 */

import { firstNonFinite } from "../autograd/diagnose.ts";
import { grad, pullBackOnce } from "../autograd/grad.ts";
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
import { meanOf, type Numbers, partSize, partsOf } from "./parts.ts";
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
 * The loss of a batch, with the penalty where there is one, and its gradient to every parameter. The pass is used up:
 * of what it has made, only the buffers are left.
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
  const slope = grad(loss, [z]);
  const extra = penalty?.(leaves);
  const total = extra === undefined ? loss.value : add(loss, extra).value;
  const one = constant(kernels.fill(1, [], dtype));
  const pulled =
    extra === undefined
      ? pullBackOnce([y], slope, Object.values(leaves))
      : pullBackOnce([y, extra], [...slope, one], Object.values(leaves));
  const grads = Object.keys(leaves).map((name, i) => {
    const { kernels, shape, dtype } = leaves[name]!.value;
    return [name, pulled[i] ?? kernels.fill(0, shape, dtype)] as const;
  });
  return { loss: total, grads: Object.fromEntries(grads) };
}

/** Some images, and what is to be minimized on them. */
interface Task {
  readonly batch: Batch;
  readonly objective: Objective;
}

/** What a batch says of the weights. */
interface Slope {
  readonly loss: number;
  /** The gradient to every parameter. */
  readonly grads: Tree<Numbers>;
  /** The buffers after having seen the batch. */
  readonly buffers: Tree<Tensor>;
  /** The first value that was not finite, where the loss is not. */
  readonly cause: string | null;
}

/**
 * The slope at some weights, by the parts of a batch one after the other. Between its scopes, the logits and the gradients
 * come to the host from wherever they are.
 *
 * @param kept - whose tensors live on
 */
async function slopeAt(
  memory: LoopScope,
  kept: unknown,
  model: Model,
  weights: Weights,
  parts: readonly Task[],
  shape: Shape,
): Promise<Slope> {
  const slopes: { share: number; loss: number; grads: Tree<Numbers> }[] = [];
  const count = parts.reduce((sum, { batch }) => sum + batch.labels.length, 0);
  let { buffers } = weights;
  let cause: string | null = null;
  for (const { batch, objective } of parts) {
    const { labels } = batch;
    const at = { params: weights.params, buffers };
    const passing = () => ({ kept, at, pass: forward(model, at, batch, shape) });
    const { pass } = memory.turn(passing);
    const logits = await pass.y.value.read();
    const after = pass.buffers;
    const { loss: mean, grads } = memory.turn(() => ({
      ...{ kept, at, after },
      ...backward(pass, logits, labels, objective),
    }));
    const loss = (await mean.read())[0]!;
    slopes.push({ share: labels.length / count, loss, grads: await readAll(grads) });
    // The pass is used up: another one is looked at.
    if (!Number.isFinite(loss))
      cause ??= await firstNonFinite(memory.turn(() => ({ after, ...passing() })).pass.y, at.params);
    buffers = after;
  }
  return { ...meanOf(slopes), buffers, cause };
}

/**
 * One update of the weights by one batch.
 *
 * With `sam`, the gradient is that of the same batch at w + e, and is applied at w. The loss and what batch norm learns
 * are those of w.
 *
 * With `accumulate`, the gradient is the mean of those of the batch's parts, each by its number of images.
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
  { sam, accumulate = 1, objective = () => toLabels }: Pick<Recipe, "sam" | "accumulate" | "objective"> = {},
): Promise<{ readonly state: TrainState; readonly loss: number; readonly cause: string | null }> {
  const { params } = state.weights;
  const parts: Task[] = [];
  for (const part of partsOf(batch, accumulate))
    parts.push({ batch: part, objective: await objective(part, state.epoch) });
  const here = await slopeAt(memory, state, model, state.weights, parts, shape);
  const { loss, buffers, cause } = here;
  let { grads } = here;
  if (sam !== undefined && cause === null) {
    const e = ascentOf(params, grads, sam, sam.moved === "all" ? Object.keys(params) : model.weights);
    const { above } = memory.turn(() => {
      const moved = climbed(params, e);
      return { state, buffers, above: model.project?.(moved) ?? moved };
    });
    const weights = { params: above, buffers: state.weights.buffers };
    ({ grads } = await slopeAt(memory, { state, buffers }, model, weights, parts, shape));
  }
  const next = memory.turn(() => {
    const updated = optimizer.step(params, onKernelsOf(params, grads), state.optimizer, lr, model.decays);
    const weights = { params: model.project?.(updated.params) ?? updated.params, buffers };
    return { ...state, weights, optimizer: updated.state };
  });
  return { state: next, loss, cause };
}

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
