/**
 * Functions of one number and of two.
 *
 * @packageDocumentation
 */

import type { Binary, Unary } from "../../kernels.ts";
import { type Extents, outputOf } from "../layout.ts";
import type { Program } from "../runtime.ts";
import { each, float, here, lane, result, texel, zeros } from "./text.ts";

/** r, from v and the constant c. */
const unaries: Readonly<Partial<Record<Unary, (c: number) => string>>> = {
  neg: () => "r=-v;",
  abs: () => "if (v<0) { r=-v; }",
  relu: () => "if (v<=0) { r=0; }",
  positive: () => "r=0; if (v>0) { r=1; }",
  scale: (c) => `r=v*${float(c)};`,
  shift: (c) => `r=v+${float(c)};`,
  atLeast: (c) => `if (v<${float(c)}) { r=${float(c)}; }`,
};

/** Those that the device computes as IEEE 754 says; its roots, exponentials and logarithms are not good enough. */
export const knowsUnary = (f: Unary): boolean => f in unaries;

export const unary = (f: Unary, c: number, d: Extents, lanes: number): Program => ({
  output: outputOf(d, lanes),
  source: `function(a) { ${here(d, lanes)} const t=${texel("a", d, lanes, "n", "b", "y", "x")};
    ${each(lanes, (l) => `const v${l}=${lane(lanes, "t", l)}; let s${l}=v${l};`)}
    ${each(lanes, (l) => unaries[f]!(c).replaceAll("v", `v${l}`).replaceAll("r=", `s${l}=`))}
    ${result(d, lanes)} }`,
});

const binaries: Readonly<Partial<Record<Binary, (a: string, b: string, s: string) => string>>> = {
  add: (a, b, s) => `${s}=${a}+${b};`,
  sub: (a, b, s) => `${s}=${a}-${b};`,
  mul: (a, b, s) => `${s}=${a}*${b};`,
  gate: (a, b, s) => `if (${b}>0) { ${s}=${a}; }`,
};
export const knowsBinary = (f: Binary): boolean => f in binaries;

/** Of two tensors of the same extents. */
export const binary = (f: Binary, d: Extents, lanes: number): Program => ({
  output: outputOf(d, lanes),
  source: `function(p, q) { ${here(d, lanes)} ${zeros(lanes)}
    const t=${texel("p", d, lanes, "n", "b", "y", "x")}; const u=${texel("q", d, lanes, "n", "b", "y", "x")};
    ${each(lanes, (l) => binaries[f]!(lane(lanes, "t", l), lane(lanes, "u", l), `s${l}`))}
    ${result(d, lanes)} }`,
});
