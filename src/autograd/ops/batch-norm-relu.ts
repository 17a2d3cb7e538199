/**
 * Batch normalization and the ReLU after it in one pass, forward and backward, beside their definitions in plain ops;
 * and in evaluation, the convolution before it too.
 *
 * @packageDocumentation
 */

import { kernelsOf } from "../../tensor/kernels/kernels.ts";
import type { ConvGeometry } from "../../tensor/shape.ts";
import { pullThrough } from "../grad.ts";
import { defineOp, defineOps, type Op, type Ops, type Var } from "../op.ts";
import { gate, reduceTo, relu, reshape } from "./arithmetic.ts";
import {
  batchNormDefinition,
  batchNormGradDefinition,
  normalizeDefinition,
  normalizePulls,
} from "./fused.ts";
import { conv2d, conv2dBias, conv2dInputGrad, conv2dWeightGrad } from "./linear.ts";

type X3 = readonly [x: Var, gamma: Var, beta: Var];
type Normalized = readonly [y: Var, mean: Var, variance: Var];
type GradArguments = readonly [g: Var, x: Var, mean: Var, variance: Var, gamma: Var, beta: Var];
type Triple = readonly [dx: Var, dgamma: Var, dbeta: Var];
type Affine = readonly [x: Var, mean: Var, variance: Var, gamma: Var, beta: Var];
type PullsOf<Xs extends readonly Var[]> = { readonly [K in keyof Xs]: () => Var };

/** relu(y), for the y of `batchNorm`; the second and third output are the moments of x. */
export function batchNormReluDefinition(eps: number): (...xs: X3) => Normalized {
  return (...xs) => {
    const [y, mu, variance] = batchNormDefinition(eps)(...xs);
    return [relu(y), mu, variance];
  };
}

export const batchNormRelu = (eps: number): Ops<X3, Normalized> =>
  defineOps({
    name: "batchNormRelu",
    gradient: "exact",
    forward(x, gamma, beta) {
      const kernels = kernelsOf(x, gamma, beta);
      const [mu, variance] = kernels.moments(x);
      return [kernels.normalizeRelu(x, mu, variance, gamma, beta, eps), mu, variance];
    },
    vjp({ gs: [g, gMean, gVariance], ys: [, mu, variance] }, x, gamma, beta) {
      if (g === null || gMean !== null || gVariance !== null)
        return pullThrough(
          batchNormReluDefinition(eps),
          [g, gMean, gVariance],
          [x, gamma, beta],
        ) as unknown as PullsOf<X3>;
      let all: Triple | undefined;
      const pulled = () => {
        all ??= batchNormReluGrad(eps)(g, x, mu, variance, gamma, beta);
        return all;
      };
      return [() => pulled()[0], () => pulled()[1], () => pulled()[2]];
    },
  });

/** The gradients of `batchNorm` for g where its y is above 0, and for 0 elsewhere. */
export function batchNormReluGradDefinition(eps: number): (...xs: GradArguments) => Triple {
  return (g, x, mu, variance, gamma, beta) => {
    const y = normalizeDefinition(eps)(x, mu, variance, gamma, beta);
    return batchNormGradDefinition(eps)(gate(g, y), x, mu, variance, gamma);
  };
}

export const batchNormReluGrad = (eps: number): Ops<GradArguments, Triple> =>
  defineOps({
    name: "batchNormReluGrad",
    gradient: "exact",
    forward: (g, x, mu, variance, gamma, beta) =>
      kernelsOf(g, x, mu, variance, gamma, beta).batchNormReluGrad(g, x, mu, variance, gamma, beta, eps),
    vjp: ({ gs }, ...xs) =>
      pullThrough(batchNormReluGradDefinition(eps), gs, xs) as unknown as PullsOf<GradArguments>,
  });

/** relu(normalize(…)), for given moments. */
export const normalizeReluDefinition =
  (eps: number) =>
  (...xs: Affine): Var =>
    relu(normalizeDefinition(eps)(...xs));

export const normalizeRelu = (eps: number): Op<Affine> =>
  defineOp({
    name: "normalizeRelu",
    gradient: "exact",
    forward: (x, mu, variance, gamma, beta) =>
      kernelsOf(x, mu, variance, gamma, beta).normalizeRelu(x, mu, variance, gamma, beta, eps),
    vjp: ({ g, y }, ...xs) => normalizePulls(eps, gate(g, y), xs),
  });

/** With a bias or without. */
type Convolved = readonly [x: Var, w: Var, mean: Var, variance: Var, gamma: Var, beta: Var, ...bias: Var[]];

const convolved = (geometry: ConvGeometry, x: Var, w: Var, bias: Var | undefined): Var =>
  bias === undefined ? conv2d(geometry)(x, w) : conv2dBias(geometry)(x, w, bias);

/** relu(normalize(conv2d(x, w) + bias, …)), for given moments. */
export const convNormalizeReluDefinition =
  (geometry: ConvGeometry, eps: number) =>
  (...[x, w, mean, variance, gamma, beta, bias]: Convolved): Var =>
    normalizeReluDefinition(eps)(convolved(geometry, x, w, bias), mean, variance, gamma, beta);

/** What evaluation does. The convolution itself is not kept: gradients to the moments, to γ and to β repeat it. */
export const convNormalizeRelu = (geometry: ConvGeometry, eps: number): Op<Convolved> =>
  defineOp({
    name: "convNormalizeRelu",
    gradient: "exact",
    forward(x, w, mean, variance, gamma, beta, bias) {
      const norm = [mean, variance, gamma, beta] as const;
      return kernelsOf(x, w, ...norm).conv2dNormalizeRelu(x, w, bias ?? null, geometry, ...norm, eps);
    },
    vjp({ g, y }, x, w, mean, variance, gamma, beta, bias) {
      const open = gate(g, y);
      const pulls = (z: Var) => normalizePulls(eps, open, [z, mean, variance, gamma, beta]);
      // To the convolution, it is a product with constants: of z, only the shape is asked for.
      const slope = once(() => pulls(y)[0]());
      const others = once(() => pulls(convolved(geometry, x, w, bias)));
      return [
        () => conv2dInputGrad(x.value.shape, geometry)(slope(), w),
        () => conv2dWeightGrad(w.value.shape, geometry)(slope(), x),
        () => others()[1](),
        () => others()[2](),
        () => others()[3](),
        () => others()[4](),
        () => reshape(gamma.value.shape)(reduceTo([gamma.value.shape[0]!, 1, 1])(slope())),
      ];
    },
  });

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
