import fc from "fast-check";
import { describe, expect } from "vitest";
import { existsFlatter } from "../../src/measures/theory/h1.ts";
import { verifies } from "../spec.ts";

const minima = fc.array(
  fc.record({ bits: fc.integer({ min: 2, max: 8 }), sharpness: fc.integer({ min: 0, max: 20 }) }),
  { minLength: 1, maxLength: 7 },
);

describe("H1", () => {
  verifies(
    "QGen.H1",
    "it holds when the flattest quantized minimum is no sharper than full precision; every, when the sharpest is",
    () => {
      fc.assert(
        fc.property(fc.integer({ min: 0, max: 20 }), minima, (full, quantized) => {
          const all = quantized.map(({ sharpness }) => sharpness);
          const verdict = existsFlatter(full, quantized);
          expect(verdict.some).toBe(Math.min(...all) <= full);
          expect(verdict.every).toBe(Math.max(...all) <= full);
          expect([...verdict.flatter, ...verdict.sharper].sort()).toEqual(
            quantized.map(({ bits }) => bits).sort(),
          );
          expect(verdict.flatter.length).toBe(all.filter((g) => g <= full).length);
        }),
      );
    },
  );

  verifies(
    "QGen.H1",
    "it is monotone: more bit widths can only help it, and only harm the stronger reading",
    () => {
      fc.assert(
        fc.property(fc.integer({ min: 0, max: 20 }), minima, minima, (full, some, more) => {
          const [few, all] = [existsFlatter(full, some), existsFlatter(full, [...some, ...more])];
          expect(Number(all.some)).toBeGreaterThanOrEqual(Number(few.some));
          expect(Number(all.every)).toBeLessThanOrEqual(Number(few.every));
        }),
      );
    },
  );

  verifies("QGen.H1", "equal sharpness counts as flatter, as in g(w¹) ≤ g(w²)", () => {
    expect(existsFlatter(1, [{ bits: 4, sharpness: 1 }])).toEqual({
      some: true,
      every: true,
      flatter: [4],
      sharper: [],
    });
  });

  verifies("QGen.H1", "nothing to compare with, or a sharpness that is not a number, is refused", () => {
    expect(() => existsFlatter(1, [])).toThrow("at least one quantized network");
    expect(() => existsFlatter(Number.NaN, [{ bits: 4, sharpness: 1 }])).toThrow("at full precision is NaN");
    expect(() => existsFlatter(1, [{ bits: 4, sharpness: Number.NaN }])).toThrow("at 4 bits is NaN");
  });
});
