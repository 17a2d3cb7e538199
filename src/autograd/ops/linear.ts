/**
 * Products of matrices, convolutions and pooling: maps that are linear in each argument, so that each
 * gradient is again one of them.
 *
 * @packageDocumentation
 */

import { kernelsOf } from "../../tensor/kernels/kernels.ts";
import type { ConvGeometry, PoolGeometry, Transposes } from "../../tensor/shape.ts";
import type { Shape } from "../../tensor/tensor.ts";
import { defineOp, type Op1, type Op2, type Op3 } from "../op.ts";
import { reduceTo, reshape } from "./arithmetic.ts";

/** C = A B; each may be given transposed. dA = dC Bᵀ, dB = Aᵀ dC. */
export const gemm = ({ transposeA = false, transposeB = false }: Transposes = {}): Op2 =>
  defineOp({
    name: "gemm",
    gradient: "exact",
    forward: (a, b) => kernelsOf(a, b).gemm(a, b, { transposeA, transposeB }),
    vjp: ({ g }, a, b) => [
      () =>
        transposeA
          ? gemm({ transposeA: transposeB, transposeB: true })(b, g)
          : gemm({ transposeB: !transposeB })(g, b),
      () =>
        transposeB
          ? gemm({ transposeA: true, transposeB: transposeA })(g, a)
          : gemm({ transposeA: !transposeA })(a, g),
    ],
  });

/** y[n,o] = Σ w[o,c] ⋆ x[n,c] */
export const conv2d = (geometry: ConvGeometry): Op2 =>
  defineOp({
    name: "conv2d",
    gradient: "exact",
    forward: (x, w) => kernelsOf(x, w).conv2d(x, w, null, geometry),
    vjp: ({ g }, x, w) => [
      () => conv2dInputGrad(x.value.shape, geometry)(g, w),
      () => conv2dWeightGrad(w.value.shape, geometry)(g, x),
    ],
  });

/** y[n,o] = bias[o] + Σ w[o,c] ⋆ x[n,c] */
export const conv2dBias = (geometry: ConvGeometry): Op3 =>
  defineOp({
    name: "conv2dBias",
    gradient: "exact",
    forward: (x, w, bias) => kernelsOf(x, w, bias).conv2d(x, w, bias, geometry),
    vjp: ({ g }, x, w, bias) => [
      () => conv2dInputGrad(x.value.shape, geometry)(g, w),
      () => conv2dWeightGrad(w.value.shape, geometry)(g, x),
      () => reshape(bias.value.shape)(reduceTo([bias.value.shape[0]!, 1, 1])(g)),
    ],
  });

/** The transpose of `conv2d` in x. */
export const conv2dInputGrad = (x: Shape, geometry: ConvGeometry): Op2 =>
  defineOp({
    name: "conv2dInputGrad",
    gradient: "exact",
    forward: (g, w) => kernelsOf(g, w).conv2dInputGrad(g, w, x, geometry),
    vjp: ({ g: dx }, g, w) => [
      () => conv2d(geometry)(dx, w),
      () => conv2dWeightGrad(w.value.shape, geometry)(g, dx),
    ],
  });

/** The transpose of `conv2d` in w. */
export const conv2dWeightGrad = (w: Shape, geometry: ConvGeometry): Op2 =>
  defineOp({
    name: "conv2dWeightGrad",
    gradient: "exact",
    forward: (g, x) => kernelsOf(g, x).conv2dWeightGrad(g, x, w, geometry),
    vjp: ({ g: dw }, g, x) => [
      () => conv2d(geometry)(x, dw),
      () => conv2dInputGrad(x.value.shape, geometry)(g, dw),
    ],
  });

/** Means over windows; padding counts as zeros. */
export const avgPool2d = (geometry: PoolGeometry): Op1 =>
  defineOp({
    name: "avgPool2d",
    gradient: "exact",
    forward: (x) => x.kernels.avgPool2d(x, geometry),
    vjp: ({ g }, x) => [() => avgPool2dGrad(x.value.shape, geometry)(g)],
  });

/** The transpose of `avgPool2d`. */
export const avgPool2dGrad = (x: Shape, geometry: PoolGeometry): Op1 =>
  defineOp({
    name: "avgPool2dGrad",
    gradient: "exact",
    forward: (g) => g.kernels.avgPool2dGrad(g, x, geometry),
    vjp: ({ g: dx }) => [() => avgPool2d(geometry)(dx)],
  });

/** Maxima over windows. Which pixel is the maximum is piecewise constant. */
export const maxPool2d = (geometry: PoolGeometry): Op1 =>
  defineOp({
    name: "maxPool2d",
    gradient: "exact",
    forward: (x) => x.kernels.maxPool2d(x, x, geometry),
    vjp: ({ g }, x) => [() => maxPool2dGrad(geometry)(g, x)],
  });

/** The values of `v` where `x` has its maxima. */
export const maxPool2dTake = (geometry: PoolGeometry): Op2 =>
  defineOp({
    name: "maxPool2dTake",
    gradient: "exact",
    forward: (v, x) => kernelsOf(v, x).maxPool2d(v, x, geometry),
    vjp: ({ g }, _v, x) => [() => maxPool2dGrad(geometry)(g, x), null],
  });

/** The transpose of `maxPool2dTake` in v. */
export const maxPool2dGrad = (geometry: PoolGeometry): Op2 =>
  defineOp({
    name: "maxPool2dGrad",
    gradient: "exact",
    forward: (g, x) => kernelsOf(g, x).maxPool2dGrad(g, x, geometry),
    vjp: ({ g: dx }, _g, x) => [() => maxPool2dTake(geometry)(dx, x), null],
  });
