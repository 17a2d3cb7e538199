/**
 * The contract suite: what every implementation of the kernels is held to. `reference` and `simd` run it in
 * `property/kernels.test.ts`; a further implementation runs it by one call. Results are only ever taken by
 * `await x.read()`, so that they may lie on another device.
 */
import { describe } from "vitest";
import type { Kernels } from "../src/tensor/kernels/kernels.ts";
import { binary, broadcastTo, fill, reshape, sumTo, tensor, unary } from "./contract/elementwise.ts";
import { permute, softmax, take, takeGrad } from "./contract/layout.ts";
import { conv2d, conv2dInputGrad, conv2dNormalizeRelu, conv2dWeightGrad, gemm } from "./contract/linear.ts";
import { crossEntropy, crossEntropyGrad } from "./contract/loss.ts";
import {
  batchNormGrad,
  batchNormReluGrad,
  moments,
  normalize,
  normalizeRelu,
} from "./contract/normalization.ts";
import { adam, rmsprop, sgd } from "./contract/optimizers.ts";
import { avgPool2d, avgPool2dGrad, maxPool2d, maxPool2dGrad } from "./contract/pool.ts";
import { quantize, quantizeGrad } from "./contract/quantization.ts";
import { displace, random } from "./contract/random.ts";
import { refusals } from "./contract/refusals.ts";
import type { Case, Tolerance } from "./contract/subject.ts";

/** A case for every kernel: one without does not compile. */
const cases: { readonly [Name in Exclude<keyof Kernels, "name" | "dtypes">]: Case } = {
  tensor,
  fill,
  reshape,
  random,
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
  normalizeRelu,
  batchNormReluGrad,
  conv2dNormalizeRelu,
  quantize,
  quantizeGrad,
  crossEntropy,
  crossEntropyGrad,
  sgd,
  adam,
  rmsprop,
};

/**
 * Declares the tests of the contract for `kernels`, in every precision that they compute in.
 *
 * @param tolerance - what hardware is forgiven that does not compute by IEEE 754; nothing, if left out
 */
export function obeysTheContract(
  kernels: Kernels,
  tolerance: Tolerance = { ieee: 0, transcendental: 1 },
): void {
  describe.each(kernels.dtypes)(`${kernels.name}, %s`, (dtype) => {
    const subject = { kernels, dtype, tolerance };
    describe.each(Object.entries(cases))("%s", (_, declare) => {
      declare(subject);
    });
    describe("refuses, in a sentence", () => {
      refusals(subject);
    });
  });
}
