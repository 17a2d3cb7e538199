import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cosine, halfWave, multiStep } from "../../src/nn/schedules.ts";

describe("multiStep", () => {
  test("multiplies the rate by γ at the start of every milestone, epochs counted from 0", () => {
    const lr = multiStep(0.5, [100, 200], 0.5);
    expect([0, 99, 100, 199, 200, 299].map(lr)).toEqual([0.5, 0.5, 0.25, 0.25, 0.125, 0.125]);
  });

  test("is a product of floats, as in PyTorch: 0.1 · 0.1 is not 0.01", () => {
    const lr = multiStep(0.1, [100, 200]);
    expect([lr(99), lr(100), lr(200)]).toEqual([0.1, 0.1 * 0.1, 0.1 * 0.1 * 0.1]);
    expect(lr(100)).toBe(0.010000000000000002);
  });

  test("never rises, and takes milestones in any order", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50), { maxLength: 5 }), fc.nat(60), (milestones, epoch) => {
        const lr = multiStep(1, milestones, 0.5);
        expect(lr(epoch + 1)).toBeLessThanOrEqual(lr(epoch));
        expect(multiStep(1, [...milestones].reverse(), 0.5)(epoch)).toBe(lr(epoch));
        expect(lr(epoch)).toBe(0.5 ** milestones.filter((m) => m <= epoch).length);
      }),
    );
  });
});

describe("a cosine", () => {
  const shapes = fc.record({
    warmup: fc.nat(5),
    start: fc.double({ min: 0.01, max: 1, noNaN: true }),
    floor: fc.double({ min: 0, max: 0.1, noNaN: true }),
  });

  test("rises along a line during the warm-up, has its rate once, and then never rises", () => {
    fc.assert(
      fc.property(fc.integer({ min: 6, max: 60 }), shapes, (epochs, options) => {
        const lr = cosine(1, epochs, options);
        const { warmup, start } = options;
        expect(lr(warmup)).toBe(1);
        for (let epoch = 0; epoch < warmup; epoch++)
          expect(lr(epoch)).toBeCloseTo(start + (1 - start) * (epoch / warmup), 12);
        for (let epoch = warmup; epoch < epochs; epoch++)
          expect(lr(epoch + 1)).toBeLessThanOrEqual(lr(epoch));
        expect(lr(epochs)).toBe(options.floor);
      }),
    );
  });

  test("goes half the way in half the time", () => {
    expect(cosine(1, 10, { warmup: 0, start: 1, floor: 0.5 })(5)).toBeCloseTo(0.75, 14);
  });
});

test("half a wave is that of the cosine, between its ends and flat beyond them", () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (t) => {
      expect(halfWave(0, 2, t)).toBeCloseTo(1 - Math.cos(Math.PI * t), 14);
    }),
  );
  expect([-1, 0, 1, 2].map((t) => halfWave(3, 5, t))).toEqual([3, 3, 5, 5]);
});
