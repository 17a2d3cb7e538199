/**
 * Student's t and the normal law.
 *
 * @packageDocumentation
 */

import { atan } from "../tensor/angles.ts";
import { exp } from "../tensor/math.ts";

/**
 * P(|T| ≤ t) for Student's t with ν degrees of freedom: for whole ν a finite series in cos θ, tan θ = t/√ν
 * (Abramowitz and Stegun, 26.7.3 and 26.7.4).
 */
export function studentInside(t: number, nu: number): number {
  const tangent = t / Math.sqrt(nu);
  const cosSq = 1 / (1 + (t * t) / nu);
  const odd = nu % 2 === 1;
  let [term, sum] = [odd ? Math.sqrt(cosSq) : 1, 0];
  for (let k = odd ? 1 : 0; k <= nu - 2; k += 2) {
    sum += term;
    term *= (cosSq * (k + 1)) / (k + 2);
  }
  const sine = tangent * Math.sqrt(cosSq);
  return odd ? (2 / Math.PI) * (atan(tangent) + sine * sum) : sine * sum;
}

/** The t that |T| stays within with that probability, by bisection. */
export function studentQuantile(inside: number, nu: number): number {
  if (!(inside > 0 && inside < 1) || !Number.isInteger(nu) || nu < 1)
    throw new RangeError(
      `studentQuantile: expected a probability in 0..1 and whole degrees of freedom, got ${inside} and ${nu}`,
    );
  let [lower, upper] = [0, 1];
  while (studentInside(upper, nu) < inside) upper *= 2;
  for (let i = 0; i < 60; i++) {
    const middle = (lower + upper) / 2;
    if (studentInside(middle, nu) < inside) lower = middle;
    else upper = middle;
  }
  return upper;
}

/** P(Z ≤ x) for a normal Z: ½ + φ(x)(x + x³/3 + x⁵/15 + …). */
export function normalBelow(x: number): number {
  // Beyond 8 what is missing is less than 10⁻¹⁵.
  if (x < -8) return 0;
  if (x > 8) return 1;
  let [term, sum] = [x, x];
  for (let k = 3; Math.abs(term) > 1e-18; k += 2) {
    term *= (x * x) / k;
    sum += term;
  }
  return 0.5 + (sum * exp(-(x * x) / 2)) / Math.sqrt(2 * Math.PI);
}
