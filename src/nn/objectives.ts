/**
 * What a step of training minimizes.
 *
 * @packageDocumentation
 */

import { constant, type Var } from "../autograd/op.ts";
import { add, mul, sum } from "../autograd/ops/arithmetic.ts";
import { crossEntropy } from "../autograd/ops/fused.ts";
import { type Buffer, bufferOf } from "../tensor/tensor.ts";
import type { Tree } from "./tree.ts";

export interface Objective {
  /** Of logits [N, K]. */
  loss(logits: Var, labels: Int32Array): Var;
  /** What is added to the loss: a function of the parameters alone. */
  readonly penalty?: ((params: Tree<Var>) => Var) | undefined;
}

/** The mean cross-entropy to the labels. */
export const toLabels: Objective = { loss: (logits, labels) => crossEntropy(labels)(logits) };

/**
 * −1/N Σₙ Σₖ t[n,k] ln softmax(z)[n,k], for rows of t that sum to 1. The fused cross-entropy to the labels, which guards
 * against overflow, and a term that is linear in z: H(t, z) = H(onehot, z) + 1/N Σ z (onehot − t).
 */
export function softCrossEntropy(logits: Var, labels: Int32Array, targets: Buffer): Var {
  const { kernels, dtype, shape } = logits.value;
  const k = shape[1]!;
  if (targets.length !== labels.length * k)
    throw new RangeError(
      `soft labels: expected the probabilities of ${k} classes for each of ${labels.length} images, got ${targets.length} numbers`,
    );
  const rest = bufferOf(dtype, targets.length).map((_, i) => {
    const own = labels[Math.floor(i / k)] === i % k ? 1 : 0;
    return (own - targets[i]!) / labels.length;
  });
  const linear = sum(mul(logits, constant(kernels.tensor(rest as Float32Array, shape))));
  return add(crossEntropy(labels)(logits), linear);
}

/** The cross-entropy to (1 − ε) onehot + ε/K. */
export const smoothed = (epsilon: number): Objective => ({
  loss(logits, labels) {
    const k = logits.value.shape[1]!;
    const targets = new Float64Array(labels.length * k).fill(epsilon / k);
    labels.forEach((label, row) => {
      targets[row * k + label]! += 1 - epsilon;
    });
    return softCrossEntropy(logits, labels, targets);
  },
});

/** The cross-entropy to the probabilities [N, K] of a teacher. The labels are not used. */
export const toTargets = (targets: Buffer): Objective => ({
  loss: (logits, labels) => softCrossEntropy(logits, labels, targets),
});
