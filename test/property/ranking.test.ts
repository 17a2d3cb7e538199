import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  equalWeight,
  hoeffdingWeight,
  signError,
  signErrors,
} from "../../src/measures/ranking/environments.ts";
import { conditionalInformation, leastInformation, subsets } from "../../src/measures/ranking/information.ts";
import { granulatedKendall, kendall } from "../../src/measures/ranking/kendall.ts";
import { axesOf, type Run } from "../../src/measures/ranking/pairs.ts";

const runs = (measures: readonly number[], gaps: readonly number[]): Run[] =>
  measures.map((measure, i) => ({ hyper: { i }, measure, gap: gaps[i]! }));

/** A grid of settings, with numbers that tie often. */
const pool = fc
  .record({
    sizes: fc.tuple(
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 2, max: 3 }),
      fc.integer({ min: 1, max: 2 }),
    ),
    numbers: fc.array(fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 4 })), {
      minLength: 18,
      maxLength: 18,
    }),
  })
  .map(({ sizes: [a, b, c], numbers }) =>
    Array.from({ length: a * b * c }, (_, i): Run => {
      const [measure, gap] = numbers[i]!;
      const hyper = {
        lr: i % a,
        width: ["8", "10", "12"][Math.floor(i / a) % b]!,
        depth: Math.floor(i / a / b),
      };
      return { hyper, measure, gap };
    }),
  );
const grid = (measure: (a: number, b: number) => number, gap: (a: number, b: number) => number): Run[] =>
  [0, 1, 2].flatMap((a) =>
    [0, 1, 2].map((b) => ({ hyper: { a, b }, measure: measure(a, b), gap: gap(a, b) })),
  );

describe("Kendall's τ", () => {
  test("of four runs with one pair swapped is 4/6", () => {
    expect(kendall(runs([1, 2, 3, 4], [1, 3, 2, 4]))).toBeCloseTo(4 / 6, 15);
  });

  test("with ties: 12, 2, 1, 12, 2 against 1, 4, 7, 1, 0 is −0.4714", () => {
    // C = 2, D = 6, 8 pairs differ in the one and 9 in the other: −4/√72.
    expect(kendall(runs([12, 2, 1, 12, 2], [1, 4, 7, 1, 0]))).toBeCloseTo(-0.4714045207910316, 14);
  });

  test("is 1 for the same order, −1 for the other one, and changes its sign with that of either", () => {
    fc.assert(
      fc.property(pool, (all) => {
        const tau = kendall(all);
        expect(kendall(all.map((r) => ({ ...r, measure: -r.measure })))).toBe(tau === null ? null : 0 - tau);
        const order = all.map((r, i) => ({ ...r, gap: i, measure: 3 * i }));
        expect(kendall(order)).toBe(1);
        expect(kendall(order.map((r) => ({ ...r, gap: -r.gap })))).toBe(-1);
      }),
    );
  });

  test("is what the definition says, over all pairs", () => {
    fc.assert(
      fc.property(pool, (all) => {
        let [sum, x, y] = [0, 0, 0];
        for (const a of all)
          for (const b of all) {
            const [m, g] = [Math.sign(a.measure - b.measure), Math.sign(a.gap - b.gap)];
            sum += m * g;
            x += m * m;
            y += g * g;
          }
        const tau = kendall(all);
        if (x * y === 0) expect(tau).toBeNull();
        else expect(tau).toBeCloseTo(sum / Math.sqrt(x * y), 12);
      }),
    );
  });

  test("nothing to rank is no τ; a measure may be infinite, no number may be missing", () => {
    expect(kendall(runs([1, 1, 1], [1, 2, 3]))).toBeNull();
    expect(kendall(runs([1, Number.POSITIVE_INFINITY], [1, 2]))).toBe(1);
    expect(() => kendall(runs([1, Number.NaN], [1, 2]))).toThrow("run 1 has the measure NaN and the gap 2");
    expect(() => kendall(runs([1, 2], [Number.POSITIVE_INFINITY, 2]))).toThrow("run 0");
    expect(() => kendall(runs([1], [1]))).toThrow("two runs or more, got 1");
  });
});

describe("granulated τ", () => {
  test("a measure that follows one of two hyper-parameters is right along it, and blind along the other", () => {
    const { tau, axes } = granulatedKendall(
      grid(
        (a) => a,
        (a, b) => a + 10 * b,
      ),
    );
    expect(axes).toEqual([
      { axis: "a", tau: 1, groups: 3 },
      { axis: "b", tau: 0, groups: 3 },
    ]);
    expect(tau).toBe(1 / 2);
  });

  test("by hand: right in two groups along a, wrong in one, right along b", () => {
    // Along a at b = 2 the gaps fall.
    const all = grid(
      (a, b) => a + 10 * b,
      (a, b) => (b === 2 ? -a : a) + 10 * b,
    );
    const { tau, axes } = granulatedKendall(all);
    expect(axes[0]!.tau).toBeCloseTo(1 / 3, 15);
    expect(axes[1]!.tau).toBe(1);
    expect(tau).toBeCloseTo(2 / 3, 15);
    expect(kendall(all)).toBeCloseTo((36 - 2 * 3) / 36, 15);
  });

  test("the mean over the axes is not that over the groups", () => {
    const all = [0, 1].flatMap((a) =>
      [0, 1, 2].map((b) => ({ hyper: { a, b }, measure: b, gap: b + 10 * a })),
    );
    // Two groups along b with τ = 1, three along a with τ = 0.
    expect(granulatedKendall(all).axes.map(({ groups }) => groups)).toEqual([3, 2]);
    expect(granulatedKendall(all).tau).toBe(1 / 2);
  });

  test("with one hyper-parameter, it is Kendall's τ; repetitions of a setting are not compared", () => {
    fc.assert(
      fc.property(pool, (all) => {
        const line = all.map((run, i) => ({ ...run, hyper: { i } }));
        expect(granulatedKendall(line).tau).toBe(
          line.every(({ gap }) => gap === line[0]!.gap) ? null : (kendall(line) ?? 0),
        );
      }),
    );
    const twice = [
      ...grid(
        (a) => a,
        (a) => a,
      ),
      ...grid(
        (a) => a,
        (a) => a + 0.1,
      ),
    ];
    expect(granulatedKendall(twice, ["a", "b"]).axes.map(({ tau }) => tau)).toEqual([1, 0]);
  });

  test("groups whose gaps are all equal have nothing to predict", () => {
    const { axes } = granulatedKendall(
      grid(
        (a, b) => a + b,
        (_, b) => b,
      ),
    );
    expect(axes).toEqual([
      { axis: "a", tau: null, groups: 0 },
      { axis: "b", tau: 1, groups: 3 },
    ]);
    expect(() =>
      granulatedKendall(
        grid(
          (a) => a,
          (a) => a,
        ),
        ["lr"],
      ),
    ).toThrow('no hyper-parameter "lr"');
  });
});

/** The definition, probability by probability: E_u Σ p(m, g | u) log(p(m, g | u)/(p(m | u) p(g | u))). */
function bruteForce(all: readonly Run[], given: readonly string[]): { information: number; entropy: number } {
  const outcomes = all.flatMap((a, i) =>
    all.flatMap((b, j) =>
      i === j
        ? []
        : [
            {
              u: JSON.stringify(given.map((name) => [a.hyper[name], b.hyper[name]])),
              m: Math.sign(a.measure - b.measure),
              g: Math.sign(a.gap - b.gap),
            },
          ],
    ),
  );
  let [information, entropy] = [0, 0];
  for (const u of new Set(outcomes.map((o) => o.u))) {
    const own = outcomes.filter((o) => o.u === u);
    const p = (is: (o: (typeof own)[number]) => boolean): number => own.filter(is).length / own.length;
    const weight = own.length / outcomes.length;
    for (const g of [-1, 0, 1]) {
      const pg = p((o) => o.g === g);
      if (pg > 0) entropy -= weight * pg * Math.log(pg);
      for (const m of [-1, 0, 1]) {
        const both = p((o) => o.m === m && o.g === g);
        if (both > 0) information += weight * both * Math.log(both / (pg * p((o) => o.m === m)));
      }
    }
  }
  return { information, entropy };
}

describe("conditional mutual information", () => {
  test("is what the definition says, given any hyper-parameters", () => {
    fc.assert(
      fc.property(pool, (all) => {
        for (const given of [[], ["lr"], ["width", "depth"]]) {
          const { information, entropy, normalized } = conditionalInformation(all, given);
          const expected = bruteForce(all, given);
          expect(information).toBeCloseTo(expected.information, 10);
          expect(entropy).toBeCloseTo(expected.entropy, 10);
          if (normalized !== null) expect(normalized).toBeCloseTo(expected.information / expected.entropy, 8);
        }
      }),
      { numRuns: 50 },
    );
  });

  test("a measure that ranks as the gap does tells all, and so does one that ranks the other way", () => {
    const gap = (a: number, b: number): number => 3 * a + b;
    for (const sign of [1, -1]) {
      const { least } = leastInformation(grid((a, b) => sign * gap(a, b), gap));
      expect(least).toBeCloseTo(1, 12);
    }
  });

  test("a measure that follows a cause of the gap tells nothing once that cause is known", () => {
    const all = grid(
      (a) => a,
      (a, b) => 3 * a + b,
    );
    expect(conditionalInformation(all, []).normalized).toBeGreaterThan(0.4);
    expect(conditionalInformation(all, ["a"]).normalized).toBeCloseTo(0, 12);
    expect(leastInformation(all).least).toBeCloseTo(0, 12);
  });

  test("of two runs, it is one bit of one bit", () => {
    const two = runs([1, 2], [5, 9]);
    const { information, entropy, normalized } = conditionalInformation(two, []);
    expect(information).toBeCloseTo(Math.LN2, 15);
    expect([entropy / Math.LN2, normalized]).toEqual([expect.closeTo(1, 15), expect.closeTo(1, 15)]);
    // Who the two are says already which gap is larger.
    expect(conditionalInformation(two, ["i"])).toMatchObject({ normalized: null, information: 0 });
  });

  test("the least is over all sets of at most two hyper-parameters, the empty one too", () => {
    expect(subsets(["a", "b", "c"], 2)).toEqual([
      [],
      ["c"],
      ["b"],
      ["a"],
      ["b", "c"],
      ["a", "c"],
      ["a", "b"],
    ]);
    fc.assert(
      fc.property(pool, (all) => {
        const { least, sets } = leastInformation(all);
        const known = sets.flatMap(({ normalized }) => (normalized === null ? [] : [normalized]));
        expect(least).toBe(known.length === 0 ? null : Math.min(...known));
        const axes = axesOf(all).length;
        expect(sets.length).toBe(1 + axes + (axes * (axes - 1)) / 2);
      }),
      { numRuns: 30 },
    );
  });
});

describe("sign errors by environment", () => {
  test("two runs are ranked alike, the other way, or not at all", () => {
    const [low, high] = [
      { hyper: {}, measure: 1, gap: 1 },
      { hyper: {}, measure: 2, gap: 2 },
    ];
    expect(signError(low, high)).toBe(0);
    expect(signError(low, { ...high, measure: 0 })).toBe(1);
    expect(signError(low, { ...high, measure: 1 })).toBe(1 / 2);
    expect(signError(low, { ...high, gap: 1 })).toBe(1 / 2);
  });

  test("every two settings that differ in one hyper-parameter are one, and the worst decides", () => {
    const { environments, mean, robust } = signErrors(
      grid(
        (a, b) => a + b,
        (a, b) => (b === 2 && a === 2 ? -1 : a + b),
      ),
    );
    // Three values, so three pairs a line, six lines.
    expect(environments.length).toBe(18);
    const wrong = environments.filter(({ error }) => error === 1);
    expect(wrong.map(({ axis, values, others }) => [axis, values, others])).toEqual([
      ["a", [0, 2], { b: 2 }],
      ["a", [1, 2], { b: 2 }],
      ["b", [0, 2], { a: 2 }],
      ["b", [1, 2], { a: 2 }],
    ]);
    expect([mean, robust]).toEqual([4 / 18, 1]);
  });

  test("repetitions are averaged within their environment, by their weights", () => {
    const run = (a: number, measure: number, gap: number): Run => ({ hyper: { a }, measure, gap });
    const all = [run(0, 0, 0), run(1, 1, 1), run(1, -1, 3)];
    expect(signErrors(all).environments).toMatchObject([{ error: 1 / 2, weight: 2 }]);
    const byGap = signErrors(all, ["a"], (a, b) => Math.abs(a.gap - b.gap));
    expect(byGap.environments).toMatchObject([{ error: 3 / 4, weight: 4 }]);
    expect(signErrors(all, ["a"], () => 0)).toEqual({ environments: [], mean: null, robust: null });
  });

  test("Hoeffding's weight is 0 for gaps that chance explains, and nearly ½ for gaps it does not", () => {
    const [a, b] = runs([0, 0], [0, 0.1]) as [Run, Run];
    const weigh = hoeffdingWeight(10_000);
    expect(weigh(a, a)).toBe(0);
    expect(weigh(a, { ...b, gap: 0.01 })).toBe(0);
    // 1 − 2 exp(−2 · 10⁴ · 0.05²)
    expect(weigh(a, b)).toBeCloseTo((1 - 2 * Math.exp(-50)) ** 2 - 0.5, 15);
    expect(weigh(b, a)).toBe(weigh(a, b));
    expect(equalWeight(a, b)).toBe(1);
  });

  test("without ties, the mean over one hyper-parameter is (1 − τ)/2", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer(), { minLength: 2, maxLength: 8 }), (measures) => {
        const all = runs(
          measures,
          measures.map((_, i) => i),
        );
        expect(signErrors(all).mean).toBeCloseTo((1 - kendall(all)!) / 2, 12);
      }),
    );
  });
});

test("all four see the order of measures and gaps only, not their sizes", () => {
  const summary = (all: readonly Run[]) => [
    kendall(all),
    granulatedKendall(all),
    leastInformation(all),
    signErrors(all),
  ];
  fc.assert(
    fc.property(pool, (all) => {
      const bent = all.map((run) => ({ ...run, measure: Math.exp(run.measure) - 7, gap: run.gap ** 3 }));
      expect(summary(bent)).toEqual(summary(all));
    }),
    { numRuns: 30 },
  );
});

test("all four do not care in which order the runs come", () => {
  const numbers = (all: readonly Run[]): (number | null)[] => [
    kendall(all),
    granulatedKendall(all, ["lr", "width", "depth"]).tau,
    leastInformation(all).least,
    signErrors(all).mean,
    signErrors(all).robust,
  ];
  fc.assert(
    fc.property(pool, (all) => {
      const [one, other] = [numbers(all), numbers([...all].reverse())];
      for (const [i, x] of one.entries())
        if (x === null) expect(other[i]).toBeNull();
        else expect(other[i]).toBeCloseTo(x, 10);
    }),
    { numRuns: 30 },
  );
});
