/**
 * Batch normalization, and sums over pixels and images.
 *
 * @packageDocumentation
 */

import { type Extents, outputOf } from "../layout.ts";
import type { Program } from "../runtime.ts";
import { each, float, here, lane, result, texel, zeros } from "./text.ts";

/** What is added up: x, its distance from the first of its channel, its squared distance from m, or g times the distance. */
export type Summand = "plain" | "fromFirst" | "square" | "against";

/** Sums over the pixels of each image: [N, C, 1, 1]. */
export function sumPixels(what: Summand, d: Extents, lanes: number): Program {
  const to: Extents = { n: d.n, c: d.c, h: 1, w: 1 };
  const at = (name: string): string => texel(name, d, lanes, "n", "b", "i", "j");
  const mean = texel("m", { n: 1, c: d.c, h: 1, w: 1 }, lanes, "0", "b", "0", "0");
  const [args, before, term] = {
    plain: ["a", "", (v: string) => v],
    fromFirst: ["a, m", `const o=${mean};`, (v: string, l: number) => `(${v}-${lane(lanes, "o", l)})`],
    square: [
      "a, m",
      `const o=${mean};`,
      (v: string, l: number) => `(${v}-${lane(lanes, "o", l)})*(${v}-${lane(lanes, "o", l)})`,
    ],
    against: [
      "a, m, g",
      `const o=${mean};`,
      (v: string, l: number) => `${lane(lanes, "u", l)}*(${v}-${lane(lanes, "o", l)})`,
    ],
  }[what] as [string, string, (v: string, l: number) => string];
  return {
    output: outputOf(to, lanes),
    source: `function(${args}) { ${here(to, lanes)} ${zeros(lanes)} ${before}
      for (let i=0; i<${d.h}; i++) { for (let j=0; j<${d.w}; j++) {
        const t=${at("a")}; ${what === "against" ? `const u=${at("g")};` : ""}
        ${each(lanes, (l) => `s${l}+=${term(lane(lanes, "t", l), l)};`)}
      } }
      ${result(to, lanes)} }`,
  };
}

/** The first value of each channel, or 0 where it is not finite: [1, C, 1, 1]. */
export function firstOf(d: Extents, lanes: number): Program {
  const to: Extents = { n: 1, c: d.c, h: 1, w: 1 };
  return {
    output: outputOf(to, lanes),
    source: `function(a) { ${here(to, lanes)} ${zeros(lanes)} const t=${texel("a", d, lanes, "0", "b", "0", "0")};
      ${each(lanes, (l) => `const v${l}=${lane(lanes, "t", l)}; if (v${l}>-3.0e38) { if (v${l}<3.0e38) { s${l}=v${l}; } }`)}
      ${result(to, lanes)} }`,
  };
}

/** Sums over images of [N, C, 1, 1], divided by `count`, plus m where it is given: [1, C, 1, 1]. */
export function sumImages(d: Extents, count: number, offset: boolean, lanes: number): Program {
  const to: Extents = { n: 1, c: d.c, h: 1, w: 1 };
  const end = (l: number): string => `s${l}=s${l}/${float(count)}${offset ? `+${lane(lanes, "o", l)}` : ""};`;
  return {
    output: outputOf(to, lanes),
    source: `function(a${offset ? ", m" : ""}) { ${here(to, lanes)} ${zeros(lanes)}
      ${offset ? `const o=${texel("m", to, lanes, "0", "b", "0", "0")};` : ""}
      for (let i=0; i<${d.n}; i++) { const t=${texel("a", d, lanes, "i", "b", "0", "0")};
        ${each(lanes, (l) => `s${l}+=${lane(lanes, "t", l)};`)}
      }
      ${count === 1 && !offset ? "" : each(lanes, end)}
      ${result(to, lanes)} }`,
  };
}

const perChannel = (names: readonly string[], d: Extents, lanes: number): string =>
  names
    .map((name) => `const ${name}t=${texel(name, { n: 1, c: d.c, h: 1, w: 1 }, lanes, "0", "b", "0", "0")};`)
    .join("\n");

/** γ (x − mean) / √(variance + eps) + β */
export const normalize = (d: Extents, eps: number, lanes: number): Program => ({
  output: outputOf(d, lanes),
  source: `function(a, m, v, p, q) { ${here(d, lanes)}
    const t=${texel("a", d, lanes, "n", "b", "y", "x")}; ${perChannel(["m", "v", "p", "q"], d, lanes)}
    ${each(
      lanes,
      (l) => `let s${l}=(${lane(lanes, "t", l)}-${lane(lanes, "mt", l)})*${lane(lanes, "pt", l)}
        /Math.sqrt(${lane(lanes, "vt", l)}+${float(eps)})+${lane(lanes, "qt", l)};`,
    )}
    ${result(d, lanes)} }`,
});

/** dx = γ / √(variance + eps) (g − Σg / count − (x − mean) / (variance + eps) Σ g (x − mean) / count) */
export const batchNormInput = (d: Extents, eps: number, lanes: number): Program => ({
  output: outputOf(d, lanes),
  source: `function(g, a, m, v, p, q, r) { ${here(d, lanes)}
    const u=${texel("g", d, lanes, "n", "b", "y", "x")}; const t=${texel("a", d, lanes, "n", "b", "y", "x")};
    ${perChannel(["m", "v", "p", "q", "r"], d, lanes)}
    ${each(lanes, (l) => {
      const at = (name: string): string => lane(lanes, name, l);
      return `const e${l}=${at("vt")}+${float(eps)};
        let s${l}=${at("pt")}/Math.sqrt(e${l})*(${at("u")}-${at("qt")}/${float(d.n * d.h * d.w)}
          -(${at("t")}-${at("mt")})*${at("rt")}/e${l}/${float(d.n * d.h * d.w)});`;
    })}
    ${result(d, lanes)} }`,
});

/** Σ g x̂ = Σ g (x − mean) / √(variance + eps), of [1, C, 1, 1] */
export const overDeviation = (d: Extents, eps: number, lanes: number): Program => ({
  output: outputOf(d, lanes),
  source: `function(a, v) { ${here(d, lanes)}
    const t=${texel("a", d, lanes, "n", "b", "y", "x")}; const u=${texel("v", d, lanes, "n", "b", "y", "x")};
    ${each(lanes, (l) => `let s${l}=${lane(lanes, "t", l)}/Math.sqrt(${lane(lanes, "u", l)}+${float(eps)});`)}
    ${result(d, lanes)} }`,
});
