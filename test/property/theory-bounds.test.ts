import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bumps, rareDisaster } from "../../src/experiments/theory/learning.ts";
import { memorizer } from "../../src/experiments/theory/memorizer.ts";
import { dot, l1, l2, linf, plus, times } from "../../src/measures/theory/balls.ts";
import {
  type Bound,
  boxBound,
  foretBound,
  gapBound,
  type Learning,
  quantizedGapBound,
  replacedMaximum,
  sandwich,
  withoutMaximum,
} from "../../src/measures/theory/bounds.ts";
import { h, type Sampling, widthInBall } from "../../src/measures/theory/h.ts";
import { absoluteSum, quadratic } from "../../src/measures/theory/quadratic.ts";
import { createRng } from "../../src/tensor/random.ts";
import { verifies } from "../spec.ts";
import { convexCase, points, radius } from "./quadratics.ts";

const met = ({ conditions }: Bound): boolean[] => conditions.map((condition) => condition.met);
const size = { n: 2000, eta: 0.05 };
const sampling: fc.Arbitrary<Sampling> = fc.record({
  k: fc.integer({ min: 1, max: 10_000 }),
  n: fc.integer({ min: 2, max: 100_000 }),
  eta: fc.constantFrom(0.01, 0.05, 0.5),
});
const positive = fc.double({ min: 1e-3, max: 1e3, noNaN: true });

describe("h", () => {
  verifies(
    "QGen.eq.8",
    "(n − 1) h² = k ln(1 + ‖w‖²/kσ²) + 4 ln(n/η) + 1 + 8 ln(6n + 3k), σ the width in the ball",
    () => {
      fc.assert(
        fc.property(sampling, positive, positive, ({ k, n, eta }, w, rho) => {
          const sigma = widthInBall(rho, { k, n, eta });
          expect(sigma / (rho / (Math.sqrt(k) + Math.sqrt(Math.log(n))))).toBeCloseTo(1, 12);
          const expected =
            k * Math.log1p((w * w) / (k * sigma * sigma)) +
            4 * Math.log(n / eta) +
            1 +
            8 * Math.log(6 * n + 3 * k);
          expect(((n - 1) * h((w * w) / (rho * rho), { k, n, eta }) ** 2) / expected).toBeCloseTo(1, 11);
        }),
      );
    },
  );

  // Made with Python's math module: k 2, n 2000, η 0.05, ‖w‖ 3, ρ 1, and the same with k 1000, n 50000.
  verifies("QGen.eq.8", "it has the values of a calculation by hand", () => {
    expect(h(9, { k: 2, n: 2000, eta: 0.05 })).toBeCloseTo(0.2523309775327094, 12);
    expect(h(9, { k: 1000, n: 50_000, eta: 0.05 })).toBeCloseTo(0.22976795293393928, 12);
  });

  verifies("QGen.eq.8", "it grows with ‖w‖ and falls with ρ, strictly", () => {
    fc.assert(
      fc.property(
        sampling,
        positive,
        positive,
        fc.double({ min: 1.01, max: 10, noNaN: true }),
        (s, w, rho, c) => {
          const at = (norm: number, radius: number): number => h((norm * norm) / (radius * radius), s);
          expect(at(c * w, rho)).toBeGreaterThan(at(w, rho));
          expect(at(w, c * rho)).toBeLessThan(at(w, rho));
          expect(at(w, rho)).toBeGreaterThan(h(0, s));
          expect(h(0, s)).toBeGreaterThan(0);
        },
      ),
    );
  });

  test("it is at least 1/√n + √(A/(n − 1)), the PAC-Bayesian bound that it simplifies", () => {
    fc.assert(
      fc.property(sampling, positive, ({ k, n, eta }, ratio) => {
        const stretched = ratio * (1 + Math.sqrt(Math.log(n) / k)) ** 2;
        const a = 0.25 * k * Math.log1p(stretched) + 0.25 + Math.log(n / eta) + 2 * Math.log(6 * n + 3 * k);
        expect(h(ratio, { k, n, eta })).toBeGreaterThanOrEqual(1 / Math.sqrt(n) + Math.sqrt(a / (n - 1)));
      }),
    );
  });

  test("all but a share 1/√n of Gaussians of that width are in the ball", () => {
    const rng = createRng("in the ball");
    for (const k of [1, 3, 20]) {
      const n = 400;
      const sigma = widthInBall(1, { k, n, eta: 0.05 });
      const out = Array.from({ length: 4000 }, () =>
        l2.norm(Array.from({ length: k }, () => sigma * rng.normal())),
      );
      expect(out.filter((length) => length > 1).length / out.length).toBeLessThan(1 / Math.sqrt(n));
    }
  });

  test("nonsense is refused in a sentence", () => {
    expect(() => h(1, { k: 0, n: 10, eta: 0.1 })).toThrow("expected k ≥ 1 weights, got 0");
    expect(() => h(1, { k: 1, n: 1, eta: 0.1 })).toThrow("expected n ≥ 2 examples, got 1");
    expect(() => h(1, { k: 1, n: 10, eta: 0 })).toThrow("expected η between 0 and 1, got 0");
    expect(() => h(Number.NaN, { k: 1, n: 10, eta: 0.1 })).toThrow("at least 0, got NaN");
  });
});

describe("a population and its samples", () => {
  test("the losses of a large sample of bumps are those of the population, with noise on w too", () => {
    const rng = createRng("bumps");
    const { population, smoothed, sample, largest } = bumps(2, { n: 20_000, eta: 0.05 }, rng);
    expect(largest).toBe(1);
    for (const w of [
      [0, 0],
      [1, -0.5],
      [3, 0],
    ]) {
      expect(Math.abs(sample.at(w) - population(w))).toBeLessThan(0.01);
      const noisy = Array.from({ length: 200 }, () =>
        population(plus(w, [0.8 * rng.normal(), 0.8 * rng.normal()])),
      );
      expect(Math.abs(noisy.reduce((a, b) => a + b, 0) / 200 - smoothed(w, 0.8))).toBeLessThan(0.03);
      const [e, slope] = [[1e-5, -2e-5], sample.slope(w)];
      const rise = (sample.at(plus(w, e)) - sample.at(plus(w, times(-1, e)))) / 2;
      expect(Math.abs(rise - dot(slope, e))).toBeLessThan(1e-12);
    }
    expect(population([0, 0])).toBe(0.5);
  });
});

describe("eq. 8 and 9", () => {
  const rng = createRng("eq. 8");
  const samples = Array.from({ length: 10 }, (_, i) => bumps(2, size, rng.fork(`sample/${i}`)));

  verifies(
    "QGen.eq.8",
    "where both conditions are met it holds for these samples, with room for less than h",
    () => {
      for (const learning of samples)
        for (const w of [
          [0, 0],
          [0.5, 0.5],
          [-1, 0.2],
        ])
          for (const rho of [0.1, 1]) {
            const bound = foretBound(learning, w, rho);
            expect([bound.holds, met(bound)]).toEqual([true, [true, true]]);
            expect(bound.left).toBe(learning.population(w));
            const sampling = { k: 2, ...size };
            const top = bound.right - h(dot(w, w) / (rho * rho), sampling);
            expect(top).toBeGreaterThanOrEqual(learning.sample.at(w) - 1e-12);
            expect(bound.right - bound.left).toBeLessThan(1);
          }
    },
  );

  verifies("QGen.eq.8", "where noise on w lowers L_D, the condition is not met: w is on a hill", () => {
    const bound = foretBound(samples[0]!, [4, 4], 2);
    expect(met(bound)).toEqual([true, false]);
  });

  verifies(
    "QGen.eq.8",
    "with losses that are not in [0, 1] it fails for more than a quarter of samples, not for η = 5 %",
    () => {
      const bounds = Array.from({ length: 200 }, (_, i) =>
        foretBound(rareDisaster(size, rng.fork(`rare/${i}`)), [0, 0], 1),
      );
      for (const bound of bounds) expect(met(bound)).toEqual([false, true]);
      const failed = bounds.filter(({ holds }) => !holds).length / bounds.length;
      // (1 − 1/n)ⁿ ≈ 1/e, within four standard errors.
      expect(Math.abs(failed - Math.exp(-1))).toBeLessThan(4 * Math.sqrt(0.233 / 200));
      expect(failed).toBeGreaterThan(0.25);
    },
  );

  verifies(
    "QGen.eq.9",
    "its right side is never below that of eq. 8, and above it by the difference of the maxima",
    () => {
      fc.assert(
        fc.property(convexCase, ({ hessian, center, w, rho }) => {
          const sample = quadratic(hessian, { center });
          const learning: Learning = { ...size, population: () => 0, smoothed: () => 0, sample, largest: 1 };
          const [ball, box] = [foretBound(learning, w, rho), boxBound(learning, w, rho)];
          const scale = 1e-11 * (1 + box.right);
          expect(box.right).toBeGreaterThanOrEqual(ball.right - scale);
          const difference = sample.highest(linf, w, rho) - sample.highest(l2, w, rho);
          expect(Math.abs(box.right - ball.right - difference)).toBeLessThan(scale);
          expect(box.left).toBe(ball.left);
        }),
      );
    },
  );
});

describe("eq. 10 and 11", () => {
  const inside = convexCase.chain((c) =>
    points(c.w.length).map((d) => ({
      ...c,
      d: linf.project(d, c.rho),
      loss: quadratic(c.hessian, { center: c.center }),
    })),
  );

  verifies("QGen.eq.10", "the right part holds for every w and every d in the box", () => {
    fc.assert(
      fc.property(inside, ({ loss, w, d, rho }) => {
        const { upper } = sandwich(loss, w, d, rho, false);
        expect(upper.left).toBe(loss.at(plus(w, d)));
        expect([upper.holds, ...met(upper)]).toEqual([true, true]);
      }),
    );
  });

  verifies("QGen.eq.10", "the left part holds at the minimum of a convex loss", () => {
    fc.assert(
      fc.property(inside, ({ loss, center, d, rho }) => {
        const { lower } = sandwich(loss, center, d, rho, true);
        expect([lower.holds, lower.left, ...met(lower)]).toEqual([true, 0, true, true]);
      }),
    );
  });

  verifies("QGen.eq.10", "for L = w², w = 1 and d = −½ the left part fails: 1 ≤ ¼", () => {
    const { lower, upper } = sandwich(quadratic([[2]]), [1], [-0.5], 0.5, false);
    expect([lower.left, lower.right, lower.holds, met(lower)]).toEqual([1, 0.25, false, [true, false]]);
    expect([upper.left, upper.right]).toEqual([0.25, 2.25]);
  });

  verifies(
    "QGen.eq.10",
    "outside the box the right part fails: for L = w², w = 0, ρ = 1 and d = 2, 4 ≤ 1",
    () => {
      const { upper } = sandwich(quadratic([[2]]), [0], [2], 1, true);
      expect([upper.left, upper.right, upper.holds, met(upper)]).toEqual([4, 1, false, [false]]);
    },
  );

  verifies("QGen.eq.11", "what the replacement loses is between 0 and 2ρ‖∇L‖₁ + ρ² Σ|Hᵢⱼ|", () => {
    fc.assert(
      fc.property(inside, ({ loss, hessian, w, d, rho }) => {
        const { left, right, holds } = replacedMaximum(loss, w, d, rho, absoluteSum(hessian));
        expect(left).toBeGreaterThanOrEqual(0);
        expect(right).toBe(2 * rho * l1(loss.slope(w)) + rho * rho * absoluteSum(hessian));
        expect(holds || left - right < 1e-11 * right).toBe(true);
      }),
    );
  });

  verifies("QGen.eq.11", "it is reached: L = 3w, d = −ρ loses 6ρ; and ½λρ² at a minimum with d = 0", () => {
    const line = { at: ([w]: readonly number[]) => 3 * w!, slope: () => [3] };
    const exact = {
      ...line,
      highest: (_: unknown, [w]: readonly number[], rho: number) => 3 * (w! + rho),
      exact: true,
    };
    expect(replacedMaximum(exact, [1], [-0.5], 0.5, 0)).toMatchObject({ left: 3, right: 3, holds: true });
    expect(replacedMaximum(quadratic([[8]]), [0], [0], 0.5, 8)).toMatchObject({
      left: 1,
      right: 2,
      holds: true,
    });
  });
});

describe("eq. 12 to 14", () => {
  const eta = 0.05;
  const { learning, w } = memorizer({ n: 1000, eta, domain: 20_000 }, createRng("by heart"));
  const rho = 2 ** -7;

  test("the memorizer knows what it has seen, and half of the rest", () => {
    expect(learning.sample.at(w)).toBe(0);
    expect(learning.population(w)).toBeGreaterThan(0.45);
    expect(learning.population(w)).toBeLessThan(0.5);
    expect(w[0]).toBeGreaterThanOrEqual(0.5);
    // One unit in the last place away, all digits after the 53rd are 0: as good as a coin.
    expect(Math.abs(learning.sample.at([w[0]! + 2 ** -53]) - 0.5)).toBeLessThan(0.08);
    expect(Math.abs(learning.population([w[0]! - 2 ** -30]) - 0.5)).toBeLessThan(0.02);
    // 0.1000… reads 1, 0, 0, …
    const zeros = learning.population([0.5]);
    expect(Math.abs(zeros - 0.5)).toBeLessThan(0.02);
  });

  verifies(
    "QGen.eq.12",
    "it fails at a sharp minimum, where eq. 9 holds: a weight that knows the sample by heart",
    () => {
      for (const radius of [rho, 2 ** -20]) {
        const [bare, full] = [withoutMaximum(learning, w, [0], radius), boxBound(learning, w, radius)];
        expect([bare.holds, met(bare)]).toEqual([false, [true, true, true, false]]);
        expect([full.holds, met(full)]).toEqual([true, [true, true]]);
        expect(full.right - bare.right).toBeGreaterThan(0.9);
        expect(bare.left - bare.right).toBeGreaterThan(0.05);
      }
    },
  );

  verifies("QGen.eq.12", "where d reaches the maximum, it is eq. 9", () => {
    fc.assert(
      fc.property(convexCase, ({ hessian, center, w: at, rho: r }) => {
        const sample = quadratic(hessian, { center });
        const flat: Learning = { n: 100, eta, population: () => 0, smoothed: () => 0, sample, largest: 1 };
        const corners = Array.from({ length: 2 ** at.length }, (_, signs) =>
          at.map((_, i) => ((signs >> i) & 1 ? r : -r)),
        );
        const summit = corners.reduce((a, b) => (sample.at(plus(at, b)) > sample.at(plus(at, a)) ? b : a));
        const [bare, full] = [withoutMaximum(flat, at, summit, r), boxBound(flat, at, r)];
        expect([bare.left, bare.right, ...met(bare)]).toEqual([
          full.left,
          full.right,
          true,
          true,
          true,
          true,
        ]);
        // Elsewhere its right side is smaller by just what eq. 11 has lost.
        const bareAtRest = withoutMaximum(flat, at, times(0, at), r);
        const lost = replacedMaximum(sample, at, times(0, at), r, 0).left;
        expect(Math.abs(full.right - bareAtRest.right - lost)).toBeLessThan(1e-11 * (1 + full.right));
      }),
    );
  });

  verifies("QGen.eq.13", "it is eq. 12 with L_S(w + d) on the other side", () => {
    const rng = createRng("eq. 13");
    const smooth = bumps(2, { n: 300, eta }, rng);
    fc.assert(
      fc.property(points(2), points(2), radius, (at, d, r) => {
        const [gap, bare] = [gapBound(smooth, at, d, r), withoutMaximum(smooth, at, d, r)];
        const moved = smooth.sample.at(plus(at, d));
        expect(gap.left).toBe(smooth.population(at) - moved);
        expect(gap.right).toBeCloseTo(bare.right - moved, 12);
        expect(gap.conditions).toEqual(bare.conditions);
      }),
      { numRuns: 10 },
    );
    expect(gapBound(learning, w, [0], rho).holds).toBe(false);
  });

  verifies("QGen.eq.13", "a higher ρ makes h smaller, and the right side of eq. 9 larger", () => {
    const sample = quadratic([[100]]);
    const sharp: Learning = { n: 10_000, eta, population: () => 0, smoothed: () => 0, sample, largest: 1 };
    const [low, high] = [0.1, 0.2].map((r) => ({
      gap: gapBound(sharp, [1], [0], r),
      box: boxBound(sharp, [1], r),
    }));
    expect(high!.gap.right).toBeLessThan(low!.gap.right);
    expect(high!.box.right).toBeGreaterThan(low!.box.right);
  });

  verifies("QGen.eq.14", "it is eq. 13 at d = ŵ − w and ρ = δ/2", () => {
    const smooth = bumps(2, { n: 300, eta }, createRng("eq. 14"));
    fc.assert(
      fc.property(points(2), points(2), fc.integer({ min: 1, max: 64 }), (at, hat, eighths) => {
        const delta = eighths / 8;
        const n = plus(hat, times(-1, at));
        const [quantized, gap] = [
          quantizedGapBound(smooth, at, hat, delta),
          gapBound(smooth, at, n, delta / 2),
        ];
        expect(quantized.right).toBeCloseTo(gap.right, 12);
        expect(quantized.left).toBeCloseTo(gap.left, 12);
        expect(met(quantized)).toEqual(met(gap));
        expect(quantized.conditions[2]).toEqual({ says: "‖ŵ − w‖∞ ≤ δ/2", met: linf.norm(n) <= delta / 2 });
      }),
      { numRuns: 10 },
    );
  });

  verifies(
    "QGen.eq.14",
    "it fails for a clipped weight: w = (4, 0) at 2 bits and δ = 1 becomes (1, 0)",
    () => {
      const smooth = bumps(2, size, createRng("clipped"));
      const clipped = quantizedGapBound(smooth, [4, 0], [1, 0], 1);
      expect(clipped.holds).toBe(false);
      expect(clipped.conditions[2]!.met).toBe(false);
      expect(quantizedGapBound(smooth, [4, 0], [4, 0], 1).holds).toBe(true);
    },
  );
});
