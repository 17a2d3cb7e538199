/**
 * Optimizers, as functions from parameters and gradients to new parameters, with PyTorch's semantics.
 *
 * @packageDocumentation
 */

import type { Tensor } from "../tensor/tensor.ts";
import { mapTree, member, type Tree } from "./tree.ts";

/** What an optimizer remembers: how many steps it has made, and tensors named `slot/parameter`. */
export interface OptimizerState {
  readonly step: number;
  readonly slots: Tree<Tensor>;
}

export interface Optimizer {
  readonly name: string;
  init(params: Tree<Tensor>): OptimizerState;
  /** @param decays - does weight decay apply to the parameter of that name? */
  step(
    params: Tree<Tensor>,
    grads: Tree<Tensor>,
    state: OptimizerState,
    lr: number,
    decays?: (name: string) => boolean,
  ): { readonly params: Tree<Tensor>; readonly state: OptimizerState };
}

/** The update of one parameter: its new value, and its new slots. */
type Update = (
  p: Tensor,
  g: Tensor,
  slot: (name: string) => Tensor | null,
  lr: number,
  decay: number,
  step: number,
) => {
  readonly p: Tensor;
  readonly slots: Tree<Tensor | null>;
};

function optimizer(name: string, weightDecay: number, initial: readonly string[], update: Update): Optimizer {
  const zeros = (x: Tensor): Tensor => x.kernels.fill(0, x.shape, x.dtype);
  return {
    name,
    init: (params) => ({
      step: 0,
      slots: Object.fromEntries(
        initial.flatMap((slot) => Object.entries(params).map(([name, p]) => [`${slot}/${name}`, zeros(p)])),
      ),
    }),
    step(params, grads, state, lr, decays = () => true) {
      const step = state.step + 1;
      const slots: Record<string, Tensor> = {};
      const next = mapTree(params, (p, name) => {
        const slot = (s: string): Tensor | null => state.slots[`${s}/${name}`] ?? null;
        const updated = update(p, member(grads, name), slot, lr, decays(name) ? weightDecay : 0, step);
        for (const [s, value] of Object.entries(updated.slots))
          if (value !== null) slots[`${s}/${name}`] = value;
        return updated.p;
      });
      return { params: next, state: { step, slots } };
    },
  };
}

/** Stochastic gradient descent. The first momentum buffer is the gradient itself, undamped. */
export const sgd = ({ momentum = 0, dampening = 0, nesterov = false, weightDecay = 0 } = {}): Optimizer =>
  optimizer("sgd", weightDecay, [], (p, g, slot, lr, decay) => {
    const hyper = { lr, momentum, dampening, nesterov, weightDecay: decay };
    const [next, buf] = p.kernels.sgd(p, g, slot("momentum"), hyper);
    return { p: next, slots: momentum === 0 ? {} : { momentum: buf } };
  });

const adamLike = (
  name: string,
  decoupled: boolean,
  { beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weightDecay = 0 },
): Optimizer =>
  optimizer(name, weightDecay, ["mean", "square"], (p, g, slot, lr, decay, step) => {
    const hyper = { lr, beta1, beta2, eps, weightDecay: decay, decoupled, step };
    const [next, mean, square] = p.kernels.adam(p, g, slot("mean")!, slot("square")!, hyper);
    return { p: next, slots: { mean, square } };
  });

/** Adam; weight decay is added to the gradient. */
export const adam = (
  h: { beta1?: number; beta2?: number; eps?: number; weightDecay?: number } = {},
): Optimizer => adamLike("adam", false, h);

/** Adam with decoupled weight decay: each step shrinks the parameter by the factor 1 − lr · weightDecay. */
export const adamw = ({
  weightDecay = 0.01,
  ...h
}: {
  beta1?: number;
  beta2?: number;
  eps?: number;
  weightDecay?: number;
} = {}): Optimizer => adamLike("adamw", true, { ...h, weightDecay });

/** RMSprop; eps is outside the root. */
export const rmsprop = ({ alpha = 0.99, eps = 1e-8, momentum = 0, weightDecay = 0 } = {}): Optimizer =>
  optimizer("rmsprop", weightDecay, ["square"], (p, g, slot, lr, decay) => {
    const hyper = { lr, alpha, eps, momentum, weightDecay: decay };
    const [next, square, buf] = p.kernels.rmsprop(p, g, slot("square")!, slot("momentum"), hyper);
    return { p: next, slots: { square, momentum: buf } };
  });
