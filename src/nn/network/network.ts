import type { Kernels } from "../../tensor/kernels/kernels.ts";
import type { Rng } from "../../tensor/random.ts";
import type { DType, Tensor } from "../../tensor/tensor.ts";
import {
  defaultInit,
  initBatchNorm,
  initLayer,
  initNorm,
  initParameter,
  type LayerInit,
  normal,
} from "../init.ts";
import type { InputRange, Model, Weights } from "../model.ts";
import type { Tree } from "../tree.ts";
import type { Layer, Part } from "./layer.ts";
import { initRandom, nextRandom } from "./random.ts";

export interface NetworkOptions {
  /** How its layers begin, where not as in PyTorch. A `null` for a bias is for layers to say. */
  readonly init?: { readonly conv?: LayerInit; readonly linear?: LayerInit };
  /** Does weight decay apply to all parameters, as by default, or to the weights of convolutions and linear layers? */
  readonly decay?: "all" | "weights";
}

/** The model that a layer is. */
export function network(
  name: string,
  layer: Layer,
  { init = {}, decay = "all" }: NetworkOptions = {},
): Model {
  const { parts } = layer;
  const weights = parts.flatMap((part) =>
    part.kind === "conv" || part.kind === "linear" ? [`${part.name}.weight`] : [],
  );
  return {
    name,
    weights,
    norms: normsOf(parts),
    inputs: inputsOf(parts),
    ...(decay === "all" ? {} : { decays: (name: string) => weights.includes(name) }),

    init(kernels, rng, dtype = "float32") {
      const made = parts.map((part) => initPart(part, init, kernels, rng, dtype));
      const random = parts.some(({ kind }) => kind === "random") ? initRandom(kernels, rng, dtype) : {};
      return {
        params: Object.assign({}, ...made.map(({ params }) => params)) as Tree<Tensor>,
        buffers: Object.assign({}, ...made.map(({ buffers }) => buffers), random) as Tree<Tensor>,
      };
    },

    apply(params, buffers, x, mode) {
      const pass = { params, buffers, mode };
      const y = layer.apply(pass, "", x);
      return { y, buffers: mode === "train" ? nextRandom(pass.buffers) : pass.buffers };
    },
  };
}

/** The batch norm that comes next after a convolution or a linear layer. */
const normsOf = (parts: readonly Part[]): Tree<string> =>
  Object.fromEntries(
    parts.flatMap(({ name, kind }, i) => {
      const next = parts[i + 1];
      return (kind === "conv" || kind === "linear") && next?.kind === "batchNorm"
        ? [[`${name}.weight`, next.name]]
        : [];
    }),
  );

/** What arrives at each convolution or linear layer. Sums, their shortcuts, and all that is not known may have either sign. */
function inputsOf(parts: readonly Part[]): Tree<InputRange> {
  const inputs: Record<string, InputRange> = {};
  let range: InputRange = "signed";
  for (const part of parts) {
    if (part.kind === "conv" || part.kind === "linear") inputs[`${part.name}.weight`] = range;
    if (part.kind !== "map") range = "signed";
    else if (part.range !== "same") range = part.range ?? "signed";
  }
  return inputs;
}

function initPart(
  part: Part,
  init: NonNullable<NetworkOptions["init"]>,
  kernels: Kernels,
  rng: Rng,
  dtype: DType,
): Weights {
  const { name, kind } = part;
  switch (kind) {
    case "conv":
    case "linear": {
      const { weight, bias } = init[kind] ?? defaultInit;
      const how = { weight, bias: part.bias ? bias : null };
      return { params: initLayer(kernels, rng, name, part.shape, dtype, how), buffers: {} };
    }
    case "batchNorm":
      return initBatchNorm(kernels, name, part.channels, dtype);
    case "layerNorm":
      return { params: initNorm(kernels, name, part.channels, dtype), buffers: {} };
    case "parameter": {
      const draw = normal(0.02)(part.shape);
      return { params: { [name]: initParameter(kernels, rng, name, part.shape, dtype, draw) }, buffers: {} };
    }
    default:
      return { params: {}, buffers: {} };
  }
}
