/**
 * The four magnitude-aware bounds of appendix A: the noise on a weight grows with the weight.
 *
 * @packageDocumentation
 */

import { log, square } from "../tensor/math.ts";
import { atLeastZero, type BoundOptions, constantTerm, defaultBound, logUnion } from "./bounds.ts";

export interface MagnitudeOptions extends BoundOptions {
  /** Noise that even a weight of 0 gets. */
  readonly eps: number;
  /** What divides in the “orig” forms: |wᵢ − w₀ᵢ|, as in “init”, or |wᵢ|. */
  readonly denominators: "distance" | "weight";
}

/**
 * @deviation The denominators of eq. 20 and 22 look like slips (one would expect wᵢ² beside ‖w‖²), but they are
 *   what Table 3 was made with; `denominators: "weight"` has the others.
 */
export const defaultMagnitude: MagnitudeOptions = { ...defaultBound, eps: 1e-3, denominators: "distance" };

/** The numbers of w and of w₀, in one order. */
interface Vectors {
  readonly w: ArrayLike<number>;
  readonly w0: ArrayLike<number>;
  /** Number of training images. */
  readonly m: number;
}

type Entry = (i: number) => number;

/** vᵢ², and their sum; a weight that is no number is named. */
function squares(measure: string, what: string, size: number, v: Entry): { sq: Entry; total: number } {
  const sq = (i: number): number => v(i) * v(i);
  let total = 0;
  for (let i = 0; i < size; i++) {
    const value = sq(i);
    if (!Number.isFinite(value))
      throw new RangeError(`${measure}: ${what} of weight ${i} of ${size} is ${v(i)}`);
    total += value;
  }
  return { sq, total };
}

/** ¼ Σ log((eps² + (radius² + extra) L/ω) / (eps² + radius² dᵢ²)) + log(m / radius) + 10, with L = Σ lᵢ². */
function magnitudeBound(
  measure: string,
  { w, w0, m }: Vectors,
  origin: "init" | "orig",
  radius: number,
  extra: (omega: number) => number,
  options: MagnitudeOptions,
): number {
  const omega = w.length;
  if (w0.length !== omega)
    throw new RangeError(`${measure}: expected as many weights in w as in w₀, got ${omega} and ${w0.length}`);
  const constant = constantTerm(measure, m, atLeastZero(measure, "the radius", radius), options);
  const distances = squares(measure, "the distance w − w₀", omega, (i) => w[i]! - w0[i]!);
  const weights = squares(measure, "the value", omega, (i) => w[i]!);
  const length = origin === "init" ? distances : weights;
  const divisor = origin === "orig" && options.denominators === "weight" ? weights : distances;
  if (radius === 0) return Infinity;

  const [radiusSq, epsSq] = [radius * radius, square(atLeastZero(measure, "eps", options.eps))];
  const above = epsSq + ((radiusSq + extra(omega)) * length.total) / omega;
  let total = 0;
  for (let i = 0; i < omega; i++) {
    const below = epsSq + radiusSq * divisor.sq(i);
    // Also where both are 0: the limit of small eps.
    if (above !== below) total += log(above / below);
  }
  return total / 4 + constant;
}

/**
 * What stands beside α'² in the numerator.
 *
 * @deviation The paper's 4 log(2ω/δ) is twice what follows from the bound; `derived` has 2 log(2ω/δ).
 */
const worstOf =
  (measure: string, { form, delta }: MagnitudeOptions) =>
  (omega: number): number =>
    (form === "derived" ? 2 : 4) * logUnion(measure, omega, delta);

type Gaussian = Vectors & {
  /** The largest σ' of N(0, σ'² wᵢ² + eps²) noise that costs at most 0.1 of training accuracy. */
  readonly sigma: number;
};

type Worst = Vectors & {
  /** The largest α' such that no change |uᵢ| ≤ α' |wᵢ| + eps costs more than 0.1 of training accuracy. */
  readonly alpha: number;
};

function pacBayesMag(
  measure: string,
  origin: "init" | "orig",
  { sigma, ...vectors }: Gaussian,
  options: Partial<MagnitudeOptions>,
): number {
  const all = { ...defaultMagnitude, ...options };
  return magnitudeBound(measure, vectors, origin, sigma, () => 1, all);
}

function sharpnessMag(
  measure: string,
  origin: "init" | "orig",
  { alpha, ...vectors }: Worst,
  options: Partial<MagnitudeOptions>,
): number {
  const all = { ...defaultMagnitude, ...options };
  return magnitudeBound(measure, vectors, origin, alpha, worstOf(measure, all), all);
}

/**
 * x = ¼ Σᵢ log((eps² + (σ'² + 1) ‖w − w₀‖²/ω) / (eps² + σ'² |wᵢ − w₀ᵢ|²)) + log(m/σ') + 10
 *
 * @implements QGen.eq.19
 */
export const pacBayesMagInit = (values: Gaussian, options: Partial<MagnitudeOptions> = {}): number =>
  pacBayesMag("pacBayesMagInit", "init", values, options);

/**
 * x = ¼ Σᵢ log((eps² + (σ'² + 1) ‖w‖²/ω) / (eps² + σ'² |wᵢ − w₀ᵢ|²)) + log(m/σ') + 10
 *
 * Below 0 where ‖w‖ is much smaller than the distance: `reported` flags it.
 *
 * @implements QGen.eq.20
 */
export const pacBayesMagOrig = (values: Gaussian, options: Partial<MagnitudeOptions> = {}): number =>
  pacBayesMag("pacBayesMagOrig", "orig", values, options);

/**
 * x = ¼ Σᵢ log((eps² + (α'² + 4 log(2ω/δ)) ‖w − w₀‖²/ω) / (eps² + α'² |wᵢ − w₀ᵢ|²)) + log(m/α') + 10
 *
 * @implements QGen.eq.21
 * @deviation The parenthesis after log(2ω/δ) is missing in the paper.
 */
export const sharpnessMagInit = (values: Worst, options: Partial<MagnitudeOptions> = {}): number =>
  sharpnessMag("sharpnessMagInit", "init", values, options);

/**
 * x = ¼ Σᵢ log((eps² + (α'² + 4 log(2ω/δ)) ‖w‖²/ω) / (eps² + α'² |wᵢ − w₀ᵢ|²)) + log(m/α') + 10
 *
 * @implements QGen.eq.22
 * @deviation The parenthesis after log(2ω/δ) is missing in the paper.
 */
export const sharpnessMagOrig = (values: Worst, options: Partial<MagnitudeOptions> = {}): number =>
  sharpnessMag("sharpnessMagOrig", "orig", values, options);
