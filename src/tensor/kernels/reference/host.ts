import { type Buffer, bufferOf, type DType, dtypeOf, type Shape, sizeOf, type Tensor } from "../../tensor.ts";
import type { Kernels } from "../kernels.ts";

/** A tensor on the JavaScript heap, reclaimed by the garbage collector. */
export function hostTensor(kernels: Kernels, data: Buffer, shape: Shape): Tensor {
  if (data.length !== sizeOf(shape))
    throw new RangeError(`tensor: ${data.length} values cannot fill shape [${shape}]`);
  return { shape, dtype: dtypeOf(data), kernels, data, read: async () => data.slice() };
}

/** A new tensor, `at(i)` in each place i. */
export function build(like: Tensor, shape: Shape, at: (i: number) => number): Tensor {
  const out = bufferOf(like.dtype, sizeOf(shape));
  for (let i = 0; i < out.length; i++) out[i] = at(i);
  return hostTensor(like.kernels, out, shape);
}

/** A new tensor, filled by `write`, which finds zeros. */
export function buildWith(
  kernels: Kernels,
  dtype: DType,
  shape: Shape,
  write: (out: Buffer) => void,
): Tensor {
  const out = bufferOf(dtype, sizeOf(shape));
  write(out);
  return hostTensor(kernels, out, shape);
}
