import type { Kernels } from "../tensor/kernels/kernels.ts";
import type { Rng } from "../tensor/random.ts";
import { bufferOf, type DType, type Shape, sizeOf, type Tensor } from "../tensor/tensor.ts";
import type { Tree } from "./tree.ts";

/** Draws the numbers of a new parameter, given the shape of the weight of its layer, outputs first. */
export type Draw = (weight: Shape) => (rng: Rng) => number;

/** Uniform on ±1/√fanIn, where fanIn is the number of inputs of one output: PyTorch's default. */
export const uniformByInputs: Draw = (weight) => {
  const bound = 1 / Math.sqrt(sizeOf(weight.slice(1)));
  return (rng) => bound * (2 * rng.uniform() - 1);
};

/** Normal with variance 2/fanOut, where fanOut is outputs times pixels of the window (He et al. 2015). */
export const normalByOutputs: Draw = (weight) => {
  const deviation = Math.sqrt(2 / (weight[0]! * sizeOf(weight.slice(2))));
  return (rng) => deviation * rng.normal();
};

export const normal =
  (deviation: number): Draw =>
  () =>
  (rng) =>
    deviation * rng.normal();

export const zero: Draw = () => () => 0;

/** How the parameters of a layer begin. */
export interface LayerInit {
  readonly weight: Draw;
  /** `null`: the layer has none. */
  readonly bias: Draw | null;
}

/** PyTorch's default for convolutions and linear layers. */
export const defaultInit: LayerInit = { weight: uniformByInputs, bias: uniformByInputs };

/** A new parameter. Its stream of random numbers has its name. */
export function initParameter(
  kernels: Kernels,
  rng: Rng,
  name: string,
  shape: Shape,
  dtype: DType,
  draw: (rng: Rng) => number,
): Tensor {
  const stream = rng.fork(name);
  const values = bufferOf(dtype, sizeOf(shape));
  for (let i = 0; i < values.length; i++) values[i] = draw(stream);
  return kernels.tensor(values, shape);
}

/**
 * New weights and biases of a convolution or a linear layer.
 *
 * @param shape - of the weight, outputs first
 */
export function initLayer(
  kernels: Kernels,
  rng: Rng,
  name: string,
  shape: Shape,
  dtype: DType,
  { weight, bias }: LayerInit = defaultInit,
): Tree<Tensor> {
  const made = (parameter: string, own: Shape, draw: Draw): Tree<Tensor> => ({
    [parameter]: initParameter(kernels, rng, parameter, own, dtype, draw(shape)),
  });
  return {
    ...made(`${name}.weight`, shape, weight),
    ...(bias === null ? {} : made(`${name}.bias`, [shape[0]!], bias)),
  };
}

/** γ = 1, β = 0. */
export function initNorm(kernels: Kernels, name: string, channels: number, dtype: DType): Tree<Tensor> {
  const filled = (value: number): Tensor => kernels.fill(value, [channels], dtype);
  return { [`${name}.weight`]: filled(1), [`${name}.bias`]: filled(0) };
}

/** γ = 1, β = 0; running mean 0, running variance 1. */
export function initBatchNorm(kernels: Kernels, name: string, channels: number, dtype: DType) {
  const filled = (value: number): Tensor => kernels.fill(value, [channels], dtype);
  return {
    params: initNorm(kernels, name, channels, dtype),
    buffers: { [`${name}.running_mean`]: filled(0), [`${name}.running_var`]: filled(1) },
  };
}
