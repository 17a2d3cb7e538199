import type { LossSurface } from "./loss-surface.ts";
import { length, plus } from "./vectors.ts";

export interface WorstCaseOptions {
  /** ‖u‖₂ ≤ radius, or |uᵢ| ≤ radius. */
  readonly ball: "l2" | "linf";
  readonly radius: number;
  /** Steps of the ascent that is projected back after each. */
  readonly steps?: number;
  /** Length of a step; 2.5 radius / steps, unless given. */
  readonly stepSize?: number;
}

export interface WorstCase {
  /** L(w) */
  readonly loss: number;
  /** L(w + u) after one step of the full radius along the gradient, as in sharpness-aware minimization. */
  readonly oneStep: number;
  /** The largest L(w + u) that was seen: a lower bound of the maximum in the ball. */
  readonly worst: number;
  /** worst − L(w), the sharpness in the sense of Foret et al. (2021); at least 0. */
  readonly rise: number;
}

/** The longest step of length `size` that climbs the fastest: g / ‖g‖₂, or the signs of g. */
function steepest(ball: WorstCaseOptions["ball"], gradient: Float64Array, size: number): Float64Array {
  if (ball === "linf") return gradient.map((g) => size * Math.sign(g));
  const norm = length(gradient);
  return gradient.map((g) => (norm === 0 ? 0 : (size * g) / norm));
}

/** The nearest point of the ball. */
function projected(ball: WorstCaseOptions["ball"], u: Float64Array, radius: number): Float64Array {
  if (ball === "linf") return u.map((x) => Math.min(radius, Math.max(-radius, x)));
  const norm = length(u);
  return norm <= radius ? u : u.map((x) => (radius * x) / norm);
}

/**
 * The largest loss near the weights that gradient ascent finds: one step of the full radius, and projected steps from
 * where the network is.
 */
export async function worstCase(
  { at, loss, slope }: LossSurface,
  { ball, radius, steps = 10, stepSize = (2.5 * radius) / steps }: WorstCaseOptions,
): Promise<WorstCase> {
  if (!(radius > 0 && radius < Infinity))
    throw new RangeError(`worst case: expected a radius above 0, got ${radius}`);
  const start = await slope(at);
  const oneStep = await loss(plus(at, 1, steepest(ball, start.gradient, radius)));
  let [u, here, worst] = [new Float64Array(at.length), start, Math.max(start.loss, oneStep)];
  for (let step = 0; step < steps; step++) {
    u = projected(ball, plus(u, 1, steepest(ball, here.gradient, stepSize)), radius) as typeof u;
    here = await slope(plus(at, 1, u));
    worst = Math.max(worst, here.loss);
  }
  return { loss: start.loss, oneStep, worst, rise: worst - start.loss };
}
