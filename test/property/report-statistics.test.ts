import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  interval,
  mean,
  pairedDifferences,
  standardDeviation,
  studentInside,
  studentQuantile,
  summarize,
} from "../../src/experiments/report/statistics.ts";
import { createRng } from "../../src/tensor/random.ts";

/** Without a negative zero, which is equal but not identical to zero. */
const real = fc.double({ min: -1e3, max: 1e3, noNaN: true }).map((x) => x + 0);
const some = fc.array(real, { minLength: 2, maxLength: 12 });
const freedom = fc.integer({ min: 1, max: 80 });

/** Density of Student's t, its constant by c(ν + 2)/c(ν) = (ν + 1)/ν √(ν/(ν + 2)) from ν = 1 and ν = 2. */
function density(nu: number): (t: number) => number {
  let c = nu % 2 === 1 ? 1 / Math.PI : 1 / (2 * Math.SQRT2);
  for (let k = nu % 2 === 1 ? 1 : 2; k < nu; k += 2) c *= ((k + 1) / k) * Math.sqrt(k / (k + 2));
  return (t) => c * (1 + t ** 2 / nu) ** (-(nu + 1) / 2);
}

/** ∫₋ₜᵗ f for an even f, by Simpson's rule. */
function integral(f: (t: number) => number, t: number, parts = 2000): number {
  const h = t / parts;
  const weight = (i: number): number => (i === 0 || i === parts ? 1 : i % 2 === 1 ? 4 : 2);
  return (
    2 * (h / 3) * Array.from({ length: parts + 1 }, (_, i) => weight(i) * f(i * h)).reduce((a, b) => a + b)
  );
}

describe("Student's t", () => {
  // The table of any textbook; two-sided.
  test.each([
    [0.9, [6.314, 2.92, 2.353, 2.132, 2.015, 1.812, 1.697, 1.658]],
    [0.95, [12.706, 4.303, 3.182, 2.776, 2.571, 2.228, 2.042, 1.98]],
    [0.99, [63.657, 9.925, 5.841, 4.604, 4.032, 3.169, 2.75, 2.617]],
  ])(
    "the quantiles at %d are the published ones, for ν = 1, 2, 3, 4, 5, 10, 30, 120",
    (inside, published) => {
      const found = [1, 2, 3, 4, 5, 10, 30, 120].map((nu) => Number(studentQuantile(inside, nu).toFixed(3)));
      expect(found).toEqual(published);
    },
  );

  test("the probability is the integral of the density", () => {
    fc.assert(
      fc.property(freedom, fc.double({ min: 0, max: 12, noNaN: true }), (nu, t) => {
        expect(studentInside(t, nu)).toBeCloseTo(integral(density(nu), t), 9);
      }),
    );
    expect(studentInside(0, 3)).toBe(0);
    expect(studentInside(1.96, 200_000)).toBeCloseTo(0.95, 4);
  });

  test("the quantile is the inverse of the probability, and grows with it", () => {
    const probability = fc.double({ min: 0.001, max: 0.9999, noNaN: true });
    fc.assert(
      fc.property(probability, probability, freedom, (p, q, nu) => {
        const [low, high] = [Math.min(p, q), Math.max(p, q)].map((x) => studentQuantile(x, nu));
        expect(studentInside(low!, nu)).toBeCloseTo(Math.min(p, q), 12);
        expect(high! >= low!).toBe(true);
        expect(studentQuantile(p, nu + 1)).toBeLessThan(studentQuantile(p, nu));
      }),
    );
  });

  test.each([
    [0, 3],
    [1, 3],
    [Number.NaN, 3],
    [0.95, 0],
    [0.95, 2.5],
  ])("a probability of %d with ν = %d is refused", (inside, nu) => {
    expect(() => studentQuantile(inside, nu)).toThrow(
      `expected a probability in 0..1 and whole degrees of freedom, got ${inside} and ${nu}`,
    );
  });
});

describe("summaries", () => {
  test("mean and standard deviation are what their definitions say", () => {
    fc.assert(
      fc.property(some, (xs) => {
        const n = xs.length;
        expect(mean(xs)).toBeCloseTo(xs.reduce((a, b) => a + b) / n, 9);
        // Σ over pairs of (xᵢ − xⱼ)² = n Σ(x − x̄)²: no mean in it.
        const pairs = xs.flatMap((x, i) => xs.slice(i + 1).map((y) => (x - y) ** 2));
        const variance = pairs.reduce((a, b) => a + b) / (n * (n - 1));
        expect(standardDeviation(xs)).toBeCloseTo(Math.sqrt(variance), 8);
        const { n: count, mean: center, sd, min, max } = summarize(xs);
        expect([count, center, sd]).toEqual([n, mean(xs), standardDeviation(xs)]);
        const sorted = [...xs].sort((a, b) => a - b);
        expect([min, max]).toEqual([sorted[0], sorted.at(-1)]);
      }),
    );
    expect(standardDeviation([2, 4, 4, 4, 5, 5, 7, 9])).toBeCloseTo(Math.sqrt(32 / 7), 15);
  });

  test("equal numbers have that mean and no deviation, to the last bit", () => {
    fc.assert(
      fc.property(real, fc.integer({ min: 2, max: 9 }), (x, n) => {
        expect(summarize(Array(n).fill(x))).toEqual({ n, mean: x, sd: 0, min: x, max: x });
      }),
    );
  });

  test("one number has no spread; none, or one that is not finite, is refused", () => {
    expect(summarize([3])).toEqual({ n: 1, mean: 3, sd: null, min: 3, max: 3 });
    expect(() => summarize([])).toThrow("mean: expected finite numbers, got none");
    expect(() => summarize([1, Number.NaN])).toThrow("mean: expected finite numbers, got NaN");
    expect(() => interval([1, Number.NEGATIVE_INFINITY])).toThrow("got -Infinity");
  });

  test("differences are taken only where both sides have the key, in the order of the first", () => {
    const [from, to] = [
      new Map([
        ["c", 1],
        ["a", 2],
        ["x", 9],
      ]),
      new Map([
        ["a", 7],
        ["y", 9],
        ["c", 4],
      ]),
    ];
    expect(pairedDifferences(from, to)).toEqual([3, 5]);
    expect(pairedDifferences(to, from)).toEqual([-5, -3]);
    expect(pairedDifferences(from, new Map())).toEqual([]);
  });
});

describe("the paired t interval", () => {
  test("is that of R's t.test for Student's own data on sleep", () => {
    const { n, mean, low, high } = interval([1.2, 2.4, 1.3, 1.3, 0, 1, 1.8, 0.8, 4.6, 1.4]);
    expect([n, mean.toFixed(2), low!.toFixed(7), high!.toFixed(7)]).toEqual([
      10,
      "1.58",
      "0.7001142",
      "2.4598858",
    ]);
  });

  test("moves and stretches with its numbers, and turns round with their sign", () => {
    const factor = fc.double({ min: 0.01, max: 100, noNaN: true });
    fc.assert(
      fc.property(some, real, factor, (xs, shift, scale) => {
        const close = (x: number, y: number) =>
          expect(Math.abs(x - y)).toBeLessThan(1e-9 * (1e3 + Math.abs(y)) * Math.max(1, scale));
        const { mean, low, high } = interval(xs);
        const moved = interval(xs.map((x) => scale * x + shift));
        close(moved.mean, scale * mean + shift);
        close(moved.low!, scale * low! + shift);
        close(moved.high!, scale * high! + shift);
        const turned = interval(xs.map((x) => -x));
        close(turned.low!, -high!);
        close(turned.high!, -low!);
        close(mean - low!, high! - mean);
      }),
    );
  });

  test("is wider with more confidence, and nothing but its middle is known of one number", () => {
    fc.assert(
      fc.property(some, (xs) => {
        const [narrow, wide] = [interval(xs, 0.9), interval(xs, 0.99)];
        const apart = narrow.high! - narrow.low!;
        expect(wide.high! - wide.low!).toBeGreaterThanOrEqual(apart);
      }),
    );
    expect(interval([4])).toEqual({ n: 1, mean: 4, low: null, high: null });
  });

  test.each([2, 3, 5, 10])("of %d normal numbers, 95 %% of the intervals hold the true mean", (n) => {
    const [rng, trials] = [createRng(`coverage ${n}`), 20_000];
    let inside = 0;
    for (let i = 0; i < trials; i++) {
      const { low, high } = interval(Array.from({ length: n }, () => 3 + 2 * rng.normal()));
      if (low! <= 3 && 3 <= high!) inside++;
    }
    // Four standard errors of a share of 0.95 in 20,000 trials.
    expect(Math.abs(inside / trials - 0.95)).toBeLessThan(0.0062);
  });
});
