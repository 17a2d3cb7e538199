import { log, square } from "../../tensor/math.ts";

/** What the bound of Foret et al. depends on, besides the losses. */
export interface Sampling {
  /** k, the number of weights. */
  readonly k: number;
  /** n, the number of training examples. */
  readonly n: number;
  /** η: the bound may fail for this share of all training sets. */
  readonly eta: number;
}

function checked({ k, n, eta }: Sampling): Sampling {
  if (!(Number.isInteger(k) && k >= 1)) throw new RangeError(`h: expected k ≥ 1 weights, got ${k}`);
  if (!(Number.isInteger(n) && n >= 2)) throw new RangeError(`h: expected n ≥ 2 examples, got ${n}`);
  if (!(eta > 0 && eta < 1)) throw new RangeError(`h: expected η between 0 and 1, got ${eta}`);
  return { k, n, eta };
}

/** (1 + √(ln n / k))²: all but a share 1/√n of Gaussians of k numbers have a squared length below kσ² times this. */
const stretch = ({ k, n }: Sampling): number => square(1 + Math.sqrt(log(n) / k));

/**
 * h(‖w‖²/ρ²) = √([k ln(1 + ‖w‖²/ρ² (1 + √(ln n / k))²) + 4 ln(n/η) + 1 + 8 ln(6n + 3k)] / (n − 1)): increasing in
 * ‖w‖, decreasing in ρ, and never 0.
 *
 * @param ratio - ‖w‖²/ρ²
 * @implements QGen.eq.8
 * @deviation The paper says only that h is strictly increasing; the theorem of Foret et al. leaves a term Õ(1)
 *   open. Here it is 1 + 8 ln(6n + 3k): the PAC-Bayesian bound with σ² = ρ² / (√k + √ln n)² gives A = ¼ k ln(1 +
 *   ‖w‖²/kσ²) + ¼ + ln(n/η) + 2 ln(6n + 3k) and h = 1/√n + √(A / (n − 1)), and since A ≥ 1 that is at most 2 √(A /
 *   (n − 1)).
 */
export function h(ratio: number, sampling: Sampling): number {
  const { k, n, eta } = checked(sampling);
  if (!(ratio >= 0)) throw new RangeError(`h: expected ‖w‖²/ρ² of at least 0, got ${ratio}`);
  const open = 1 + 8 * log(6 * n + 3 * k);
  return Math.sqrt((k * log(1 + ratio * stretch(sampling)) + 4 * log(n / eta) + open) / (n - 1));
}

/**
 * σ = ρ / (√k + √ln n): the width of the Gaussian whose draws stay in the L2 ball of radius ρ, but for a share 1/√n.
 * The theorem needs L_D(w) ≤ E L_D(w + ε), ε ~ N(0, σ²).
 *
 * @implements QGen.eq.8
 * @deviation The paper does not mention this condition. Foret et al. state it, with N(0, ρ) for the law.
 */
export const widthInBall = (rho: number, sampling: Sampling): number =>
  rho / Math.sqrt(checked(sampling).k * stretch(sampling));
