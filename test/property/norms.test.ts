import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { l2Distance, l2Norm } from "../../src/measures/norms.ts";
import { nin } from "../../src/nn/models/nin.ts";
import { reference } from "../../src/tensor/kernels/reference/index.ts";
import { createRng } from "../../src/tensor/random.ts";
import { verifies } from "../spec.ts";

const vector = (...x: number[]) => reference.tensor(Float64Array.from(x), [x.length]);
const number = fc.double({ min: -1e3, max: 1e3, noNaN: true });

describe("norms", () => {
  verifies("QGen.tab.2", "the norm of a tree is that of all its numbers in one vector", () => {
    fc.assert(
      fc.property(fc.array(number, { minLength: 1 }), fc.array(number, { minLength: 1 }), (a, b) => {
        expect(l2Norm({ a: vector(...a), b: vector(...b) })).toBeCloseTo(Math.hypot(...a, ...b), 8);
      }),
    );
    expect(l2Norm({ a: vector(3), b: vector(0, 4) })).toBe(5);
  });

  verifies(
    "QGen.tab.2",
    "‖w₀‖² of a network at PyTorch's initialization is Σ outputs / 3, within 2 %",
    () => {
      const model = nin({ depth: 2, width: 2, classes: 10 });
      const { params } = model.init(reference, createRng(0));
      const w0 = Object.fromEntries(model.weights.map((name) => [name, params[name]!]));
      expect(l2Norm(w0) ** 2 / ((6 * 50 + 10) / 3)).toBeCloseTo(1, 1.7);
    },
  );

  test("the distance is the norm of the difference, and 0 only from itself", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(number, number), { minLength: 1 }), (pairs) => {
        const [a, b] = [{ w: vector(...pairs.map(([x]) => x)) }, { w: vector(...pairs.map(([, y]) => y)) }];
        expect(l2Distance(a, b)).toBeCloseTo(Math.hypot(...pairs.map(([x, y]) => x - y)), 8);
        expect(l2Distance(a, a)).toBe(0);
      }),
    );
  });

  test("trees of other shapes or names are refused", () => {
    expect(() => l2Distance({ w: vector(1) }, { w: vector(1, 2) })).toThrow('"w" has the shapes [1] and [2]');
    expect(() => l2Distance({ w: vector(1) }, { v: vector(1) })).toThrow('there is no "w"');
  });
});
