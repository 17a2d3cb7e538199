/**
 * The programs of the device, as sources for gpu.js. Every one is written once, for texels of one or of four
 * numbers: `lanes` unrolls it.
 *
 * Loops have constant bounds, indices stay inside, and comparisons are written so that a NaN passes: gpu.js is
 * silently wrong about the contrary.
 *
 * @packageDocumentation
 */

import type { ConvDims, GemmDims, PoolDims } from "../../shape.ts";
import type { Binary, Unary } from "../kernels.ts";
import { blocksOf, type Extents, outputOf } from "./layout.ts";
import type { Program } from "./runtime.ts";

/** Lines of a program, one for each lane. */
const each = (lanes: number, line: (l: number) => string): string =>
  Array.from({ length: lanes }, (_, l) => line(l)).join("\n");

const onePixel = ({ h, w }: Extents): boolean => h * w === 1;

/** Where this thread is: n, the block of channels b, and the pixel y, x. */
const here = (d: Extents, lanes: number): string =>
  onePixel(d)
    ? "const n=this.thread.y; const b=this.thread.x; const y=0; const x=0;"
    : `const z=this.thread.z; const n=Math.floor(z/${blocksOf(d, lanes)}); const b=z-n*${blocksOf(d, lanes)};
       const y=this.thread.y; const x=this.thread.x;`;

/** The texel of `name` at (n, b, y, x). */
const texel = (
  name: string,
  d: Extents,
  lanes: number,
  n: string,
  b: string,
  y: string,
  x: string,
): string => (onePixel(d) ? `${name}[${n}][${b}]` : `${name}[(${n})*${blocksOf(d, lanes)}+${b}][${y}][${x}]`);

/** A lane of a texel that has a name. */
const lane = (lanes: number, name: string, l: number | string): string =>
  lanes === 1 ? name : `${name}[${l}]`;

/** Ends a program with s0, s1, …; lanes beyond the channels of d are zero. */
function result(d: Extents, lanes: number): string {
  const beyond = d.c % lanes === 0 ? "" : each(lanes, (l) => `if (b*${lanes}+${l}>=${d.c}) { s${l}=0; }`);
  return `${beyond}
    ${lanes === 1 ? "return s0;" : `return [${Array.from({ length: lanes }, (_, l) => `s${l}`).join(", ")}];`}`;
}

const zeros = (lanes: number): string => each(lanes, (l) => `let s${l}=0;`);

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
    let s0=v[0]; if (m===1) { s0=v[1]; } if (m===2) { s0=v[2]; } if (m===3) { s0=v[3]; }
    return s0; }`,
});

/** Texels of one number to texels of four. */
export const gather = (d: Extents): Program => ({
  output: outputOf(d, 4),
  source: `function(a) { ${here(d, 4)} ${zeros(4)}
    ${each(4, (l) => `if (b*4+${l}<${d.c}) { s${l}=${texel("a", d, 1, "n", `b*4+${l}`, "y", "x")}; }`)}
    ${result(d, 4)} }`,
});

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
/** A literal that gpu.js takes for a float, whatever its value. */
const float = (c: number): string => {
  const text = Math.fround(c).toString();
  return `(${/[.e]/.test(text) ? text : `${text}.0`})`;
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

/** [N, C, 1, 1] to every pixel, or [1, C, 1, 1] to every pixel of every image. */
export const broadcast = (from: Extents, to: Extents, lanes: number): Program => ({
  output: outputOf(to, lanes),
  source: `function(a) { ${here(to, lanes)} const t=${texel("a", from, lanes, from.n === 1 ? "0" : "n", "b", "0", "0")};
    ${each(lanes, (l) => `let s${l}=${lane(lanes, "t", l)};`)}
    ${result(to, lanes)} }`,
});

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

const pooled = (d: PoolDims): Extents => ({ n: d.n, c: d.c, h: d.oh, w: d.ow });
const unpooled = (d: PoolDims): Extents => ({ n: d.n, c: d.c, h: d.h, w: d.w });

/** Runs `body` for every pixel yy, xx under the pooling window of output oy, ox. */
const underPool = (d: PoolDims, oy: string, ox: string, body: string): string => `
  for (let ky=0; ky<${d.size}; ky++) { const yy=${oy}*${d.stride}+ky-${d.padding}; if (yy>=0 && yy<${d.h}) {
    for (let kx=0; kx<${d.size}; kx++) { const xx=${ox}*${d.stride}+kx-${d.padding}; if (xx>=0 && xx<${d.w}) {
      ${body}
    } } } }`;

/** Runs `body` for every output oy, ox whose window covers the pixel y, x. */
const overPixel = (d: PoolDims, body: string): string => `
  for (let py=0; py<${d.size}; py++) { const ty=y+${d.padding}-py; if (ty>=0) { const oy=Math.floor(ty/${d.stride});
    if (oy*${d.stride}===ty && oy<${d.oh}) {
    for (let px=0; px<${d.size}; px++) { const tx=x+${d.padding}-px; if (tx>=0) { const ox=Math.floor(tx/${d.stride});
      if (ox*${d.stride}===tx && ox<${d.ow}) {
        ${body}
      } } } } } }`;

export const avgPool2d = (d: PoolDims, lanes: number): Program => ({
  output: outputOf(pooled(d), lanes),
  source: `function(a) { ${here(pooled(d), lanes)} ${zeros(lanes)}
    ${underPool(
      d,
      "y",
      "x",
      `const t=${texel("a", unpooled(d), lanes, "n", "b", "yy", "xx")};
       ${each(lanes, (l) => `s${l}+=${lane(lanes, "t", l)};`)}`,
    )}
    ${each(lanes, (l) => `s${l}=s${l}/${float(d.size ** 2)};`)}
    ${result(pooled(d), lanes)} }`,
});

export const avgPool2dGrad = (d: PoolDims, lanes: number): Program => ({
  output: outputOf(unpooled(d), lanes),
  source: `function(g) { ${here(unpooled(d), lanes)} ${zeros(lanes)}
    ${overPixel(
      d,
      `const t=${texel("g", pooled(d), lanes, "n", "b", "oy", "ox")};
       ${each(lanes, (l) => `s${l}+=${lane(lanes, "t", l)};`)}`,
    )}
    ${each(lanes, (l) => `s${l}=s${l}/${float(d.size ** 2)};`)}
    ${result(unpooled(d), lanes)} }`,
});

/** Is v the new maximum of a window, of which m is the largest so far? A NaN is larger than all, and the first of equals counts. */
const larger = (v: string, m: string, then: string): string =>
  `if (${v}>${m}) { ${then} } else { if (${v}<=${m}) { } else { if (${m}<=${m}) { ${then} } } }`;

/** The values of v at the first maximum of each window of a. */
export const maxPool2d = (d: PoolDims, lanes: number): Program => ({
  output: outputOf(pooled(d), lanes),
  source: `function(v, a) { ${here(pooled(d), lanes)} ${zeros(lanes)} let first=1;
    ${each(lanes, (l) => `let m${l}=0;`)}
    ${underPool(
      d,
      "y",
      "x",
      `const t=${texel("a", unpooled(d), lanes, "n", "b", "yy", "xx")}; const u=${texel("v", unpooled(d), lanes, "n", "b", "yy", "xx")};
       ${each(lanes, (l) => {
         const take = `m${l}=${lane(lanes, "t", l)}; s${l}=${lane(lanes, "u", l)};`;
         return `if (first===1) { ${take} } else { ${larger(lane(lanes, "t", l), `m${l}`, take)} }`;
       })}
       first=0;`,
    )}
    ${result(pooled(d), lanes)} }`,
});

/** To each pixel, the gradients of the windows whose first maximum it is. */
export const maxPool2dGrad = (d: PoolDims, lanes: number): Program => ({
  output: outputOf(unpooled(d), lanes),
  source: `function(g, a) { ${here(unpooled(d), lanes)} ${zeros(lanes)} const place=y*${d.w}+x;
    ${overPixel(
      d,
      `let first=1; ${each(lanes, (l) => `let m${l}=0; let p${l}=0;`)}
       ${underPool(
         d,
         "oy",
         "ox",
         `const t=${texel("a", unpooled(d), lanes, "n", "b", "yy", "xx")};
          ${each(lanes, (l) => {
            const take = `m${l}=${lane(lanes, "t", l)}; p${l}=yy*${d.w}+xx;`;
            return `if (first===1) { ${take} } else { ${larger(lane(lanes, "t", l), `m${l}`, take)} }`;
          })}
          first=0;`,
       )}
       const u=${texel("g", pooled(d), lanes, "n", "b", "oy", "ox")};
       ${each(lanes, (l) => `if (p${l}===place) { s${l}+=${lane(lanes, "u", l)}; }`)}`,
    )}
    ${result(unpooled(d), lanes)} }`,
});

/** The transpose of a matrix [N, C]. */
export function transpose(d: Extents, lanes: number): Program {
  const to: Extents = { n: d.c, c: d.n, h: 1, w: 1 };
  const pick = (l: number): string => {
    const row = `b*${lanes}+${l}`;
    if (lanes === 1) return `s0=${texel("a", d, 1, "b", "n", "0", "0")};`;
    return `if (${row}<${d.n}) { const t${l}=${texel("a", d, lanes, row, "q", "0", "0")};
      s${l}=t${l}[0]; if (m===1) { s${l}=t${l}[1]; } if (m===2) { s${l}=t${l}[2]; } if (m===3) { s${l}=t${l}[3]; } }`;
  };
  return {
    output: outputOf(to, lanes),
    source: `function(a) { ${here(to, lanes)} ${zeros(lanes)} const q=Math.floor(n/${lanes}); const m=n-q*${lanes};
      ${each(lanes, pick)}
      ${result(to, lanes)} }`,
  };
}

/** C = A B, of matrices as they are written here. */
export function gemm({ m, n, k }: GemmDims, lanes: number): Program {
  const [a, b, c] = [
    { n: m, c: k, h: 1, w: 1 },
    { n: k, c: n, h: 1, w: 1 },
    { n: m, c: n, h: 1, w: 1 },
  ] as const;
  const [whole, rest] = [Math.floor(k / lanes), k % lanes];
  const term = (live: number): string => `const t=${texel("p", a, lanes, "n", "i", "0", "0")};
    ${each(live, (j) => `const u${j}=${texel("q", b, lanes, `i*${lanes}+${j}`, "b", "0", "0")};`)}
    ${each(lanes, (l) => `s${l}+=${Array.from({ length: live }, (_, j) => `${lane(lanes, "t", j)}*${lane(lanes, `u${j}`, l)}`).join("+")};`)}`;
  return {
    output: outputOf(c, lanes),
    source: `function(p, q) { ${here(c, lanes)} ${zeros(lanes)}
      ${whole === 0 ? "" : `for (let i=0; i<${whole}; i++) { ${term(lanes)} }`}
      ${rest === 0 ? "" : `for (let i=${whole}; i<${whole + 1}; i++) { ${term(rest)} }`}
      ${result(c, lanes)} }`,
  };
}
