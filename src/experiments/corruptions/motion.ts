/**
 * Blur along a line, as ImageMagick's MotionBlurImage draws it.
 *
 * @packageDocumentation
 */

import { exp } from "../../tensor/math.ts";
import type { Constants } from "./constants.ts";
import type { Draws } from "./draws.ts";
import { nearest } from "./filters.ts";
import type { Picture } from "./picture.ts";

/** A unit vector, y downwards. */
export interface Direction {
  readonly x: number;
  readonly y: number;
}

/** The direction at so many degrees, −45 to 45, by the series of cosine and sine: the same bits in every engine. */
export function directionAt(degrees: number): Direction {
  const t = (degrees * Math.PI) / 180;
  let [x, y, term] = [1, 0, 1];
  for (let n = 1; n <= 20; n++) {
    term *= t / n;
    if (n % 2 === 1) y += n % 4 === 1 ? term : -term;
    else x += n % 4 === 0 ? term : -term;
  }
  return { x, y };
}

export interface Raster {
  readonly height: number;
  readonly width: number;
  /** `[height, width, channels]` */
  readonly pixels: Uint8Array;
}

/**
 * y[p] = Σ exp(−i²/2σ²) x[p + i·direction] over i = 0, 1, …, 2r, weights summing to 1, positions rounded to pixels, the
 * border repeated. Sums are rounded to 16 bits, and those cut off to 8, as in ImageMagick 6.9.11 Q16.
 */
export function movedAlong(
  { height, width, pixels }: Raster,
  { radius, sigma }: Constants["motion_blur"],
  { x, y }: Direction,
): Uint8Array {
  const taps = 2 * Math.ceil(radius) + 1;
  const weights = Float64Array.from({ length: taps }, (_, i) => exp(-(i * i) / (2 * sigma * sigma)));
  const total = weights.reduce((sum, w) => sum + w, 0);
  const channels = pixels.length / (height * width);
  const sums = new Float64Array(pixels.length);
  for (let i = 0; i < taps; i++) {
    const weight = (257 * weights[i]!) / total;
    const [right, down] = [Math.ceil(i * x - 0.5), Math.ceil(i * y - 0.5)];
    const columns = Int32Array.from({ length: width }, (_, w) => nearest(w + right, width) * channels);
    let to = 0;
    for (let h = 0; h < height; h++) {
      const row = nearest(h + down, height) * width * channels;
      for (let w = 0; w < width; w++) {
        const from = row + columns[w]!;
        for (let k = 0; k < channels; k++) sums[to++]! += weight * pixels[from + k]!;
      }
    }
  }
  return Uint8Array.from(sums, (sum) => Math.floor(sum + 0.5) / 257);
}

/** A camera that moved, at −45 to 45 degrees. */
export const motionBlur = (picture: Picture, constants: Constants["motion_blur"], draws: Draws): Picture => ({
  ...picture,
  pixels: movedAlong(picture, constants, directionAt(draws.between(-45, 45))),
});
