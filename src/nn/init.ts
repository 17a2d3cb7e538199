import type { Kernels } from "../tensor/kernels/kernels.ts";
import type { Rng } from "../tensor/random.ts";
import { bufferOf, type DType, type Shape, sizeOf, type Tensor } from "../tensor/tensor.ts";
import type { Tree } from "./tree.ts";

/**
 * PyTorch's default for convolutions and linear layers: weight and bias uniform on ±1/√fanIn, where fanIn is
 * the number of inputs of one output. The streams are named after the parameters.
 *
 * @param shape - of the weight, outputs first
 */
export function initLayer(
  kernels: Kernels,
  rng: Rng,
  name: string,
  shape: Shape,
  dtype: DType,
): Tree<Tensor> {
  const bound = 1 / Math.sqrt(sizeOf(shape.slice(1)));
  const uniform = (parameter: string, shape: Shape): Tensor => {
    const stream = rng.fork(parameter);
    const values = bufferOf(dtype, sizeOf(shape));
    for (let i = 0; i < values.length; i++) values[i] = bound * (2 * stream.uniform() - 1);
    return kernels.tensor(values, shape);
  };
  const [weight, bias] = [`${name}.weight`, `${name}.bias`];
  return { [weight]: uniform(weight, shape), [bias]: uniform(bias, [shape[0]!]) };
}

/** γ = 1, β = 0; running mean 0, running variance 1. */
export function initBatchNorm(kernels: Kernels, name: string, channels: number, dtype: DType) {
  const filled = (value: number): Tensor => kernels.fill(value, [channels], dtype);
  return {
    params: { [`${name}.weight`]: filled(1), [`${name}.bias`]: filled(0) },
    buffers: { [`${name}.running_mean`]: filled(0), [`${name}.running_var`]: filled(1) },
  };
}
