import { dot, linf, type Point, vertices } from "../../measures/theory/balls.ts";
import {
  type Bound,
  boxBound,
  gapBound,
  type Learning,
  quantizedGapBound,
  withoutMaximum,
} from "../../measures/theory/bounds.ts";
import { h } from "../../measures/theory/h.ts";
import { quadratic } from "../../measures/theory/quadratic.ts";
import { createRng } from "../../tensor/random.ts";
import { type Check, type Sides, sides } from "./check.ts";
import { bumps } from "./learning.ts";
import { memorizer } from "./memorizer.ts";
import { numbers, rounded, tensor } from "./networks.ts";

const rng = createRng("theory/gaps");
const size = { n: 2000, eta: 0.05 };
const bump = (): Learning => bumps(2, size, rng.fork("bumps"));
const ofBound = ({ left, right }: Bound): Sides => sides(left, "≤", right, 0);

/** The corner of the box where the loss is highest. */
const corner = ({ sample }: Learning, w: Point, rho: number): Point =>
  vertices(w.length, rho).reduce((a, b) =>
    sample.at(w.map((x, i) => x + b[i]!)) > sample.at(w.map((x, i) => x + a[i]!)) ? b : a,
  );

const byHeart = () => memorizer({ n: 1000, eta: 0.05, domain: 20_000 }, rng.fork("by heart"));
const RHO = 2 ** -7;

/** A loss that is steep in its one weight, at w = 1. */
const steep: Learning = {
  n: 10_000,
  eta: 0.05,
  population: () => 0,
  smoothed: () => 0,
  sample: quadratic([[100]], { center: [1] }),
  largest: 1,
};

/** Eq. 14 for weights rounded to that many bits with bins of width δ. */
function rounding(w: Point, bits: number, delta: number): { readonly bound: Bound; readonly hat: Point } {
  const hat = numbers(rounded({ w: tensor(w) }, bits, delta).wHat.w!);
  return { bound: quantizedGapBound(bump(), w, hat, delta), hat };
}

/** The left side of eq. 14 against the gap of the quantized network. */
function gaps(w: Point, delta: number): Sides {
  const { population, sample } = bump();
  const { bound, hat } = rounding(w, 4, delta);
  return sides(bound.left, "=", population(hat) - sample.at(hat));
}

/** Equations 12 to 14: the bound without its maximum. */
export const gapBoundChecks: readonly Check[] = [
  {
    item: "QGen.eq.12",
    standing: "heuristic",
    statement: "L_D(w) ≤ L_S(w + d) + h(‖w‖²/ρ²)",
    conditions: [
      "those of eq. 8",
      "L_S(w + d) is the maximum over the box: otherwise it is no consequence of eq. 9",
    ],
    example: "ℓ = 1 − exp(−‖w − z‖²/2), n = 2000, w = (½, ½), d the highest corner of ‖d‖∞ ≤ ¼",
    run: () => {
      const learning = bump();
      const w = [0.5, 0.5];
      return ofBound(withoutMaximum(learning, w, corner(learning, w, 0.25), 0.25));
    },
    counterexample: {
      without: "the maximum",
      inPaper: "missing",
      example:
        "d = 0 at the sharpest minimum: one weight whose binary digits are the labels of 1,000 examples of 20,000; ρ = 2⁻⁷",
      run: () => {
        const { learning, w } = byHeart();
        return ofBound(withoutMaximum(learning, w, [0], RHO));
      },
    },
  },
  {
    item: "QGen.eq.12",
    standing: "theorem",
    statement: "eq. 9 holds where eq. 12 fails: the maximum is what sees a sharp minimum",
    conditions: ["the maximum is kept"],
    example: "the same weight: L_D(w) against max L_S(w + ε) + h",
    run: () => {
      const { learning, w } = byHeart();
      return ofBound(boxBound(learning, w, RHO));
    },
    counterexample: {
      without: "the maximum",
      inPaper: "ours",
      example: "the same weight: L_S(w + d) + h with d = 2⁻⁶⁰, a noise that no double notices",
      run: () => {
        const { learning, w } = byHeart();
        return ofBound(withoutMaximum(learning, w, [2 ** -60], RHO));
      },
    },
  },
  {
    item: "QGen.eq.13",
    standing: "heuristic",
    statement: "L_D(w) − L_S(w + d) ≤ h(‖w‖²/ρ²)",
    conditions: ["those of eq. 12"],
    example: "the loss of bumps at w = (½, ½), d = (−0.2, 0.1), ρ = ¼",
    run: () => ofBound(gapBound(bump(), [0.5, 0.5], [-0.2, 0.1], 0.25)),
    counterexample: {
      without: "the maximum",
      inPaper: "missing",
      example: "the weight that knows its sample by heart, d = 0",
      run: () => {
        const { learning, w } = byHeart();
        return ofBound(gapBound(learning, w, [0], RHO));
      },
    },
  },
  {
    item: "QGen.eq.13",
    standing: "heuristic",
    statement: "a higher ρ makes the bound tighter",
    conditions: ["the right side is h alone"],
    example: "h at ρ = 0.2 against ρ = 0.1; w = 1, n = 10,000",
    run: () => sides(gapBound(steep, [1], [0], 0.2).right, "<", gapBound(steep, [1], [0], 0.1).right),
    counterexample: {
      without: "h alone",
      inPaper: "missing",
      example: "max L_S(w + ε) + h, the bound that is proven, for L_S = 50 (w − 1)²",
      run: () => sides(boxBound(steep, [1], 0.2).right, "<", boxBound(steep, [1], 0.1).right),
    },
  },
  {
    item: "QGen.eq.14",
    standing: "heuristic",
    statement: "L_D(w) − L_S(ŵ) ≤ h(4‖w‖²/δ²)",
    conditions: [
      "those of eq. 13",
      "‖ŵ − w‖∞ ≤ δ/2: no weight is clipped",
      "one bin width δ for all weights",
    ],
    example: "the loss of bumps at w = (0.7, −0.4), 4 bits, δ = ½",
    run: () => ofBound(rounding([0.7, -0.4], 4, 0.5).bound),
    counterexample: {
      without: "unclipped weights",
      inPaper: "missing",
      example: "w = (4, 0) at 2 bits with δ = 1, which is clipped to (1, 0)",
      run: () => ofBound(rounding([4, 0], 2, 1).bound),
    },
  },
  {
    item: "QGen.eq.14",
    standing: "theorem",
    statement: "h(4‖w‖²/δ²) = h(‖w‖²/ρ²)",
    conditions: ["ρ = δ/2 is the largest ‖n‖∞ of the noise"],
    example: "w = (0.7, −0.4), δ = ½",
    run: () => {
      const w = [0.7, -0.4];
      const k2 = { k: 2, ...size };
      return sides(rounding(w, 4, 0.5).bound.right, "=", h(dot(w, w) / 0.25 ** 2, k2));
    },
    counterexample: {
      without: "that",
      inPaper: "ours",
      example: "w = (4, 0) at 2 bits, δ = 1: ρ = ‖n‖∞ = 3",
      run: () => {
        const w = [4, 0];
        const { bound, hat } = rounding(w, 2, 1);
        const rho = linf.norm(hat.map((x, i) => x - w[i]!));
        return sides(bound.right, "=", h(dot(w, w) / rho ** 2, { k: 2, ...size }));
      },
    },
  },
  {
    item: "QGen.eq.14",
    standing: "heuristic",
    statement: "L_D(w) − L_S(ŵ) is the generalization gap of the quantized network, L_D(ŵ) − L_S(ŵ)",
    conditions: ["L_D(w) = L_D(ŵ), for example because w lies on its levels"],
    example: "w = (½, −½), 4 bits, δ = ½",
    run: () => gaps([0.5, -0.5], 0.5),
    counterexample: {
      without: "that",
      inPaper: "missing",
      example: "w = (0.7, −0.4), 4 bits, δ = ½",
      run: () => gaps([0.7, -0.4], 0.5),
    },
  },
];
