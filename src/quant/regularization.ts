/**
 * Quantization as regularization: the squared loss of a network whose weights carry noise, and what is left of
 * the difference to the loss without noise when the network is expanded in the noise.
 *
 * Written for any network whose predictions are differentiable in its weights w. Everywhere n = ŵ − w is the
 * noise that the weights receive, J the Jacobian of the predictions in w, r = f(x, w) − y, and E the mean over
 * the N examples and over the noise.
 *
 * @packageDocumentation
 */

import { grad, pullBack } from "../autograd/grad.ts";
import { constant, detach, type Var } from "../autograd/op.ts";
import { add, mul, scale, sub, sum } from "../autograd/ops/arithmetic.ts";
import { mapTree, member, type Tree } from "../nn/tree.ts";
import type { Rng } from "../tensor/random.ts";
import { bufferOf, sameShape, sizeOf, type Tensor } from "../tensor/tensor.ts";
import { type Noise, type NoiseLaw, noiseSource } from "./noise.ts";

/** A network on N given examples. */
export interface Regression {
  /** The predictions [N, k] for all the examples. */
  readonly f: (w: Tree<Var>) => Var;
  /** What they should be, [N, k]. */
  readonly y: Tensor;
}

type Weights = Tree<Tensor>;

const variables = (w: Weights): Tree<Var> => mapTree(w, (value) => constant(value));
const meanOf = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0) / xs.length;
const dot = (a: Tensor, b: Tensor): number => {
  let total = 0;
  for (let i = 0; i < a.data.length; i++) total += a.data[i]! * b.data[i]!;
  return total;
};

/** `f(w)`, held to its shape: broadcasting would compare every prediction with every target. */
function predictions({ f, y }: Regression, w: Tree<Var>): Var {
  const out = f(w);
  if (y.shape.length !== 2 || !sameShape(out.value.shape, y.shape))
    throw new RangeError(
      `regression: expected predictions and targets [N, k], got predictions [${out.value.shape}] and targets [${y.shape}]`,
    );
  return out;
}

/** r = f(x, w) − y, [N, k]. */
const residuals = (task: Regression, w: Tree<Var>): Var => sub(predictions(task, w), constant(task.y));

/** w + n */
function perturbed(w: Weights, n: Noise): Weights {
  const moved = mapTree(n, (change, name) => {
    const value = member(w, name);
    return value.kernels.binary("add", value, change);
  });
  return { ...w, ...moved };
}

/**
 * L(w) = E‖f(x, w) − y‖²: the sum over the k outputs, the mean over the N examples.
 *
 * @implements QGen.eq.4
 */
export function squaredLoss(task: Regression, w: Weights): number {
  const r = residuals(task, variables(w)).value;
  return dot(r, r) / task.y.shape[0]!;
}

/**
 * L̃(w) = E‖f(x, w + n) − y‖², for a noise that takes finitely many values: no sampling error.
 *
 * @param noises - equally likely
 * @implements QGen.eq.5
 */
export const noisyLoss = (task: Regression, w: Weights, noises: readonly Noise[]): number =>
  meanOf(noises.map((n) => squaredLoss(task, perturbed(w, n))));

export interface Estimate {
  readonly mean: number;
  /** Standard deviation of `mean`, from the spread of the draws. */
  readonly standardError: number;
}

/**
 * L̃(w) = E‖f(x, w + n) − y‖², estimated from `draws` independent noises.
 *
 * @param draws - at least 2
 * @implements QGen.eq.5
 */
export function estimateNoisyLoss(
  task: Regression,
  w: Weights,
  laws: Tree<NoiseLaw>,
  { rng, draws }: { readonly rng: Rng; readonly draws: number },
): Estimate {
  if (!Number.isInteger(draws) || draws < 2)
    throw new RangeError(`estimateNoisyLoss: expected at least 2 draws, got ${draws}`);
  const next = noiseSource(laws, w, rng);
  const losses = Array.from({ length: draws }, () => squaredLoss(task, perturbed(w, next())));
  const mean = meanOf(losses);
  const variance = losses.reduce((total, x) => total + (x - mean) * (x - mean), 0) / (draws - 1);
  return { mean, standardError: Math.sqrt(variance / draws) };
}

/** f(x, w), and n ↦ J n. */
function linearize(task: Regression, w: Weights): { at: Tensor; push(n: Noise): Tensor } {
  const vars = variables(w);
  const y = predictions(task, vars);
  const { kernels, shape, dtype } = y.value;
  const zeros = kernels.fill(0, shape, dtype);
  // Jᵀ u is linear in u, whatever u is; so J n is the gradient of ⟨Jᵀ u, n⟩ in u.
  const u = constant(zeros);
  const names = Object.keys(vars);
  const pulled = pullBack([y], [u], Object.values(vars));
  return {
    at: y.value,
    push(n) {
      const along = Object.entries(n).flatMap(([name, change]) => {
        member(w, name);
        const g = pulled[names.indexOf(name)];
        return g ? [sum(mul(g, constant(change)))] : [];
      });
      return along.length === 0 ? zeros : grad(along.reduce(add), [u])[0]!.value;
    },
  };
}

/**
 * f(x, w) + J n, [N, k]. Equal to f(x, w + n) where f is affine in w, else up to O(‖n‖²).
 *
 * @implements QGen.eq.6
 * @deviation Holds where f is differentiable at w; with ReLU, only while n crosses no kink.
 */
export function firstOrder(task: Regression, w: Weights, n: Noise): Tensor {
  const { at, push } = linearize(task, w);
  return at.kernels.binary("add", at, push(n));
}

/**
 * R = E‖J n‖², for a noise that takes finitely many values. L̃ = L + R exactly, where f is affine in w and
 * E[n | x, y] = 0.
 *
 * @param noises - equally likely
 * @implements QGen.eq.7
 * @deviation The paper asks that E n = 0 and that n be independent of ∇f. That is not enough: f(x, w) = w and
 *   n = 0.3 (y − E y) meet it, and L̃ − L = −0.51 Var y. The mean must be 0 given x and y.
 * @deviation R is a penalty on the Jacobian of the predictions, not, as “gradient norm” is usually understood, on
 *   the gradient of the loss.
 */
export function regularizer(task: Regression, w: Weights, noises: readonly Noise[]): number {
  const { push } = linearize(task, w);
  const pushed = noises.map((n) => push(n));
  return meanOf(pushed.map((jn) => dot(jn, jn))) / task.y.shape[0]!;
}

/**
 * 2 E[r · J n], which eq. 7 drops. For a fixed n it is nᵀ∇L(w): it vanishes where E[n | x, y] = 0, and at a
 * stationary point of L for any n at all.
 *
 * @param noises - equally likely
 * @implements QGen.eq.7
 */
export function crossTerm(task: Regression, w: Weights, noises: readonly Noise[]): number {
  const { push } = linearize(task, w);
  const r = residuals(task, variables(w)).value;
  return (2 * meanOf(noises.map((n) => dot(r, push(n))))) / task.y.shape[0]!;
}

/** E‖J_l‖², the squared Frobenius norm of the Jacobian in the weights of each layer l. */
export function jacobianNorms(task: Regression, w: Weights): Tree<number> {
  const vars = variables(w);
  const y = predictions(task, vars);
  const { kernels, shape, dtype } = y.value;
  const totals = Object.values(vars).map(() => 0);
  for (let row = 0; row < sizeOf(shape); row++) {
    const one = bufferOf(dtype, sizeOf(shape));
    one[row] = 1;
    pullBack([y], [constant(kernels.tensor(one, shape))], Object.values(vars)).forEach((g, layer) => {
      if (g !== null) totals[layer]! += dot(g.value, g.value);
    });
  }
  return Object.fromEntries(Object.keys(w).map((name, layer) => [name, totals[layer]! / shape[0]!]));
}

/**
 * R = Σ v_l E‖J_l‖² over the layers l: E‖J n‖² for a noise with uncorrelated components, of mean 0 and variance
 * v_l in layer l. With bins of width s_l, v_l = s_l²/12 (`uniform(s).variance`).
 *
 * @param variances - v_l; layers that it does not name carry no noise
 * @implements QGen.eq.7
 * @deviation The paper has one bin width; with one step for each layer, each layer has its own.
 */
export function regularizerOfVariances(task: Regression, w: Weights, variances: Tree<number>): number {
  const norms = jacobianNorms(task, w);
  return Object.entries(variances).reduce((total, [name, v]) => total + v * member(norms, name), 0);
}

/**
 * Σ v_l E[r · tr Hess_l f] over the layers l, the second-order part of L̃ − L that eq. 7 leaves out.
 *
 * @param variances - v_l; layers that it does not name carry no noise
 * @implements QGen.eq.7
 * @deviation Eq. 7 drops this term, which is of the same order as R. It vanishes where f is affine in w, where
 *   r = 0, or where E[r | x] = 0.
 */
export function curvatureTerm(task: Regression, w: Weights, variances: Tree<number>): number {
  const vars = variables(w);
  const r = detach(residuals(task, vars));
  const fitted = scale(1 / task.y.shape[0]!)(sum(mul(r, predictions(task, vars))));
  return Object.entries(variances).reduce(
    (total, [name, v]) => total + v * hessianTrace(fitted, member(vars, name)),
    0,
  );
}

/** tr Hess of the scalar `y` in `x`: one second derivative after the other. */
function hessianTrace(y: Var, x: Var): number {
  const slope = grad(y, [x])[0]!;
  const { kernels, shape, dtype } = x.value;
  let trace = 0;
  for (let i = 0; i < sizeOf(shape); i++) {
    const one = bufferOf(dtype, sizeOf(shape));
    one[i] = 1;
    const column = grad(sum(mul(slope, constant(kernels.tensor(one, shape)))), [x])[0]!;
    trace += column.value.data[i]!;
  }
  return trace;
}

/**
 * L̃ − L to second order: Σ v_l (E‖J_l‖² + E[r · tr Hess_l f]) = Σ (v_l / 2) tr Hess_l L, for a noise that is
 * symmetric, has independent components and does not depend on x and y. The error is O(E‖n‖⁴).
 *
 * @implements QGen.eq.7
 */
export const secondOrderExcess = (task: Regression, w: Weights, variances: Tree<number>): number =>
  regularizerOfVariances(task, w, variances) + curvatureTerm(task, w, variances);
