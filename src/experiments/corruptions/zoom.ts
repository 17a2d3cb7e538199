/**
 * Pictures seen from nearer.
 *
 * @packageDocumentation
 */

import type { Constants } from "./constants.ts";
import type { Extent } from "./filters.ts";
import { fractions, type Picture, pictureOf } from "./picture.ts";

/** Where the pixels of a line come from: between `at` and `at + 1`, a share `t` of the way. */
interface Line {
  readonly at: Int32Array;
  readonly t: Float64Array;
}

const roundHalfEven = (x: number): number => {
  const floor = Math.floor(x);
  const rest = x - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
};

/** The middle n/z of n pixels on n pixels: end points on end points, then cut to the middle n. */
function line(n: number, z: number): Line {
  const from = Math.ceil(n / z);
  const first = (n - from) >> 1;
  const to = roundHalfEven(from * z);
  const cut = Math.floor((to - n) / 2);
  const step = to > 1 ? (from - 1) / (to - 1) : 0;
  const at = new Int32Array(n);
  const t = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const place = Math.min((cut + i) * step, from - 1);
    const left = Math.min(Math.floor(place), Math.max(0, from - 2));
    at[i] = first + left;
    t[i] = place - left;
  }
  return { at, t };
}

const lines = new Map<string, Line>();

function lineOf(n: number, z: number): Line {
  const name = `${n}/${z}`;
  let found = lines.get(name);
  if (found === undefined) {
    found = line(n, z);
    lines.set(name, found);
  }
  return found;
}

/** Adds the picture zoomed by `z` about its middle, by linear interpolation, to `sum`. */
export function addZoomed(sum: Float64Array, x: Float64Array, { height, width }: Extent, z: number): void {
  const size = x.length / (height * width);
  const [rows, columns] = [lineOf(height, z), lineOf(width, z)];
  let to = 0;
  for (let h = 0; h < height; h++) {
    const above = rows.at[h]! * width;
    const below = Math.min(rows.at[h]! + 1, height - 1) * width;
    const v = rows.t[h]!;
    for (let w = 0; w < width; w++) {
      const left = columns.at[w]!;
      const right = Math.min(left + 1, width - 1);
      const u = columns.t[w]!;
      const [a, b] = [(above + left) * size, (above + right) * size];
      const [c, d] = [(below + left) * size, (below + right) * size];
      const [wa, wb, wc, wd] = [(1 - v) * (1 - u), (1 - v) * u, v * (1 - u), v * u];
      for (let k = 0; k < size; k++)
        sum[to++]! += wa * x[a + k]! + wb * x[b + k]! + wc * x[c + k]! + wd * x[d + k]!;
    }
  }
}

/** 1, 1 + step, … as NumPy's `arange` counts them: ⌈(stop − 1) / step⌉ of them, so that rounding may add one at the end. */
export const zoomFactors = ({ stop, step }: Constants["zoom_blur"]): number[] =>
  Array.from({ length: Math.ceil((stop - 1) / step) }, (_, i) => 1 + i * (1 + step - 1));

/** A camera that comes nearer: the mean of the picture and of its zooms, the first of which is the picture again. */
export function zoomBlur(picture: Picture, constants: Constants["zoom_blur"]): Picture {
  const x = fractions(picture);
  const factors = zoomFactors(constants);
  const sum = x.slice();
  for (const z of factors) addZoomed(sum, x, picture, z);
  return pictureOf(
    sum.map((s) => s / (factors.length + 1)),
    picture,
  );
}
