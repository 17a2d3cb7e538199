/**
 * Edges of a grey picture, and the distance to them, as OpenCV finds them.
 *
 * @packageDocumentation
 */

import { type Extent, nearest } from "./filters.ts";

/** tan 22.5° in units of 2⁻¹⁵. */
const TAN = Math.floor(0.4142135623730951 * 2 ** 15 + 0.5);

/** Canny's edges: points where the change of brightness is largest across the edge, above `high`, or above `low` and connected to one that is. */
export function canny(grey: Uint8Array, { height, width }: Extent, low: number, high: number): Uint8Array {
  const p = (y: number, x: number): number => grey[nearest(y, height) * width + nearest(x, width)]!;
  const [dx, dy] = [new Int32Array(grey.length), new Int32Array(grey.length)];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const [a, b, c] = [p(y - 1, x - 1), p(y - 1, x), p(y - 1, x + 1)];
      const [d, e] = [p(y, x - 1), p(y, x + 1)];
      const [f, g, h] = [p(y + 1, x - 1), p(y + 1, x), p(y + 1, x + 1)];
      dx[y * width + x] = c + 2 * e + h - (a + 2 * d + f);
      dy[y * width + x] = f + 2 * g + h - (a + 2 * b + c);
    }
  const size = (y: number, x: number): number => {
    if (y < 0 || y >= height || x < 0 || x >= width) return 0;
    const i = y * width + x;
    return Math.abs(dx[i]!) + Math.abs(dy[i]!);
  };
  const isRidge = (y: number, x: number): boolean => {
    const i = y * width + x;
    const m = size(y, x);
    const [across, down] = [Math.abs(dx[i]!), Math.abs(dy[i]!) * 2 ** 15];
    if (down < across * TAN) return m > size(y, x - 1) && m >= size(y, x + 1);
    if (down > across * (TAN + 2 ** 16)) return m > size(y - 1, x) && m >= size(y + 1, x);
    const s = (dx[i]! ^ dy[i]!) < 0 ? -1 : 1;
    return m > size(y - 1, x - s) && m > size(y + 1, x + s);
  };
  const weak = new Uint8Array(grey.length);
  const edges = new Uint8Array(grey.length);
  const strong: number[] = [];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const m = size(y, x);
      if (m <= low || !isRidge(y, x)) continue;
      weak[y * width + x] = 1;
      if (m > high) strong.push(y * width + x);
    }
  for (let i = strong.pop(); i !== undefined; i = strong.pop()) {
    if (edges[i] !== 0) continue;
    edges[i] = 255;
    const [y, x] = [Math.floor(i / width), i % width];
    for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++)
      for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++)
        if (weak[v * width + u] === 1 && edges[v * width + u] === 0) strong.push(v * width + u);
  }
  return edges;
}

/** Steps on the grid, and how long they are taken to be, in units of 2⁻¹⁶: Borgefors' chamfer of 5 × 5. */
const steps = [
  [0, 1, 1],
  [1, 0, 1],
  [1, 1, 1.4],
  [1, -1, 1.4],
  [1, 2, 2.1969],
  [1, -2, 2.1969],
  [2, 1, 2.1969],
  [2, -1, 2.1969],
].map(([y, x, length]) => [y!, x!, Math.round(length! * 2 ** 16)] as const);

const FAR = 2 ** 29;

/** For each point, about the distance to the nearest point of `edges`. */
export function distances(edges: Uint8Array, { height, width }: Extent): Float64Array {
  const d = Float64Array.from(edges, (edge) => (edge === 0 ? FAR : 0));
  const pass = (y: number, x: number, sign: 1 | -1): void => {
    let nearestOne = d[y * width + x]!;
    for (const [down, right, length] of steps) {
      const [v, u] = [y - sign * down, x - sign * right];
      if (v < 0 || v >= height || u < 0 || u >= width) continue;
      nearestOne = Math.min(nearestOne, d[v * width + u]! + length);
    }
    d[y * width + x] = nearestOne;
  };
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) pass(y, x, 1);
  for (let y = height - 1; y >= 0; y--) for (let x = width - 1; x >= 0; x--) pass(y, x, -1);
  return d.map((x) => x * 2 ** -16);
}

/** Brightness spread evenly over 0..255. */
export function equalized(grey: Uint8Array): Uint8Array {
  const histogram = new Int32Array(256);
  for (const p of grey) histogram[p]!++;
  const darkest = histogram.findIndex((times) => times > 0);
  const rest = grey.length - histogram[darkest]!;
  if (rest === 0) return grey;
  const scale = Math.fround(255 / rest);
  let sum = 0;
  const table = histogram.map((times, p) => {
    if (p <= darkest) return 0;
    sum += times;
    return Math.round(sum * scale);
  });
  return grey.map((p) => table[p]!);
}
