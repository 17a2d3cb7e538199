import * as math from "../../math.ts";
import { broadcastPlan, broadcastShape, type Plan } from "../../shape.ts";
import { type Shape, sameShape, type Tensor } from "../../tensor.ts";
import { type Binary, kernelsOf, type Unary } from "../kernels.ts";
import { build, buildWith } from "./host.ts";

const unaryFunctions: { readonly [F in Unary]: (x: number, c: number) => number } = {
  neg: (x) => -x,
  exp: math.exp,
  log: math.log,
  sqrt: Math.sqrt,
  tanh: math.tanh,
  gelu: math.gelu,
  geluSlope: math.geluSlope,
  abs: Math.abs,
  relu: (x) => (x > 0 || Number.isNaN(x) ? x : 0),
  positive: (x) => (x > 0 ? 1 : 0),
  scale: (x, c) => c * x,
  shift: (x, c) => x + c,
  atLeast: (x, c) => (x < c ? c : x),
};

const binaryFunctions: { readonly [F in Binary]: (a: number, b: number) => number } = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  gate: (a, b) => (b > 0 ? a : 0),
};

export function unary(f: Unary, x: Tensor, c = 0): Tensor {
  const apply = unaryFunctions[f];
  const constant = x.dtype === "float32" ? Math.fround(c) : c;
  return build(x, x.shape, (i) => apply(x.data[i]!, constant));
}

/** Calls `visit` for every element of the plan, with its own index and the offset into each operand. */
function walk({ extents, strides }: Plan, visit: (i: number, ...offsets: number[]) => void): void {
  let i = 0;
  const loop = (axis: number, offsets: readonly number[]): void => {
    if (axis === extents.length) {
      visit(i++, ...offsets);
      return;
    }
    for (let j = 0; j < extents[axis]!; j++)
      loop(
        axis + 1,
        offsets.map((o, k) => o + j * strides[k]![axis]!),
      );
  };
  loop(
    0,
    strides.map(() => 0),
  );
}

export function binary(f: Binary, a: Tensor, b: Tensor): Tensor {
  const kernels = kernelsOf(a, b);
  const apply = binaryFunctions[f];
  if (sameShape(a.shape, b.shape)) return build(a, a.shape, (i) => apply(a.data[i]!, b.data[i]!));
  const shape = broadcastShape(a.shape, b.shape);
  return buildWith(kernels, a.dtype, shape, (out) => {
    walk(broadcastPlan(shape, a.shape, b.shape), (i, p, q) => {
      out[i] = apply(a.data[p!]!, b.data[q!]!);
    });
  });
}

export const broadcastTo = (x: Tensor, shape: Shape): Tensor =>
  buildWith(x.kernels, x.dtype, shape, (out) => {
    walk(broadcastPlan(shape, x.shape), (i, p) => {
      out[i] = x.data[p!]!;
    });
  });

/** Accumulates in float64, whatever the precision of x. */
export const sumTo = (x: Tensor, shape: Shape): Tensor =>
  buildWith(x.kernels, x.dtype, shape, (out) => {
    const total = new Float64Array(out.length);
    walk(broadcastPlan(x.shape, shape), (i, p) => {
      total[p!]! += x.data[i]!;
    });
    out.set(total);
  });
