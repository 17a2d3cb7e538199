/**
 * The four bounds of appendix A with one radius for all weights, as functions of plain numbers in float64.
 *
 * Everywhere w are the trained weights, w₀ those at initialization, ω their number and m the number of training
 * images. Each function returns the raw x; `reported` makes √(x/m) of it.
 *
 * @packageDocumentation
 */

import { log } from "../tensor/math.ts";

/** What the paper leaves open. */
export interface BoundOptions {
  /** The second term: log(m / radius) with the measure's own radius, or log(m / δ). */
  readonly constant: "radius" | "delta";
  /** The bound holds with probability 1 − δ. */
  readonly delta: number;
  /** `printed`: the formulas as they stand. `derived`: as they follow from the PAC-Bayes bound. */
  readonly form: "printed" | "derived";
}

/**
 * @deviation The paper prints log(m/σ) in eq. 15 and 17, log(m/δ) in the others, and never says what δ is. Every
 *   measure has log(m / radius) with its own radius, as the code that the paper builds on; δ is 0.05 where it
 *   is left. The choice does not show at the precision of Table 3.
 */
export const defaultBound: BoundOptions = { constant: "radius", delta: 0.05, form: "printed" };

export function atLeastZero(measure: string, what: string, value: number): number {
  if (!(value >= 0 && value < Infinity))
    throw new RangeError(`${measure}: expected ${what} to be a number of at least 0, got ${value}`);
  return value;
}

export function count(measure: string, what: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 1)
    throw new RangeError(`${measure}: expected ${what} to be a whole number of at least 1, got ${value}`);
  return value;
}

function share(measure: string, delta: number): number {
  if (!(delta > 0 && delta < 1))
    throw new RangeError(`${measure}: expected δ to be between 0 and 1, got ${delta}`);
  return delta;
}

/** log(m / radius) + 10, or log(m / δ) + 10. */
export function constantTerm(
  measure: string,
  m: number,
  radius: number,
  { constant, delta }: BoundOptions,
): number {
  return log(count(measure, "m", m) / (constant === "radius" ? radius : share(measure, delta))) + 10;
}

/** log(2ω/δ) */
export const logUnion = (measure: string, omega: number, delta: number): number =>
  log((2 * count(measure, "ω", omega)) / share(measure, delta));

/** lengthSq · factor / (4 radius²) + log(m / radius) + 10; ∞ where the radius is 0. */
function bound(
  measure: string,
  lengthSq: number,
  factor: number,
  radius: number,
  m: number,
  options: BoundOptions,
): number {
  atLeastZero(measure, "the squared norm", lengthSq);
  const constant = constantTerm(measure, m, atLeastZero(measure, "the radius", radius), options);
  return radius === 0 ? Infinity : (lengthSq * factor) / (4 * radius * radius) + constant;
}

/**
 * The factor that stands for the largest of ω Gaussian noises.
 *
 * @deviation With probability 1 − δ the largest of ω noises of standard deviation σ is at most
 *   α = σ √(2 log(2ω/δ)), so that 1/σ² is 2 log(2ω/δ) / α²: that is `derived`. The paper prints log(2ω).
 */
const worstOf = (measure: string, omega: number, { form, delta }: BoundOptions): number =>
  form === "derived" ? 2 * logUnion(measure, omega, delta) : log(2 * count(measure, "ω", omega));

/**
 * x = ‖w − w₀‖² / 4σ² + log(m/σ) + 10
 *
 * @param sigma - the largest σ of N(0, σ²) noise on the weights that costs at most 0.1 of training accuracy
 * @implements QGen.eq.15
 */
export const pacBayesInit = (
  { distanceSq, sigma, m }: { readonly distanceSq: number; readonly sigma: number; readonly m: number },
  options: Partial<BoundOptions> = {},
): number => bound("pacBayesInit", distanceSq, 1, sigma, m, { ...defaultBound, ...options });

/**
 * x = ‖w‖² / 4σ² + log(m/σ) + 10
 *
 * @implements QGen.eq.16
 */
export const pacBayesOrig = (
  { normSq, sigma, m }: { readonly normSq: number; readonly sigma: number; readonly m: number },
  options: Partial<BoundOptions> = {},
): number => bound("pacBayesOrig", normSq, 1, sigma, m, { ...defaultBound, ...options });

interface Worst {
  /** Number of weights. */
  readonly omega: number;
  /** The radius of the worst case: the largest α such that no change of the weights within it costs more than 0.1. */
  readonly alpha: number;
  readonly m: number;
}

/**
 * x = ‖w − w₀‖² log(2ω) / 4α² + log(m/α) + 10
 *
 * @implements QGen.eq.17
 * @deviation The paper has log(m/σ) here, of a σ that the measure does not have.
 */
export function sharpnessInit(
  { distanceSq, omega, alpha, m }: Worst & { readonly distanceSq: number },
  options: Partial<BoundOptions> = {},
): number {
  const all = { ...defaultBound, ...options };
  return bound("sharpnessInit", distanceSq, worstOf("sharpnessInit", omega, all), alpha, m, all);
}

/**
 * x = ‖w‖² log(2ω) / 4α² + log(m/α) + 10
 *
 * @implements QGen.eq.18
 */
export function sharpnessOrig(
  { normSq, omega, alpha, m }: Worst & { readonly normSq: number },
  options: Partial<BoundOptions> = {},
): number {
  const all = { ...defaultBound, ...options };
  return bound("sharpnessOrig", normSq, worstOf("sharpnessOrig", omega, all), alpha, m, all);
}

/** 1 / radius²: how sharp the minimum is, without any norm. Lower is flatter; ∞ at radius 0. */
export function flatness(radius: number): number {
  atLeastZero("flatness", "the radius", radius);
  return 1 / (radius * radius);
}
