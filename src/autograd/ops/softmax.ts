import { defineOp, type Op1, type Var } from "../op.ts";
import { div, exp, mul, reduceTo, sub } from "./arithmetic.ts";

/** The sum of each row of the last axis, as a row of one. */
const rowSum = (x: Var): Var => reduceTo([...x.value.shape.slice(0, -1), 1])(x);

/** exp(x) / Σ exp(x), in plain ops (and without a guard against overflow). */
export function softmaxDefinition(x: Var): Var {
  const e = exp(x);
  return div(e, rowSum(e));
}

/** Shares that add up to 1 along the last axis. dx = y (g − Σ g y) */
export const softmax: Op1 = defineOp({
  name: "softmax",
  gradient: "exact",
  forward: (x) => x.kernels.softmax(x),
  vjp: ({ g, y }) => [() => mul(y, sub(g, rowSum(mul(g, y))))],
});
