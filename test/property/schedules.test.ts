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
