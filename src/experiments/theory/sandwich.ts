import { linf, type Point, plus, vertices } from "../../measures/theory/balls.ts";
import { type Bound, replacedMaximum, sandwich } from "../../measures/theory/bounds.ts";
import { absoluteSum, quadratic } from "../../measures/theory/quadratic.ts";
import { createRng } from "../../tensor/random.ts";
import { type Check, type Sides, sides } from "./check.ts";
import { descend, linear, type Problem, squaredLossOf, twoLayers } from "./networks.ts";

const bowl = quadratic([
  [2, 1],
  [1, 3],
]);
const rho = 0.5;
const away = [1, -0.5];
const rest = [0, 0];
const curvature = absoluteSum(bowl.hessian);

/** Of 1,000 random d in a box of that radius, the bound with the least room. */
function tightest(radius: number, bound: (d: Point) => Bound, p = 2): Sides {
  const rng = createRng("theory/box");
  const all = Array.from({ length: 1000 }, () => bound(linf.sample(p, radius, rng)));
  const { left, right } = all.reduce((a, b) => (b.right - b.left < a.right - a.left ? b : a));
  return sides(left, "≤", right, 0);
}

/** The loss at the end of training against that at w + d, for the d of a small box that lowers it most. */
function afterTraining(problem: Problem): Sides {
  const loss = squaredLossOf(problem);
  const w = descend(loss, problem.w, 1000, 0.05);
  const here = loss.at(w);
  const lower = (d: Point): Bound => {
    const right = loss.at(plus(w, d));
    return { left: here, right, holds: here <= right, conditions: [] };
  };
  return tightest(0.05, lower, w.length);
}

/** L(w) against the mean of L(w + d) over so many of d = ±½ in both weights. */
function onAverage(signs: readonly Point[]): Sides {
  const moved = signs.map((d) => bowl.at(plus(away, d)));
  return sides(bowl.at(away), "≤", moved.reduce((a, b) => a + b, 0) / moved.length);
}

/** How much is lost at d = 0, and the bound of order ρ² that holds at a minimum. */
const lossAt = (w: Point): Sides =>
  sides(replacedMaximum(bowl, w, rest, 0.1, curvature).left, "≤", 0.1 ** 2 * curvature);

const sharp = quadratic([[1000]]);
const relativeError = (radius: number): Sides =>
  sides(replacedMaximum(sharp, [0], [0], radius, 1000).left, "≤", 0.01);

/** Equations 10 and 11: the loss at w + d between that at w and the maximum. */
export const sandwichChecks: readonly Check[] = [
  {
    item: "QGen.eq.10",
    standing: "theorem",
    statement: "L_S(w + d) ≤ max L_S(w + ε) over ‖ε‖∞ ≤ ρ",
    conditions: ["‖d‖∞ ≤ ρ; w may be anywhere"],
    example: "½ wᵀHw, H = (2 1; 1 3), at w = (1, −½), ρ = ½: the tightest of 1,000 random d",
    run: () => tightest(rho, (d) => sandwich(bowl, away, d, rho, false).upper),
    counterexample: {
      without: "‖d‖∞ ≤ ρ",
      inPaper: "named",
      example: "‖d‖∞ ≤ 2ρ",
      run: () => tightest(2 * rho, (d) => sandwich(bowl, away, d, rho, false).upper),
    },
  },
  {
    item: "QGen.eq.10",
    standing: "heuristic",
    statement: "L_S(w) ≤ L_S(w + d)",
    conditions: ["w is the lowest place of the box, which SGD does not promise"],
    example: "the same loss at its minimum: the tightest of 1,000 random d",
    run: () => tightest(rho, (d) => sandwich(bowl, rest, d, rho, true).lower),
    counterexample: {
      without: "a minimum",
      inPaper: "named",
      example: "L = w², w = 1, d = −½",
      run: () => {
        const { left, right } = sandwich(quadratic([[2]]), [1], [-0.5], rho, false).lower;
        return sides(left, "≤", right);
      },
    },
  },
  {
    item: "QGen.eq.10",
    standing: "heuristic",
    statement: "L_S(w) ≤ L_S(w + d), where training ends",
    conditions: ["training has come to a minimum, as it does for a convex loss"],
    example:
      "the linear network after 1,000 steps of gradient descent: the tightest of 1,000 random d, ‖d‖∞ ≤ 0.05",
    run: () => afterTraining(linear),
    counterexample: {
      without: "a convex loss",
      inPaper: "named",
      example: "two layers with tanh after 1,000 steps: descent is still under way",
      run: () => afterTraining(twoLayers),
    },
  },
  {
    item: "QGen.eq.10",
    standing: "theorem",
    statement: "L_S(w) ≤ E L_S(w + d)",
    conditions: ["L_S is convex; w may be anywhere", "E d = 0, which a single rounding does not have"],
    example: "½ wᵀHw at w = (1, −½), all 2² signs of ±½",
    run: () => onAverage(vertices(2, rho)),
    counterexample: {
      without: "E d = 0",
      inPaper: "ours",
      example: "the one d = (−½, ½)",
      run: () => onAverage([[-rho, rho]]),
    },
  },
  {
    item: "QGen.eq.11",
    standing: "theorem",
    statement: "max L_S(w + ε) − L_S(w + d) ≤ ρ² Σ|Hᵢⱼ|: the approximation has an error of order ρ²",
    conditions: ["w is stationary; elsewhere 2ρ‖∇L_S‖₁ comes on top, and the order is ρ"],
    example: "½ wᵀHw at w = 0, d = 0, ρ = 0.1",
    run: () => lossAt(rest),
    counterexample: {
      without: "a stationary w",
      inPaper: "ours",
      example: "the same at w = (1, −½)",
      run: () => lossAt(away),
    },
  },
  {
    item: "QGen.eq.11",
    standing: "heuristic",
    statement: "max L_S(w + ε) ≈ L_S(w + d), to 0.01, for small ρ",
    conditions: ["ρ is small compared with 1/√λ, λ the curvature: “small” has no meaning of its own"],
    example: "L = 500 w², w = d = 0, ρ = 0.001",
    run: () => relativeError(0.001),
    counterexample: {
      without: "a flat minimum",
      inPaper: "named",
      example: "the same with ρ = 0.1",
      run: () => relativeError(0.1),
    },
  },
];
