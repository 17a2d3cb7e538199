/**
 * How tensors lie on the device: four extents [N, C, H, W], the channels in blocks of as many as a texel holds.
 * The texel of (n, block b, y, x) is number ((n B + b) H + y) W + x; channels beyond C are zero.
 *
 * @packageDocumentation
 */

import type { Shape } from "../../tensor.ts";

export interface Extents {
  readonly n: number;
  readonly c: number;
  readonly h: number;
  readonly w: number;
}

/** [C] and [C, H, W] are one image, [N, C] images of one pixel; `null` where the rank is higher. */
export function extentsOf(shape: Shape): Extents | null {
  const [a = 1, b = 1, c = 1, d = 1] = shape;
  switch (shape.length) {
    case 0:
    case 1:
      return { n: 1, c: a, h: 1, w: 1 };
    case 2:
      return { n: a, c: b, h: 1, w: 1 };
    case 3:
      return { n: 1, c: a, h: b, w: c };
    case 4:
      return { n: a, c: b, h: c, w: d };
    default:
      return null;
  }
}

export const blocksOf = ({ c }: Extents, lanes: number): number => Math.ceil(c / lanes);

export const sameExtents = (a: Extents, b: Extents): boolean =>
  a.n === b.n && a.c === b.c && a.h === b.h && a.w === b.w;

/** The extents of the result that holds such a tensor, innermost first. Images of one pixel are rows of blocks. */
export const outputOf = (d: Extents, lanes: number): readonly number[] =>
  d.h * d.w === 1 ? [blocksOf(d, lanes), d.n] : [d.w, d.h, d.n * blocksOf(d, lanes)];

/** From the order of the device to row-major order. */
export function unpacked(values: Float32Array, d: Extents, lanes: number): Float32Array {
  if (lanes === 1) return values;
  const { n, c, h, w } = d;
  const [plane, blocks] = [h * w, blocksOf(d, lanes)];
  const out = new Float32Array(n * c * plane);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < c; j++) {
      const from = (i * blocks + Math.floor(j / lanes)) * plane * lanes + (j % lanes);
      const to = (i * c + j) * plane;
      for (let p = 0; p < plane; p++) out[to + p] = values[from + p * lanes]!;
    }
  return out;
}
