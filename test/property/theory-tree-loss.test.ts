import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { squaredLossOf } from "../../src/experiments/theory/networks.ts";
import { plus, times } from "../../src/measures/theory/balls.ts";
import { flatten, unflatten } from "../../src/measures/theory/tree-loss.ts";
import { squaredLoss } from "../../src/quant/regularization.ts";
import { lossGradient, unitVectors } from "./calculus.ts";
import { curvedProblem, tensor } from "./regressions.ts";

describe("the loss of a network in one list of weights", () => {
  test("is the squared loss of its tree, and the slope is the gradient of each member, in order", () => {
    fc.assert(
      fc.property(curvedProblem, ({ task, w }) => {
        const loss = squaredLossOf({ task, w });
        const at = flatten(w);
        expect(loss.at(at)).toBeCloseTo(squaredLoss(task, w), 12);
        const slope = loss.slope(at);
        flatten(lossGradient(task, w)).forEach((g, i) => {
          expect(Math.abs(slope[i]! - g)).toBeLessThan(1e-11 * (1 + Math.abs(g)));
        });
        // The steepest of unit steps, by differences.
        const e = Array.from(unitVectors(tensor(at, [at.length]))[0]!.data, (x) => 1e-6 * x);
        const rise = (loss.at(plus(at, e)) - loss.at(plus(at, times(-1, e)))) / 2e-6;
        expect(Math.abs(rise - slope[0]!)).toBeLessThan(1e-5 * (1 + loss.at(at)));
      }),
    );
  });

  test("a tree comes back from its list; a list of another length is refused", () => {
    const w = { a: tensor([1, 2, 3, 4], [2, 2]), b: tensor([5], []) };
    expect(flatten(w)).toEqual([1, 2, 3, 4, 5]);
    const back = unflatten(w, [5, 4, 3, 2, 1]);
    expect([back.a!.shape, Array.from(back.a!.data), back.b!.data[0]]).toEqual([[2, 2], [5, 4, 3, 2], 1]);
    expect(() => unflatten(w, [1])).toThrow("expected 5 numbers, got 1");
  });
});
