/**
 * Large pixels: the picture made smaller and larger again, as Pillow does it.
 *
 * @packageDocumentation
 */

import type { Picture } from "./picture.ts";

/**
 * The factor is cut off to whole pixels. On the way up, a box as wide as a pixel covers one pixel: enlarging by BOX, as in the
 * published code, and by NEAREST, as in the library `imagecorruptions`, are the same but for ties.
 */
export const pixelate = (picture: Picture, factor: number): Picture =>
  boxed(
    boxed(picture, Math.trunc(picture.height * factor), Math.trunc(picture.width * factor)),
    picture.height,
    picture.width,
  );

/** Weights in units of 2⁻²². */
const PRECISION = 22;

/** For each new pixel: the first old one that it covers, and their weights. */
function coverage(n: number, to: number): readonly { first: number; weights: Int32Array }[] {
  const scale = n / to;
  const wide = Math.max(scale, 1);
  return Array.from({ length: to }, (_, i) => {
    const middle = (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(middle - wide / 2 + 0.5));
    const end = Math.min(n, Math.trunc(middle + wide / 2 + 0.5));
    const inside = Array.from({ length: end - first }, (_, j) => {
      const place = (first + j - middle + 0.5) / wide;
      return place > -0.5 && place <= 0.5 ? 1 : 0;
    });
    const total = inside.reduce((sum: number, w) => sum + w, 0);
    return {
      first,
      weights: Int32Array.from(inside, (w) => Math.trunc(0.5 + (w / total) * 2 ** PRECISION)),
    };
  });
}

/** Pillow's resize with the filter BOX: across, then down, rounded in between. */
function boxed({ height, width, pixels }: Picture, toHeight: number, toWidth: number): Picture {
  const across = line(pixels, height, width, coverage(width, toWidth), 3, 3 * width, 3 * toWidth);
  const down = line(across, toWidth, height, coverage(height, toHeight), 3 * toWidth, 3, 3);
  return { height: toHeight, width: toWidth, pixels: down };
}

/** Resizes `lines` lines that begin `apart` from each other, and whose neighbours are `stride` apart. */
function line(
  x: Uint8Array,
  lines: number,
  n: number,
  cover: ReturnType<typeof coverage>,
  stride: number,
  apart: number,
  apartAfter: number,
): Uint8Array {
  const y = new Uint8Array((x.length / n) * cover.length);
  for (let l = 0; l < lines; l++)
    for (const [i, { first, weights }] of cover.entries())
      for (let k = 0; k < 3; k++) {
        let sum = 2 ** (PRECISION - 1);
        for (let j = 0; j < weights.length; j++)
          sum += weights[j]! * x[l * apart + (first + j) * stride + k]!;
        y[l * apartAfter + i * stride + k] = Math.min(255, sum >> PRECISION);
      }
  return y;
}
