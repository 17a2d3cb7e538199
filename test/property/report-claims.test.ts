import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { aggregate } from "../../src/experiments/report/aggregate.ts";
import type { Claim, Verdict } from "../../src/experiments/report/claim.ts";
import { claimsOf } from "../../src/experiments/report/claims.ts";
import { trend } from "../../src/experiments/report/claims-on-losses.ts";
import { referenceFor } from "../../src/experiments/report/reference.ts";
import { mean, standardDeviation } from "../../src/experiments/report/statistics.ts";
import type { RunResult } from "../../src/experiments/result.ts";
import { grid, made, paperBits } from "./report-runs.ts";

/** All that a report on these runs says of one claim. */
function claim(runs: readonly RunResult[], id: string, data = "cifar10"): Claim {
  const found = claimsOf(aggregate(runs), referenceFor(data)).find((candidate) => candidate.id === id);
  if (found === undefined) throw new Error(`no claim "${id}"`);
  return found;
}
const verdict = (...args: Parameters<typeof claim>): Verdict => claim(...args).verdict;

/** Differs from run to run, but its mean over three seeds is zero: no precision gains by it. */
const noise = (size: number, precision: number, seed: number): number =>
  size * Math.cos((2 * Math.PI * seed) / 3 + 1.1 * precision);

/** Three seeds of the paper's precisions, with one metric at these levels and a little noise. */
const levels = (metric: "trainLoss" | "gap" | "testLoss", at: readonly number[], seeds = 3): RunResult[] =>
  grid(paperBits, seeds, (precision, seed) => ({ [metric]: at[precision]! + noise(0.004, precision, seed) }));

describe.each([
  ["training-loss", "trainLoss", 1],
  ["gap", "gap", -1],
] as const)("the trend %s", (id, metric, sign) => {
  const seen = (...at: number[]): number[] => at.map((x) => sign * x);

  test.each<[Verdict, string, number[]]>([
    ["holds", "every step leads the way of the claim", [0.1, 0.2, 0.3, 0.4]],
    ["holds", "some steps lead nowhere, none back", [0.1, 0.1, 0.1, 0.4]],
    ["fails", "the whole change leads back", [0.4, 0.3, 0.2, 0.1]],
    ["fails", "the whole leads the way of the claim, but a step leads back", [0.1, 0.5, 0.3, 0.4]],
    ["fails", "the whole leads nowhere, and a step leads back", [0.1, 0.5, 0.3, 0.1]],
    ["undecided", "nothing changes but noise", [0.2, 0.2, 0.2, 0.2]],
    ["undecided", "a step leads the way of the claim, the whole nowhere", [0.2, 0.2, 0.2, 0.213]],
  ])("%s where %s", (expected, _where, at) => {
    expect(verdict(levels(metric, seen(...at)), id)).toBe(expected);
  });

  test("is undecided with one seed, whatever it shows", () => {
    const { verdict, says } = claim(levels(metric, seen(0.1, 1, 10, 100), 1), id);
    expect(verdict).toBe("undecided");
    expect(says[0]).toMatch(/\(one seed, so no interval\)\.$/);
  });

  test("is undecided where no seed has both ends, and with one precision", () => {
    const apart = grid([32, 2], 3).filter(({ config: { bits, seed } }) => (bits === 32) === (seed === 0));
    expect(claim(apart, id)).toMatchObject({
      verdict: "undecided",
      says: [expect.stringMatching(/^Int2 minus FP32: .* unknown \(no seed has both\)\.$/)],
    });
    expect(claim(grid([4], 3), id)).toMatchObject({
      verdict: "undecided",
      says: ["This needs two precisions with runs that count."],
    });
  });
});

describe("a verdict on a trend", () => {
  // 97.5 % points for ν = 1, 2, 3.
  const critical = [12.7062047364, 4.3026527297, 3.1824463053];
  const change = fc.double({ min: -1, max: 1, noNaN: true });
  const experiment = fc
    .record({
      seeds: fc.integer({ min: 1, max: 4 }),
      effects: fc.array(change, { minLength: 4, maxLength: 4 }),
      noises: fc.array(change, { minLength: 16, maxLength: 16 }),
      size: fc.constantFrom(0, 0.01, 0.1, 1),
      count: fc.integer({ min: 2, max: 4 }),
    })
    .map(({ seeds, effects, noises, size, count }) =>
      grid(paperBits.slice(0, count), seeds, (precision, seed) => ({
        gap: effects[precision]! + size * noises[4 * precision + seed]!,
      })),
    );
  const judged = (runs: readonly RunResult[], sign: 1 | -1): Verdict =>
    trend(aggregate(runs).precisions, "gap", sign, { id: "", statement: "", place: "" }).verdict;
  const negated = (runs: readonly RunResult[]) => runs.map((run) => ({ ...run, gap: -run.gap }));

  test("is that of paired t tests on the whole change and on every step", () => {
    fc.assert(
      fc.property(experiment, (runs) => {
        const { precisions } = aggregate(runs);
        const gaps = precisions.map(({ runs }) => runs.map(({ gap }) => gap));
        const side = (from: number[], to: number[]): number => {
          const differences = to.map((x, i) => x - from[i]!);
          if (differences.length < 2) return 0;
          const error = standardDeviation(differences)! / Math.sqrt(differences.length);
          const beyond = Math.abs(mean(differences)) > critical[differences.length - 2]! * error;
          return beyond ? Math.sign(mean(differences)) : 0;
        };
        const whole = side(gaps[0]!, gaps.at(-1)!);
        const steps = gaps.slice(1).map((to, i) => side(gaps[i]!, to));
        const expected = [whole, ...steps].includes(-1) ? "fails" : whole === 1 ? "holds" : "undecided";
        expect(judged(runs, 1)).toBe(expected);
      }),
      { numRuns: 400 },
    );
  });

  test("turns round with the data: what rises here falls there, and never both", () => {
    fc.assert(
      fc.property(experiment, (runs) => {
        expect(judged(negated(runs), -1)).toBe(judged(runs, 1));
        if (judged(runs, 1) === "holds") expect(judged(negated(runs), 1)).toBe("fails");
      }),
    );
  });

  test("says the numbers that it follows from", () => {
    // Differences 0.1, 0.2, 0.3: 0.2 ± 4.3027 · 0.1 / √3.
    const runs = grid([32, 2], 3, (precision, seed) => ({ trainLoss: precision ? 0.6 + seed / 10 : 0.5 }));
    expect(claim(runs, "training-loss").says).toEqual([
      "Int2 minus FP32: training loss +0.200 (95% interval −0.048\u00a0to\u00a0+0.448, 3 seeds).",
    ]);
    expect(claim(levels("gap", [0.4, 0.3, 0.2, 0.1]), "gap").says[1]).toMatch(
      /^Step by step: FP32 to Int8 −0\.\d{3} \(.*\); Int8 to Int4 −.*; Int4 to Int2 −[^;]*\.$/,
    );
  });

  test("names a smaller gap that comes with a higher test loss, and no other", () => {
    const said = (train: number, test: number): string =>
      claim(
        grid(paperBits, 3, (precision, seed) => ({
          trainLoss: 1 + train * precision + noise(0.004, precision, seed),
          testLoss: 2 + test * precision + noise(0.004, precision, seed + 5),
        })),
        "gap",
      ).says.at(-1)!;
    const bought = "the smaller gap comes with a higher test loss";
    expect(said(0.2, 0.1)).toMatch(/training loss changes by \+0\.60\d and the test loss by \+0\.(29|30)\d/);
    expect(said(0.2, 0.1)).toContain(bought);
    expect(said(0.2, -0.1)).not.toContain(bought);
    expect(said(0.1, 0.2)).not.toContain(bought);
    expect(said(0.2, 0)).not.toContain(bought);
  });
});

describe("8 bits are on a par", () => {
  /** Int8 differs from FP32 by so much in every seed. */
  const by = (difference: { loss?: number; accuracy?: number }, wobble = 0): RunResult[] =>
    grid([32, 8], 3, (precision, seed) => ({
      trainLoss: 0,
      testLoss: precision * (difference.loss ?? 0) + noise(wobble, precision, seed),
      gap: 0,
      testAccuracy: precision ? 0.5 + (difference.accuracy ?? 0) : 0.5,
    }));

  test.each<[Verdict, number, string]>([
    ["holds", 0.0409, "cifar10"],
    ["holds", -0.0409, "synthetic"],
    ["fails", 0.0411, "cifar10"],
    ["fails", -0.0411, "fashion-mnist"],
    ["holds", 0.149, "cifar100"],
    ["fails", -0.151, "cifar100"],
  ])(
    "%s with a loss that differs by %d, the margin being the paper's spread (%s)",
    (expected, loss, data) => {
      expect(verdict(by({ loss }), "int8", data)).toBe(expected);
      expect(verdict(by({ loss }), "test-loss", data)).toBe(expected);
    },
  );

  test("allows one percentage point of accuracy, either way", () => {
    const at = [0.0099, -0.0099, 0.0101, -0.0101].map((accuracy) => verdict(by({ accuracy }), "int8"));
    expect(at).toEqual(["holds", "holds", "fails", "fails"]);
  });

  test("is undecided where an interval reaches over the margin, unless another one lies outside", () => {
    expect(verdict(by({ loss: 0.02 }, 0.05), "int8")).toBe("undecided");
    expect(verdict(by({ loss: 0.02, accuracy: 0.02 }, 0.05), "int8")).toBe("fails");
  });

  test("is undecided with one seed, and says what is needed without FP32 or Int8", () => {
    const one = by({}).filter(({ config }) => config.seed === 0);
    expect(claim(one, "int8").verdict).toBe("undecided");
    expect(claim(one, "int8").says[0]).toMatch(
      /^Int8 minus FP32: training loss 0\.000; test loss 0\.000; gap/,
    );
    for (const bits of [[32, 4, 2] as const, [8, 4] as const])
      expect(claim(grid(bits, 3), "int8")).toMatchObject({
        verdict: "undecided",
        says: ["This needs FP32 and Int8 with runs that count."],
      });
  });

  test("the test loss is compared between any two precisions, and the widest difference is told", () => {
    const { verdict, says, comparisons } = claim(levels("testLoss", [0.75, 0.77, 0.65, 0.75]), "test-loss");
    expect(verdict).toBe("fails");
    expect(says[0]).toMatch(/^The two that lie furthest apart: Int4 minus Int8: test loss −0\.1[12]\d /);
    expect(comparisons.map(({ from, to }) => `${from} ${to}`)).toEqual([
      "FP32 Int8",
      "FP32 Int4",
      "FP32 Int2",
      "Int8 Int4",
      "Int8 Int2",
      "Int4 Int2",
    ]);
    expect(claim([made({ bits: 2, seed: 0 })], "test-loss").says).toEqual([
      "This needs two precisions with runs that count.",
    ]);
  });
});
