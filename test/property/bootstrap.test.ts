import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type BootstrapInterval,
  bootstrapIntervals,
  expandedTail,
  fewestSeeds,
  resampledMeans,
} from "../../src/measures/bootstrap.ts";
import { type BySeed, testH1 } from "../../src/measures/h1.ts";
import { normalBelow, studentInside } from "../../src/measures/student.ts";
import { createRng, type Rng } from "../../src/tensor/random.ts";
import { verifies } from "../spec.ts";

const numbers = fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 2, maxLength: 12 });
/** Intervals that have both ends. */
const bounds = (of: readonly BootstrapInterval[]) =>
  of.map(({ low, high }) => ({ low: low!, high: high! })) as [{ low: number; high: number }];
const few = { resamples: 200 };
const bySeed = (of: readonly number[]): BySeed => new Map(of.map((x, seed) => [seed, x]));
const normals = (rng: Rng, n: number): number[] => Array.from({ length: n }, () => rng.normal());

describe("the paired bootstrap", () => {
  test("draws the same seeds for all columns: what is paired stays paired", () => {
    fc.assert(
      fc.property(numbers, fc.integer(), (column, seed) => {
        const doubled = column.map((x) => 2 * x + 1);
        const [a, b] = resampledMeans([column, doubled], createRng(seed), 50);
        for (const [r, mean] of a!.entries()) expect(b![r]).toBeCloseTo(2 * mean + 1, 9);
      }),
    );
  });

  test("draws every seed as often as any other: means and variance of resamples are those of the numbers", () => {
    const column = [0, 1, 5, 7, 20];
    const means = resampledMeans([column], createRng(1), 40_000)[0]!;
    const mean = means.reduce((a, b) => a + b, 0) / means.length;
    const variance = means.reduce((a, x) => a + (x - mean) ** 2, 0) / means.length;
    // σ²/n with σ² = Σ(x − x̄)²/n = 51.44; both within four standard errors.
    expect(Math.abs(mean - 6.6)).toBeLessThan(4 * Math.sqrt(51.44 / 5 / 40_000));
    expect(Math.abs(variance / (51.44 / 5) - 1)).toBeLessThan(4 * Math.sqrt(2.5 / 40_000));
  });

  test("turning all signs mirrors the interval, to the bit", () => {
    fc.assert(
      fc.property(numbers, fc.integer(), (column, seed) => {
        const [one] = bootstrapIntervals([column], createRng(seed), few);
        const [other] = bootstrapIntervals([column.map((x) => -x)], createRng(seed), few);
        expect([other!.low! + one!.high!, other!.high! + one!.low!, other!.mean + one!.mean]).toEqual([
          0, 0, 0,
        ]);
        expect([other!.below, other!.above]).toEqual([one!.above, one!.below]);
      }),
    );
  });

  test("shifting and scaling the numbers does so to the interval, which holds the mean", () => {
    fc.assert(
      fc.property(numbers, fc.integer(), (column, seed) => {
        const [one] = bootstrapIntervals([column], createRng(seed), few);
        const [other] = bootstrapIntervals([column.map((x) => 3 * x - 5)], createRng(seed), few);
        expect(other!.low).toBeCloseTo(3 * one!.low! - 5, 9);
        expect(other!.high).toBeCloseTo(3 * one!.high! - 5, 9);
        expect(one!.low! - 1e-9).toBeLessThanOrEqual(one!.mean);
        expect(one!.high! + 1e-9).toBeGreaterThanOrEqual(one!.mean);
      }),
    );
  });

  test("together with others, or with more confidence, an interval is not narrower", () => {
    fc.assert(
      fc.property(numbers, fc.integer(), (column, seed) => {
        const width = (options: object): number => {
          const [{ low, high }] = bounds(
            bootstrapIntervals([column], createRng(seed), {
              resamples: 500,
              ...options,
            }),
          );
          return high - low;
        };
        expect(width({ together: 3 })).toBeGreaterThanOrEqual(width({}));
        expect(width({ confidence: 0.99 })).toBeGreaterThanOrEqual(width({ confidence: 0.9 }));
      }),
    );
    const column = normals(createRng(5), 12);
    const [plain, joint] = [1, 3].map(
      (together) => bootstrapIntervals([column], createRng(5), { together })[0]!,
    );
    expect(joint!.low!).toBeLessThan(plain!.low!);
    expect(joint!.high!).toBeGreaterThan(plain!.high!);
  });

  test("equal numbers have an interval of no width; one number has none", () => {
    expect(bootstrapIntervals([[2, 2, 2]], createRng(0), few)[0]).toMatchObject({ low: 2, mean: 2, high: 2 });
    expect(bootstrapIntervals([[2]], createRng(0))[0]).toMatchObject({
      n: 1,
      mean: 2,
      low: null,
      high: null,
    });
  });

  test("the true mean lies in 95% of the intervals of eight numbers, within four standard errors", () => {
    const [trials, rng] = [1000, createRng("coverage")];
    let inside = 0;
    for (let t = 0; t < trials; t++) {
      const column = normals(rng, 8).map((x) => 0.3 + 2 * x);
      const [{ low, high }] = bounds(bootstrapIntervals([column], rng.fork(`${t}`), { resamples: 400 }));
      if (low <= 0.3 && 0.3 <= high) inside++;
    }
    expect(Math.abs(inside / trials - 0.95)).toBeLessThan(4 * Math.sqrt((0.95 * 0.05) / trials));
  });

  test("what it cannot use is refused", () => {
    expect(() => bootstrapIntervals([[1, 2], [1]], createRng(0))).toThrow(
      "column 1 has 1 numbers, the first has 2",
    );
    expect(() => bootstrapIntervals([[1, Number.NaN]], createRng(0))).toThrow("number 1 of column 0 is NaN");
    expect(() => bootstrapIntervals([[]], createRng(0))).toThrow("at least one number");
    expect(() => bootstrapIntervals([[1, 2]], createRng(0), { confidence: 1 })).toThrow("confidence in 0..1");
  });
});

describe("the tails", () => {
  test("the normal law: ½ at 0, symmetric, 0.975 at 1.959964, the limit of Student's", () => {
    expect(normalBelow(0)).toBe(0.5);
    expect(normalBelow(1.959963984540054)).toBeCloseTo(0.975, 13);
    expect(normalBelow(-3)).toBeCloseTo(0.0013498980316300933, 14);
    expect([normalBelow(-9), normalBelow(9)]).toEqual([0, 1]);
    for (const x of [0.1, 1, 2.5, 6]) {
      expect(normalBelow(x) + normalBelow(-x)).toBeCloseTo(1, 14);
      expect(2 * normalBelow(x) - 1).toBeCloseTo(studentInside(x, 100_000), 4);
    }
  });

  test("expanded tails are smaller, and what they were for many numbers", () => {
    // t = 2.262157 with 9 degrees of freedom, times √(10/9), is 2.384519.
    expect(expandedTail(0.025, 10)).toBeCloseTo(normalBelow(-2.3845188), 6);
    expect(expandedTail(0.025, 3)).toBeLessThan(expandedTail(0.025, 10));
    expect(expandedTail(0.025, 20_000)).toBeCloseTo(0.025, 4);
  });

  test("fewest seeds: 2⁻ⁿ has to be below the tail", () => {
    expect([fewestSeeds(0.95), fewestSeeds(0.95, 3), fewestSeeds(0.5)]).toEqual([6, 7, 2]);
    fc.assert(
      fc.property(
        fc.double({ min: 0.5, max: 0.999, noNaN: true }),
        fc.integer({ min: 1, max: 8 }),
        (confidence, k) => {
          const [n, tail] = [fewestSeeds(confidence, k), (1 - confidence) / 2 / k];
          expect(2 ** -n).toBeLessThanOrEqual(tail * (1 + 1e-6));
          expect(2 ** (1 - n)).toBeGreaterThan(tail * (1 - 1e-6));
        },
      ),
    );
  });
});

describe("hypothesis 1 on runs", () => {
  const seeds = 10;
  const float = normals(createRng("float"), seeds).map((x) => 5 + x);
  const noise = normals(createRng("noise"), seeds).map((x) => 0.1 * x);
  const shifted = (by: number) => bySeed(float.map((g, i) => g + by + noise[i]!));
  const judge = (shifts: Readonly<Record<number, number>>, options = {}) =>
    testH1(
      bySeed(float),
      new Map(Object.entries(shifts).map(([bits, by]) => [Number(bits), shifted(by)])),
      createRng(0),
      options,
    );

  verifies("QGen.H1", "one bit width that is flatter in the mean is enough", () => {
    expect(judge({ 8: 0.5, 4: -0.5, 2: 2 })).toMatchObject({ verdict: "supported", best: 4 });
    expect(judge({ 8: 0.5, 4: -0.5, 2: 2 }).why).toContain("below 0 at 4 bits");
  });

  verifies("QGen.H1", "it is contradicted only where every bit width is sharper", () => {
    expect(judge({ 8: 0.5, 4: 1, 2: 2 }).verdict).toBe("contradicted");
    expect(judge({ 8: 0, 4: 1, 2: 2 }).verdict).toBe("undecided");
  });

  verifies("QGen.H1", "equal networks decide nothing, though g(w₁) ≤ g(w₂) in every seed", () => {
    const { verdict, levels } = testH1(bySeed(float), new Map([[8, bySeed(float)]]), createRng(0));
    expect(verdict).toBe("undecided");
    expect(levels[0]).toMatchObject({ notSharper: seeds, own: { low: 0, mean: 0, high: 0, equal: seeds } });
  });

  verifies("QGen.H1", "with one bit width, exchanging the two exchanges supported and contradicted", () => {
    const opposite = {
      supported: "contradicted",
      contradicted: "supported",
      undecided: "undecided",
    } as const;
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 9 })), {
          minLength: 6,
          maxLength: 12,
        }),
        (pairs) => {
          const [a, b] = [bySeed(pairs.map(([x]) => x)), bySeed(pairs.map(([, y]) => y))];
          const one = testH1(a, new Map([[8, b]]), createRng(0), few);
          const other = testH1(b, new Map([[8, a]]), createRng(0), few);
          expect(other.verdict).toBe(opposite[one.verdict]);
        },
      ),
    );
  });

  verifies("QGen.H1", "seeds are paired: a spread that both share does not hide a small difference", () => {
    // The spread over seeds is 1, the difference a tenth of it.
    const quiet = bySeed(float.map((g, i) => g - 0.1 + 0.1 * noise[i]!));
    expect(testH1(bySeed(float), new Map([[8, quiet]]), createRng(0)).verdict).toBe("supported");
    const turned = bySeed(float.map((_, i) => float[(i + 1) % seeds]! - 0.1 + 0.1 * noise[i]!));
    expect(testH1(bySeed(float), new Map([[8, turned]]), createRng(0)).verdict).toBe("undecided");
  });

  verifies(
    "QGen.H1",
    "where all are equal in truth, the best of three bit widths supports it in 2.5%, not in twice as many",
    () => {
      const [trials, rng] = [400, createRng("null")];
      let [supported, byOwn] = [0, 0];
      for (let t = 0; t < trials; t++) {
        const base = normals(rng, 20);
        const widths = new Map([8, 4, 2].map((bits) => [bits, bySeed(base.map((g) => g + rng.normal()))]));
        const { verdict, levels } = testH1(bySeed(base), widths, rng.fork(`${t}`), { resamples: 600 });
        if (verdict === "supported") supported++;
        if (levels.some(({ own }) => own.high! < 0)) byOwn++;
      }
      // Within three standard errors.
      expect(supported / trials).toBeLessThan(0.025 + 3 * Math.sqrt((0.025 * 0.975) / trials));
      expect(byOwn).toBeGreaterThan(1.5 * supported);
    },
  );

  verifies("QGen.H1", "too few seeds decide nothing, and it is said how many are needed", () => {
    const short = (n: number) =>
      testH1(
        bySeed(float.slice(0, n)),
        new Map([8, 4, 2].map((bits) => [bits, bySeed(float.slice(0, n).map((g) => g - 3))])),
        createRng(0),
      );
    expect(short(6)).toMatchObject({ verdict: "undecided", needed: 7, seeds: [0, 1, 2, 3, 4, 5] });
    expect(short(6).why).toBe("6 of at least 7 seeds: fewer may all lie on one side by chance.");
    expect(short(7).verdict).toBe("supported");
    expect(short(1).levels[0]!.own).toMatchObject({ mean: -3, low: null, high: null });
  });

  test("only seeds that all have are compared, in any order; what is missing is said", () => {
    const a = new Map([3, 1, 2].map((seed) => [seed, seed]));
    const b = new Map([2, 3, 9].map((seed) => [seed, 10 * seed]));
    expect(testH1(a, new Map([[4, b]]), createRng(0), few)).toMatchObject({
      seeds: [2, 3],
      levels: [{ bits: 4, own: { mean: (18 + 27) / 2, above: 2 } }],
    });
    expect(() => testH1(a, new Map([[4, new Map([[7, 1]])]]), createRng(0))).toThrow(
      "no seed has a measure at full precision and at 4 bits",
    );
    expect(() => testH1(a, new Map(), createRng(0))).toThrow("at least one bit width");
    expect(() => testH1(a, new Map([[4, new Map([[1, Number.NaN]])]]), createRng(0))).toThrow(
      "seed 1 has the measure 1 at full precision and NaN at 4 bits",
    );
  });
});
