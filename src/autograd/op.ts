/**
 * An op is one record: its value and its vector-Jacobian product, side by side.
 *
 * @packageDocumentation
 */

import type { Tensor } from "../tensor/tensor.ts";

/** A value, and how it was made. A constant has no `origin`. */
export interface Var {
  readonly value: Tensor;
  readonly origin?: Application;
  /** Which of the outputs of `origin` this is. */
  readonly slot?: number;
}

/** One use of an op in a computation. */
export interface Application {
  readonly name: string;
  readonly inputs: readonly Var[];
  readonly outputs: readonly Var[];
  /** The cotangents of the inputs, given those of the outputs (`null` where none arrived). */
  pull(cotangents: readonly (Var | null)[]): readonly Pull[];
}

/** A cotangent that is computed only if somebody asks for it; `null` where no gradient flows. */
export type Pull = (() => Var) | null;

type Tensors<T extends readonly unknown[]> = { readonly [K in keyof T]: Tensor };
type Pulls<T extends readonly unknown[]> = { readonly [K in keyof T]: Pull };

interface Definition<Xs extends readonly Var[]> {
  readonly name: string;

  /**
   * `exact`: `vjp` is the transpose of the Jacobian of `forward`, and every test of gradients applies to it.
   * Otherwise: the paper item that defines the surrogate used in its place.
   */
  readonly gradient: "exact" | { readonly surrogate: string };
  /** Keeps `Xs` where it would otherwise not be inferred. */
  readonly arity?: Xs["length"];
}

export interface OpDef<Xs extends readonly Var[]> extends Definition<Xs> {
  /** The value. Calls kernels; knows nothing of gradients. */
  forward(...xs: Tensors<Xs>): Tensor;

  /**
   * The cotangent of each input, given the cotangent `g` of the output `y`. Written with ops, so that a
   * gradient can be differentiated again.
   */
  vjp(out: { readonly g: Var; readonly y: Var }, ...xs: Xs): Pulls<Xs>;
}

/** An op with several outputs. */
export interface OpsDef<Xs extends readonly Var[], Ys extends readonly Var[]> extends Definition<Xs> {
  forward(...xs: Tensors<Xs>): Tensors<Ys>;
  vjp(out: { readonly gs: { readonly [K in keyof Ys]: Var | null }; readonly ys: Ys }, ...xs: Xs): Pulls<Xs>;
}

export interface Op<Xs extends readonly Var[]> {
  (...xs: Xs): Var;
  readonly def: Definition<Xs>;
}

export interface Ops<Xs extends readonly Var[], Ys extends readonly Var[]> {
  (...xs: Xs): Ys;
  readonly def: Definition<Xs>;
}

export type Op1 = Op<readonly [x: Var]>;
export type Op2 = Op<readonly [a: Var, b: Var]>;
export type Op3 = Op<readonly [a: Var, b: Var, c: Var]>;

/** A value without a history. */
export const constant = (value: Tensor): Var => ({ value });

/** Stops the gradient: the value of `x` without its history. */
export const detach = (x: Var): Var => ({ value: x.value });

const values = <Xs extends readonly Var[]>(xs: Xs): Tensors<Xs> => xs.map((x) => x.value) as Tensors<Xs>;

export function defineOp<Xs extends readonly Var[]>(def: OpDef<Xs>): Op<Xs> {
  const op = (...xs: Xs): Var => {
    const outputs: Var[] = [];
    const pull = ([g]: readonly (Var | null)[]): readonly Pull[] =>
      g ? def.vjp({ g, y: outputs[0]! }, ...xs) : xs.map(() => null);
    const y = {
      value: def.forward(...values(xs)),
      origin: { name: def.name, inputs: xs, outputs, pull },
      slot: 0,
    };
    outputs.push(y);
    return y;
  };
  return Object.assign(op, { def });
}

export function defineOps<Xs extends readonly Var[], Ys extends readonly Var[]>(
  def: OpsDef<Xs, Ys>,
): Ops<Xs, Ys> {
  const op = (...xs: Xs): Ys => {
    const outputs: Var[] = [];
    const pull = (gs: readonly (Var | null)[]): readonly Pull[] =>
      def.vjp({ gs: gs as { [K in keyof Ys]: Var | null }, ys: outputs as unknown as Ys }, ...xs);
    const origin = { name: def.name, inputs: xs, outputs, pull };
    def.forward(...values(xs)).forEach((value, slot) => {
      outputs.push({ value, origin, slot });
    });
    return outputs as unknown as Ys;
  };
  return Object.assign(op, { def });
}
