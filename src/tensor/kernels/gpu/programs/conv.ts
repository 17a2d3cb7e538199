/**
 * Convolution and its two gradients.
 *
 * @packageDocumentation
 */

import type { ConvDims } from "../../../shape.ts";
import { blocksOf, type Extents, outputOf } from "../layout.ts";
import type { Program } from "../runtime.ts";
import { each, here, lane, result, texel, zeros } from "./text.ts";

const images = (d: ConvDims): Extents => ({ n: d.n, c: d.c, h: d.h, w: d.w });
const outputs = (d: ConvDims): Extents => ({ n: d.n, c: d.o, h: d.oh, w: d.ow });
const windows = (d: ConvDims): Extents => ({ n: d.o, c: d.c / d.groups, h: d.kh, w: d.kw });

/** Runs `body` for every pixel yy, xx under the window whose corner belongs to output y, x. */
const underWindow = (d: ConvDims, body: string): string => `
  for (let ky=0; ky<${d.kh}; ky++) { const yy=y*${d.stride}+ky-${d.padding}; if (yy>=0 && yy<${d.h}) {
    for (let kx=0; kx<${d.kw}; kx++) { const xx=x*${d.stride}+kx-${d.padding}; if (xx>=0 && xx<${d.w}) {
      ${body}
    } } } }`;

/** Convolution. Texels of four numbers have one group only. */
export function conv2d(d: ConvDims, bias: boolean, lanes: number): Program {
  const [from, to, w] = [images(d), outputs(d), windows(d)];
  const depth = blocksOf(w, lanes);
  const first = d.groups === 1 ? "" : `+Math.floor(b/${d.o / d.groups})*${w.c}`;
  const product = (l: number): string =>
    Array.from({ length: lanes }, (_, i) => `${lane(lanes, "t", i)}*${lane(lanes, `w${l}`, i)}`).join("+");
  return {
    output: outputOf(to, lanes),
    source: `function(a, w${bias ? ", c" : ""}) { ${here(to, lanes)} ${zeros(lanes)}
      ${each(lanes, (l) => `let o${l}=b*${lanes}+${l}; if (o${l}>${d.o - 1}) { o${l}=${d.o - 1}; }`)}
      ${underWindow(
        d,
        `for (let k=0; k<${depth}; k++) { const t=${texel("a", from, lanes, "n", `k${first}`, "yy", "xx")};
          ${each(lanes, (l) => `const w${l}=${texel("w", w, lanes, `o${l}`, "k", "ky", "kx")}; s${l}+=${product(l)};`)}
        }`,
      )}
      ${
        bias
          ? `const ct=${texel("c", { n: 1, c: d.o, h: 1, w: 1 }, lanes, "0", "b", "0", "0")};
             ${each(lanes, (l) => `s${l}+=${lane(lanes, "ct", l)};`)}`
          : ""
      }
      ${result(to, lanes)} }`,
  };
}

/** The gradient to the images. */
export function conv2dInputGrad(d: ConvDims, lanes: number): Program {
  const [to, from, w] = [images(d), outputs(d), windows(d)];
  const perGroup = d.o / d.groups;
  const [whole, rest] = [Math.floor(perGroup / lanes), perGroup % lanes];
  const [group, channel] =
    d.groups === 1 ? ["0", "b"] : [`Math.floor(b/${w.c})*${perGroup}`, `b-Math.floor(b/${w.c})*${w.c}`];
  const term = (live: number): string => `
    const t=${texel("g", from, lanes, "n", "base+k", "oy", "ox")};
    ${each(
      live,
      (i) => `const w${i}=${texel("w", w, lanes, `(base+k)*${lanes}+${i}`, "cb", "ky", "kx")};
        ${each(lanes, (l) => `s${l}+=${lane(lanes, "t", i)}*${lane(lanes, `w${i}`, l)};`)}`,
    )}`;
  // The output whose window has this pixel at ky: the one, if any, with oy stride = y + padding − ky.
  return {
    output: outputOf(to, lanes),
    source: `function(g, w) { ${here(to, lanes)} ${zeros(lanes)} const base=${group}; const cb=${channel};
      for (let ky=0; ky<${d.kh}; ky++) { const ty=y+${d.padding}-ky; if (ty>=0) { const oy=Math.floor(ty/${d.stride});
        if (oy*${d.stride}===ty && oy<${d.oh}) {
        for (let kx=0; kx<${d.kw}; kx++) { const tx=x+${d.padding}-kx; if (tx>=0) { const ox=Math.floor(tx/${d.stride});
          if (ox*${d.stride}===tx && ox<${d.ow}) {
            ${whole === 0 ? "" : `for (let k=0; k<${whole}; k++) { ${term(lanes)} }`}
            ${rest === 0 ? "" : `for (let k=${whole}; k<${whole + 1}; k++) { ${term(rest)} }`}
          } } } } } }
      ${result(to, lanes)} }`,
  };
}

/** g with its positions in the lanes: texel (n, o, y, q) holds the outputs 4q … 4q + 3 of a row. */
export function rows(d: ConvDims): Program {
  const from = outputs(d);
  return {
    output: [Math.ceil(d.ow / 4), d.oh, d.n * d.o],
    source: `function(g) { const z=this.thread.z; const n=Math.floor(z/${d.o}); const o=z-n*${d.o}; const b=Math.floor(o/4);
      const m=o-b*4; const y=this.thread.y; ${zeros(4)}
      ${each(
        4,
        (
          l,
        ) => `const x${l}=this.thread.x*4+${l}; if (x${l}<${d.ow}) { const t${l}=${texel("g", from, 4, "n", "b", "y", `x${l}`)};
          s${l}=t${l}[0]; if (m===1) { s${l}=t${l}[1]; } if (m===2) { s${l}=t${l}[2]; } if (m===3) { s${l}=t${l}[3]; } }`,
      )}
      return [s0, s1, s2, s3]; }`,
  };
}

/** Into how many parts the images are cut for the gradient to the weights, so that there is work for many threads. */
export const partsOf = (d: ConvDims, lanes: number): number => {
  const threads = d.o * Math.ceil(d.c / d.groups / lanes) * d.kh * d.kw;
  return Math.max(1, Math.min(d.n, Math.ceil(16384 / threads)));
};

/**
 * The gradient to the weights, for each of the parts: [O, C, KH, KW × parts]. `g` is in rows where lanes are four.
 * A thread adds up one window pixel of one output channel and a block of input channels.
 */
export function conv2dWeightGrad(d: ConvDims, parts: number, lanes: number): Program {
  const [from, w] = [images(d), windows(d)];
  const to: Extents = { ...w, w: w.w * parts };
  const many = Math.ceil(d.n / parts);
  const [whole, rest] = [Math.floor(d.ow / lanes), d.ow % lanes];
  const first = d.groups === 1 ? "" : `+Math.floor(o/${d.o / d.groups})*${w.c}`;
  const out = outputs(d);
  const gradient = lanes === 1 ? texel("g", out, 1, "i", "o", "oy", "q") : `g[i*${d.o}+o][oy][q]`;
  const term = (live: number): string => `const u=${gradient};
    ${each(
      live,
      (i) => `const x${i}=(q*${lanes}+${i})*${d.stride}+kx-${d.padding};
        if (x${i}>=0 && x${i}<${d.w}) { const t${i}=${texel("a", from, lanes, "i", `b${first}`, "yy", `x${i}`)};
          ${each(lanes, (l) => `s${l}+=${lane(lanes, "u", i)}*${lane(lanes, `t${i}`, l)};`)} }`,
    )}`;
  return {
    output: outputOf(to, lanes),
    source: `function(a, g) { ${here(to, lanes)} ${zeros(lanes)} const o=n; const ky=y;
      const part=Math.floor(x/${d.kw}); const kx=x-part*${d.kw};
      for (let h=0; h<${many}; h++) { const i=part*${many}+h; if (i<${d.n}) {
        for (let oy=0; oy<${d.oh}; oy++) { const yy=oy*${d.stride}+ky-${d.padding}; if (yy>=0 && yy<${d.h}) {
          ${whole === 0 ? "" : `for (let q=0; q<${whole}; q++) { ${term(lanes)} }`}
          ${rest === 0 ? "" : `for (let q=${whole}; q<${whole + 1}; q++) { ${term(rest)} }`}
        } } } }
      ${result(to, lanes)} }`,
  };
}

/** Adds up the parts of a gradient to the weights. */
export function sumParts(d: ConvDims, parts: number, lanes: number): Program {
  const to = windows(d);
  const from: Extents = { ...to, w: to.w * parts };
  return {
    output: outputOf(to, lanes),
    source: `function(a) { ${here(to, lanes)} ${zeros(lanes)}
      for (let i=0; i<${parts}; i++) { const t=${texel("a", from, lanes, "n", "b", "y", `x+i*${to.w}`)};
        ${each(lanes, (l) => `s${l}+=${lane(lanes, "t", l)};`)} }
      ${result(to, lanes)} }`,
  };
}
