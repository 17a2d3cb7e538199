/**
 * Quantization of activations: of what arrives at a layer, with a learned step, and a learned offset where its
 * numbers reach a little below 0.
 *
 * @packageDocumentation
 */

import { defineOp, type Op1, type Var } from "../autograd/op.ts";
import { add, scale, sub } from "../autograd/ops/arithmetic.ts";
import type { InputRange } from "../nn/model.ts";
import { member, type Tree } from "../nn/tree.ts";
import type { Mask, Rounding } from "../tensor/kernels/kernels.ts";
import { sizeOf, type Tensor } from "../tensor/tensor.ts";
import { type GradScale, inputGradScale } from "./grad-scale.ts";
import { initialStep, type Levels, lsq, signed, unsigned } from "./lsq.ts";

/** The quantizer of the input of one layer. */
export interface InputQuantizer {
  /** Name of the weights of the layer. */
  readonly weight: string;
  /** Name of the step among the parameters. */
  readonly step: string;
  /** Name of the offset, where there is one. */
  readonly offset: string | null;
  readonly bits: number;
  readonly levels: Levels;
}

export function inputQuantizer(weight: string, bits: number, range: InputRange = "signed"): InputQuantizer {
  const layer = weight.replace(/\.weight$/, "");
  return {
    weight,
    step: `${layer}.input.step`,
    offset: range === "offset" ? `${layer}.input.offset` : null,
    bits,
    levels: range === "signed" ? signed(bits) : unsigned(bits),
  };
}

/** x itself; its gradient is scaled by c. */
const slowed = (c: number): Op1 =>
  defineOp({
    name: "slowed",
    gradient: { surrogate: "LSQ.sec.2.2" },
    forward: (x) => x,
    vjp: ({ g }) => [() => scale(c)(g)],
  });

/**
 * x̂ = s ⌊clip((x − β)/s, −qn, qp)⌉ + β; β only where there is an offset.
 *
 * @implements VVTQ.activations
 */
export function quantizedInput(
  { step, offset, levels }: InputQuantizer,
  how: { readonly mask: Mask; readonly rounding: Rounding; readonly gradScale: GradScale },
  params: Tree<Var>,
  x: Var,
): Var {
  const gradScale = inputGradScale(how.gradScale, sizeOf(x.value.shape), levels);
  const quantize = lsq(levels, { mask: how.mask, rounding: how.rounding, gradScale });
  const s = member(params, step);
  if (offset === null) return quantize(x, s);
  const beta = slowed(gradScale)(member(params, offset));
  return add(quantize(sub(x, beta), s), beta);
}

/**
 * The first step, and the first offset, for a layer at which x arrives: β₀ = min x, s₀ = 2 mean|x − β₀| / √qp.
 *
 * @implements VVTQ.activations
 * @deviation VVTQ does not say where the offset begins.
 */
export function firstInput({ step, offset, levels }: InputQuantizer, x: Tensor): Tree<Tensor> {
  const { kernels, dtype } = x;
  const number = (value: number): Tensor => kernels.fill(value, [], dtype);
  if (offset === null) return { [step]: number(initialStep(x, levels)) };
  let least = Infinity;
  for (const value of x.data) least = Math.min(least, value);
  const shifted = kernels.unary("shift", x, -least);
  return { [step]: number(initialStep(shifted, levels)), [offset]: number(least) };
}
