/**
 * Products of matrices.
 *
 * @packageDocumentation
 */

import type { GemmDims } from "../../../shape.ts";
import { type Extents, outputOf } from "../layout.ts";
import type { Program } from "../runtime.ts";
import { each, here, lane, result, texel, zeros } from "./text.ts";

/** C = A B, of matrices as they are written here; those of a batch lie one below the other. */
export function gemm({ batch, m, n, k }: GemmDims, lanes: number): Program {
  const matrix = (rows: number, columns: number): Extents => ({ n: batch * rows, c: columns, h: 1, w: 1 });
  const [a, b, c] = [matrix(m, k), matrix(k, n), matrix(m, n)];
  const [whole, rest] = [Math.floor(k / lanes), k % lanes];
  const first = batch === 1 ? "" : `Math.floor(n/${m})*${k}+`;
  const term = (live: number): string => `const t=${texel("p", a, lanes, "n", "i", "0", "0")};
    ${each(live, (j) => `const u${j}=${texel("q", b, lanes, `${first}i*${lanes}+${j}`, "b", "0", "0")};`)}
    ${each(lanes, (l) => `s${l}+=${Array.from({ length: live }, (_, j) => `${lane(lanes, "t", j)}*${lane(lanes, `u${j}`, l)}`).join("+")};`)}`;
  return {
    output: outputOf(c, lanes),
    source: `function(p, q) { ${here(c, lanes)} ${zeros(lanes)}
      ${whole === 0 ? "" : `for (let i=0; i<${whole}; i++) { ${term(lanes)} }`}
      ${rest === 0 ? "" : `for (let i=${whole}; i<${whole + 1}; i++) { ${term(rest)} }`}
      ${result(c, lanes)} }`,
  };
}
