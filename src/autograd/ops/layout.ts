/**
 * Numbers in another order: maps that are linear, so that each gradient is again one of them.
 *
 * @packageDocumentation
 */

import type { Shape } from "../../tensor/tensor.ts";
import { defineOp, type Op1 } from "../op.ts";

/** Axis i of the result is axis `order[i]` of x. */
export const permute = (order: readonly number[]): Op1 =>
  defineOp({
    name: "permute",
    gradient: "exact",
    forward: (x) => x.kernels.permute(x, order),
    vjp: ({ g }) => [() => permute(order.map((_, axis) => order.indexOf(axis)))(g)],
  });

/** Along one axis, the slices with these indices, in their order; −1 is a slice of zeros. */
export const take = (axis: number, indices: Int32Array): Op1 =>
  defineOp({
    name: "take",
    gradient: "exact",
    forward: (x) => x.kernels.take(x, axis, indices),
    vjp: ({ g }, x) => [() => takeGrad(x.value.shape, axis, indices)(g)],
  });

/** The transpose of `take`. */
export const takeGrad = (x: Shape, axis: number, indices: Int32Array): Op1 =>
  defineOp({
    name: "takeGrad",
    gradient: "exact",
    forward: (g) => g.kernels.takeGrad(g, x, axis, indices),
    vjp: ({ g: dx }) => [() => take(axis, indices)(dx)],
  });
