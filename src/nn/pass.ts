/**
 * A batch through a network, and its gradient back.
 *
 * @packageDocumentation
 */

import { grad, pullBackOnce } from "../autograd/grad.ts";
import { constant, type Var } from "../autograd/op.ts";
import { add } from "../autograd/ops/arithmetic.ts";
import type { Buffer, Shape, Tensor } from "../tensor/tensor.ts";
import type { Batch } from "./images.ts";
import type { Mode, Model, Weights } from "./model.ts";
import { type Objective, toLabels } from "./objectives.ts";
import { mapTree, type Tree } from "./tree.ts";

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

/** The images on the kernels, and in the precision, of the parameters. */
export function imagesFor(params: Tree<Tensor>, pixels: Float32Array, count: number, shape: Shape): Var {
  const { kernels, dtype } = Object.values(params)[0]!;
  return constant(
    kernels.tensor(dtype === "float32" ? pixels : Float64Array.from(pixels), [count, ...shape]),
  );
}
