/**
 * Drops on the lens.
 *
 * @packageDocumentation
 */

import type { Constants } from "./constants.ts";
import type { Draws } from "./draws.ts";
import { canny, distances, equalized } from "./edges.ts";
import { correlate, type Extent, gaussianBlur, type Kernel } from "./filters.ts";
import { fractions, type Picture, pictureOf } from "./picture.ts";

const mud = [63 / 255, 42 / 255, 20 / 255] as const;
const water = [175 / 255, 238 / 255, 238 / 255] as const;

const box: Kernel = { side: 3, weights: new Float64Array(9).fill(1) };
const relief: Kernel = { side: 3, weights: Float64Array.of(-2, -1, 0, -1, 1, 1, 0, 1, 2) };

/** Liquid is where a normal number of this mean and spread, blurred, is above the threshold. */
export function spatter(picture: Picture, constants: Constants["spatter"], draws: Draws): Picture {
  const { mean, spread, sigma, threshold, strength, liquid } = constants;
  const noise = Float64Array.from(
    { length: picture.height * picture.width },
    () => mean + spread * draws.normal(),
  );
  const layer = gaussianBlur(noise, picture, sigma).map((x) => (x < threshold ? 0 : x));
  const x = fractions(picture);
  if (liquid === "water") {
    const m = waterOn(layer, picture, strength);
    return pictureOf(
      x.map((p, i) => p + m[Math.floor(i / 3)]! * water[i % 3]!),
      picture,
    );
  }
  const m = mudOn(layer, picture, threshold, strength);
  return pictureOf(
    x.map((p, i) => p * (1 - m[Math.floor(i / 3)]!) + mud[i % 3]! * m[Math.floor(i / 3)]!),
    picture,
  );
}

/** Where mud covers the picture, 0 to 1. */
function mudOn(layer: Float64Array, extent: Extent, threshold: number, sigma: number): Float64Array {
  const covered = layer.map((x) => (x > threshold ? 1 : 0));
  return gaussianBlur(covered, extent, sigma).map((x) => (x < 0.8 ? 0 : x));
}

/**
 * How brightly water shines, 0 to `strength`.
 *
 * @deviation Where there is no drop at all, the reference divides 0 by 0 and the picture becomes black; here it stays.
 */
function waterOn(layer: Float64Array, extent: Extent, strength: number): Float64Array {
  const grey = Uint8Array.from(layer, (x) => Math.floor(x * 255) & 255);
  const near = distances(canny(grey, extent, 50, 150), extent).map((d) => Math.min(d, 20));
  const heights = equalized(Uint8Array.from(correlate(near, extent, box), (sum) => sum / 9));
  const slopes = correlate(Float64Array.from(heights), extent, relief).map((s) =>
    Math.min(Math.max(s, 0), 255),
  );
  const light = correlate(slopes, extent, box).map((sum, i) => grey[i]! * Math.round(sum / 9));
  const most = light.reduce((a, b) => Math.max(a, b), 0);
  return most === 0 ? light : light.map((l) => (l / most) * strength);
}
