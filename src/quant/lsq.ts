/**
 * Quantization with a learned step size (LSQ), as the paper uses it: weights only, signed, one step for each
 * layer.
 *
 * @packageDocumentation
 */

import { defineOp, defineOps, type Op2, type Ops, type Var } from "../autograd/op.ts";
import { kernelsOf, type Mask, type Rounding } from "../tensor/kernels/kernels.ts";
import { sizeOf, type Tensor } from "../tensor/tensor.ts";

/** The integers −qn … qp that a quantized value may take. */
export interface Levels {
  readonly qn: number;
  readonly qp: number;
}

/**
 * −2ᵇ⁻¹ … 2ᵇ⁻¹ − 1
 *
 * @throws RangeError below 2 bits: with qp = 0 neither the first step nor the gradient scale exist
 * @implements LSQ.sec.2
 * @implements QGen.eq.1
 */
export function signed(bits: number): Levels {
  if (!Number.isInteger(bits) || bits < 2 || bits > 16)
    throw new RangeError(`signed levels: expected 2 to 16 whole bits, got ${bits}`);
  return { qn: 2 ** (bits - 1), qp: 2 ** (bits - 1) - 1 };
}

/**
 * 0 … 2ᵇ − 1
 *
 * @throws RangeError above 15 bits: codes are kept in 16 with a sign
 * @implements LSQ.sec.2
 */
export function unsigned(bits: number): Levels {
  if (!Number.isInteger(bits) || bits < 1 || bits > 15)
    throw new RangeError(`unsigned levels: expected 1 to 15 whole bits, got ${bits}`);
  return { qn: 0, qp: 2 ** bits - 1 };
}

export interface LsqOptions {
  /** Which weights pass the gradient. */
  readonly mask?: Mask;
  readonly rounding?: Rounding;
  /** Factor on the gradient of the step. */
  readonly gradScale?: number;
}

/**
 * v̂ = s ⌊clip(v/s, −qn, qp)⌉, learnable in the data v and in the step s.
 *
 * The gradient is a surrogate: rounding passes it unchanged where v/s is inside the levels and stops it
 * outside; the step is moved by the distance of v/s to its level inside, and by the level outside.
 *
 * @implements QGen.eq.1
 * @implements QGen.eq.2
 * @implements LSQ.eq.1
 * @implements LSQ.eq.2
 * @implements LSQ.eq.3
 * @implements LSQ.eq.5
 * @deviation The outermost levels count as inside: both known implementations train that way. The text of
 *   Esser et al. counts them as outside (`mask: "strict"`).
 * @deviation Ties go to the even level; no paper says where.
 */
export const lsq = (
  levels: Levels,
  { mask = "inside", rounding = "half-even", gradScale = 1 }: LsqOptions = {},
): Op2 =>
  defineOp({
    name: "lsq",
    gradient: { surrogate: "LSQ.eq.3, LSQ.eq.5" },
    forward: (v, s) => kernelsOf(v, s).quantize(v, s, { ...levels, rounding }),
    vjp({ g }, v, s) {
      let both: readonly [Var, Var] | undefined;
      const pulled = () => {
        both ??= lsqGrad(levels, { mask, rounding, gradScale })(g, v, s);
        return both;
      };
      return [() => pulled()[0], () => pulled()[1]];
    },
  });

/** The surrogate gradient. It is linear in g; v and s only choose cases. */
const lsqGrad = (
  levels: Levels,
  q: Required<LsqOptions>,
): Ops<readonly [g: Var, v: Var, s: Var], readonly [dv: Var, ds: Var]> =>
  defineOps({
    name: "lsqGrad",
    gradient: { surrogate: "LSQ.eq.3, LSQ.eq.5" },
    forward: (g, v, s) => kernelsOf(g, v, s).quantizeGrad(g, v, s, { ...levels, ...q }),
    vjp(_out, _g, _v, _s) {
      throw new RangeError(
        "lsq: the gradient is a surrogate and has no derivative; differentiate the network at the quantized weights instead",
      );
    },
  });

/**
 * Keeps the update of s, relative to s, at the size of the updates of the n values that it quantizes:
 * 1 / √(n qp).
 *
 * @implements LSQ.sec.2.2
 */
export const stepGradScale = (n: number, { qp }: Levels): number => 1 / Math.sqrt(n * qp);

/** No step is smaller: a tensor of zeros would otherwise start with a step of 0. */
export const STEP_FLOOR = 1e-8;

/**
 * The first step: s₀ = 2 mean|v| / √qp.
 *
 * @implements LSQ.sec.2.1
 */
export function initialStep(v: Tensor, { qp }: Levels): number {
  let total = 0;
  for (const x of v.data) total += Math.abs(x);
  return Math.max((2 * total) / (sizeOf(v.shape) * Math.sqrt(qp)), STEP_FLOOR);
}

/**
 * v̄ = ⌊clip(v/s, −qn, qp)⌉, the integers themselves.
 *
 * @implements QGen.eq.1
 */
export function codes(v: Tensor, s: Tensor, levels: Levels, rounding: Rounding = "half-even"): Int16Array {
  const step = s.data[0]!;
  return Int16Array.from(quantized(v, s, levels, rounding).data, (x) => Math.round(x / step));
}

/** v̂ without a history. */
export const quantized = (v: Tensor, s: Tensor, levels: Levels, rounding: Rounding = "half-even"): Tensor =>
  v.kernels.quantize(v, s, { ...levels, rounding });
