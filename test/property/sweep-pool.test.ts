import fc from "fast-check";
import { parquetReadObjects } from "hyparquet";
import { describe, expect, test } from "vitest";
import { claimsOf } from "../../src/experiments/report/claims.ts";
import { referenceFor } from "../../src/experiments/report/reference.ts";
import { aggregateOf, median, type PoolRow, poolOf } from "../../src/experiments/sweep/pool.ts";
import { poolCsv, poolText } from "../../src/experiments/sweep/pool-text.ts";
import { exportsOf, type Standing } from "../../src/experiments/sweep/rows.ts";
import { createRng } from "../../src/tensor/random.ts";
import { verifies } from "../spec.ts";
import { type Made, made } from "./report-runs.ts";

const standing = (numbers: Made): Standing => {
  const result = made(numbers);
  return { id: result.id, config: result.config, state: { state: "done", result } };
};

const failed = (numbers: Made, state: Standing["state"]): Standing => ({ ...standing(numbers), state });

/** So many settings, each in FP32 and Int2; losses are drawn. */
function pool(settings: number, seed: number, shift = 0): Standing[] {
  const rng = createRng(seed);
  return Array.from({ length: settings }, (_, i) => {
    const config = { lr: 0.1 / (i + 1) };
    const [hard, more] = [rng.uniform(), rng.uniform() / 10];
    return [
      standing({ bits: 32, seed: 0, config, trainLoss: hard + shift, testLoss: hard + 0.5 + shift }),
      standing({ bits: 2, seed: 0, config, trainLoss: hard + more, testLoss: hard + 0.5 + more / 4 }),
    ];
  }).flat();
}

const paper = referenceFor("cifar10");

const near = (a: number, b: number): void => expect(Math.abs(a - b)).toBeLessThan(1e-12);

describe("the pool of a sweep", () => {
  verifies("QGen.tab.1", "has in each cell the mean over the settings, and their median", () => {
    const runs = pool(9, 1);
    for (const row of poolOf(runs).rows) {
      const gaps = runs.flatMap(({ config, state }) =>
        config.bits === row.bits && state.state === "done" ? [state.result.gap] : [],
      );
      const { mean, median: middle, low, high, n } = row.cells!.gap;
      expect(n).toBe(9);
      near(mean, gaps.reduce((a, b) => a + b) / 9);
      expect(middle).toBe([...gaps].sort((a, b) => a - b)[4]);
      expect(low!).toBeLessThanOrEqual(mean);
      expect(high!).toBeGreaterThanOrEqual(mean);
    }
  });

  test("compares within settings: what makes a setting hard is in no difference", () => {
    const { differences, rows } = poolOf(pool(12, 2));
    const { trainLoss, testLoss } = differences[0]!.cells!;
    const width = ({ low, high }: { low: number | null; high: number | null }): number => high! - low!;
    expect(trainLoss.low!).toBeGreaterThan(0);
    expect(trainLoss.above).toBe(12);
    near(testLoss.mean, trainLoss.mean / 4);
    expect(width(trainLoss)).toBeLessThan(width(rows[0]!.cells!.trainLoss) / 5);
  });

  test("differs from FP32 by what is added to FP32, with the sign turned", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 99 }), fc.constantFrom(-0.25, 0.5, 2), (seed, shift) => {
        const [before, after] = [pool(5, seed), pool(5, seed, shift)].map(
          (runs) => poolOf(runs).differences[0]!.cells!,
        );
        near(after!.trainLoss.mean - before!.trainLoss.mean, -shift);
        near(after!.gap.mean, before!.gap.mean);
      }),
      { numRuns: 10 },
    );
  });

  test("takes the gap apart: its difference is that of the test loss less that of the training loss", () => {
    const { gap, testLoss, trainLoss } = poolOf(pool(7, 3)).differences[0]!.cells!;
    near(gap.mean, testLoss.mean - trainLoss.mean);
    const text = poolText(poolOf(pool(7, 3)), paper);
    expect(text).toMatch(/Int2: gap −\d\.\d{3} = test loss \+\d\.\d{3} − training loss \+\d\.\d{3}/);
  });

  test("counts what has diverged, failed or is open, and has it in no mean and in no pair", () => {
    const runs = [
      ...pool(4, 4),
      standing({ bits: 2, seed: 0, config: { lr: 1 }, trainLoss: 9, reason: "the loss became NaN" }),
      standing({ bits: 32, seed: 0, config: { lr: 1 }, trainLoss: 9 }),
      failed({ bits: 2, seed: 0, config: { lr: 2 } }, { state: "failed", reason: "its worker died" }),
      failed({ bits: 2, seed: 0, config: { lr: 3 } }, { state: "open" }),
    ];
    const { rows, differences } = poolOf(runs);
    const counts = ({ bits, complete, diverged, failed, open }: PoolRow) => [
      bits,
      complete,
      diverged,
      failed,
      open,
    ];
    expect(rows.map(counts)).toEqual([
      [32, 5, 0, 0, 0],
      [2, 4, 1, 1, 1],
    ]);
    expect(differences[0]!.cells!.gap.n).toBe(4);
    expect(rows[1]!.cells!.trainLoss.mean).toBeLessThan(2);
  });

  test("counts a setting once, however many seeds it has", () => {
    const of = (lr: number, seed: number, trainLoss: number) =>
      standing({ bits: 32, seed, config: { lr }, trainLoss });
    const { cells } = poolOf([of(0.1, 0, 1), of(0.1, 1, 3), of(0.1, 2, 5), of(0.2, 0, 7)]).rows[0]!;
    expect([cells!.trainLoss.n, cells!.trainLoss.mean, cells!.trainLoss.median]).toEqual([2, 5, 5]);
  });

  test("pairs runs of one seed, and then takes the mean over the seeds of a setting", () => {
    const runs = [0, 1].flatMap((seed) => [
      standing({ bits: 32, seed, trainLoss: 1 + 4 * seed }),
      standing({ bits: 2, seed, trainLoss: 1.5 + 4 * seed }),
    ]);
    const { trainLoss } = poolOf(runs.slice(0, 4)).differences[0]!.cells!;
    expect([trainLoss.n, trainLoss.mean]).toEqual([1, 0.5]);
    // Where one seed has FP32 alone, it is in no difference.
    expect(poolOf(runs.slice(0, 3)).differences[0]!.cells!.trainLoss.mean).toBe(0.5);
  });

  test("answers the claims of the paper by the same intervals as its table", () => {
    const runs = pool(8, 9);
    const [claim] = claimsOf(aggregateOf(runs)!, paper);
    const { mean, low, high } = poolOf(runs).differences[0]!.cells!.trainLoss;
    expect(claim!.verdict).toBe("holds");
    expect(claim!.comparisons[0]!.difference).toMatchObject({ n: 8, mean, low, high });
    expect(claim!.says[0]).toMatch(/^Int2 minus FP32: training loss .*, 8 settings\)\.$/);
  });

  test("shows the paper's row beside ours, in the terminal and in the file", () => {
    const runs = pool(3, 10);
    const { train_loss, generalization_gap } = paper.table1.find(({ precision }) => precision === "Int2")!;
    expect(poolText(poolOf(runs), paper)).toMatch(
      new RegExp(`^ +paper .*${train_loss.toFixed(3)}.* ${generalization_gap.toFixed(3)}$`, "m"),
    );
    const row = poolCsv(poolOf(runs), paper)
      .match(/^paper,Int2,243,.*$/m)![0]
      .split(",");
    expect(row.length).toBe(poolCsv(poolOf(runs), paper).split("\n")[0]!.split(",").length);
    expect(row).toContain(String(generalization_gap));
  });

  test("says the same whoever ran what, when, for how long", async () => {
    const runs = pool(4, 5);
    const later = runs.map(({ state, ...rest }): Standing => {
      if (state.state !== "done") throw new Error("unexpected");
      const environment = { ...state.result.environment, cpu: "another" };
      return { ...rest, state: { state: "done", result: { ...state.result, seconds: 1e6, environment } } };
    });
    expect(await exportsOf(later)).toEqual(await exportsOf(runs));
    expect(poolCsv(poolOf(later), paper)).toBe(poolCsv(poolOf(runs), paper));
  });
});

test("the median is the middle number, or the mean of the two in the middle", () => {
  expect([median([3, 1, 2]), median([4, 1, 3, 2]), median([5])]).toEqual([2, 2.5, 5]);
});

describe("the exported runs", async () => {
  const runs = [
    ...pool(2, 6),
    standing({ bits: 2, seed: 0, config: { lr: 1 }, reason: 'the loss became "NaN", at last' }),
    failed({ bits: 4, seed: 0 }, { state: "failed", reason: "its worker died" }),
  ];
  const files = new Map(await exportsOf(runs));
  const lines = (files.get("runs.jsonl") as string)
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

  test("are the same in JSON lines and in Parquet, to the bit, empty cells too", async () => {
    const bytes = files.get("runs.parquet") as Uint8Array;
    expect(await parquetReadObjects({ file: bytes.slice().buffer })).toEqual(lines);
    expect(lines.length).toBe(6);
    expect(lines.at(-1)).toMatchObject({ status: "failed", reason: "its worker died", gap: null });
  });

  test("have a row for each epoch of each run that has a result", async () => {
    const bytes = files.get("epochs.parquet") as Uint8Array;
    const rows = await parquetReadObjects({ file: bytes.slice().buffer });
    expect(rows.length).toBe(5 * 2);
    expect(rows[1]).toMatchObject({ id: lines[0].id, epoch: 2, train_loss: lines[0].train_loss });
  });
});
