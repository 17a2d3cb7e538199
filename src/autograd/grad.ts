/**
 * Reverse-mode differentiation: walk the computation from its end towards its inputs, and add up, at every
 * value, the cotangents that its users send back.
 *
 * @packageDocumentation
 */

import { holders, scope, sweep } from "../tensor/scope.ts";
import { sizeOf, type Tensor } from "../tensor/tensor.ts";
import { type Application, constant, defineOp, detach, type Op1, type Pull, type Var } from "./op.ts";
import { add, mul, sum } from "./ops/arithmetic.ts";

/** A value of the same shape and kernels as `x`, all zeros. */
const zerosLike = ({ value }: Var): Var => constant(value.kernels.fill(0, value.shape, value.dtype));

/**
 * The gradient of the scalar `y` with respect to each of `wrt`: values with a history, to be differentiated
 * again if one likes. Zeros where `y` does not depend on it.
 */
export function grad(y: Var, wrt: readonly Var[]): Var[] {
  if (sizeOf(y.value.shape) !== 1)
    throw new RangeError(`grad: expected a scalar, got shape [${y.value.shape}]`);
  const one = constant(y.value.kernels.fill(1, y.value.shape, y.value.dtype));
  return pullBack([y], [one], wrt).map((g, i) => g ?? zerosLike(wrt[i]!));
}

/** H v, for the Hessian H of the scalar `y` in `wrt`, taken together. */
export function hessianVectorProduct(y: Var, wrt: readonly Var[], v: readonly Var[]): Var[] {
  const slope = grad(y, wrt)
    .map((g, i) => sum(mul(g, v[i]!)))
    .reduce((a, b) => add(a, b));
  return grad(slope, wrt);
}

/**
 * The cotangents of `wrt`, given those of `ys`; `null` where none arrives. Only what leads from `wrt` to `ys`
 * is computed.
 */
export function pullBack(
  ys: readonly Var[],
  gs: readonly (Var | null)[],
  wrt: readonly Var[],
): (Var | null)[] {
  return walkBack(applicationsBetween(ys, new Set(wrt)), ys, gs, wrt);
}

/**
 * The same numbers as `pullBack`, in the least memory: the computation is used up. What its ops have made is released as
 * soon as no op that is still to come needs it, and so is each cotangent; those of `wrt` have no history.
 */
export function pullBackOnce(
  ys: readonly Var[],
  gs: readonly (Var | null)[],
  wrt: readonly Var[],
): (Tensor | null)[] {
  const between = applicationsBetween(ys, new Set(wrt));
  const values = holders();
  const made = new Set(between.order.flatMap(({ outputs }) => outputs));
  for (const y of made) values.hold(y.value);
  // What others have made is held for good, and with it all that shares its memory.
  for (const { inputs } of between.order) for (const x of inputs) if (!made.has(x)) values.hold(x.value);
  for (const x of wrt) values.hold(x.value);
  return scope(() => {
    const pulled = walkBack(between, ys, gs, wrt, {
      arriving(g) {
        // An op may hand back what it was given.
        values.hold(g.value);
        return detach(g);
      },
      leave({ outputs }, cotangents) {
        for (const y of outputs) values.letGo(y.value);
        sweep([...cotangents.values()].map((g) => g.value));
      },
    });
    return pulled.map((g) => g?.value ?? null);
  });
}

/** What is done with cotangents on the way. */
interface Way {
  /** The form in which a cotangent is kept. */
  arriving(g: Var): Var;
  /** Called when an application has been pulled, with the cotangents that are still needed. */
  leave(application: Application, cotangents: ReadonlyMap<Var, Var>): void;
}

function walkBack(
  { order, leadsTo }: Between,
  ys: readonly Var[],
  gs: readonly (Var | null)[],
  wrt: readonly Var[],
  way?: Way,
): (Var | null)[] {
  const asked = new Set(wrt);
  const cotangent = new Map<Var, Var>();
  const arrive = (x: Var, g: Var): void => {
    const before = cotangent.get(x);
    const sum = before === undefined ? g : add(before, g);
    cotangent.set(x, way === undefined ? sum : way.arriving(sum));
  };
  ys.forEach((y, i) => {
    if (gs[i]) arrive(y, gs[i]);
  });

  for (const application of order.reverse()) {
    const gs = application.outputs.map((y) => cotangent.get(y) ?? null);
    if (gs.some((g) => g !== null)) {
      const pulls = application.pull(gs);
      application.inputs.forEach((input, i) => {
        const pull: Pull = pulls[i] ?? null;
        if (pull !== null && leadsTo(input)) arrive(input, pull());
      });
    }
    for (const y of application.outputs) if (!asked.has(y)) cotangent.delete(y);
    way?.leave(application, cotangent);
  }
  return wrt.map((x) => cotangent.get(x) ?? null);
}

interface Between {
  /** The applications, inputs before users. */
  readonly order: Application[];
  /** Does a gradient that arrives at this value go on to where it is asked for? */
  leadsTo(x: Var): boolean;
}

/** Every application from which `ys` depend on some of `wrt`. */
function applicationsBetween(ys: readonly Var[], wrt: ReadonlySet<Var>): Between {
  const order: Application[] = [];
  const relevant = new Map<Application, boolean>();
  const leadsTo = (x: Var): boolean =>
    wrt.has(x) || (x.origin !== undefined && relevant.get(x.origin) === true);

  // An explicit stack: deep networks would overflow that of the language.
  const stack: { application: Application; next: number }[] = [];
  const open = (x: Var): void => {
    if (x.origin === undefined || relevant.has(x.origin)) return;
    relevant.set(x.origin, false);
    stack.push({ application: x.origin, next: 0 });
  };
  for (const y of ys) {
    open(y);
    while (stack.length > 0) {
      const top = stack.at(-1)!;
      const input = top.application.inputs[top.next++];
      if (input !== undefined) open(input);
      else {
        stack.pop();
        if (!top.application.inputs.some(leadsTo)) continue;
        relevant.set(top.application, true);
        order.push(top.application);
      }
    }
  }
  return { order, leadsTo };
}

/** The value itself, as a new node. */
const identity: Op1 = defineOp({
  name: "identity",
  gradient: "exact",
  forward: (x) => x,
  vjp: ({ g }) => [() => g],
});

/**
 * The vector-Jacobian product of a fused op, by way of its definition in plain ops.
 *
 * @param composed - the outputs as a function of the inputs, in plain ops
 */
export function pullThrough<Xs extends readonly Var[]>(
  composed: (...xs: Xs) => readonly Var[],
  gs: readonly (Var | null)[],
  xs: Xs,
): Pull[] {
  let cotangents: (Var | null)[] | undefined;
  const all = (): (Var | null)[] => {
    if (cotangents === undefined) {
      // Fresh nodes for the inputs keep the walk inside the definition, where inputs depend on each other too.
      const inner = xs.map((x) => identity(x));
      cotangents = pullBack(composed(...(inner as unknown as Xs)), gs, inner);
    }
    return cotangents;
  };
  return xs.map((x, i) => () => all()[i] ?? zerosLike(x));
}
