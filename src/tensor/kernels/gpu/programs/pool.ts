/**
 * Pooling and its gradients.
 *
 * @packageDocumentation
 */

import type { PoolDims } from "../../../shape.ts";
import { type Extents, outputOf } from "../layout.ts";
import type { Program } from "../runtime.ts";
import { each, float, here, lane, result, texel, zeros } from "./text.ts";

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
    ${each(lanes, (l) => `s${l}=s${l}/${float(d.size * d.size)};`)}
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
    ${each(lanes, (l) => `s${l}=s${l}/${float(d.size * d.size)};`)}
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
