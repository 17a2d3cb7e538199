/**
 * Equations 15 to 18 with the ingredients of a cell of Table 3, and their inverses.
 *
 * @packageDocumentation
 */

import { pacBayesOrig, sharpnessOrig } from "../../measures/bounds.ts";

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

/** Eq. 16, and eq. 15 with ‖w − w₀‖² in the place of ‖w‖². */
export const pacBayes: Formula = ({ squaredNorm, radius, m }) =>
  pacBayesOrig({ normSq: squaredNorm, sigma: radius, m });

/** Eq. 18, and eq. 17 with ‖w − w₀‖² in the place of ‖w‖². */
export const sharpness: Formula = ({ squaredNorm, radius, m, omega }) =>
  sharpnessOrig({ normSq: squaredNorm, omega, alpha: radius, m });

/** √(x/m), as the caption of Table 3 says. */
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
