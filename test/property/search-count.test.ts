import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { probeMean, probeWorst, type Table, type Thoroughness } from "../../src/measures/search/count.ts";
import {
  type Baseline,
  type Criterion,
  checkReachable,
  commonVerdict,
  defaultCriterion,
  displacementOf,
  displacements,
  harsher,
  verdictOf,
} from "../../src/measures/search/criterion.ts";
import { verifies } from "../spec.ts";

interface Counts {
  readonly sizes: readonly number[];
  readonly hits: readonly (readonly number[])[];
  readonly base: Baseline;
  readonly criterion: Criterion;
}

const sum = (xs: readonly number[]): number => xs.reduce((total, x) => total + x, 0);

/** Tables with accuracies of all kinds, many of them near the edges of the band. */
const counts: fc.Arbitrary<Counts> = fc
  .record({
    sizes: fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 8 }),
    rows: fc.integer({ min: 1, max: 6 }),
    base: fc.double({ min: 0.1, max: 1, noNaN: true }),
    share: fc.double({ min: -0.2, max: 1, noNaN: true }),
    displacement: fc.constantFrom("drop", "absolute", "error", "loss"),
    target: fc.constantFrom(0.1, 0.25, 0.5),
    seeds: fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })),
  })
  .map(({ sizes, rows, base, share, displacement, target, seeds }) => {
    const count = sum(sizes);
    const accuracy = Math.min(1, Math.max(0, base - target + share * 0.2));
    const draw = (): number => seeds.next().value as number;
    if (displacement === "loss") {
      // Multiples of 2⁻²⁰, some of them larger than any target.
      const loss = (size: number): number =>
        -Math.round(size * (base + share * draw()) * 2 ** 20) / 2 ** 20 - size;
      return {
        sizes,
        base: { hits: -Math.round(base * count) - count, count },
        criterion: { ...defaultCriterion, displacement, target } as Criterion,
        hits: Array.from({ length: rows }, () => sizes.map(loss)),
      };
    }
    return {
      sizes,
      base: { hits: Math.round(base * count), count },
      criterion: { ...defaultCriterion, displacement, target } as Criterion,
      hits: Array.from({ length: rows }, () =>
        sizes.map((size) => Array.from({ length: size }, draw).filter((u) => u < accuracy).length),
      ),
    };
  });

function tableOf({ sizes, hits }: Counts) {
  const asked: string[] = [];
  const table: Table = {
    rows: hits.length,
    sizes,
    async hits(row, block) {
      asked.push(`${row}/${block}`);
      return hits[row]![block]!;
    },
  };
  return { table, asked };
}

const count = (how: typeof probeMean, counts: Counts, thoroughness: Thoroughness) =>
  how(tableOf(counts).table, counts.base, counts.criterion, thoroughness);

describe("counting until the verdict is certain", () => {
  verifies(
    "QGen.sec.B.2",
    "the mean of the draws has the verdict and displacement of all hits in one sum",
    async () => {
      await fc.assert(
        fc.asyncProperty(counts, async (c) => {
          const of = c.hits.length * sum(c.sizes);
          const d = displacementOf(sum(c.hits.flat()), of, c.base, c.criterion.displacement);
          expect(await count(probeMean, c, "all")).toEqual({
            verdict: verdictOf(d, c.criterion),
            displacement: { low: d, high: d },
            decidedAfter: of,
            of,
            decidedBy: null,
          });
        }),
      );
    },
  );

  verifies(
    "QGen.sec.B.2",
    "the worst of the restarts has the verdict of the largest displacement",
    async () => {
      await fc.assert(
        fc.asyncProperty(counts, async (c) => {
          const all = c.hits.map((row) =>
            displacementOf(sum(row), sum(c.sizes), c.base, c.criterion.displacement),
          );
          const d = Math.max(...all);
          const of = c.hits.length * sum(c.sizes);
          const found = await count(probeWorst, c, "all");
          expect(found).toMatchObject({
            verdict: verdictOf(d, c.criterion),
            displacement: { low: d, high: d },
            decidedAfter: of,
            of,
          });
          if (found.decidedBy !== null)
            expect(verdictOf(all[found.decidedBy]!, c.criterion)).toBe(found.verdict);
        }),
      );
    },
  );

  test.each([
    ["mean", probeMean],
    ["worst", probeWorst],
  ] as const)(
    "counted early, the %s has the verdict of the whole count, bounds around its displacement, and no cell twice",
    async (_, how) => {
      let [early, whole] = [0, 0];
      await fc.assert(
        fc.asyncProperty(counts, async (c) => {
          const { table, asked } = tableOf(c);
          const [a, b] = [await how(table, c.base, c.criterion, "until-decided"), await count(how, c, "all")];
          expect(a.verdict).toBe(b.verdict);
          expect(a.displacement.low).toBeLessThanOrEqual(b.displacement.low);
          expect(a.displacement.high).toBeGreaterThanOrEqual(b.displacement.high);
          expect(new Set(asked).size).toBe(asked.length);
          const seen = asked.map((cell) => c.sizes[Number(cell.split("/")[1])]!);
          expect(a.decidedAfter).toBe(sum(seen));
          early += a.decidedAfter;
          whole += b.decidedAfter;
        }),
        { numRuns: 500 },
      );
      expect(early / whole).toBeLessThan(0.95);
    },
  );

  test("the row to begin with is the first that is counted, and changes no verdict", async () => {
    await fc.assert(
      fc.asyncProperty(counts, fc.nat(), async (c, n) => {
        const { table, asked } = tableOf(c);
        const first = n % c.hits.length;
        const found = await probeWorst(table, c.base, c.criterion, "until-decided", first);
        expect(asked[0]).toBe(`${first}/0`);
        expect(found.verdict).toBe((await count(probeWorst, c, "all")).verdict);
      }),
    );
  });

  test("one restart without hits decides alone: of ten, nine are not looked at", async () => {
    const c: Counts = {
      sizes: [10, 10, 10, 10],
      hits: Array.from({ length: 10 }, () => [0, 0, 0, 0]),
      base: { hits: 40, count: 40 },
      criterion: defaultCriterion,
    };
    expect(await count(probeWorst, c, "until-decided")).toMatchObject({
      verdict: "smaller",
      decidedAfter: 10,
      of: 400,
      decidedBy: 0,
    });
  });
});

describe("the criterion", () => {
  const base = { hits: 80, count: 100 };

  test("an increase of the accuracy is no drop, but a change", () => {
    expect(displacementOf(90, 100, base, "drop")).toBe(0);
    expect(displacementOf(90, 100, base, "absolute")).toBeCloseTo(0.1, 12);
    expect(displacementOf(90, 100, base, "error")).toBeCloseTo(0.1, 12);
    expect(displacementOf(700, 1000, base, "drop")).toBeCloseTo(0.1, 12);
  });

  test("bounds on the hits bound the displacement of every count between them, and both bounds are met or 0", () => {
    const how = fc.constantFrom("drop", "absolute", "error");
    fc.assert(
      fc.property(fc.nat(100), fc.nat(100), fc.nat(100), how, (a, b, h, how) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        const bounds = displacements({ low, high }, 100, { hits: h, count: 100 }, how);
        const all = Array.from({ length: high - low + 1 }, (_, i) =>
          displacementOf(low + i, 100, { hits: h, count: 100 }, how),
        );
        expect(bounds).toEqual({ low: Math.min(...all), high: Math.max(...all) });
      }),
    );
  });

  test("bounds on two sides of an edge of the band have no verdict in common", () => {
    expect(commonVerdict({ low: 0.05, high: 0.08 }, defaultCriterion)).toBe("larger");
    expect(commonVerdict({ low: 0.08, high: 0.1 }, defaultCriterion)).toBe(null);
    expect(commonVerdict({ low: 0.05, high: 0.2 }, defaultCriterion)).toBe(null);
    expect(commonVerdict({ low: 0.12, high: 0.5 }, defaultCriterion)).toBe("smaller");
    expect([harsher("larger", "stop"), harsher("smaller", "stop"), harsher("larger", "larger")]).toEqual([
      "stop",
      "smaller",
      "larger",
    ]);
  });

  test("a network that is too weak for the criterion is refused in a sentence", () => {
    const weak = { hits: 7, count: 100 };
    expect(() => checkReachable("radius", weak, defaultCriterion)).toThrow(
      "radius: the accuracy on the 100 training images is 7.00 %, so it cannot drop by 10.00 %; train the network first",
    );
    expect(() => checkReachable("radius", base, { ...defaultCriterion, displacement: "error" })).toThrow(
      "the error on the 100 training images is 20.00 % without any noise, which is above the 10.00 %",
    );
    expect(() => checkReachable("radius", base, defaultCriterion)).not.toThrow();
  });
});
