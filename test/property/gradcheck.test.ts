import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { gradcheck } from "../../src/autograd/gradcheck.ts";
import { constant, defineOp, type Op2, type Var } from "../../src/autograd/op.ts";
import { add, div, exp, log, mul, relu, shift, sub, sum, tanh } from "../../src/autograd/ops/arithmetic.ts";
import { gemm } from "../../src/autograd/ops/linear.ts";
import { reference } from "../../src/tensor/kernels/reference/index.ts";
import { f64, filled } from "../tensors.ts";

/** a b, with a gradient to b that is wrong by `slip` at the number `at`. */
const slipping = (at: number, slip: number): Op2 =>
  defineOp({
    name: "slipping",
    gradient: "exact",
    forward: (a, b) => reference.binary("mul", a, b),
    vjp: ({ g }, a, b) => [
      () => mul(g, b),
      () =>
        add(
          mul(g, a),
          constant(
            f64(
              b.value.data.map((_, i) => (i === at ? slip : 0)),
              b.value.shape,
            ),
          ),
        ),
    ],
  });

describe("gradcheck", () => {
  test("accepts a network of plain ops wherever it is smooth", () => {
    fc.assert(
      fc.property(filled([2, 3]), filled([3, 4]), filled([4]), (x, w, b) => {
        const worst = gradcheck((x, w, b) => tanh(add(gemm()(x!, w!), b!)), [x, w, b]);
        expect(worst.error).toBeLessThan(1e-7);
      }),
      { numRuns: 30 },
    );
  });

  test("finds one wrong number in the gradient to one of several inputs, and says which", () => {
    fc.assert(
      fc.property(
        fc.nat(5),
        fc.constantFrom(-1e-3, 1e-3, 2),
        filled([2, 3]),
        filled([2, 3]),
        (at, slip, a, b) => {
          const f = (a: Var, b: Var): Var => sum(slipping(at, slip)(a, b));
          expect(() => gradcheck(f, [a, b], { names: ["data", "weights"] })).toThrow(
            new RegExp(`the gradient to weights \\(shape \\[2,3\\]\\) is wrong at its number ${at} of 6`),
          );
        },
      ),
      { numRuns: 50 },
    );
  });

  test("tells the value of the wrong slope both ways", () => {
    const f = (a: Var, b: Var): Var => sum(slipping(1, 0.5)(a, b));
    expect(() => gradcheck(f, [f64([1, 2]), f64([3, 4])])).toThrow(
      /gradient to input 1 .* at its number 1 of 2, counted from 0: grad gives 2\.5, a central difference [12]\.\d+/,
    );
  });

  test("finds a wrong number among more than it moves one by one", () => {
    const n = 1000;
    const [a, b] = [new Float64Array(n).fill(1), new Float64Array(n).fill(1)];
    const f = (a: Var, b: Var): Var => sum(slipping(501, 1)(a, b));
    expect(() => gradcheck(f, [f64(a), f64(b)])).toThrow("along a direction that moves all its numbers");
  });

  test("sees an output that is not a scalar number by number: errors in two of them do not cancel", () => {
    const wrong: Op2 = defineOp({
      name: "wrong",
      gradient: "exact",
      forward: (a, b) => reference.binary("add", a, b),
      vjp: ({ g }) => [() => g, () => mul(g, constant(f64([0, 2])))],
    });
    const f = (a: Var, b: Var): Var => wrong(a, b);
    expect(() => gradcheck(f, [f64([1, 1]), f64([1, 1])])).toThrow("input 1");
  });

  test("accepts what stays within the tolerance, and hands back the worst slope", () => {
    const f = (a: Var, b: Var): Var => sum(slipping(2, 1e-3)(a, b));
    const inputs = [f64([1, 2, 3]), f64([4, 5, 6])];
    const worst = gradcheck(f, inputs, { tolerance: 1e-2 });
    expect(worst.input).toBe(1);
    expect(Math.abs(worst.analytic - worst.numeric)).toBeGreaterThan(3e-4);
    expect(worst.error).toBeLessThan(1e-2);
    expect(() => gradcheck(f, inputs, { tolerance: 1e-4 })).toThrow("at its number 2 of 3");
  });

  test("refuses a kink: no gradient is right there", () => {
    expect(() => gradcheck((x) => relu(x), [f64([1, 0, -1])])).toThrow("at its number 1 of 3");
    expect(gradcheck((x) => relu(x), [f64([1, 0.5, -1])]).error).toBeLessThan(1e-9);
  });

  test("refuses slopes that are not numbers", () => {
    expect(() => gradcheck((x) => log(sub(x, x)), [f64([1])])).toThrow("NaN");
    expect(() => gradcheck((x) => div(x, sub(x, x)), [f64([1])])).toThrow("NaN");
  });

  test("refuses float32, whose digits a difference uses up", () => {
    const x = reference.tensor(Float32Array.of(1), [1]);
    expect(() => gradcheck((x) => exp(x), [x])).toThrow("expected input 0 in float64, got float32");
  });

  test("comes to the same result every time: it draws no random numbers", () => {
    const once = () => gradcheck((x) => exp(shift(0.1)(x)), [f64([0.1, 0.2, 0.3])]);
    expect(once()).toEqual(once());
  });
});
