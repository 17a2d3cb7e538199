/** The networks of `nin-2x1.safetensors`, and how they were trained. README.md tells the rest. */
import type { Model, Weights } from "../../src/nn/model.ts";
import { nin } from "../../src/nn/models/nin.ts";
import { sgd } from "../../src/nn/optimizers.ts";
import { mapTree } from "../../src/nn/tree.ts";
import { prepare } from "../../src/quant/prepare.ts";
import type { Kernels } from "../../src/tensor/kernels/kernels.ts";
import { createRng } from "../../src/tensor/random.ts";
import type { DType, Tensor } from "../../src/tensor/tensor.ts";

const float = nin({ depth: 2, width: 1, classes: 10 });
export const networks = { float, lsq4: prepare(float, { bits: 4 }) } as const;
export type Network = keyof typeof networks;

export const image = [3, 32, 32];
export const rule = sgd({ momentum: 0.9, weightDecay: 1e-4 });
export const LEARNING_RATE = 0.01;

/** A tensor of the file, by its name. */
export type Read = (name: string) => { readonly shape: readonly number[]; readonly values: Float64Array };

/** The first weights of the file, in the places that the model names. */
export function initialWeights(stored: Read, network: Network, kernels: Kernels, dtype: DType): Weights {
  const model: Model = networks[network];
  const read = (name: string): Tensor => {
    const { values, shape } = stored(name.endsWith(".step") ? `lsq4/init/${name}` : `init/${name}`);
    return kernels.tensor(dtype === "float32" ? Float32Array.from(values) : values, shape);
  };
  const { params, buffers } = model.init(kernels, createRng(0), dtype);
  return {
    params: mapTree(params, (_, name) => read(name)),
    buffers: mapTree(buffers, (_, name) => read(name)),
  };
}
