/**
 * Programs that move numbers, and compute nothing.
 *
 * @packageDocumentation
 */

import { type Extents, outputOf } from "../layout.ts";
import type { Program } from "../runtime.ts";
import { each, float, here, lane, laneAt, result, texel, zeros } from "./text.ts";

/** Row-major numbers of the host to texels. */
export const pack = (d: Extents, lanes: number): Program => ({
  output: outputOf(d, lanes),
  source: `function(a) { ${here(d, lanes)} ${zeros(lanes)}
    ${each(lanes, (l) => `if (b*${lanes}+${l}<${d.c}) { s${l}=a[((n*${d.c}+b*${lanes}+${l})*${d.h}+y)*${d.w}+x]; }`)}
    ${result(d, lanes)} }`,
});

/** Texels of four numbers to texels of one. */
export const spread = (d: Extents): Program => ({
  output: outputOf(d, 1),
  source: `function(a) { ${here(d, 1)}
    const q=Math.floor(b/4); const m=b-q*4; const v=${texel("a", d, 4, "n", "q", "y", "x")};
    let s0=0; ${laneAt(4, "s0", "v", "m")}
    return s0; }`,
});

/** Texels of one number to texels of four. */
export const gather = (d: Extents): Program => ({
  output: outputOf(d, 4),
  source: `function(a) { ${here(d, 4)} ${zeros(4)}
    ${each(4, (l) => `if (b*4+${l}<${d.c}) { s${l}=${texel("a", d, 1, "n", `b*4+${l}`, "y", "x")}; }`)}
    ${result(d, 4)} }`,
});

/** [N, C, 1, 1] to every pixel, or [1, C, 1, 1] to every pixel of every image. */
export const broadcast = (from: Extents, to: Extents, lanes: number): Program => ({
  output: outputOf(to, lanes),
  source: `function(a) { ${here(to, lanes)} const t=${texel("a", from, lanes, from.n === 1 ? "0" : "n", "b", "0", "0")};
    ${each(lanes, (l) => `let s${l}=${lane(lanes, "t", l)};`)}
    ${result(to, lanes)} }`,
});

/** The transposes of `batch` matrices that lie one below the other: of [batch N, C] to [batch C, N]. */
export function transpose({ n, c }: Extents, batch: number, lanes: number): Program {
  const [from, to] = [
    { n: batch * n, c, h: 1, w: 1 },
    { n: batch * c, c: n, h: 1, w: 1 },
  ] as const;
  return {
    output: outputOf(to, lanes),
    source: `function(a) { ${here(to, lanes)} ${zeros(lanes)}
      const i=Math.floor(n/${c}); const j=n-i*${c}; const q=Math.floor(j/${lanes}); const m=j-q*${lanes};
      ${each(
        lanes,
        (
          l,
        ) => `if (b*${lanes}+${l}<${n}) { const t${l}=${texel("a", from, lanes, `i*${n}+b*${lanes}+${l}`, "q", "0", "0")};
          ${laneAt(lanes, `s${l}`, `t${l}`, "m")} }`,
      )}
      ${result(to, lanes)} }`,
  };
}

/** The same numbers, in row-major order, under other extents. */
export function relayout(from: Extents, to: Extents, lanes: number): Program {
  /** Of `whole`, what is left beyond multiples of `extent`, and how many those are. */
  const split = (l: number, whole: string, extent: number, rest: string, times: string): string =>
    `const ${times}${l}=Math.floor((${whole}${l}+0.5)/${float(extent)}); const ${rest}${l}=${whole}${l}-${times}${l}*${extent};`;
  return {
    output: outputOf(to, lanes),
    source: `function(a) { ${here(to, lanes)} ${zeros(lanes)}
      ${each(
        lanes,
        (l) => `if (b*${lanes}+${l}<${to.c}) {
          const f${l}=((n*${to.c}+b*${lanes}+${l})*${to.h}+y)*${to.w}+x;
          ${split(l, "f", from.w, "ox", "p")} ${split(l, "p", from.h, "oy", "q")} ${split(l, "q", from.c, "oc", "on")}
          const ob${l}=Math.floor(oc${l}/${lanes}); const m${l}=oc${l}-ob${l}*${lanes};
          const t${l}=${texel("a", from, lanes, `on${l}`, `ob${l}`, `oy${l}`, `ox${l}`)};
          ${laneAt(lanes, `s${l}`, `t${l}`, `m${l}`)} }`,
      )}
      ${result(to, lanes)} }`,
  };
}
