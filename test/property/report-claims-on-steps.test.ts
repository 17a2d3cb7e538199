import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { aggregate } from "../../src/experiments/report/aggregate.ts";
import { type Claim, score, type Verdict } from "../../src/experiments/report/claim.ts";
import {
  binPairs,
  keepsToHalfStep,
  noiseBound,
  widerBins,
} from "../../src/experiments/report/claims-on-steps.ts";
import type { RunResult } from "../../src/experiments/result.ts";
import { verifies } from "../spec.ts";
import { experiment, grid, layer, made } from "./report-runs.ts";

const bins = (runs: readonly RunResult[]): Claim => widerBins(aggregate(runs).precisions);
const bound = (runs: readonly RunResult[]): Claim => noiseBound(aggregate(runs).precisions);

describe("bins", () => {
  verifies(
    "QGen.fig.1",
    "the bin of each layer is compared with its own at the next fewer bits, seed by seed",
    () => {
      fc.assert(
        fc.property(experiment, (runs) => {
          const widths = [...new Set(runs.map(({ config }) => config.bits))].filter((bits) => bits < 32);
          widths.sort((a, b) => b - a);
          const expected = widths.slice(1).flatMap((fewer, i) =>
            runs
              .filter(({ config }) => config.bits === widths[i])
              .flatMap(({ config: { seed }, steps }) => {
                const other = runs.find(({ config }) => config.bits === fewer && config.seed === seed);
                // "c" keeps 8 bits whatever the precision: it is no layer of fewer bits.
                return (other?.steps.slice(0, 2) ?? []).map(({ weight, step }, j) => ({
                  from: `Int${widths[i]}`,
                  to: `Int${fewer}`,
                  where: `${weight}, seed ${seed}`,
                  ratio: step / steps[j]!.step,
                }));
              }),
          );
          const pairs = binPairs(aggregate(runs).precisions);
          const sorted = (list: typeof pairs) =>
            list.map((pair) => JSON.stringify(pair)).sort((a, b) => (a < b ? -1 : 1));
          expect(sorted(pairs)).toEqual(sorted(expected));
          const { verdict } = bins(runs);
          if (expected.length === 0) expect(verdict).toBe("undecided");
          else expect(verdict).toBe(expected.every(({ ratio }) => ratio > 1) ? "holds" : "fails");
        }),
      );
    },
  );

  verifies("QGen.fig.1", "one bin that is not wider, in one layer of one seed, is named and decides", () => {
    const steps = (width: number, bits: number) => [layer("a", bits, width), layer("b", bits, 2 * width)];
    const runs = (last: number) =>
      grid([8, 4, 2], 3, (precision, seed, bits) => ({
        steps:
          seed === 1 && bits === 2
            ? [layer("a", 2, 0.9), layer("b", 2, last)]
            : steps(0.1 * (precision + 1), bits),
      }));
    expect(bins(runs(0.41))).toMatchObject({
      verdict: "holds",
      says: [
        "Wider in 12 of 12 comparisons (layer by layer, seed by seed): Int8 to Int4, 2.00 to 2.00 times as wide; Int4 to Int2, 1.02 to 4.50 times as wide.",
      ],
    });
    // Equal is not wider.
    expect(bins(runs(0.4))).toMatchObject({
      verdict: "fails",
      says: [expect.stringMatching(/^Wider in 11 of 12 comparisons/), "Not wider: b, seed 1, Int4 to Int2."],
    });
  });

  test("of many that are not wider five are named, and one seed is enough", () => {
    const runs = grid([4, 2], 1, (_, __, bits) => ({
      steps: ["a", "b", "c", "d", "e", "f"].map((name) => layer(name, bits, bits)),
    }));
    expect(bins(runs)).toMatchObject({
      verdict: "fails",
      says: [
        "Wider in 0 of 6 comparisons (layer by layer, seed by seed): Int4 to Int2, 0.500 to 0.500 times as wide.",
        "Not wider: a, seed 0, Int4 to Int2, b, seed 0, Int4 to Int2, c, seed 0, Int4 to Int2, d, seed 0, Int4 to Int2 and e, seed 0, Int4 to Int2 and others.",
      ],
    });
  });

  test.each([
    ["one quantized precision", grid([32, 4], 2)],
    ["no quantized precision", grid([32], 2)],
    ["no seed in common", [made({ bits: 8, seed: 0 }), made({ bits: 4, seed: 1 })]],
  ])("with %s the claim is undecided", (_, runs) => {
    expect(bins(runs)).toMatchObject({
      verdict: "undecided",
      says: ["This needs two quantized precisions with runs that count."],
    });
  });
});

describe("quantization noise", () => {
  verifies("QGen.eq.3", "half a step is the bound, with the slack of float32 at the outermost level", () => {
    for (const bits of [2, 3, 4, 8]) {
      const largestError = 0.5 + 2 ** (bits - 24);
      expect(keepsToHalfStep({ bits, largestError })).toBe(true);
      expect(keepsToHalfStep({ bits, largestError: largestError + 2 ** (bits - 27) })).toBe(false);
      expect(keepsToHalfStep({ bits, largestError: Number.NaN })).toBe(false);
    }
  });

  test("a single layer beyond the bound makes the claim fail; clipping does not, but is told", () => {
    const runs = (largestError: number, clipped: number) =>
      grid([32, 4, 2], 2, (_, seed, bits) => ({
        steps:
          bits === 32
            ? []
            : [
                layer("a", bits, 1),
                layer("b", bits, 1, bits === 2 && seed === 1 ? { largestError, clipped } : {}),
              ],
      }));
    expect(bound(runs(0.5, 0))).toMatchObject({
      verdict: "holds",
      says: [
        "The largest error of a weight that is not clipped is 0.5000 steps, over 8 layers of all quantized runs.",
        "No weight is clipped.",
      ],
    });
    expect(bound(runs(0.5, 0.0123))).toMatchObject({
      verdict: "holds",
      says: [
        expect.any(String),
        "Up to 1.2% of a layer’s weights are clipped; they are moved by more than that.",
      ],
    });
    expect(bound(runs(0.501, 0))).toMatchObject({
      verdict: "fails",
      says: [
        expect.stringContaining("is 0.5010 steps"),
        "Beyond half a step in one layer.",
        "No weight is clipped.",
      ],
    });
    expect(bound(grid([32], 2))).toMatchObject({
      verdict: "undecided",
      says: ["This needs a quantized precision with runs that count."],
    });
  });
});

describe("the score", () => {
  const claims = (...verdicts: Verdict[]): Claim[] =>
    verdicts.map((verdict) => ({ ...bound(grid([2], 1)), verdict }));

  test.each<[Verdict[], string]>([
    [["holds", "fails", "undecided"], "1 holds here, 1 does not and 1 is undecided"],
    [["holds", "holds", "fails", "fails"], "2 hold here and 2 do not"],
    [["fails", "undecided", "undecided"], "1 does not hold here and 2 are undecided"],
    [["fails", "fails"], "2 do not hold here"],
    [["undecided"], "1 is undecided"],
    [["holds"], "1 holds here"],
  ])("of %j is a sentence", (verdicts, words) => {
    expect(score(claims(...verdicts))).toBe(words);
  });
});
