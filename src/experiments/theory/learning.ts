/**
 * Populations whose loss is known in closed form, and samples from them: what the bounds of equations 8 to 14 are
 * tried on.
 *
 * @packageDocumentation
 */

import { climbed, dot, type Loss, type Point } from "../../measures/theory/balls.ts";
import type { Learning } from "../../measures/theory/bounds.ts";
import { exp } from "../../tensor/math.ts";
import type { Rng } from "../../tensor/random.ts";

/** How many examples, and the share η of samples for which the bound may fail. */
export interface Size {
  readonly n: number;
  readonly eta: number;
}

/**
 * ℓ(w, z) = 1 − exp(−‖w − z‖²/2), z ~ N(0, I): a loss in [0, 1], lowest at w = 0.
 *
 * L_D(w) = 1 − 2^(−k/2) exp(−‖w‖²/4), and with noise on w, 1 − (2 + σ²)^(−k/2) exp(−‖w‖²/(4 + 2σ²)).
 */
export function bumps(k: number, { n, eta }: Size, rng: Rng): Learning {
  const z = Float64Array.from({ length: n * k }, () => rng.normal());
  const smoothed = (w: Point, sigma: number): number => {
    const spread = 2 + sigma * sigma;
    return 1 - spread ** (-k / 2) * exp(-dot(w, w) / (2 * spread));
  };
  /** Σ g(zᵢ) exp(−‖w − zᵢ‖²/2) / n, for several g at once: g₀ = 1, gⱼ = wⱼ − zⱼ. */
  const sums = (w: Point): number[] => {
    const totals = new Array<number>(k + 1).fill(0);
    for (let row = 0; row < n * k; row += k) {
      let square = 0;
      for (let j = 0; j < k; j++) square += (w[j]! - z[row + j]!) ** 2;
      const near = exp(-square / 2) / n;
      totals[0]! += near;
      for (let j = 0; j < k; j++) totals[j + 1]! += (w[j]! - z[row + j]!) * near;
    }
    return totals;
  };
  const at = (w: Point): number => 1 - sums(w)[0]!;
  const slope = (w: Point): Point => sums(w).slice(1);
  return {
    n,
    eta,
    population: (w) => smoothed(w, 0),
    smoothed,
    sample: climbed({ at, slope }, { rng: rng.fork("ascent"), steps: 12, starts: 1 }),
    largest: 1,
  };
}

/** A sample loss that does not depend on w. */
const level = (value: number): Loss => ({
  at: () => value,
  slope: (w) => w.map(() => 0),
  highest: () => value,
  exact: true,
});

/**
 * One example of n, on the average, has the loss 10 n, and all others 0, whatever w is: L_D = 10, and of all
 * samples a share (1 − 1/n)ⁿ ≈ 1/e has L_S = 0.
 */
export function rareDisaster({ n, eta }: Size, rng: Rng): Learning {
  const largest = 10 * n;
  const hits = Array.from({ length: n }, () => rng.below(n)).filter((draw) => draw === 0).length;
  return { n, eta, population: () => 10, smoothed: () => 10, sample: level((hits * largest) / n), largest };
}
