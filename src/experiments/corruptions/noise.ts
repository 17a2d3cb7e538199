/**
 * Noise: each value of a picture by itself.
 *
 * @packageDocumentation
 */

import { exp, log } from "../../tensor/math.ts";
import type { Draws } from "./draws.ts";
import { fractions, type Picture, pictureOf } from "./picture.ts";

/** x + N(0, σ) */
export function gaussianNoise(picture: Picture, sigma: number, draws: Draws): Picture {
  const x = fractions(picture);
  return pictureOf(
    x.map((p) => p + sigma * draws.normal()),
    picture,
  );
}

/** x + x N(0, σ) */
export function speckleNoise(picture: Picture, sigma: number, draws: Draws): Picture {
  const x = fractions(picture);
  return pictureOf(
    x.map((p) => p + p * (sigma * draws.normal())),
    picture,
  );
}

/** A value becomes 0 or 1, either as likely, with the probability `amount`: each channel by itself. */
export function impulseNoise({ height, width, pixels }: Picture, amount: number, draws: Draws): Picture {
  const noisy = pixels.map((p) => (draws.uniform() < amount ? (draws.uniform() < 0.5 ? 255 : 0) : p));
  return { height, width, pixels: noisy };
}

/** Poisson(x c) / c: the photons that are counted where c are expected at full brightness. */
export function shotNoise(picture: Picture, photons: number, draws: Draws): Picture {
  const counts = countsFor(photons);
  const x = Float64Array.from(picture.pixels, (p) => quantileOf(counts[p]!, draws.uniform()) / photons);
  return pictureOf(x, picture);
}

/** A distribution on whole numbers: those from `first` on have the cumulative probabilities `cdf`. */
interface Counts {
  readonly first: number;
  readonly cdf: Float64Array;
}

/** The Poisson distribution, without tails that a draw of 2⁻³² cannot reach. */
export function poisson(mean: number): Counts {
  if (mean === 0) return { first: 0, cdf: Float64Array.of(1) };
  const reach = 8 * Math.sqrt(mean) + 24;
  const first = Math.max(0, Math.floor(mean - reach));
  const last = Math.ceil(mean + reach);
  const cdf = new Float64Array(last - first + 1);
  let logFactorial = 0;
  for (let k = 2; k <= first; k++) logFactorial += log(k);
  let p = exp(first * log(mean) - mean - logFactorial);
  let sum = 0;
  for (let k = first; k <= last; k++) {
    sum += p;
    cdf[k - first] = sum;
    p *= mean / (k + 1);
  }
  return { first, cdf };
}

/** The least k with P(X ≤ k) > u. */
export function quantileOf({ first, cdf }: Counts, u: number): number {
  let [low, high] = [0, cdf.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cdf[middle]! > u) high = middle;
    else low = middle + 1;
  }
  return first + low;
}

const known = new Map<number, readonly Counts[]>();

/** The distributions for all 256 bytes, computed once. */
function countsFor(photons: number): readonly Counts[] {
  let counts = known.get(photons);
  if (counts === undefined) {
    counts = Array.from({ length: 256 }, (_, p) => poisson((p / 255) * photons));
    known.set(photons, counts);
  }
  return counts;
}
