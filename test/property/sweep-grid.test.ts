import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { runId, settingOf } from "../../src/experiments/config.ts";
import { checkedGrid, configsOf, gridId, shardOf, table1Grid } from "../../src/experiments/sweep/grid.ts";
import { verifies } from "../spec.ts";

const ids = (configs: Parameters<typeof runId>[0][]): string[] => configs.map(runId);
const paper = configsOf(table1Grid("paper", "cifar10"));

describe("the pool behind Table 1", () => {
  verifies(
    "QGen.sec.B.3",
    "has 3⁵ settings of NiN in four precisions on each data set, 1,944 runs in all",
    () => {
      const both = [...paper, ...configsOf(table1Grid("paper", "cifar100"))];
      expect(both.length).toBe(2 * 4 * 3 ** 5);
      expect(new Set(ids(both)).size).toBe(1944);
      expect(new Set(both.map(settingOf)).size).toBe(2 * 3 ** 5);
    },
  );

  verifies(
    "QGen.sec.B.3",
    "trains for 300 epochs in batches of 128, the rate divided by ten at 100 and 200",
    () => {
      for (const { epochs, batchSize, milestones, gamma, data } of paper)
        expect({ epochs, batchSize, milestones, gamma, data }).toEqual({
          epochs: 300,
          batchSize: 128,
          milestones: [100, 200],
          gamma: 0.1,
          data: { name: "cifar10", train: 50_000, test: 10_000 },
        });
    },
  );

  verifies(
    "QGen.sec.B.3",
    "has depths 2, 3, 4 for CIFAR-10 and 3, 4, 5 for CIFAR-100, widths 8, 10, 12",
    () => {
      const models = (data: "cifar10" | "cifar100"): string[] => [
        ...new Set(configsOf(table1Grid("paper", data)).map(({ model }) => model)),
      ];
      const of = (depths: number[]): string[] =>
        depths.flatMap((d) => [8, 10, 12].map((w) => `nin:${d}x${w}`));
      expect(models("cifar10")).toEqual(of([2, 3, 4]));
      expect(models("cifar100")).toEqual(of([3, 4, 5]));
    },
  );

  verifies(
    "QGen.sec.B.3",
    "has rates 0.1, 0.05, 0.01 for SGD and 10⁻³, 5·10⁻⁴, 10⁻⁴ for Adam and RMSprop",
    () => {
      const rates = (name: string): number[] => [
        ...new Set(paper.filter(({ optimizer }) => optimizer === name).map(({ lr }) => lr)),
      ];
      expect(rates("sgd")).toEqual([0.1, 0.05, 0.01]);
      for (const name of ["adam", "rmsprop"]) expect(rates(name)).toEqual([1e-3, 5e-4, 1e-4]);
      expect(new Set(paper.map(({ weightDecay }) => weightDecay))).toEqual(new Set([0, 1e-4, 2e-4]));
    },
  );

  test("has two values of each in its small form: 2⁵ settings", () => {
    const small = configsOf(table1Grid("small", "cifar10"));
    expect(new Set(small.map(settingOf)).size).toBe(32);
    expect(small.length).toBe(128);
  });
});

describe("a grid", () => {
  test("is a pool of pairs: the runs of a setting differ in bits and seed alone", () => {
    const grid = { ...table1Grid("smoke", "synthetic"), seeds: [0, 1] };
    const runs = configsOf(grid);
    for (const setting of new Set(runs.map(settingOf))) {
      const same = runs.filter((run) => settingOf(run) === setting);
      expect(same.map(({ bits, seed }) => `${bits}/${seed}`).sort()).toEqual(
        [2, 32, 4, 8].flatMap((bits) => [`${bits}/0`, `${bits}/1`]),
      );
      const { bits: _bits, seed: _seed, ...first } = same[0]!;
      for (const run of same) expect({ ...run, ...first }).toEqual(run);
    }
  });

  test("has a name that changes with each of its values, and not with the order of its keys", () => {
    const grid = table1Grid("smoke", "synthetic");
    const backwards = Object.fromEntries(Object.entries(grid).reverse());
    expect(gridId(checkedGrid(backwards, "it"))).toBe(gridId(grid));
    for (const change of [{ epochs: 4 }, { seeds: [1] }, { weightDecays: [0] }, { kernels: "reference" }])
      expect(gridId(checkedGrid({ ...grid, ...change }, "it"))).not.toBe(gridId(grid));
  });

  test.each([
    [{ depths: [] }, /depths: /],
    [{ bits: [4, 4] }, /bits: a value stands here twice/],
    [{ bits: [1] }, /bits\.0: expected 2 to 8 bits/],
    [{ depht: [1] }, /"depht"/],
    [{ name: "Table 1" }, /name: expected small letters/],
    [{ epochs: 0 }, /epochs: /],
  ])("is refused with %j, and the sentence says why", (change, sentence) => {
    expect(() => checkedGrid({ ...table1Grid("smoke", "synthetic"), ...change }, "grid.json")).toThrow(
      sentence,
    );
  });

  test("is cut into shards that are disjoint, of the same size but for one, and together all of it", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), (n) => {
        const shards = Array.from({ length: n }, (_, i) => ids([...shardOf(paper, `${i + 1}/${n}`)]));
        expect(shards.flat().sort()).toEqual(ids([...paper]).sort());
        const sizes = shards.map(({ length }) => length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 10 },
    );
    for (const wrong of ["0/3", "4/3", "1", "a/b", "1/0"])
      expect(() => shardOf(paper, wrong)).toThrow(`--shard ${wrong}: expected i/n with i from 1 to n`);
  });
});
