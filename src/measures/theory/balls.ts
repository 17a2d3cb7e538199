/**
 * The two balls of section 4, and the highest loss in them: max L(w + ε) over ‖ε‖ ≤ ρ.
 *
 * Weights are plain numbers here, one list of p of them: the theory is about small examples, in float64.
 *
 * @packageDocumentation
 */

import { exp, log, square } from "../../tensor/math.ts";
import type { Rng } from "../../tensor/random.ts";

/** p numbers: weights, or a change of them. */
export type Point = readonly number[];

export const plus = (w: Point, e: Point): Point => w.map((x, i) => x + e[i]!);
export const times = (c: number, e: Point): Point => e.map((x) => c * x);
export const dot = (a: Point, b: Point): number => a.reduce((total, x, i) => total + x * b[i]!, 0);
export const l1 = (e: Point): number => e.reduce((total, x) => total + Math.abs(x), 0);

/** A ball about 0, of any radius, in one norm. */
export interface Ball {
  readonly name: "L2" | "L∞";
  readonly norm: (e: Point) => number;
  /** The point of the ball of radius ρ that is nearest to e. */
  readonly project: (e: Point, rho: number) => Point;
  /** Of all steps of norm 1, the one that climbs the slope fastest; no step where there is no slope. */
  readonly steepest: (slope: Point) => Point;
  /** A random point of the ball of radius ρ, every part of it equally likely. */
  readonly sample: (p: number, rho: number, rng: Rng) => Point;
}

const euclidean = (e: Point): number => Math.sqrt(dot(e, e));

/** ‖ε‖₂ ≤ ρ */
export const l2: Ball = {
  name: "L2",
  norm: euclidean,
  project(e, rho) {
    const length = euclidean(e);
    return length <= rho ? e : times(rho / length, e);
  },
  steepest(slope) {
    const length = euclidean(slope);
    return length === 0 ? slope : times(1 / length, slope);
  },
  sample(p, rho, rng) {
    const direction = l2.steepest(Array.from({ length: p }, () => rng.normal()));
    return times(rho * exp(log(rng.uniform()) / p), direction);
  },
};

/** ‖ε‖∞ ≤ ρ */
export const linf: Ball = {
  name: "L∞",
  norm: (e) => e.reduce((most, x) => Math.max(most, Math.abs(x)), 0),
  project: (e, rho) => e.map((x) => Math.min(Math.max(x, -rho), rho)),
  steepest: (slope) => slope.map(Math.sign),
  sample: (p, rho, rng) => Array.from({ length: p }, () => rho * (2 * rng.uniform() - 1)),
};

/** A loss of p weights, L: ℝᵖ → ℝ. */
export interface Loss {
  readonly at: (w: Point) => number;
  /** ∇L(w) */
  readonly slope: (w: Point) => Point;
  /** max L(w + ε) over the ball of radius ρ. */
  readonly highest: (ball: Ball, w: Point, rho: number) => number;
  /** Is `highest` the maximum, or only the highest that was found? */
  readonly exact: boolean;
}

/** A place in a ball, and the loss there. */
export interface Summit {
  readonly e: Point;
  readonly value: number;
}

export interface Ascent {
  readonly rng: Rng;
  readonly steps?: number;
  /** Random starts, besides the middle of the ball. */
  readonly starts?: number;
}

/**
 * The highest place that projected gradient ascent comes by, with steepest steps that shrink to 0: from the middle
 * with a first step of 2ρ, which reaches every edge, and from random places with one of ρ/4, which stays near. It
 * is in the ball, and so never above the maximum.
 */
export function ascend(
  { at, slope }: Pick<Loss, "at" | "slope">,
  ball: Ball,
  w: Point,
  rho: number,
  { rng, steps = 40, starts = 4 }: Ascent,
): Summit {
  nonNegative(rho);
  let best: Summit = { e: w.map(() => 0), value: at(w) };
  const visit = (e: Point): Point => {
    const value = at(plus(w, e));
    if (value > best.value) best = { e, value };
    return e;
  };
  for (let start = 0; start <= starts; start++) {
    let e = visit(start === 0 ? w.map(() => 0) : ball.sample(w.length, rho, rng.fork(`start/${start}`)));
    const first = start === 0 ? 2 * rho : rho / 4;
    for (let step = 0; step < steps; step++) {
      const length = first * square(1 - step / steps);
      e = visit(ball.project(plus(e, times(length, ball.steepest(slope(plus(w, e))))), rho));
    }
  }
  return best;
}

/** A loss of which only values and slopes are known. The same ascents at each call. */
export const climbed = (loss: Pick<Loss, "at" | "slope">, ascent: Ascent): Loss => ({
  ...loss,
  highest: (ball, w, rho) => ascend(loss, ball, w, rho, ascent).value,
  exact: false,
});

/** More weights than this have too many vertices to list. */
const MAX_WEIGHTS = 16;

/** All 2ᵖ corners of the box ‖ε‖∞ ≤ ρ. */
export function vertices(p: number, rho: number): Point[] {
  if (p > MAX_WEIGHTS) throw new RangeError(`vertices: expected at most ${MAX_WEIGHTS} weights, got ${p}`);
  return Array.from({ length: 2 ** p }, (_, signs) =>
    Array.from({ length: p }, (_, i) => ((signs >> i) & 1 ? rho : -rho)),
  );
}

export function nonNegative(rho: number): number {
  if (!(rho >= 0 && rho < Infinity))
    throw new RangeError(`ball: expected a finite radius of at least 0, got ${rho}`);
  return rho;
}
