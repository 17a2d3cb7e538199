import { l2, linf, type Point } from "../../measures/theory/balls.ts";
import { type Bound, foretBound } from "../../measures/theory/bounds.ts";
import { h, widthInBall } from "../../measures/theory/h.ts";
import { quadratic } from "../../measures/theory/quadratic.ts";
import { createRng } from "../../tensor/random.ts";
import { type Check, type Sides, sides } from "./check.ts";
import { bumps, rareDisaster } from "./learning.ts";

const rng = createRng("theory/bounds");
const size = { n: 2000, eta: 0.05 };
const sampling = { k: 2, ...size };
const samples = 20;

/** Of the bounds for so many samples, the one with the least room between its sides. */
function tightest(bound: (sample: number) => Bound): Sides {
  const all = Array.from({ length: samples }, (_, i) => bound(i));
  const { left, right } = all.reduce((a, b) => (b.right - b.left < a.right - a.left ? b : a));
  return sides(left, "≤", right, 0);
}

/** L_D(w) against E L_D(w + ε), for the width of a ball of radius 1. */
function onHill(w: Point): Sides {
  const { population, smoothed } = bumps(2, { ...size, n: 2 }, rng);
  return sides(population(w), "≤", smoothed(w, widthInBall(1, sampling)), 0);
}

/** A bowl with five weights, each coupled to the next. */
const bowl = quadratic(
  Array.from({ length: 5 }, (_, i) =>
    Array.from({ length: 5 }, (_, j) => (i === j ? 2 : Math.abs(i - j) === 1 ? 0.5 : 0)),
  ),
);
const origin = [0, 0, 0, 0, 0];
const slopeOf = [1, -1, 0.5, 0, 0.25];
const rho = 0.5;
/** ½ ρ² p λ */
const ceiling = 0.5 * rho * rho * 5 * bowl.eigen.values.at(-1)!;

/** Equations 8 and 9: the bound of Foret et al., and the same in the box. */
export const ballBoundChecks: readonly Check[] = [
  {
    item: "QGen.eq.8",
    standing: "theorem",
    statement: "L_D(w) ≤ max L_S(w + ε) + h(‖w‖²/ρ²) over ‖ε‖₂ ≤ ρ, with probability 1 − η over the sample",
    conditions: [
      "the loss of every example is in [0, 1]",
      "L_D(w) ≤ E L_D(w + ε), ε ~ N(0, σ²), σ = ρ/(√k + √ln n)",
    ],
    example: `ℓ = 1 − exp(−‖w − z‖²/2), k = 2, n = ${size.n}, η = ${size.eta}, w = (½, ½), ρ = ½: the tightest of ${samples} samples`,
    run: () => tightest((i) => foretBound(bumps(2, size, rng.fork(`sample/${i}`)), [0.5, 0.5], 0.5)),
    counterexample: {
      without: "losses in [0, 1]",
      inPaper: "missing",
      example: `one example of ${size.n} costs ${10 * size.n}, the others nothing: more than a third of all samples has none`,
      run: () => tightest((i) => foretBound(rareDisaster(size, rng.fork(`rare/${i}`)), [0.5, 0.5], 0.5)),
    },
  },
  {
    item: "QGen.eq.8",
    standing: "theorem",
    statement: "L_D(w) ≤ E L_D(w + ε), what the proof of eq. 8 starts from",
    conditions: ["w is not near the top of a hill of L_D"],
    example: "the same loss at w = (½, ½), ρ = 1",
    run: () => onHill([0.5, 0.5]),
    counterexample: {
      without: "that",
      inPaper: "ours",
      example: "w = (4, 4), where the loss is nearly 1 and lower all around",
      run: () => onHill([4, 4]),
    },
  },
  {
    item: "QGen.eq.8",
    standing: "theorem",
    statement: "h(‖w‖²/ρ²) is smaller for a larger ρ",
    conditions: ["‖w‖ does not grow along with ρ: only their ratio counts"],
    example: `‖w‖ = 1: ρ = 0.2 against ρ = 0.1, k = 2, n = ${size.n}`,
    run: () => sides(h((1 / 0.2) ** 2, sampling), "<", h((1 / 0.1) ** 2, sampling)),
    counterexample: {
      without: "a fixed ‖w‖",
      inPaper: "ours",
      example: "ρ = 0.2 and ‖w‖ = 2: the same h",
      run: () => sides(h((2 / 0.2) ** 2, sampling), "<", h((1 / 0.1) ** 2, sampling)),
    },
  },
  {
    item: "QGen.eq.9",
    standing: "theorem",
    statement: "max over ‖ε‖₂ ≤ ρ is at most max over ‖ε‖∞ ≤ ρ: eq. 9 follows from eq. 8, and says less",
    conditions: ["the same ρ in both norms"],
    example: "½ wᵀHw with five weights at w = (1, −1, ½, 0, ¼), ρ = ½",
    run: () => sides(bowl.highest(l2, slopeOf, rho), "≤", bowl.highest(linf, slopeOf, rho)),
    counterexample: {
      without: "the same ρ",
      inPaper: "ours",
      example: "a box of radius ρ/√5, which lies in the ball: eq. 8 does not give eq. 9 for it",
      run: () => sides(bowl.highest(l2, slopeOf, rho), "≤", bowl.highest(linf, slopeOf, rho / Math.sqrt(5))),
    },
  },
  {
    item: "QGen.eq.9",
    standing: "theorem",
    statement: "max L(w + ε) over ‖ε‖∞ ≤ ρ is at most ½ ρ² p λ, λ the largest eigenvalue of the Hessian",
    conditions: ["L is quadratic", "w is its minimum, with L = 0"],
    example: "the same H at w = 0, all 2⁵ vertices",
    run: () => sides(bowl.highest(linf, origin, rho), "≤", ceiling),
    counterexample: {
      without: "a minimum",
      inPaper: "ours",
      example: "the same at w = (1, −1, ½, 0, ¼)",
      run: () => sides(bowl.highest(linf, slopeOf, rho), "≤", ceiling),
    },
  },
];
