import { describe, expect, test } from "vitest";
import { aggregate } from "../../src/experiments/report/aggregate.ts";
import { h1Claim, h1Of, type RunMeasure } from "../../src/experiments/report/claim-h1.ts";
import { poolOf, rank, ranking } from "../../src/experiments/report/ranking.ts";
import { verifies } from "../spec.ts";
import { grid, made, paperBits } from "./report-runs.ts";

/** ‖w‖ stands for a measure of sharpness. */
const sharp: RunMeasure = { name: "sharpness", of: ({ norms }) => norms.weights };

/** Eight seeds that differ much, at these levels of precision. */
const at = (levels: readonly number[], seeds = 8) =>
  aggregate(
    grid(paperBits, seeds, (precision, seed) => ({
      weights: 10 + 3 * seed + levels[precision]! + 0.1 * Math.cos(5 * seed + precision),
    })),
  );

describe("hypothesis 1 in a report", () => {
  verifies("QGen.H1", "holds for runs in which one bit width is flatter, and says by how much", () => {
    const { verdict, says } = h1Claim(at([0, 1, -1, 2]), sharp);
    expect(verdict).toBe("holds");
    expect(says[0]).toMatch(/^Quantized minus FP32: Int8 \+1\.0\d\d \(.*Int4 −0\.9\d\d \(−1/);
    expect(says[0]).toContain("at or below FP32 in 8 of 8 seeds");
    expect(says[1]).toContain("at 4 bits");
  });

  verifies("QGen.H1", "fails for runs in which all are sharper, and is undecided between", () => {
    expect(h1Claim(at([0, 1, 1, 2]), sharp).verdict).toBe("fails");
    expect(h1Claim(at([0, 0, 0, 0]), sharp).verdict).toBe("undecided");
    expect(h1Claim(at([0, -9, -9, -9], 3), sharp)).toMatchObject({
      verdict: "undecided",
      says: [expect.anything(), "3 of at least 7 seeds: fewer may all lie on one side by chance."],
    });
  });

  test("one seed has no interval, and needs no bracket for it", () => {
    expect(h1Claim(at([0, 1, 2, 3], 1), sharp).says[0]).toMatch(
      /Int8 \+0\.9\d\d \(at or below FP32 in 0 of 1 seed\)/,
    );
  });

  test("without the measure, or without FP32, there is nothing to say", () => {
    const nothing: RunMeasure = { name: "nothing", of: () => null };
    expect(h1Of(at([0, 1, 2, 3]), nothing)).toBeNull();
    expect(h1Claim(at([0, 1, 2, 3]), nothing)).toMatchObject({ verdict: "undecided", id: "h1" });
    const only4: RunMeasure = {
      name: "some",
      of: ({ config, norms }) => (config.bits === 8 ? null : norms.weights),
    };
    expect(h1Of(at([0, 1, 2, 3]), only4)?.levels.map(({ bits }) => bits)).toEqual([4, 2]);
    expect(h1Of(aggregate(grid([8, 4], 8)), sharp)).toBeNull();
    expect(h1Of(aggregate(grid([32], 8)), sharp)).toBeNull();
  });

  test("the same runs give the same numbers, in any order", () => {
    const all = at([0, 1, -1, 2]);
    expect(h1Claim(aggregate([...all.runs].reverse()), sharp)).toEqual(h1Claim(all, sharp));
  });
});

describe("the ranking of measures over runs", () => {
  const runs = [0.1, 0.05].flatMap((lr) =>
    ["nin:2x8", "nin:3x8"].flatMap((model) =>
      [0, 1].map((seed) =>
        made({
          bits: 8,
          seed,
          gap: 10 * lr + (model === "nin:3x8" ? 0.2 : 0) + 0.01 * seed,
          weights: 100 * lr,
          config: { lr, model, data: { name: "synthetic", train: 64, test: 64 } },
        }),
      ),
    ),
  );
  const perfect: RunMeasure = { name: "gap itself", of: ({ gap }) => gap };
  const reverse: RunMeasure = { name: "the other way", of: ({ gap }) => -gap };

  test("axes are what the runs differ in; seeds are repetitions of one setting", () => {
    expect(rank(runs, sharp)).toMatchObject({ runs: 8, axes: ["depth", "lr"] });
    expect(poolOf(runs, sharp)[0]!.hyper).toEqual({
      family: "nin",
      depth: 2,
      width: 8,
      optimizer: "sgd",
      lr: 0.1,
      weightDecay: 1e-4,
      bits: 8,
    });
  });

  test("a measure that follows the learning rate only has half of it", () => {
    expect(rank(runs, sharp)).toMatchObject({ granulated: 1 / 2, meanError: 1 / 4, worstError: 1 / 2 });
    expect(rank(runs, sharp)!.information).toBeCloseTo(0, 12);
  });

  test("the best comes first", () => {
    const order = ranking(runs, [reverse, sharp, perfect]);
    expect(order.map(({ measure }) => measure)).toEqual(["gap itself", "sharpness", "the other way"]);
    expect(order.map(({ tau }) => tau)).toEqual([1, expect.any(Number), -1]);
    expect(order[2]).toMatchObject({ granulated: -1, meanError: 1, worstError: 1 });
    // It says as much as the gap itself, the other way round.
    expect(order[2]!.information).toBeCloseTo(1, 12);
  });

  test("runs that diverged, or have no such measure, are left out", () => {
    const diverged = made({ bits: 8, seed: 7, reason: "NaN" });
    expect(poolOf([...runs, diverged], sharp).length).toBe(8);
    expect(rank([diverged, runs[0]!], sharp)).toBeNull();
    expect(ranking(runs, [{ name: "none", of: () => null }])).toEqual([]);
  });
});
