/**
 * Networks as expressions. A layer says what it has to learn and what it does with it; `sequence`, `chain` and
 * `residual` put layers together. Names are those of PyTorch's modules: what stands in a sequence under "conv1"
 * has its parameters under "conv1.".
 *
 * @packageDocumentation
 */

import type { Var } from "../../autograd/op.ts";
import { add } from "../../autograd/ops/arithmetic.ts";
import type { Shape, Tensor } from "../../tensor/tensor.ts";
import type { InputRange, Mode } from "../model.ts";
import type { Tree } from "../tree.ts";

/** One step of a network, and what is learned there. */
export type Part = { readonly name: string } & (
  | {
      /** `name.weight`, outputs first, and perhaps `name.bias`. */
      readonly kind: "conv" | "linear";
      readonly shape: Shape;
      readonly bias: boolean;
    }
  /** `name.weight` and `name.bias`; batch norm has running statistics too. */
  | { readonly kind: "batchNorm" | "layerNorm"; readonly channels: number }
  /** A parameter that is itself called `name`. */
  | { readonly kind: "parameter"; readonly shape: Shape }
  /** Nothing is learned. Where it is known what numbers come out: `range`, or the `same` as arrive. */
  | { readonly kind: "map"; readonly range?: InputRange | "same" }
  /** Draws random numbers in training. */
  | { readonly kind: "random" }
);

/** What the layers of a network have in common while it is applied. */
export interface Pass {
  readonly params: Tree<Var>;
  readonly mode: Mode;
  /** Batch norm puts others in their place. */
  buffers: Tree<Tensor>;
}

export interface Layer {
  /** In order of execution. */
  readonly parts: readonly Part[];
  /** @param name - under which its parameters are */
  apply(pass: Pass, name: string, x: Var): Var;
  /** What it does with a ReLU after it, where both are had in one pass. */
  readonly withRelu?: Layer["apply"];
  readonly isRelu?: true;
}

/** The name of a member of `name`; "" is the network itself. */
export const join = (name: string, member: string): string =>
  name === "" || member === "" ? name + member : `${name}.${member}`;

/** The parts of a member of that name. */
export const partsOf = (member: string, { parts }: Layer): Part[] =>
  parts.map((part) => ({ ...part, name: join(member, part.name) }));

/** One after the other, each under its own name; in an array, under its place. A layer and its ReLU may be one pass. */
export function sequence(members: Readonly<Record<string, Layer>> | readonly Layer[]): Layer {
  const named = Object.entries(members);
  const steps = named.flatMap(([member, layer], i) => {
    const [before, after] = [named[i - 1]?.[1], named[i + 1]?.[1]];
    if (layer.isRelu && before?.withRelu !== undefined) return [];
    return [{ member, apply: (after?.isRelu ? layer.withRelu : undefined) ?? layer.apply }];
  });
  return {
    parts: named.flatMap(([member, layer]) => partsOf(member, layer)),
    apply: (pass, name, x) => steps.reduce((y, { member, apply }) => apply(pass, join(name, member), y), x),
  };
}

/** One after the other, all under the same name. */
export const chain = (...layers: readonly Layer[]): Layer => ({
  parts: layers.flatMap(({ parts }) => parts),
  apply: (pass, name, x) => layers.reduce((y, layer) => layer.apply(pass, name, y), x),
});

/** A function without parameters. */
export const map = (f: (x: Var) => Var, range: InputRange | "same" = "signed"): Layer => ({
  parts: [{ name: "", kind: "map", range }],
  apply: (_pass, _name, x) => f(x),
});

export const identity: Layer = map((x) => x, "same");

/** branch(x) + shortcut(x), both under the same name. */
export const residual = (branch: Layer, shortcut: Layer = identity): Layer => ({
  parts: [...branch.parts, { name: "", kind: "map" }, ...shortcut.parts, { name: "", kind: "map" }],
  apply: (pass, name, x) => add(branch.apply(pass, name, x), shortcut.apply(pass, name, x)),
});
