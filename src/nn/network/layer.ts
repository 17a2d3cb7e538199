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
  /** What it does in evaluation with the batch norm `norm` and a ReLU after it, where all are had in one pass. */
  readonly withNormRelu?: (pass: Pass, name: string, norm: string, x: Var) => Var;
  readonly isBatchNorm?: true;
  readonly isRelu?: true;
}

/** The name of a member of `name`; "" is the network itself. */
export const join = (name: string, member: string): string =>
  name === "" || member === "" ? name + member : `${name}.${member}`;

/** The parts of a member of that name. */
export const partsOf = (member: string, { parts }: Layer): Part[] =>
  parts.map((part) => ({ ...part, name: join(member, part.name) }));

type Member = readonly [member: string, layer: Layer];

/** The first step of a sequence, and how many members it is made of. */
function stepOf(mode: Mode, [[member, layer], second, third]: readonly [Member, ...Member[]]) {
  const { withRelu, withNormRelu } = layer;
  if (mode === "eval" && withNormRelu && second?.[1].isBatchNorm && third?.[1].isRelu) {
    const apply: Layer["apply"] = (pass, name, x) =>
      withNormRelu(pass, join(name, member), join(name, second[0]), x);
    return { apply, length: 3 };
  }
  const joined = withRelu !== undefined && second?.[1].isRelu;
  const own = joined ? withRelu : layer.apply;
  const apply: Layer["apply"] = (pass, name, x) => own(pass, join(name, member), x);
  return { apply, length: joined ? 2 : 1 };
}

function stepsOf(mode: Mode, members: readonly Member[]): Layer["apply"][] {
  if (members.length === 0) return [];
  const { apply, length } = stepOf(mode, members as [Member, ...Member[]]);
  return [apply, ...stepsOf(mode, members.slice(length))];
}

/** One after the other, each under its own name; in an array, under its place. Neighbours may be one pass. */
export function sequence(members: Readonly<Record<string, Layer>> | readonly Layer[]): Layer {
  const named = Object.entries(members);
  const steps = { train: stepsOf("train", named), eval: stepsOf("eval", named) };
  return {
    parts: named.flatMap(([member, layer]) => partsOf(member, layer)),
    apply: (pass, name, x) => steps[pass.mode].reduce((y, step) => step(pass, name, y), x),
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
