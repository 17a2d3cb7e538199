/**
 * Quantization-aware training of any model: `prepare` puts quantizers before its weights, and, where they are asked
 * for, before the inputs of its layers.
 *
 * @packageDocumentation
 */

import { constant, type Var } from "../autograd/op.ts";
import { withInput } from "../nn/layers.ts";
import type { Model, Weights } from "../nn/model.ts";
import { mapTree, member, type Tree } from "../nn/tree.ts";
import type { Mask, Rounding } from "../tensor/kernels/kernels.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { firstInput, type InputQuantizer, inputQuantizer, quantizedInput } from "./activation.ts";
import { type GradScale, weightGradScale } from "./grad-scale.ts";
import { initialStep, type Levels, lsq, quantized, signed } from "./lsq.ts";
import { mseStep } from "./mse-step.ts";

/** How a network is quantized. Everything the papers leave open is a field. */
export interface Policy {
  /** Bits of each weight, 2 to 16; 32, where activations are quantized, leaves weights in float. */
  readonly bits: number;
  /** The first and the last layer: like the others, with 8 bits, or not at all. */
  readonly firstLast: "same" | "8bit" | "float";
  readonly mask: Mask;
  readonly rounding: Rounding;
  /** The factor on the gradient of a step. */
  readonly gradScale: GradScale;
  /** The first step of weights: 2 mean|w| / √qp, or the one with the least squared error. */
  readonly firstStep: "mean" | "mse";
  /** Bits of what arrives at each layer; `null` leaves activations in float. */
  readonly activations: number | null;
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
  firstStep: "mean",
  activations: null,
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
  /** Of what arrives at the layers; empty where activations stay in float. */
  readonly inputQuantizers: readonly InputQuantizer[];
  /** The weights, with the first steps of the inputs: from what arrives there when the network sees the images x. */
  calibrate(weights: Weights, x: Var): Weights;
}

/** Which layer gets how many of so many bits. */
const bitsOf = ({ weights }: Model, { firstLast }: Policy, bits: number): [weight: string, bits: number][] =>
  weights.flatMap((weight, i) => {
    const outer = i === 0 || i === weights.length - 1;
    if (outer && firstLast === "float") return [];
    return [[weight, outer && firstLast === "8bit" ? 8 : bits]];
  });

const quantizersOf = (model: Model, policy: Policy): LayerQuantizer[] =>
  policy.bits === 32 && policy.activations !== null
    ? []
    : bitsOf(model, policy, policy.bits).map(([weight, bits]) => ({
        weight,
        step: `${weight}.step`,
        bits,
        levels: signed(bits),
      }));

const inputQuantizersOf = (model: Model, policy: Policy): InputQuantizer[] =>
  policy.activations === null
    ? []
    : bitsOf(model, policy, policy.activations).map(([weight, bits]) =>
        inputQuantizer(weight, bits, model.inputs?.[weight]),
      );

/**
 * The same network with quantized weights, f(Q(w, s), x): its parameters are those of `model`, the latent
 * weights, and one step for each quantized layer. Where activations are quantized too, each layer has a second step,
 * for what arrives at it, which `calibrate` sets.
 *
 * @implements QGen.sec.3
 * @deviation The map of an attention, which is no input of a layer, stays in float; VVTQ quantizes it.
 */
export function prepare(model: Model, options: Partial<Policy> = {}): QuantizedModel {
  const policy = { ...defaultPolicy, ...options };
  const quantizers = quantizersOf(model, policy);
  const inputQuantizers = inputQuantizersOf(model, policy);
  const steps = new Set([...quantizers, ...inputQuantizers].map(({ step }) => step));
  const offsets = new Set(inputQuantizers.map(({ offset }) => offset));

  /** The parameters with quantized weights, which bring along what becomes of the input of their layer. */
  function quantizedIn(params: Tree<Var>, onInput: (q: InputQuantizer, x: Var) => Var): Tree<Var> {
    const all: Record<string, Var> = { ...params };
    for (const { weight, step, levels } of quantizers) {
      const w = member(params, weight);
      const gradScale = weightGradScale(policy.gradScale, w.value, levels);
      all[weight] = lsq(levels, { ...policy, gradScale })(w, member(params, step));
    }
    for (const q of inputQuantizers) all[q.weight] = withInput(member(all, q.weight), (x) => onInput(q, x));
    return all;
  }

  return {
    ...model,
    name: `${model.name}@${policy.bits}`,
    policy,
    quantizers,
    inputQuantizers,

    init(kernels, rng, dtype) {
      const { params, buffers } = model.init(kernels, rng, dtype);
      return { params: withSteps(params, quantizers, inputQuantizers, policy), buffers };
    },

    apply(params, buffers, x, mode) {
      const own = quantizedIn(params, (q, x) => quantizedInput(q, policy, params, x));
      return model.apply(own, buffers, x, mode);
    },

    calibrate({ params, buffers }, x) {
      const first: Record<string, Tensor> = {};
      const leaves = mapTree(params, constant);
      const own = quantizedIn(leaves, (q, x) => {
        const found = firstInput(q, x.value);
        Object.assign(first, found);
        return quantizedInput(q, policy, mapTree(found, constant), x);
      });
      model.apply(own, buffers, x, "train");
      return { params: { ...params, ...first }, buffers };
    },

    project(params) {
      const inner = model.project?.(params) ?? params;
      const floor = policy.stepFloor;
      if (floor === null) return inner;
      return mapTree(inner, (p, name) => (steps.has(name) ? p.kernels.unary("atLeast", p, floor) : p));
    },

    decays: (name) =>
      steps.has(name) || offsets.has(name) ? policy.decaySteps : (model.decays?.(name) ?? true),
  };
}

/** `params`, and the first step of each quantizer; those of inputs are 1, and their offsets 0, until they are calibrated. */
export function withSteps(
  params: Tree<Tensor>,
  quantizers: readonly LayerQuantizer[],
  inputQuantizers: readonly InputQuantizer[] = [],
  { firstStep, rounding }: Pick<Policy, "firstStep" | "rounding"> = defaultPolicy,
): Tree<Tensor> {
  const all: Record<string, Tensor> = { ...params };
  for (const { weight, step, levels } of quantizers) {
    const w = member(params, weight);
    const first = firstStep === "mse" ? mseStep(w, levels, rounding) : initialStep(w, levels);
    all[step] = w.kernels.fill(first, [], w.dtype);
  }
  for (const { weight, step, offset } of inputQuantizers) {
    const { kernels, dtype } = member(params, weight);
    all[step] = kernels.fill(1, [], dtype);
    if (offset !== null) all[offset] = kernels.fill(0, [], dtype);
  }
  return all;
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
