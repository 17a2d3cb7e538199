/**
 * One update of the weights by one batch.
 *
 * @packageDocumentation
 */

import { firstNonFinite } from "../autograd/diagnose.ts";
import type { LoopScope } from "../tensor/scope.ts";
import type { Shape, Tensor } from "../tensor/tensor.ts";
import type { Batch } from "./images.ts";
import type { Model, Weights } from "./model.ts";
import { type Objective, toLabels } from "./objectives.ts";
import type { Optimizer } from "./optimizers.ts";
import { meanOf, type Numbers, partsOf } from "./parts.ts";
import { backward, forward } from "./pass.ts";
import { ascentOf, climbed } from "./sam.ts";
import type { Recipe, TrainState } from "./train.ts";
import { mapTree, type Tree } from "./tree.ts";

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

export async function readAll(tree: Tree<Tensor>): Promise<Tree<Numbers>> {
  const read: Record<string, Numbers> = {};
  for (const [name, x] of Object.entries(tree)) read[name] = { shape: x.shape, values: await x.read() };
  return read;
}

/** Tensors of the same kernels as `like`, on the host. */
export const onKernelsOf = (like: Tree<Tensor>, tree: Tree<Numbers>): Tree<Tensor> =>
  mapTree(tree, ({ shape, values }) => Object.values(like)[0]!.kernels.tensor(values, shape));
