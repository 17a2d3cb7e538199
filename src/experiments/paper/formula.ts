/**
 * Equations 16 and 18, as Table 3 prints them, and their inverses. The one place where the findings meet the
 * measures.
 *
 * @packageDocumentation
 */

import { log } from "../../tensor/math.ts";

/** What a printed cell depends on. */
export interface Ingredients {
  /** ‖w‖₂², or ‖w − w₀‖₂² for the columns Init. */
  readonly squaredNorm: number;
  /** σ or α. */
  readonly radius: number;
  /** Number of images. */
  readonly m: number;
  /** Number of weights. */
  readonly omega: number;
}

/** A measure before √(x/m). */
export type Formula = (of: Ingredients) => number;

/**
 * ‖w‖²/(4σ²) + log(m/σ) + 10; eq. 15 with ‖w − w₀‖².
 *
 * @implements QGen.eq.16
 * @deviation The paper writes log(m/δ) and never says what δ is. The constant is too small to be seen in Table 3.
 */
export const pacBayes: Formula = ({ squaredNorm, radius, m }) =>
  squaredNorm / (4 * radius ** 2) + log(m / radius) + 10;

/**
 * ‖w‖² log(2ω)/(4α²) + log(m/α) + 10; eq. 17 with ‖w − w₀‖².
 *
 * @implements QGen.eq.18
 * @deviation log(m/α) for the paper's log(m/δ), as in eq. 16.
 */
export const sharpness: Formula = ({ squaredNorm, radius, m, omega }) =>
  (squaredNorm * log(2 * omega)) / (4 * radius ** 2) + log(m / radius) + 10;

/**
 * √(x/m), as the caption of Table 3 says.
 *
 * @implements QGen.tab.3
 */
export const cell = (formula: Formula, of: Ingredients): number => Math.sqrt(formula(of) / of.m);

/** The ‖·‖² at which a formula prints that cell. Both are affine in it, so two values tell. */
export function squaredNormBehind(
  printed: number,
  formula: Formula,
  of: Omit<Ingredients, "squaredNorm">,
): number {
  const unit = 2 ** 20;
  const constant = formula({ ...of, squaredNorm: 0 });
  const slope = (formula({ ...of, squaredNorm: unit }) - constant) / unit;
  return (of.m * printed ** 2 - constant) / slope;
}

/** The fewest weights at which a formula that rises with their number prints at least that cell, by bisection. */
export function omegaBehind(printed: number, formula: Formula, of: Omit<Ingredients, "omega">): number {
  let [lower, upper] = [0, 2 ** 40];
  while (upper - lower > 1) {
    const omega = Math.floor((lower + upper) / 2);
    if (cell(formula, { ...of, omega }) < printed) lower = omega;
    else upper = omega;
  }
  return upper;
}
