/**
 * The contract of the kernels: the closed vocabulary of dense computations that everything above is written
 * in. A kernel knows shapes and numbers; it knows nothing of gradients, layers or recipes.
 *
 * `reference` is the definition. Every other implementation agrees with it within the textbook error bound,
 * which one contract suite checks for all of them.
 *
 * @packageDocumentation
 */

import type { ConvGeometry, PoolGeometry, Transposes } from "../shape.ts";
import type { Buffer, DType, Shape, Tensor } from "../tensor.ts";

/** Functions of one number. `c` is the constant where the name says so. */
export type Unary =
  | "neg"
  | "exp"
  | "log"
  | "sqrt"
  | "tanh"
  /** x Φ(x) = x/2 (1 + erf(x/√2)), with the normal distribution Φ */
  | "gelu"
  /** Φ(x) + x Φ'(x), the derivative of gelu */
  | "geluSlope"
  | "abs"
  | "relu"
  /** 1 where x > 0, else 0 */
  | "positive"
  /** c x */
  | "scale"
  /** x + c */
  | "shift"
  /** max(x, c) */
  | "atLeast";

/** Functions of two numbers, broadcast by NumPy's rules. */
export type Binary =
  | "add"
  | "sub"
  | "mul"
  | "div"
  /** a where b > 0, else 0 */
  | "gate";

/** Which values of v/s let the gradient through. */
export type Mask =
  /** −Qn ≤ v/s ≤ Qp: the composition that both known implementations train with */
  | "inside"
  /** −Qn < v/s < Qp: the text of Esser et al. */
  | "strict"
  /** −Qn ≤ ⌊v/s⌉ ≤ Qp: PyTorch's learnable fake quantization */
  | "rounded";

/** How ties are rounded. */
export type Rounding = "half-even" | "half-away";

export interface Quantizer {
  /** The lowest level is −qn. */
  readonly qn: number;
  /** The highest level is qp. */
  readonly qp: number;
  readonly rounding: Rounding;
}

export interface QuantizerGrad extends Quantizer {
  readonly mask: Mask;
  /** Factor on the gradient of the step. */
  readonly gradScale: number;
}

/** Two words of 32 bits: which stream of random numbers. */
export type Key = readonly [number, number];

/** `normal`: mean 0, variance 1. `uniform`: on (−1, 1). */
export type RandomLaw = "normal" | "uniform";

/** The scale of what is added to a number w: √(square w² + constant), or, without `root`, square w² + constant. */
export interface Spread {
  readonly square: number;
  readonly constant: number;
  readonly root: boolean;
}

export interface SgdStep {
  readonly lr: number;
  readonly momentum: number;
  readonly dampening: number;
  readonly nesterov: boolean;
  readonly weightDecay: number;
}

export interface AdamStep {
  readonly lr: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  readonly weightDecay: number;
  /** `true`: decay shrinks the weight (AdamW). `false`: decay is added to the gradient (L2). */
  readonly decoupled: boolean;
  /** Which update this is, from 1. */
  readonly step: number;
}

export interface RmspropStep {
  readonly lr: number;
  readonly alpha: number;
  readonly eps: number;
  readonly momentum: number;
  readonly weightDecay: number;
}

export interface Kernels {
  readonly name: string;
  /** The precisions these kernels compute in. */
  readonly dtypes: readonly DType[];

  /** A tensor with a copy of `data`. */
  tensor(data: Buffer, shape: Shape): Tensor;
  fill(value: number, shape: Shape, dtype: DType): Tensor;
  /** The same numbers under another shape of the same size. Shares memory. */
  reshape(x: Tensor, shape: Shape): Tensor;

  /**
   * Random numbers, two for each counter: number i depends on the key and on i alone. They come from 23 bits each, so
   * that a normal one is at most 5.77.
   */
  random(law: RandomLaw, key: Key, shape: Shape, dtype: DType): Tensor;
  /** w + spread(w) z, computed in float64 and rounded once. */
  displace(w: Tensor, z: Tensor, spread: Spread): Tensor;

  unary(f: Unary, x: Tensor, c?: number): Tensor;
  binary(f: Binary, a: Tensor, b: Tensor): Tensor;
  broadcastTo(x: Tensor, shape: Shape): Tensor;
  /** Sums `x` down to a shape that broadcasts to that of `x`. */
  sumTo(x: Tensor, shape: Shape): Tensor;

  /** The axes in another order: axis i of the result is axis `order[i]` of x. */
  permute(x: Tensor, order: readonly number[]): Tensor;
  /** Along one axis, the slices with these indices, in their order; −1 is a slice of zeros. */
  take(x: Tensor, axis: number, indices: Int32Array): Tensor;
  /** The transpose of `take`, to the shape `x`. */
  takeGrad(g: Tensor, x: Shape, axis: number, indices: Int32Array): Tensor;

  /** exp(x) / Σ exp(x), the sum over the last axis. */
  softmax(x: Tensor): Tensor;

  /** C = A B, of matrices, or of equally many of each: a [..., M, K], b [..., K, N]. Each may be given transposed. */
  gemm(a: Tensor, b: Tensor, transposes?: Transposes): Tensor;

  /** y[n,o] = bias[o] + Σ w[o,c] ⋆ x[n,c]; x [N,C,H,W], w [O,C/groups,KH,KW], bias [O] or null. */
  conv2d(x: Tensor, w: Tensor, bias: Tensor | null, geometry: ConvGeometry): Tensor;
  /** The transpose of `conv2d` in x: the gradient to an input of shape `x`. */
  conv2dInputGrad(g: Tensor, w: Tensor, x: Shape, geometry: ConvGeometry): Tensor;
  /** The transpose of `conv2d` in w: the gradient to weights of shape `w`. */
  conv2dWeightGrad(g: Tensor, x: Tensor, w: Shape, geometry: ConvGeometry): Tensor;

  /** Means over windows; padding counts as zeros. */
  avgPool2d(x: Tensor, geometry: PoolGeometry): Tensor;
  /** The transpose of `avgPool2d`, to the shape `x`. */
  avgPool2dGrad(g: Tensor, x: Shape, geometry: PoolGeometry): Tensor;
  /** The values of `v` at the places where `x`, of the same shape, has the maximum of each window. */
  maxPool2d(v: Tensor, x: Tensor, geometry: PoolGeometry): Tensor;
  /** The transpose of `maxPool2d` in v. The first maximum of a window takes all. */
  maxPool2dGrad(g: Tensor, x: Tensor, geometry: PoolGeometry): Tensor;

  /** Mean and biased variance of each channel of x [N,C,…]: two tensors [C]. */
  moments(x: Tensor): readonly [mean: Tensor, variance: Tensor];
  /** γ (x − mean) / √(variance + eps) + β, for each channel. */
  normalize(x: Tensor, mean: Tensor, variance: Tensor, gamma: Tensor, beta: Tensor, eps: number): Tensor;
  /** The transpose of batch normalization, with the moments of x as functions of x. */
  batchNormGrad(
    g: Tensor,
    x: Tensor,
    mean: Tensor,
    variance: Tensor,
    gamma: Tensor,
    eps: number,
  ): readonly [dx: Tensor, dgamma: Tensor, dbeta: Tensor];

  /** max(0, normalize(…)) */
  normalizeRelu(x: Tensor, mean: Tensor, variance: Tensor, gamma: Tensor, beta: Tensor, eps: number): Tensor;
  /** `batchNormGrad` of g where normalize(…) > 0, and of 0 elsewhere. */
  batchNormReluGrad(
    g: Tensor,
    x: Tensor,
    mean: Tensor,
    variance: Tensor,
    gamma: Tensor,
    beta: Tensor,
    eps: number,
  ): readonly [dx: Tensor, dgamma: Tensor, dbeta: Tensor];

  /** normalizeRelu(conv2d(…), …) */
  conv2dNormalizeRelu(
    x: Tensor,
    w: Tensor,
    bias: Tensor | null,
    geometry: ConvGeometry,
    mean: Tensor,
    variance: Tensor,
    gamma: Tensor,
    beta: Tensor,
    eps: number,
  ): Tensor;

  /** s ⌊clip(v/s, −qn, qp)⌉; s has one element. */
  quantize(v: Tensor, s: Tensor, q: Quantizer): Tensor;
  quantizeGrad(g: Tensor, v: Tensor, s: Tensor, q: QuantizerGrad): readonly [dv: Tensor, ds: Tensor];

  /** Mean over the rows of ln Σ exp(z) − z[label]; logits [N, K]. */
  crossEntropy(logits: Tensor, labels: Int32Array): Tensor;
  /** (softmax(z) − onehot(label)) / N */
  crossEntropyGrad(logits: Tensor, labels: Int32Array): Tensor;

  sgd(p: Tensor, g: Tensor, buf: Tensor | null, step: SgdStep): readonly [p: Tensor, buf: Tensor];
  adam(
    p: Tensor,
    g: Tensor,
    m: Tensor,
    v: Tensor,
    step: AdamStep,
  ): readonly [p: Tensor, m: Tensor, v: Tensor];
  rmsprop(
    p: Tensor,
    g: Tensor,
    v: Tensor,
    buf: Tensor | null,
    step: RmspropStep,
  ): readonly [p: Tensor, v: Tensor, buf: Tensor | null];
}

/** The kernels that all of `xs` belong to. */
export function kernelsOf(...xs: readonly Tensor[]): Kernels {
  const { kernels, dtype } = xs[0]!;
  for (const x of xs) {
    if (x.kernels !== kernels)
      throw new TypeError(`cannot mix a tensor of "${kernels.name}" with one of "${x.kernels.name}"`);
    if (x.dtype !== dtype) throw new TypeError(`cannot mix ${dtype} with ${x.dtype}`);
  }
  return kernels;
}
