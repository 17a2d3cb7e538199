/**
 * Ops with a kernel of their own for the value and for the gradient. Their definitions in plain ops stand
 * beside them: a test holds each kernel against its definition, and second derivatives go through it.
 *
 * @packageDocumentation
 */

import { kernelsOf } from "../../tensor/kernels/kernels.ts";
import { type Shape, sizeOf } from "../../tensor/tensor.ts";
import { pullThrough } from "../grad.ts";
import { constant, defineOp, defineOps, type Op, type Op1, type Ops, type Var } from "../op.ts";
import {
  add,
  broadcastTo,
  div,
  exp,
  log,
  mean,
  mul,
  reduceTo,
  reshape,
  scale,
  shift,
  sqrt,
  sub,
  sum,
} from "./arithmetic.ts";

/** One number for each channel, in the shape that broadcasts over [N, C, …]. */
const perChannel = (v: Var, x: Var): Var =>
  reshape([v.value.shape[0]!, ...x.value.shape.slice(2).map(() => 1)])(v);
const channelSum = (v: Var): Var => {
  const c = v.value.shape[1]!;
  const shape: Shape = [c, ...v.value.shape.slice(2).map(() => 1)];
  return reshape([c])(reduceTo(shape)(v));
};
const perChannelCount = (x: Var): number => sizeOf(x.value.shape) / x.value.shape[1]!;

type X3 = readonly [x: Var, gamma: Var, beta: Var];
type Normalized = readonly [y: Var, mean: Var, variance: Var];

/** y = γ (x − μ) / √(σ² + eps) + β, where μ and σ² (biased) are the moments of each channel of x [N, C, …]. */
export function batchNormDefinition(eps: number): (x: Var, gamma: Var, beta: Var) => Normalized {
  return (x, gamma, beta) => {
    const m = perChannelCount(x);
    const mu = scale(1 / m)(channelSum(x));
    const centred = sub(x, perChannel(mu, x));
    const variance = scale(1 / m)(channelSum(mul(centred, centred)));
    const hat = div(centred, perChannel(sqrt(shift(eps)(variance)), x));
    return [add(mul(hat, perChannel(gamma, x)), perChannel(beta, x)), mu, variance];
  };
}

/** Batch normalization by the moments of the batch itself, which are its second and third output. */
export const batchNorm = (eps: number): Ops<X3, Normalized> =>
  defineOps({
    name: "batchNorm",
    gradient: "exact",
    forward(x, gamma, beta) {
      const kernels = kernelsOf(x, gamma, beta);
      const [mu, variance] = kernels.moments(x);
      return [kernels.normalize(x, mu, variance, gamma, beta, eps), mu, variance];
    },
    vjp({ gs: [g, gMean, gVariance], ys: [, mu, variance] }, x, gamma, beta) {
      // Gradients of the moments are rare (a derivative of a derivative): the definition serves them.
      if (g === null || gMean !== null || gVariance !== null)
        return pullThrough(batchNormDefinition(eps), [g, gMean, gVariance], [x, gamma, beta]) as [
          () => Var,
          () => Var,
          () => Var,
        ];
      let all: readonly [Var, Var, Var] | undefined;
      const pulled = () => {
        all ??= batchNormGrad(eps)(g, x, mu, variance, gamma);
        return all;
      };
      return [() => pulled()[0], () => pulled()[1], () => pulled()[2]];
    },
  });

type Pulls5 = [() => Var, () => Var, () => Var, () => Var, () => Var];
type GradArguments = readonly [g: Var, x: Var, mean: Var, variance: Var, gamma: Var];
type Triple = readonly [dx: Var, dgamma: Var, dbeta: Var];

/** dβ = Σ g, dγ = Σ g x̂, dx = γ / √(σ² + eps) (g − dβ/m − x̂ dγ/m). */
export function batchNormGradDefinition(eps: number): (...xs: GradArguments) => Triple {
  return (g, x, mu, variance, gamma) => {
    const m = perChannelCount(x);
    const root = sqrt(shift(eps)(variance));
    const hat = div(sub(x, perChannel(mu, x)), perChannel(root, x));
    const dbeta = channelSum(g);
    const dgamma = channelSum(mul(g, hat));
    const share = add(perChannel(dbeta, x), mul(hat, perChannel(dgamma, x)));
    const dx = mul(perChannel(div(gamma, root), x), sub(g, scale(1 / m)(share)));
    return [dx, dgamma, dbeta];
  };
}

export const batchNormGrad = (eps: number): Ops<GradArguments, Triple> =>
  defineOps({
    name: "batchNormGrad",
    gradient: "exact",
    forward: (g, x, mu, variance, gamma) =>
      kernelsOf(g, x, mu, variance, gamma).batchNormGrad(g, x, mu, variance, gamma, eps),
    vjp: ({ gs }, ...xs) =>
      pullThrough(batchNormGradDefinition(eps), gs, xs) as [
        () => Var,
        () => Var,
        () => Var,
        () => Var,
        () => Var,
      ],
  });

type Affine = readonly [x: Var, mean: Var, variance: Var, gamma: Var, beta: Var];

/** γ (x − μ) / √(σ² + eps) + β for given moments, in plain ops. */
export function normalizeDefinition(eps: number): (...xs: Affine) => Var {
  return (x, mu, variance, gamma, beta) => {
    const hat = div(sub(x, perChannel(mu, x)), perChannel(sqrt(shift(eps)(variance)), x));
    return add(mul(hat, perChannel(gamma, x)), perChannel(beta, x));
  };
}

/** Normalization by given moments: what batch norm does once it is trained. */
export const normalize = (eps: number): Op<Affine> =>
  defineOp({
    name: "normalize",
    gradient: "exact",
    forward: (x, mu, variance, gamma, beta) =>
      kernelsOf(x, mu, variance, gamma, beta).normalize(x, mu, variance, gamma, beta, eps),
    vjp: ({ g }, ...xs) => normalizePulls(eps, g, xs),
  });

/** The cotangents of the arguments of `normalize`. */
export function normalizePulls(eps: number, g: Var, xs: Affine): Pulls5 {
  const [x, , variance, gamma] = xs;
  const [, ...others] = pullThrough<Affine>((...inner) => [normalizeDefinition(eps)(...inner)], [g], xs);
  // In x it is a product with constants, and needs nothing of the definition.
  const slope = (): Var => perChannel(div(gamma, sqrt(shift(eps)(variance))), x);
  return [() => mul(g, slope()), ...others] as Pulls5;
}

/** The mean over rows of ln Σ exp(z) − z[label], in plain ops (and without a guard against overflow). */
export function crossEntropyDefinition(labels: Int32Array): (logits: Var) => Var {
  return (logits) => {
    const [n] = logits.value.shape as [number, number];
    const lse = log(reduceTo([n, 1])(exp(logits)));
    return sub(mean(lse), scale(1 / n)(sum(mul(logits, oneHot(labels, logits)))));
  };
}

/** (softmax(z) − onehot(label)) / N, in plain ops. */
export function crossEntropyGradDefinition(labels: Int32Array): (logits: Var) => Var {
  return (logits) => {
    const [n, k] = logits.value.shape as [number, number];
    const e = exp(logits);
    const softmax = div(e, broadcastTo([n, k])(reduceTo([n, 1])(e)));
    return scale(1 / n)(sub(softmax, oneHot(labels, logits)));
  };
}

function oneHot(labels: Int32Array, { value }: Var): Var {
  const k = value.shape[1]!;
  const hot =
    value.dtype === "float32" ? new Float32Array(labels.length * k) : new Float64Array(labels.length * k);
  labels.forEach((label, row) => {
    hot[row * k + label] = 1;
  });
  return constant(value.kernels.tensor(hot, value.shape));
}

/** Softmax cross-entropy of logits [N, K], averaged over the rows. */
export const crossEntropy = (labels: Int32Array): Op1 =>
  defineOp({
    name: "crossEntropy",
    gradient: "exact",
    forward: (logits) => logits.kernels.crossEntropy(logits, labels),
    vjp: ({ g }, logits) => [() => mul(crossEntropyGrad(labels)(logits), g)],
  });

export const crossEntropyGrad = (labels: Int32Array): Op1 =>
  defineOp({
    name: "crossEntropyGrad",
    gradient: "exact",
    forward: (logits) => logits.kernels.crossEntropyGrad(logits, labels),
    vjp: ({ g }, logits) =>
      pullThrough((z: Var) => [crossEntropyGradDefinition(labels)(z)], [g], [logits] as const) as [() => Var],
  });
