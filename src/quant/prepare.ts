/**
 * Quantization-aware training of any model: `prepare` puts quantizers before its weights, `convert` turns what
 * was learned into integers.
 *
 * @packageDocumentation
 */

import type { Var } from "../autograd/op.ts";
import type { Model } from "../nn/model.ts";
import { mapTree, member, type Tree } from "../nn/tree.ts";
import type { Mask, Rounding } from "../tensor/kernels/kernels.ts";
import { bufferOf, item, sizeOf, type Tensor } from "../tensor/tensor.ts";
import { codes, initialStep, type Levels, lsq, quantized, signed, stepGradScale } from "./lsq.ts";

/** How a network is quantized. Everything the papers leave open is a field. */
export interface Policy {
  /** Bits of each weight, 2 to 16. */
  readonly bits: number;
  /** The first and the last layer: like the others, with 8 bits, or not at all. */
  readonly firstLast: "same" | "8bit" | "float";
  readonly mask: Mask;
  readonly rounding: Rounding;
  /** Scale the gradient of a step by 1/√(n qp), or not. */
  readonly gradScale: "lsq" | "none";
  /** Steps are brought back to at least this after each update; `null` leaves them alone. */
  readonly stepFloor: number | null;
  /** Does weight decay apply to the steps? */
  readonly decaySteps: boolean;
}

/**
 * @deviation The paper does not say how the first and last layer are treated: all are quantized alike.
 * @deviation Steps are kept positive by a floor; as published, a step may reach zero or below.
 */
export const defaultPolicy: Policy = {
  bits: 4,
  firstLast: "same",
  mask: "inside",
  rounding: "half-even",
  gradScale: "lsq",
  stepFloor: 1e-8,
  decaySteps: true,
};

/** The quantizer of one layer. */
export interface LayerQuantizer {
  /** Name of the weights that it quantizes. */
  readonly weight: string;
  /** Name of its step among the parameters. */
  readonly step: string;
  readonly bits: number;
  readonly levels: Levels;
}

export interface QuantizedModel extends Model {
  readonly policy: Policy;
  readonly quantizers: readonly LayerQuantizer[];
}

/** Which layer gets how many bits. */
function quantizersOf({ weights }: Model, { bits, firstLast }: Policy): LayerQuantizer[] {
  return weights.flatMap((weight, i) => {
    const outer = i === 0 || i === weights.length - 1;
    if (outer && firstLast === "float") return [];
    const own = outer && firstLast === "8bit" ? 8 : bits;
    return [{ weight, step: `${weight}.step`, bits: own, levels: signed(own) }];
  });
}

/**
 * The same network with quantized weights, f(Q(w, s), x): its parameters are those of `model`, the latent
 * weights, and one step for each quantized layer.
 *
 * @implements QGen.sec.3
 */
export function prepare(model: Model, options: Partial<Policy> = {}): QuantizedModel {
  const policy = { ...defaultPolicy, ...options };
  const quantizers = quantizersOf(model, policy);
  const steps = new Set(quantizers.map(({ step }) => step));

  return {
    ...model,
    name: `${model.name}@${policy.bits}`,
    policy,
    quantizers,

    init(kernels, rng, dtype) {
      const { params, buffers } = model.init(kernels, rng, dtype);
      return { params: withSteps(params, quantizers), buffers };
    },

    apply(params, buffers, x, mode) {
      const hats: Record<string, Var> = {};
      for (const { weight, step, levels } of quantizers) {
        const w = member(params, weight);
        const gradScale = policy.gradScale === "lsq" ? stepGradScale(sizeOf(w.value.shape), levels) : 1;
        hats[weight] = lsq(levels, { ...policy, gradScale })(w, member(params, step));
      }
      return model.apply({ ...params, ...hats }, buffers, x, mode);
    },

    project(params) {
      const inner = model.project?.(params) ?? params;
      const floor = policy.stepFloor;
      if (floor === null) return inner;
      return mapTree(inner, (p, name) => (steps.has(name) ? p.kernels.unary("atLeast", p, floor) : p));
    },

    decays: (name) => (steps.has(name) ? policy.decaySteps : (model.decays?.(name) ?? true)),
  };
}

/** `params`, and the first step of each quantizer. */
export function withSteps(params: Tree<Tensor>, quantizers: readonly LayerQuantizer[]): Tree<Tensor> {
  const steps = quantizers.map(({ weight, step, levels }) => {
    const w = member(params, weight);
    return [step, w.kernels.fill(initialStep(w, levels), [], w.dtype)] as const;
  });
  return { ...params, ...Object.fromEntries(steps) };
}

/**
 * The weights that the network computes with: ŵ in the place of w, without the steps.
 *
 * @implements QGen.eq.2
 */
export function dequantized({ quantizers, policy }: QuantizedModel, params: Tree<Tensor>): Tree<Tensor> {
  const rest = new Map(Object.entries(params));
  for (const { weight, step, levels } of quantizers) {
    rest.set(weight, quantized(member(params, weight), member(params, step), levels, policy.rounding));
    rest.delete(step);
  }
  return Object.fromEntries(rest);
}

/** A layer as it is stored after training: integers and their scale. */
export interface IntegerLayer {
  readonly weight: string;
  readonly bits: number;
  readonly scale: number;
  readonly shape: readonly number[];
  /** One code each; `bits` bits of it carry information. */
  readonly codes: Int16Array;
  /** Bytes of the packed codes and the scale. */
  readonly bytes: number;
}

/**
 * What is left to store of the quantized layers. `scale · codes` is, number for number, what the network was
 * trained with; only the sign of a zero is lost.
 *
 * @implements QGen.eq.1
 */
export function convert({ quantizers, policy }: QuantizedModel, params: Tree<Tensor>): IntegerLayer[] {
  return quantizers.map(({ weight, step, bits, levels }) => {
    const [w, s] = [member(params, weight), member(params, step)];
    return {
      weight,
      bits,
      scale: item(s),
      shape: w.shape,
      codes: codes(w, s, levels, policy.rounding),
      bytes: Math.ceil((sizeOf(w.shape) * bits) / 8) + 4,
    };
  });
}

/** Weights from codes: scale · code, in the precision of the tensor they came from. */
export function restore({ codes, scale, shape }: IntegerLayer, like: Tensor): Tensor {
  const values = bufferOf(like.dtype, codes.length);
  codes.forEach((code, i) => {
    values[i] = code * scale;
  });
  return like.kernels.tensor(values, shape);
}
