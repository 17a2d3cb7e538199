import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  aggregate,
  compare,
  layersOf,
  type Metric,
  metrics,
  neighbours,
  type Precision,
  ratio,
  summaryOf,
} from "../../src/experiments/report/aggregate.ts";
import { interval, summarize } from "../../src/experiments/report/statistics.ts";
import type { RunResult } from "../../src/experiments/result.ts";
import { experiment, grid, layer, made, paperBits } from "./report-runs.ts";

const metric = fc.constantFrom(...(Object.keys(metrics) as Metric[]));
const named = (runs: readonly RunResult[], name: string): Precision =>
  aggregate(runs).precisions.find((precision) => precision.name === name)!;
const key = ({ config }: RunResult): string => `${config.bits} ${config.seed}`;

describe("runs are put together", () => {
  test("by precision, from the most bits to the fewest, in the order of their seeds", () => {
    fc.assert(
      fc.property(experiment, (runs) => {
        const { precisions, seeds, missing, excluded, differing } = aggregate(runs);
        const expected = [...runs].sort(
          (a, b) => b.config.bits - a.config.bits || a.config.seed - b.config.seed,
        );
        expect(precisions.flatMap((precision) => precision.runs)).toEqual(expected);
        for (const { bits, name, runs } of precisions) {
          expect(new Set(runs.map(({ config }) => config.bits))).toEqual(new Set([bits]));
          expect(name).toBe(bits === 32 ? "FP32" : `Int${bits}`);
        }
        const bits = precisions.map((precision) => precision.bits);
        expect(bits).toEqual([...new Set(bits)]);
        expect(seeds).toEqual([...new Set(runs.map(({ config }) => config.seed))].sort());
        expect([missing, excluded, differing]).toEqual([[], [], []]);
      }),
    );
  });

  test("the same way, whatever the order they come in", () => {
    const pairs = experiment.chain((runs) =>
      fc.tuple(
        fc.constant(runs),
        fc.shuffledSubarray(runs, { minLength: runs.length, maxLength: runs.length }),
      ),
    );
    fc.assert(
      fc.property(pairs, ([runs, shuffled]) => {
        expect(aggregate(shuffled)).toEqual(aggregate(runs));
      }),
    );
  });

  test("every run counts or has a reason, and none is lost or doubled", () => {
    const flaws = fc.array(fc.constantFrom("none", "twice", "diverged", "no loss", "no step"), {
      minLength: 14,
      maxLength: 14,
    });
    fc.assert(
      fc.property(experiment, flaws, (runs, kinds) => {
        const flawed = runs.flatMap((run, i): RunResult[] => {
          const { steps, train } = run;
          switch (kinds[i]) {
            case "twice":
              return [run, { ...run, gap: run.gap + 1 }];
            case "diverged":
              return [{ ...run, status: "diverged", reason: "the loss became NaN" }];
            case "no loss":
              return [{ ...run, train: { ...train, loss: Number.NaN } }];
            case "no step":
              return [{ ...run, steps: steps.map((entry) => ({ ...entry, step: 0 })) }];
            default:
              return [run];
          }
        });
        const all = aggregate(flawed);
        const counted = all.precisions.flatMap((precision) => precision.runs);
        const left = all.excluded.map(({ run }) => run);
        expect(new Set([...counted, ...left])).toEqual(new Set(flawed));
        expect(counted.length + left.length).toBe(flawed.length);
        expect(new Set(counted.map(key)).size).toBe(counted.length);
        for (const { run, why } of all.excluded) {
          const i = runs.findIndex((candidate) => key(candidate) === key(run));
          expect(why).toMatch(
            {
              twice: /^a second run of the same precision and seed/,
              diverged: /^the loss became NaN$/,
              "no loss": /^trainLoss is not a finite number$/,
              "no step": /^the step of a\.weight is not a positive number$/,
            }[kinds[i] as string]!,
          );
          expect(all.missing.includes(run.config.bits === 32 ? "FP32" : `Int${run.config.bits}`)).toBe(
            !counted.some(({ config }) => config.bits === run.config.bits),
          );
        }
      }),
    );
  });

  test("of two runs of one precision and seed, the first counts", () => {
    const [first, second] = [
      made({ bits: 8, seed: 1, trainLoss: 0.1 }),
      made({ bits: 8, seed: 1, trainLoss: 0.2 }),
    ];
    expect(aggregate([first, second]).precisions[0]!.runs).toEqual([first]);
    expect(aggregate([second, first]).precisions[0]!.runs).toEqual([second]);
    // One that does not count takes no place.
    const broken = made({ bits: 8, seed: 1, reason: "diverged at step 3" });
    expect(aggregate([broken, second]).precisions[0]!.runs).toEqual([second]);
  });

  const norms = { weights: 1, quantized: 1, distance: 1, initial: 1 };
  const broken = {
    trainAccuracy: { train: { loss: 1, accuracy: Number.NaN } },
    testAccuracy: { test: { loss: 1, accuracy: Number.NaN } },
    trainLoss: { train: { loss: Number.POSITIVE_INFINITY, accuracy: 1 } },
    testLoss: { test: { loss: Number.NaN, accuracy: 1 } },
    gap: { gap: Number.NaN },
    weights: { norms: { ...norms, weights: Number.NaN } },
    quantized: { norms: { ...norms, quantized: Number.NaN } },
    distance: { norms: { ...norms, distance: Number.NaN } },
  } satisfies Record<Metric, Partial<RunResult>>;
  test.each(Object.entries(broken))("a %s that is not finite excludes the run by name", (name, part) => {
    const run: RunResult = { ...made({ bits: 4, seed: 0 }), ...part };
    // In a file it has become null.
    for (const result of [run, JSON.parse(JSON.stringify(run)) as RunResult]) {
      const all = aggregate([result]);
      expect(all.excluded).toEqual([{ run: result, why: `${name} is not a finite number` }]);
      expect([all.precisions, all.missing]).toEqual([[], ["Int4"]]);
    }
  });

  test.each([0, -0.1, Number.NaN, Number.POSITIVE_INFINITY])("a step of %d excludes the run", (step) => {
    for (const steps of [
      [layer("a", 4, 1), layer("b", 4, step)],
      [layer("a", 4, 1), layer("b", 4, 1, { initialStep: step === Number.POSITIVE_INFINITY ? 0 : step })],
    ])
      expect(aggregate([made({ bits: 4, seed: 0, steps })]).excluded.map(({ why }) => why)).toEqual([
        "the step of b is not a positive number",
      ]);
  });

  test("settings in which the runs differ are named; bits and seeds are meant to differ", () => {
    const runs = grid(paperBits, 2);
    expect(aggregate(runs).differing).toEqual([]);
    const other = made({
      bits: 2,
      seed: 7,
      config: { lr: 0.05, data: { name: "cifar10", train: 512, test: 200 } },
    });
    expect(aggregate([...runs, other]).differing.toSorted()).toEqual(["data", "lr"]);
    const { recipe } = aggregate(runs);
    expect(Object.keys(recipe)).not.toContain("bits");
    expect({ ...recipe, bits: 8, seed: 1 }).toEqual(runs.find((run) => key(run) === "8 1")!.config);
  });

  test("of no runs there is nothing to say", () => {
    expect(() => aggregate([])).toThrow("aggregate: expected at least one run, got none");
  });
});

describe("comparisons", () => {
  test("are made within a seed: only of seeds that both have, each against itself", () => {
    fc.assert(
      fc.property(experiment, metric, (runs, name) => {
        const of = metrics[name];
        for (const [from, to] of neighbours(aggregate(runs).precisions)) {
          const pairs = from.runs.flatMap((a) => {
            const b = runs.find(({ config }) => config.bits === to.bits && config.seed === a.config.seed);
            return b === undefined ? [] : [[of(a), of(b)] as const];
          });
          const { difference, ...rest } = compare(from, to, name);
          expect(rest).toEqual({ unit: "seed", metric: name, from: from.name, to: to.name });
          expect(difference).toEqual(pairs.length === 0 ? null : interval(pairs.map(([a, b]) => b - a)));
          // No mean is −0.
          const factors = pairs.map(([a, b]) => a / b + 0);
          expect(ratio(from, to, name)).toEqual(
            pairs.length === 0 || !factors.every(Number.isFinite) ? null : summarize(factors),
          );
        }
      }),
    );
  });

  test("what is common to all precisions of a seed cancels out, however much seeds differ", () => {
    const runs = grid([32, 4], 4, (precision, seed) => ({ trainLoss: 2 ** seed + precision / 4 }));
    const { difference } = compare(named(runs, "FP32"), named(runs, "Int4"), "trainLoss");
    expect(difference).toEqual({ n: 4, mean: 0.25, low: 0.25, high: 0.25 });
    const spread = summaryOf(named(runs, "FP32"), "trainLoss");
    expect(spread).toEqual(summarize([1, 2, 4, 8]));
  });

  test("the factor of the norms is taken seed by seed, and is none where a norm is zero", () => {
    const runs = grid([32, 8], 2, (precision, seed) => ({ weights: (seed + 1) * (precision ? 4 : 6) }));
    expect(ratio(named(runs, "FP32"), named(runs, "Int8"), "weights")).toEqual(summarize([1.5, 1.5]));
    const zero = grid([32, 8], 1, (precision) => ({ weights: precision ? 0 : 6 }));
    expect(ratio(named(zero, "FP32"), named(zero, "Int8"), "weights")).toBeNull();
  });

  test("the layers of a precision keep the order of the network, each over all seeds", () => {
    const runs = grid([2], 3, (_, seed) => ({
      steps: ["z", "m", "a"].map((name, i) => layer(name, 2, i + 1 + seed, { initialStep: 10 * (i + 1) })),
    }));
    const { precisions } = aggregate(runs);
    expect(layersOf(precisions[0]!)).toEqual(
      ["z", "m", "a"].map((weight, index) => ({
        weight,
        index,
        step: summarize([index + 1, index + 2, index + 3]),
        initialStep: summarize(Array(3).fill(10 * (index + 1))),
      })),
    );
    expect(layersOf(aggregate(grid([32], 2)).precisions[0]!)).toEqual([]);
  });
});
