/**
 * What the sources of programs are put together from. Every program is written once, for texels of one or of four
 * numbers: `lanes` unrolls it.
 *
 * Loops have constant bounds, indices stay inside, and comparisons are written so that a NaN passes: gpu.js is
 * silently wrong about the contrary.
 *
 * @packageDocumentation
 */

import { blocksOf, type Extents } from "../layout.ts";

/** Lines of a program, one for each lane. */
export const each = (lanes: number, line: (l: number) => string): string =>
  Array.from({ length: lanes }, (_, l) => line(l)).join("\n");

export const onePixel = ({ h, w }: Extents): boolean => h * w === 1;

/** Where this thread is: n, the block of channels b, and the pixel y, x. */
export const here = (d: Extents, lanes: number): string =>
  onePixel(d)
    ? "const n=this.thread.y; const b=this.thread.x; const y=0; const x=0;"
    : `const z=this.thread.z; const n=Math.floor(z/${blocksOf(d, lanes)}); const b=z-n*${blocksOf(d, lanes)};
       const y=this.thread.y; const x=this.thread.x;`;

/** The texel of `name` at (n, b, y, x). */
export const texel = (
  name: string,
  d: Extents,
  lanes: number,
  n: string,
  b: string,
  y: string,
  x: string,
): string => (onePixel(d) ? `${name}[${n}][${b}]` : `${name}[(${n})*${blocksOf(d, lanes)}+${b}][${y}][${x}]`);

/** A lane of a texel that has a name. */
export const lane = (lanes: number, name: string, l: number | string): string =>
  lanes === 1 ? name : `${name}[${l}]`;

/** Sets `to` to the lane m of the texel t, where m is known to the thread only. */
export const laneAt = (lanes: number, to: string, t: string, m: string): string =>
  lanes === 1
    ? `${to}=${t};`
    : `${to}=${t}[0]; ${each(lanes - 1, (i) => `if (${m}===${i + 1}) { ${to}=${t}[${i + 1}]; }`)}`;

/** Ends a program with s0, s1, …; lanes beyond the channels of d are zero. */
export function result(d: Extents, lanes: number): string {
  const beyond = d.c % lanes === 0 ? "" : each(lanes, (l) => `if (b*${lanes}+${l}>=${d.c}) { s${l}=0; }`);
  return `${beyond}
    ${lanes === 1 ? "return s0;" : `return [${Array.from({ length: lanes }, (_, l) => `s${l}`).join(", ")}];`}`;
}

export const zeros = (lanes: number): string => each(lanes, (l) => `let s${l}=0;`);

/** A literal that gpu.js takes for a float, whatever its value. */
export const float = (c: number): string => {
  const text = Math.fround(c).toString();
  return `(${/[.e]/.test(text) ? text : `${text}.0`})`;
};
