/**
 * Layers as functions of their input and their named parameters, with PyTorch's semantics.
 *
 * @packageDocumentation
 */

import { constant, type Var } from "../autograd/op.ts";
import { add, mul, reduceTo, reshape, scale } from "../autograd/ops/arithmetic.ts";
import { batchNormRelu, convNormalizeRelu, normalizeRelu } from "../autograd/ops/batch-norm-relu.ts";
import { batchNorm, normalize } from "../autograd/ops/fused.ts";
import { conv2dBias, conv2d as convolve, gemm } from "../autograd/ops/linear.ts";
import type { ConvGeometry } from "../tensor/shape.ts";
import { sizeOf, type Tensor } from "../tensor/tensor.ts";
import type { Mode } from "./model.ts";
import { member, type Tree } from "./tree.ts";

export { gelu, relu } from "../autograd/ops/arithmetic.ts";
export { avgPool2d, maxPool2d } from "../autograd/ops/linear.ts";

const changes = new WeakMap<Var, (x: Var) => Var>();

/** The weights `w`, of a layer that first does this to its input. */
export function withInput(w: Var, change: (x: Var) => Var): Var {
  changes.set(w, change);
  return w;
}

const inputOf = (w: Var, x: Var): Var => changes.get(w)?.(x) ?? x;

/** Reads `name.weight` and `name.bias` (where there is one); x is [N, C, H, W]. */
export function conv2d(
  params: Tree<Var>,
  name: string,
  x: Var,
  { stride = 1, padding = 0, groups = 1 } = {},
): Var {
  const w = member(params, `${name}.weight`);
  const bias = params[`${name}.bias`];
  const geometry = { stride, padding, groups };
  const seen = inputOf(w, x);
  return bias === undefined ? convolve(geometry)(seen, w) : conv2dBias(geometry)(seen, w, bias);
}

/** y = x Wᵀ + b; x is [N, in], or has more axes before the last one; W is [out, in]. */
export function linear(params: Tree<Var>, name: string, x: Var): Var {
  const { shape } = x.value;
  if (shape.length > 2) {
    const rows = linear(params, name, reshape([sizeOf(shape.slice(0, -1)), shape.at(-1)!])(x));
    return reshape([...shape.slice(0, -1), rows.value.shape[1]!])(rows);
  }
  const w = member(params, `${name}.weight`);
  const y = gemm({ transposeB: true })(inputOf(w, x), w);
  const bias = params[`${name}.bias`];
  return bias === undefined ? y : add(y, bias);
}

/** γ x̂ + β, where x̂ is x with mean 0 and variance 1 along the last axis: batch norm, of each row as a channel. */
export function layerNorm(params: Tree<Var>, name: string, x: Var, eps: number): Var {
  const { kernels, shape, dtype } = x.value;
  const width = shape.at(-1)!;
  const rows = sizeOf(shape) / width;
  const filled = (value: number): Var => constant(kernels.fill(value, [rows], dtype));
  const [hat] = batchNorm(eps)(reshape([1, rows, width])(x), filled(1), filled(0));
  const scaled = mul(reshape(shape)(hat), member(params, `${name}.weight`));
  return add(scaled, member(params, `${name}.bias`));
}

/** What batch norm adds to a variance before its root. */
export const EPS = 1e-5;
const MOMENTUM = 0.1;

/** A layer of batch norm: its output, and the buffers `name.running_mean` and `name.running_var` after it. */
export type BatchNormLayer = (
  params: Tree<Var>,
  buffers: Tree<Tensor>,
  name: string,
  x: Var,
  mode: Mode,
) => { y: Var; buffers: Tree<Tensor> };

/**
 * The layer that trains with one op and evaluates with another. The batch is normalized by its biased variance; the
 * running variance learns the unbiased one: running ← 0.9 running + 0.1 batch.
 */
const batchNormLayer =
  (byBatch: typeof batchNorm, byBuffers: typeof normalize): BatchNormLayer =>
  (params, buffers, name, x, mode) => {
    const [gamma, beta] = [member(params, `${name}.weight`), member(params, `${name}.bias`)];
    const names = [`${name}.running_mean`, `${name}.running_var`] as const;
    const [mean, variance] = [member(buffers, names[0]), member(buffers, names[1])];
    if (mode === "eval")
      return { y: byBuffers(EPS)(x, constant(mean), constant(variance), gamma, beta), buffers };

    const count = sizeOf(x.value.shape) / x.value.shape[1]!;
    if (count < 2)
      throw new RangeError(
        `${name}: batch norm needs more than one value per channel to train, got x of shape [${x.value.shape}]`,
      );
    const [y, batchMean, batchVariance] = byBatch(EPS)(x, gamma, beta);
    const { kernels } = x.value;
    const learn = (running: Tensor, batch: Tensor, factor: number): Tensor =>
      kernels.binary(
        "add",
        kernels.unary("scale", running, 1 - MOMENTUM),
        kernels.unary("scale", batch, MOMENTUM * factor),
      );
    return {
      y,
      buffers: {
        ...buffers,
        [names[0]]: learn(mean, batchMean.value, 1),
        [names[1]]: learn(variance, batchVariance.value, count / (count - 1)),
      },
    };
  };

/** Batch normalization. */
export const batchNorm2d: BatchNormLayer = batchNormLayer(batchNorm, normalize);

/** Batch normalization and a ReLU after it, in one pass. */
export const batchNormRelu2d: BatchNormLayer = batchNormLayer(batchNormRelu, normalizeRelu);

/** What `conv2d`, batch norm by the buffers of `norm`, and a ReLU do in evaluation, in one pass. */
export function convNormRelu2d(
  params: Tree<Var>,
  buffers: Tree<Tensor>,
  name: string,
  norm: string,
  x: Var,
  geometry: ConvGeometry,
): Var {
  const w = member(params, `${name}.weight`);
  const bias = params[`${name}.bias`];
  return convNormalizeRelu(geometry, EPS)(
    inputOf(w, x),
    w,
    constant(member(buffers, `${norm}.running_mean`)),
    constant(member(buffers, `${norm}.running_var`)),
    member(params, `${norm}.weight`),
    member(params, `${norm}.bias`),
    ...(bias === undefined ? [] : ([bias] as const)),
  );
}

/** The mean over all pixels: [N, C, H, W] to [N, C]. */
export function globalAvgPool(x: Var): Var {
  const [n, c, h, w] = x.value.shape as [number, number, number, number];
  return scale(1 / (h * w))(reshape([n, c])(reduceTo([n, c, 1, 1])(x)));
}
