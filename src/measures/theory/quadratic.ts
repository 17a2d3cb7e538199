import { square } from "../../tensor/math.ts";
import { type Ball, dot, type Loss, nonNegative, type Point, plus, times, vertices } from "./balls.ts";
import { type Eigen, eigen, type Matrix } from "./eigen.ts";

export interface Quadratic extends Loss {
  readonly hessian: Matrix;
  readonly eigen: Eigen;
}

/**
 * L(w) = ½ (w − c)ᵀ H (w − c) + L₀, whose maximum in either ball is exact.
 *
 * In the L2 ball it is found on the dual side: min over μ ≥ max(λₚ, 0) of L(w) + ½ (μ ρ² + Σ γᵢ² / (μ − λᵢ)), with γᵢ
 * the slope along the i-th eigenvector. In the box it is at a vertex, because L is convex along each axis.
 *
 * @param hessian - H, symmetric
 * @param center - c, where L is stationary; 0 by default
 */
export function quadratic(
  hessian: Matrix,
  { center = hessian.map(() => 0), offset = 0 }: { readonly center?: Point; readonly offset?: number } = {},
): Quadratic {
  const decomposed = eigen(hessian);
  const from = (w: Point): Point => plus(w, times(-1, center));
  const slope = (w: Point): Point => hessian.map((row) => dot(row, from(w)));
  const at = (w: Point): number => 0.5 * dot(from(w), slope(w)) + offset;
  return {
    hessian,
    eigen: decomposed,
    at,
    slope,
    exact: true,
    highest: (ball: Ball, w, rho) =>
      ball.name === "L2"
        ? at(w) + highestRise(decomposed, slope(w), nonNegative(rho))
        : highestVertex(at, hessian, w, nonNegative(rho)),
  };
}

function highestVertex(at: (w: Point) => number, hessian: Matrix, w: Point, rho: number): number {
  hessian.forEach((row, i) => {
    if (row[i]! < 0)
      throw new RangeError(
        `quadratic: the maximum in a box is at a vertex only where the loss is convex along each axis, got ${row[i]} along axis ${i}`,
      );
  });
  return vertices(w.length, rho).reduce((most, e) => Math.max(most, at(plus(w, e))), -Infinity);
}

/** max gᵀε + ½ εᵀHε over ‖ε‖₂ ≤ ρ. */
function highestRise({ values, vectors }: Eigen, g: Point, rho: number): number {
  if (rho === 0) return 0;
  const along = vectors.map((q) => dot(q, g));
  const sum = (term: (gamma: number, gapToMu: number) => number, mu: number): number =>
    along.reduce((total, gamma, i) => (gamma === 0 ? total : total + term(gamma, mu - values[i]!)), 0);
  // The best ε for a multiplier μ is γᵢ / (μ − λᵢ); it shrinks as μ grows. Where it fits into the ball already at the
  // smallest μ, that is the answer.
  let low = Math.max(values.at(-1)!, 0);
  let high = low + Math.sqrt(dot(along, along)) / rho;
  for (;;) {
    const mu = low + (high - low) / 2;
    if (mu <= low || mu >= high) break;
    if (sum((gamma, gap) => square(gamma / gap), mu) > rho * rho) low = mu;
    else high = mu;
  }
  // No |εᵢ| is above ρ; that also keeps a slope that is all but 0 from being divided by a gap of 0.
  const rise = sum((gamma, gap) => (gamma * gamma) / Math.max(gap, Math.abs(gamma) / rho), high);
  return 0.5 * (high * rho * rho + rise);
}

/** Σ |Hᵢⱼ|, which bounds |εᵀHε| by ρ² Σ |Hᵢⱼ| in the box ‖ε‖∞ ≤ ρ. */
export const absoluteSum = (hessian: Matrix): number =>
  hessian.reduce((total, row) => total + row.reduce((s, x) => s + Math.abs(x), 0), 0);
