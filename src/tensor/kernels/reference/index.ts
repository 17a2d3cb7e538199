/**
 * The kernels in plain TypeScript. They are the definition: written to be read, in float32 and float64,
 * with sums in float64.
 *
 * @packageDocumentation
 */

import { type Shape, sizeOf } from "../../tensor.ts";
import { fusedFrom } from "../fused.ts";
import type { Kernels } from "../kernels.ts";
import { binary, broadcastTo, sumTo, unary } from "./elementwise.ts";
import { buildWith, hostTensor } from "./host.ts";
import { permute, take, takeGrad } from "./layout.ts";
import { conv2d, conv2dInputGrad, conv2dWeightGrad, gemm } from "./linear.ts";
import { crossEntropy, crossEntropyGrad, softmax } from "./loss.ts";
import { batchNormGrad, moments, normalize } from "./normalization.ts";
import { adam, rmsprop, sgd } from "./optimizers.ts";
import { avgPool2d, avgPool2dGrad, maxPool2d, maxPool2dGrad } from "./pool.ts";
import { quantize, quantizeGrad } from "./quantization.ts";
import { displace, random } from "./random.ts";

export const reference: Kernels = {
  name: "reference",
  dtypes: ["float32", "float64"],
  tensor: (data, shape) => hostTensor(reference, data.slice(), shape),
  fill: (value, shape, dtype) => buildWith(reference, dtype, shape, (out) => out.fill(value)),
  reshape(x, shape: Shape) {
    if (sizeOf(shape) !== sizeOf(x.shape))
      throw new RangeError(`reshape: [${x.shape}] cannot become [${shape}]`);
    return { ...x, shape };
  },
  random: (law, key, shape, dtype) => random(reference, law, key, shape, dtype),
  displace,
  unary,
  binary,
  broadcastTo,
  sumTo,
  permute,
  take,
  takeGrad,
  softmax,
  gemm,
  conv2d,
  conv2dInputGrad,
  conv2dWeightGrad,
  avgPool2d,
  avgPool2dGrad,
  maxPool2d,
  maxPool2dGrad,
  moments,
  normalize,
  batchNormGrad,
  ...fusedFrom(() => reference),
  quantize,
  quantizeGrad,
  crossEntropy,
  crossEntropyGrad,
  sgd,
  adam,
  rmsprop,
};
