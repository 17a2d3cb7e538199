/**
 * Maps, broadcasting and sums. Broadcasting is undone in one place, `reduceTo`.
 *
 * @packageDocumentation
 */

import { kernelsOf, type Unary } from "../../tensor/kernels/kernels.ts";
import { type Shape, sameShape, sizeOf } from "../../tensor/tensor.ts";
import { defineOp, type Op1, type Op2, type Var } from "../op.ts";

/** Broadcasting and summing are each other's transpose, and so each other's gradient. */
export const broadcastTo = (shape: Shape): Op1 =>
  defineOp({
    name: "broadcastTo",
    gradient: "exact",
    forward: (x) => (sameShape(x.shape, shape) ? x : x.kernels.broadcastTo(x, shape)),
    vjp: ({ g }, x) => [() => reduceTo(x.value.shape)(g)],
  });

/** Sums down to a shape that broadcasts to that of x. */
export const reduceTo = (shape: Shape): Op1 =>
  defineOp({
    name: "reduceTo",
    gradient: "exact",
    forward: (x) => (sameShape(x.shape, shape) ? x : x.kernels.sumTo(x, shape)),
    vjp: ({ g }, x) => [() => broadcastTo(x.value.shape)(g)],
  });

export const reshape = (shape: Shape): Op1 =>
  defineOp({
    name: "reshape",
    gradient: "exact",
    forward: (x) => x.kernels.reshape(x, shape),
    vjp: ({ g }, x) => [() => reshape(x.value.shape)(g)],
  });

/** `g`, summed down to the shape of `x`. */
const onto = (x: Var, g: Var): Var =>
  sameShape(g.value.shape, x.value.shape) ? g : reduceTo(x.value.shape)(g);

export const add: Op2 = defineOp({
  name: "add",
  gradient: "exact",
  forward: (a, b) => kernelsOf(a, b).binary("add", a, b),
  vjp: ({ g }, a, b) => [() => onto(a, g), () => onto(b, g)],
});

export const sub: Op2 = defineOp({
  name: "sub",
  gradient: "exact",
  forward: (a, b) => kernelsOf(a, b).binary("sub", a, b),
  vjp: ({ g }, a, b) => [() => onto(a, g), () => onto(b, neg(g))],
});

/** d(ab) = b da + a db */
export const mul: Op2 = defineOp({
  name: "mul",
  gradient: "exact",
  forward: (a, b) => kernelsOf(a, b).binary("mul", a, b),
  vjp: ({ g }, a, b) => [() => onto(a, mul(g, b)), () => onto(b, mul(g, a))],
});

/** d(a/b) = da/b − (a/b) db/b */
export const div: Op2 = defineOp({
  name: "div",
  gradient: "exact",
  forward: (a, b) => kernelsOf(a, b).binary("div", a, b),
  vjp: ({ g, y }, a, b) => [() => onto(a, div(g, b)), () => onto(b, neg(div(mul(g, y), b)))],
});

const unary = (f: Unary, vjp: (g: Var, y: Var, x: Var) => Var): Op1 =>
  defineOp({
    name: f,
    gradient: "exact",
    forward: (x) => x.kernels.unary(f, x),
    vjp: ({ g, y }, x) => [() => vjp(g, y, x)],
  });

export const neg: Op1 = unary("neg", (g) => neg(g));
/** d exp(x) = exp(x) dx */
export const exp: Op1 = unary("exp", (g, y) => mul(g, y));
/** d ln(x) = dx / x */
export const log: Op1 = unary("log", (g, _y, x) => div(g, x));
/** d √x = dx / 2√x */
export const sqrt: Op1 = unary("sqrt", (g, y) => scale(0.5)(div(g, y)));
/** d tanh(x) = (1 − tanh²(x)) dx */
export const tanh: Op1 = unary("tanh", (g, y) => mul(g, shift(1)(neg(mul(y, y)))));
/** x Φ(x), with the normal distribution Φ */
export const gelu: Op1 = unary("gelu", (g, _y, x) => mul(g, geluSlope(x)));
/** Φ(x) + x Φ'(x); its derivative is (2 − x²) Φ'(x) */
export const geluSlope: Op1 = unary("geluSlope", (g, _y, x) => {
  const density = scale(1 / Math.sqrt(2 * Math.PI))(exp(scale(-0.5)(square(x))));
  return mul(g, mul(shift(2)(neg(square(x))), density));
});
/** max(0, x); the gradient at 0 is 0. */
export const relu: Op1 = unary("relu", (g, y) => gate(g, y));

/** a where b > 0, else 0: piecewise constant in b, so no gradient flows there. */
export const gate: Op2 = defineOp({
  name: "gate",
  gradient: "exact",
  forward: (a, b) => kernelsOf(a, b).binary("gate", a, b),
  vjp: ({ g }, a, b) => [() => onto(a, gate(g, b)), null],
});

/** c x */
export const scale = (c: number): Op1 =>
  defineOp({
    name: "scale",
    gradient: "exact",
    forward: (x) => x.kernels.unary("scale", x, c),
    vjp: ({ g }) => [() => scale(c)(g)],
  });

/** x + c */
export const shift = (c: number): Op1 =>
  defineOp({
    name: "shift",
    gradient: "exact",
    forward: (x) => x.kernels.unary("shift", x, c),
    vjp: ({ g }) => [() => g],
  });

/** max(x, c); the gradient at c is 0. */
export const atLeast = (c: number): Op1 =>
  defineOp({
    name: "atLeast",
    gradient: "exact",
    forward: (x) => x.kernels.unary("atLeast", x, c),
    vjp: ({ g }, x) => [() => gate(g, shift(-c)(x))],
  });

export const sum: Op1 = reduceTo([]);

export const mean = (x: Var): Var => scale(1 / sizeOf(x.value.shape))(sum(x));
export const square = (x: Var): Var => mul(x, x);
