import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type LossSurface, lossSurface } from "../../src/measures/loss-surface.ts";
import { dot, length, plus } from "../../src/measures/vectors.ts";
import { worstCase } from "../../src/measures/worst-case.ts";
import { expectClose } from "./calculus.ts";
import { smallNet, smallWeights, someImages } from "./small-models.ts";

/** L(w) = ½ Σ aᵢ wᵢ² + ⟨g, w⟩, and every point at which it was asked. */
function quadratic(at: number[], a: number[], g: number[]): LossSurface & { asked: Float64Array[] } {
  const asked: Float64Array[] = [];
  const loss = (w: Float64Array): number => w.reduce((t, x, i) => t + (a[i]! * x * x) / 2 + g[i]! * x, 0);
  return {
    asked,
    weights: {},
    at: Float64Array.from(at),
    loss: async (w) => {
      asked.push(w);
      return loss(w);
    },
    slope: async (w) => {
      asked.push(w);
      return { loss: loss(w), gradient: w.map((x, i) => a[i]! * x + g[i]!) };
    },
    hessianTimes: async (v) => v.map((x, i) => a[i]! * x),
  };
}
const number = fc.integer({ min: -3000, max: 3000 }).map((k) => k / 1000);
const triple = fc.tuple(number, number, number);
const radius = fc.integer({ min: 1, max: 200 }).map((k) => k / 100);

describe("the worst loss in a ball", () => {
  test("where the loss is linear, one step finds it: radius ‖g‖₂ above, or radius ‖g‖₁", async () => {
    await fc.assert(
      fc.asyncProperty(triple, triple, radius, async (at, g, r) => {
        const surface = quadratic(at, [0, 0, 0], g);
        for (const [ball, norm] of [
          ["l2", Math.hypot(...g)],
          ["linf", g.reduce((t, x) => t + Math.abs(x), 0)],
        ] as const) {
          const { loss, oneStep, worst, rise } = await worstCase(surface, { ball, radius: r });
          expectClose(oneStep - loss, r * norm, 30);
          expectClose(rise, r * norm, 30);
          expectClose(worst - rise, loss, 30);
        }
      }),
    );
  });

  test("where it is curved alike in all directions, so does one step: ½ (‖w‖ + radius)² and ½ Σ (|wᵢ| + radius)²", async () => {
    await fc.assert(
      fc.asyncProperty(triple, radius, async (at, r) => {
        fc.pre(at.every((x) => Math.abs(x) > 1e-2));
        const surface = quadratic(at, [1, 1, 1], [0, 0, 0]);
        const l2 = await worstCase(surface, { ball: "l2", radius: r });
        expectClose(l2.worst, (Math.hypot(...at) + r) ** 2 / 2, 30);
        const box = await worstCase(surface, { ball: "linf", radius: r });
        expectClose(box.worst, at.reduce((t, x) => t + (Math.abs(x) + r) ** 2, 0) / 2, 30);
      }),
    );
  });

  test("near a minimum, where the first gradient misleads, projected steps find the sharpest direction", async () => {
    // The gradient points along the flat direction; the maximum is ½ · 10 · radius² along the other.
    const surface = quadratic([0.5, 0.001], [1, 10], [0, 0]);
    const { oneStep, worst } = await worstCase(surface, { ball: "l2", radius: 1, steps: 40 });
    const around = Array.from({ length: 3600 }, (_, i) => (i * Math.PI) / 1800).map(
      (t) => (0.5 + Math.cos(t)) ** 2 / 2 + 5 * (0.001 + Math.sin(t)) ** 2,
    );
    const maximum = Math.max(...around);
    expect(oneStep).toBeLessThan(0.3 * maximum);
    expect(worst).toBeGreaterThan(0.95 * maximum);
    expect(worst).toBeLessThanOrEqual(maximum * (1 + 1e-5));
  });

  test("where the first gradient points to another corner of the box, projected steps find the right one", async () => {
    // L = w₁ w₂ around (0.3, −0.1): one step goes to (−0.7, 0.9); the maximum is at (1.3, 0.9).
    const surface: LossSurface = {
      ...quadratic([0.3, -0.1], [0, 0], [0, 0]),
      loss: async ([a, b]) => a! * b!,
      slope: async ([a, b]) => ({ loss: a! * b!, gradient: Float64Array.of(b!, a!) }),
    };
    const { oneStep, worst } = await worstCase(surface, { ball: "linf", radius: 1 });
    expectClose(oneStep, -0.7 * 0.9);
    expectClose(worst, 1.3 * 0.9);
  });

  test("no point outside the ball is ever asked for, and of those the worst is kept", async () => {
    await fc.assert(
      fc.asyncProperty(triple, triple, triple, radius, async (at, a, g, r) => {
        for (const ball of ["l2", "linf"] as const) {
          const surface = quadratic(at, a, g);
          const { worst } = await worstCase(surface, { ball, radius: r, steps: 4 });
          const losses = await Promise.all(surface.asked.slice().map(surface.loss));
          expect(worst).toBe(Math.max(...losses));
          for (const point of surface.asked) {
            const u = plus(point, -1, surface.at);
            const size = ball === "l2" ? length(u) : Math.max(...u.map(Math.abs));
            expect(size).toBeLessThanOrEqual(r * (1 + 1e-12) + 1e-12);
          }
        }
      }),
    );
  });

  test("of a network: not below its loss, not below one step, and above it in the larger ball", async () => {
    const images = someImages(9, [2, 1, 2], 2, "worst");
    const surface = lossSurface(smallNet, smallWeights("worst"), images, { batchSize: 4 });
    const small = await worstCase(surface, { ball: "linf", radius: 0.05 });
    const large = await worstCase(surface, { ball: "linf", radius: 0.2 });
    expectClose(small.loss, await surface.loss(surface.at));
    expect(small.oneStep).toBeGreaterThan(small.loss);
    expect(small.worst).toBeGreaterThanOrEqual(small.oneStep);
    expect(large.worst).toBeGreaterThan(small.worst);
    // To first order, the rise is radius ‖g‖₁.
    const { gradient } = await surface.slope(surface.at);
    const tiny = await worstCase(surface, { ball: "linf", radius: 1e-6 });
    expectClose(tiny.rise / 1e-6, dot(gradient, gradient.map(Math.sign)), 1, 1e-4);
  });

  test("at a stationary point nothing moves; a radius that is not above 0 is refused", async () => {
    const flat = quadratic([1, 2], [0, 0], [0, 0]);
    for (const ball of ["l2", "linf"] as const)
      expect(await worstCase(flat, { ball, radius: 1 })).toEqual({ loss: 0, oneStep: 0, worst: 0, rise: 0 });
    await expect(worstCase(flat, { ball: "l2", radius: 0 })).rejects.toThrow("a radius above 0, got 0");
  });
});
