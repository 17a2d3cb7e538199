import { codes, initialStep, quantized, signed } from "../../quant/lsq.ts";
import { quantizationNoise } from "../../quant/noise.ts";
import { roundHalfEven } from "../../tensor/math.ts";
import { type Check, sides } from "./check.ts";
import { numbers, tensor } from "./networks.ts";

const total = (xs: Iterable<number>): number => [...xs].reduce((a, b) => a + b, 0);
const largest = (xs: readonly number[]): number => Math.max(...xs.map(Math.abs));
const differences = (a: readonly number[], b: readonly number[]): number =>
  largest(a.map((x, i) => x - b[i]!));
const clip = (x: number, low: number, high: number): number => Math.min(Math.max(x, low), high);

/** −4, −3.9, …, 3.9 */
const grid = Array.from({ length: 80 }, (_, i) => (i - 40) / 10);
/** ½, 1½, …, 6½: each halfway between two levels. */
const ties = Array.from({ length: 7 }, (_, i) => i + 0.5);
const round = (w: readonly number[], s: number, bits: number): number[] =>
  numbers(quantized(tensor(w), tensor([s], []), signed(bits)));

/** The largest difference between rounding what was clipped and clipping what was rounded. */
const orderMatters = (low: number, high: number): number =>
  differences(
    grid.map((x) => roundHalfEven(clip(x, low, high))),
    grid.map((x) => clip(roundHalfEven(x), low, high)),
  );

/** max |Δ| at 4 bits and s = ½, whose unclipped weights reach from −4¼ to 3¾. */
function largestNoise(w: readonly number[]): number {
  const value = tensor(w);
  return largest(numbers(quantizationNoise(value, quantized(value, tensor([0.5], []), signed(4)))));
}

const steppedAgain = (): number => {
  const once = round(grid, 0.5, 3);
  return initialStep(tensor(once), signed(3));
};

/** Equations 1 to 3: the quantizer and its noise. */
export const quantizerChecks: readonly Check[] = [
  {
    item: "QGen.eq.1",
    standing: "definition",
    statement: "⌊clip(w/s)⌉ = clip(⌊w/s⌉)",
    conditions: ["the limits −2ᵇ⁻¹ and 2ᵇ⁻¹ − 1 are whole numbers"],
    example: "the largest difference for w/s = −4, −3.9, …, 3.9, at 2 bits",
    run: () => sides(orderMatters(-2, 1), "=", 0),
    counterexample: {
      without: "whole limits",
      inPaper: "ours",
      example: "limits −1.5 and 1.5, as in a range that is symmetric about 0",
      run: () => sides(orderMatters(-1.5, 1.5), "=", 0),
    },
  },
  {
    item: "QGen.eq.1",
    standing: "definition",
    statement: "rounding has no bias where it has a choice: Σ w̄ = Σ w/s",
    conditions: [
      "ties go to the even level, as in every reference implementation; the paper does not say",
      "s > 0",
    ],
    example: "w/s = 1½, 2½, …, 6½",
    run: () =>
      sides(total(codes(tensor(ties.slice(1)), tensor([1], []), signed(8))), "=", total(ties.slice(1))),
    counterexample: {
      without: "ties to the even level",
      inPaper: "ours",
      example: "the same weights, ties away from 0",
      run: () =>
        sides(
          total(codes(tensor(ties.slice(1)), tensor([1], []), signed(8), "half-away")),
          "=",
          total(ties.slice(1)),
        ),
    },
  },
  {
    item: "QGen.eq.2",
    standing: "definition",
    statement: "Q(c w; c s) = c Q(w; s)",
    conditions: ["c > 0"],
    example: "the largest difference for c = 4 at 3 bits, s = ½",
    run: () =>
      sides(
        differences(
          round(
            grid.map((x) => 4 * x),
            2,
            3,
          ),
          round(grid, 0.5, 3).map((x) => 4 * x),
        ),
        "=",
        0,
      ),
    counterexample: {
      without: "c > 0",
      inPaper: "ours",
      example: "Q(−w; s) against −Q(w; s): there is one level more below 0 than above",
      run: () =>
        sides(
          differences(
            round(
              grid.map((x) => -x),
              0.5,
              3,
            ),
            round(grid, 0.5, 3).map((x) => -x),
          ),
          "=",
          0,
        ),
    },
  },
  {
    item: "QGen.eq.2",
    standing: "definition",
    statement: "Q(Q(w; s); s) = Q(w; s)",
    conditions: ["the same step both times"],
    example: "the largest difference at 3 bits, s = ½",
    run: () => sides(differences(round(round(grid, 0.5, 3), 0.5, 3), round(grid, 0.5, 3)), "=", 0),
    counterexample: {
      without: "the same step",
      inPaper: "ours",
      example: "the second step chosen anew from the quantized weights, 2 mean|ŵ|/√Qp",
      run: () =>
        sides(differences(round(round(grid, 0.5, 3), steppedAgain(), 3), round(grid, 0.5, 3)), "=", 0),
    },
  },
  {
    item: "QGen.eq.3",
    standing: "theorem",
    statement: "‖Δ‖∞ ≤ s/2",
    conditions: ["no weight is clipped: −2ᵇ⁻¹ − ½ ≤ w/s ≤ 2ᵇ⁻¹ − ½"],
    example: "w = −4, …, 3.7 at 4 bits, s = ½",
    run: () => sides(largestNoise(grid.filter((w) => w <= 3.75)), "≤", 0.25),
    counterexample: {
      without: "unclipped weights",
      inPaper: "missing",
      example: "a weight of 6, whose nearest level is 3.5",
      run: () => sides(largestNoise([...grid, 6]), "≤", 0.25),
    },
  },
  {
    item: "QGen.eq.3",
    standing: "definition",
    statement: "the quantized network computes at w + n = ŵ",
    conditions: ["n = −Δ = ŵ − w; the paper writes w + Δ"],
    example: "w = 0.3, s = 1, so that ŵ = 0",
    run: () =>
      sides(
        0.3 - numbers(quantizationNoise(tensor([0.3]), tensor(round([0.3], 1, 4))))[0]!,
        "=",
        round([0.3], 1, 4)[0]!,
      ),
    counterexample: {
      without: "that sign",
      inPaper: "missing",
      example: "w + Δ, which is 2w − ŵ",
      run: () =>
        sides(
          0.3 + numbers(quantizationNoise(tensor([0.3]), tensor(round([0.3], 1, 4))))[0]!,
          "=",
          round([0.3], 1, 4)[0]!,
        ),
    },
  },
];
