import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { grad, hessianVectorProduct, pullBack } from "../../src/autograd/grad.ts";
import { constant, defineOp, detach, type Var } from "../../src/autograd/op.ts";
import { add, exp, mul, relu, reshape, shift, square, sum } from "../../src/autograd/ops/arithmetic.ts";
import { conv2d } from "../../src/autograd/ops/linear.ts";
import type { Kernels } from "../../src/tensor/kernels/kernels.ts";
import { reference } from "../../src/tensor/kernels/reference/index.ts";
import { distance, f64, filled, scalar } from "../tensors.ts";

const numbers = ({ value }: Var): number[] => Array.from(value.data);

/** The reference kernels, and how often each has been called. */
function counting(): { kernels: Kernels; calls: Map<string, number> } {
  const calls = new Map<string, number>();
  const counted = Object.fromEntries(
    Object.entries(reference).map(([name, kernel]) => [
      name,
      typeof kernel !== "function"
        ? kernel
        : (...args: never[]) => {
            calls.set(name, (calls.get(name) ?? 0) + 1);
            const y = (kernel as (...args: never[]) => object)(...args);
            return "shape" in y ? { ...y, kernels } : y;
          },
    ]),
  );
  const kernels = counted as unknown as Kernels;
  return { kernels, calls };
}

describe("grad", () => {
  test("is zero, in the shape of the input, where the result does not depend on it", () => {
    const [x, unused] = [constant(f64([1, 2])), constant(f64([1, 2, 3, 4], [2, 2]))];
    const [dx, none] = grad(sum(square(x)), [x, unused]);
    expect(numbers(dx!)).toEqual([2, 4]);
    expect(none!.value.shape).toEqual([2, 2]);
    expect(numbers(none!)).toEqual([0, 0, 0, 0]);
  });

  test("is zero through `detach`", () => {
    const x = constant(f64([3]));
    expect(numbers(grad(sum(mul(x, detach(x))), [x])[0]!)).toEqual([3]);
  });

  test("adds up what arrives on every path: Σ of n uses of x has slope n", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), (n) => {
        const x = constant(f64([1, -1]));
        const y = Array.from({ length: n }, () => x).reduce((a, b) => add(a, b));
        expect(numbers(grad(sum(y), [x])[0]!)).toEqual([n, n]);
      }),
    );
  });

  test("takes a chain of 60 diamonds, 2⁶⁰ paths, in one walk", () => {
    const x = constant(scalar(1));
    let y: Var = x;
    for (let i = 0; i < 60; i++) y = add(y, y);
    expect(numbers(grad(y, [x])[0]!)).toEqual([2 ** 60]);
  });

  test("sends each gradient to the right place where one value has users of different depth", () => {
    const x = constant(scalar(2));
    const deep = square(square(x));
    // x⁴ x + x² = x⁵ + x²
    const y = add(mul(deep, x), square(x));
    expect(numbers(grad(y, [x])[0]!)).toEqual([5 * 16 + 4]);
  });

  test("stops at values inside the computation that are asked for, and goes on to those before them", () => {
    const x = constant(scalar(3));
    const inner = square(x);
    const y = mul(inner, x);
    // Each is the derivative of y as a function of that value alone, x included along both paths.
    const [dInner, dx, dy] = grad(y, [inner, x, y]);
    expect([dInner!, dx!, dy!].map(numbers)).toEqual([[3], [27], [1]]);
  });

  test("gives the same gradient twice to an input that is asked for twice", () => {
    const x = constant(scalar(3));
    expect(grad(square(x), [x, x]).map(numbers)).toEqual([[6], [6]]);
  });

  test("goes through 50,000 ops in a row, twice, without overflowing the stack", () => {
    const x = constant(scalar(1));
    let y: Var = square(x);
    for (let i = 0; i < 50_000; i++) y = shift(1e-9)(y);
    const [dx] = grad(y, [x]);
    expect(numbers(dx!)).toEqual([2]);
    expect(numbers(grad(dx!, [x])[0]!)).toEqual([2]);
  });

  test("refuses to differentiate what is not a scalar", () => {
    const x = constant(f64([1, 2]));
    expect(() => grad(x, [x])).toThrow("grad: expected a scalar, got shape [2]");
  });

  test("computes only what is asked for: no gradient to the images, none to weights nobody wants", () => {
    const { kernels, calls } = counting();
    const fill = (shape: readonly number[]): Var => constant(kernels.fill(0.5, shape, "float64"));
    const geometry = { stride: 1, padding: 1, groups: 1 };
    const [images, first, second] = [fill([1, 2, 4, 4]), fill([3, 2, 3, 3]), fill([2, 3, 3, 3])];
    const y = sum(conv2d(geometry)(relu(conv2d(geometry)(images, first)), second));

    calls.clear();
    grad(y, [first, second]);
    expect(calls.get("conv2dWeightGrad")).toBe(2);
    expect(calls.get("conv2dInputGrad")).toBe(1);

    calls.clear();
    grad(y, [second]);
    expect(calls.get("conv2dWeightGrad")).toBe(1);
    expect(calls.has("conv2dInputGrad")).toBe(false);
    expect(calls.has("binary")).toBe(false);

    calls.clear();
    grad(y, [images]);
    expect(calls.has("conv2dWeightGrad")).toBe(false);
    expect(calls.get("conv2dInputGrad")).toBe(2);
  });

  test("never asks an op for the gradient to what none of the wanted values leads to", () => {
    const refusing = defineOp<readonly [x: Var]>({
      name: "refusing",
      gradient: "exact",
      forward: (x) => x,
      vjp: () => [
        () => {
          throw new Error("asked");
        },
      ],
    });
    const [x, z] = [constant(scalar(2)), constant(scalar(5))];
    const y = mul(x, refusing(z));
    expect(numbers(grad(y, [x])[0]!)).toEqual([5]);
    expect(() => grad(y, [z])).toThrow("asked");
  });
});

describe("pullBack", () => {
  test("is linear in the cotangents, and null where none arrives", () => {
    const [a, b] = [constant(scalar(2)), constant(scalar(3))];
    const ys = [square(a), mul(a, a)];
    const one = constant(scalar(1));
    expect(pullBack(ys, [one, null], [a, b]).map((g) => g && numbers(g))).toEqual([[4], null]);
    expect(pullBack(ys, [one, one], [a]).map((g) => g && numbers(g))).toEqual([[8]]);
  });
});

describe("hessianVectorProduct", () => {
  test("is H v for the explicit Hessian of Σ x² y + Σ exp(x), both inputs taken together", () => {
    fc.assert(
      fc.property(filled([3]), filled([3]), filled([3]), filled([3]), (x, y, u, v) => {
        const [X, Y] = [constant(x), constant(y)];
        const f = add(sum(mul(square(X), Y)), sum(exp(X)));
        const [hx, hy] = hessianVectorProduct(f, [X, Y], [constant(u), constant(v)]);
        // ∂²/∂x² = 2y + exp(x), ∂²/∂x∂y = 2x, ∂²/∂y² = 0
        const explicitX = u.data.map(
          (ui, i) => (2 * y.data[i]! + Math.exp(x.data[i]!)) * ui + 2 * x.data[i]! * v.data[i]!,
        );
        const explicitY = u.data.map((ui, i) => 2 * x.data[i]! * ui);
        expect(distance(hx!.value.data, explicitX)).toBeLessThan(1e-14);
        expect(distance(hy!.value.data, explicitY)).toBeLessThan(1e-14);
      }),
    );
  });

  test("is A v for ½ xᵀ A x with a symmetric A", () => {
    fc.assert(
      fc.property(filled([4, 4]), filled([4, 1]), filled([4, 1]), (b, x, v) => {
        const A = b.data.map((bij, k) => bij + b.data[(k % 4) * 4 + Math.floor(k / 4)]!);
        const X = constant(x);
        const products = mul(X, reshape([1, 4])(X));
        const y = sum(mul(constant(f64(A.map((a) => a / 2) as Float64Array, [4, 4])), products));
        const [hv] = hessianVectorProduct(y, [X], [constant(v)]);
        const expected = [0, 4, 8, 12].map((row) =>
          Array.from(v.data).reduce((s, vj, j) => s + A[row + j]! * vj, 0),
        );
        expect(hv!.value.shape).toEqual([4, 1]);
        expect(distance(hv!.value.data, expected)).toBeLessThan(1e-14);
      }),
    );
  });
});
