/**
 * Equations 8 to 14: how far the loss of the population, L_D, can be from that of the sample, L_S. Each function
 * gives both sides for one case, and says which of the statement's conditions the case meets.
 *
 * @packageDocumentation
 */

import { type Ball, dot, type Loss, l1, l2, linf, type Point, plus, times } from "./balls.ts";
import { h, type Sampling, widthInBall } from "./h.ts";

export interface Condition {
  readonly says: string;
  readonly met: boolean;
}

/** One case of a statement left ≤ right. */
export interface Bound {
  readonly left: number;
  readonly right: number;
  readonly holds: boolean;
  /** What the statement supposes. Where all are met, it holds. */
  readonly conditions: readonly Condition[];
}

const bound = (left: number, right: number, conditions: readonly Condition[]): Bound => ({
  left,
  right,
  holds: left <= right,
  conditions,
});

/** A population, and a sample of n examples from it. */
export interface Learning extends Omit<Sampling, "k"> {
  /** L_D(w) */
  readonly population: (w: Point) => number;
  /** E L_D(w + ε), ε ~ N(0, σ²) */
  readonly smoothed: (w: Point, sigma: number) => number;
  /** L_S, the mean over the examples. */
  readonly sample: Loss;
  /** The largest loss that a single example may have; the smallest is 0. */
  readonly largest: number;
}

const samplingOf = ({ n, eta }: Learning, w: Point): Sampling => ({ k: w.length, n, eta });

const hOf = (learning: Learning, w: Point, rho: number): number =>
  h(dot(w, w) / (rho * rho), samplingOf(learning, w));

const foretConditions = (learning: Learning, w: Point, rho: number): readonly Condition[] => [
  { says: "the loss of every example is in [0, 1]", met: learning.largest <= 1 },
  {
    says: "L_D(w) ≤ E L_D(w + ε), ε ~ N(0, σ²)",
    met: learning.population(w) <= learning.smoothed(w, widthInBall(rho, samplingOf(learning, w))),
  },
];

const withMax =
  (ball: Ball) =>
  (learning: Learning, w: Point, rho: number): Bound =>
    bound(
      learning.population(w),
      learning.sample.highest(ball, w, rho) + hOf(learning, w, rho),
      foretConditions(learning, w, rho),
    );

/**
 * L_D(w) ≤ max L_S(w + ε) + h(‖w‖²/ρ²), the maximum over ‖ε‖₂ ≤ ρ (Foret et al., theorem 2).
 *
 * @implements QGen.eq.8
 * @deviation Holds with probability at least 1 − η over the sample, and under two conditions that the paper leaves
 *   out: losses in [0, 1], and a population loss that noise on w does not lower.
 */
export const foretBound: (learning: Learning, w: Point, rho: number) => Bound = withMax(l2);

/**
 * L_D(w) ≤ max L_S(w + ε) + h(‖w‖²/ρ²), the maximum over ‖ε‖∞ ≤ ρ.
 *
 * @implements QGen.eq.9
 * @deviation The paper calls it an extension of eq. 8. It follows from it, since the box contains the ball, and says
 *   less: its right side is never smaller.
 */
export const boxBound: (learning: Learning, w: Point, rho: number) => Bound = withMax(linf);

const inBox = (d: Point, rho: number): Condition => ({ says: "‖d‖∞ ≤ ρ", met: linf.norm(d) <= rho });

/**
 * L_S(w) ≤ L_S(w + d) ≤ max L_S(w + ε) over ‖ε‖∞ ≤ ρ, as two bounds.
 *
 * @param lowest - is w a minimum of L_S over the box?
 * @implements QGen.eq.10
 * @deviation “Holds in practice for a local minimum”, says the paper. The right part holds for every w, the left one
 *   where w is the lowest place of the box, and for some d only elsewhere.
 */
export function sandwich(
  { at, highest }: Loss,
  w: Point,
  d: Point,
  rho: number,
  lowest: boolean,
): { readonly lower: Bound; readonly upper: Bound } {
  const moved = at(plus(w, d));
  return {
    lower: bound(at(w), moved, [inBox(d, rho), { says: "w is the lowest place of the box", met: lowest }]),
    upper: bound(moved, highest(linf, w, rho), [inBox(d, rho)]),
  };
}

/**
 * max L_S(w + ε) − L_S(w + d) ≤ 2 ρ ‖∇L_S(w)‖₁ + ρ² C, where C ≥ Σ |∂ᵢ∂ⱼ L_S| all over the box: what is lost when
 * L_S(w + d) is put in the place of the maximum.
 *
 * @implements QGen.eq.11
 * @deviation The paper has “≈” for small ρ, and no error. It is of order ρ, or ρ² where w is stationary.
 */
export const replacedMaximum = (loss: Loss, w: Point, d: Point, rho: number, curvature: number): Bound =>
  bound(
    loss.highest(linf, w, rho) - loss.at(plus(w, d)),
    2 * rho * l1(loss.slope(w)) + rho * rho * curvature,
    [inBox(d, rho)],
  );

const atSummit = ({ at, highest }: Loss, w: Point, d: Point, rho: number): Condition => ({
  says: "L_S(w + d) is the maximum over the box",
  met: highest(linf, w, rho) <= at(plus(w, d)),
});

/**
 * L_D(w) ≤ L_S(w + d) + h(‖w‖²/ρ²)
 *
 * @implements QGen.eq.12
 * @deviation No consequence of eq. 9: the replacement makes the upper side smaller. It follows where d reaches the
 *   maximum; elsewhere it may fail, however small ρ is.
 */
export const withoutMaximum = (learning: Learning, w: Point, d: Point, rho: number): Bound =>
  bound(learning.population(w), learning.sample.at(plus(w, d)) + hOf(learning, w, rho), [
    ...foretConditions(learning, w, rho),
    inBox(d, rho),
    atSummit(learning.sample, w, d, rho),
  ]);

/**
 * L_D(w) − L_S(w + d) ≤ h(‖w‖²/ρ²)
 *
 * @implements QGen.eq.13
 * @deviation “The higher ρ, the tighter the bound” is true of h alone. What eq. 12 has dropped, max L_S(w + ε) −
 *   L_S(w + d), grows with ρ.
 */
export function gapBound(learning: Learning, w: Point, d: Point, rho: number): Bound {
  const { conditions } = withoutMaximum(learning, w, d, rho);
  return bound(learning.population(w) - learning.sample.at(plus(w, d)), hOf(learning, w, rho), conditions);
}

/**
 * L_D(w) − L_S(ŵ) ≤ h(4‖w‖²/δ²): eq. 13 with d = ŵ − w and ρ = δ/2.
 *
 * @param delta - δ, the width of the bins
 * @implements QGen.eq.14
 * @deviation Needs unclipped weights and one bin width, besides what eq. 13 needs. The left side is no
 *   generalization gap: L_D is taken at the latent weights, L_S at the quantized ones, ŵ = w + n (the paper: w + Δ).
 */
export function quantizedGapBound(learning: Learning, w: Point, wHat: Point, delta: number): Bound {
  const n = plus(wHat, times(-1, w));
  const { conditions } = gapBound(learning, w, n, delta / 2);
  return bound(
    learning.population(w) - learning.sample.at(wHat),
    h((4 * dot(w, w)) / (delta * delta), samplingOf(learning, w)),
    conditions.map((c) => (c.says === "‖d‖∞ ≤ ρ" ? { ...c, says: "‖ŵ − w‖∞ ≤ δ/2" } : c)),
  );
}
