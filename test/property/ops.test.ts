import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { grad } from "../../src/autograd/grad.ts";
import { constant, defineOp, type Op2, type Var } from "../../src/autograd/op.ts";
import { add, mul, sum } from "../../src/autograd/ops/arithmetic.ts";
import { paperItems } from "../../src/paper.ts";
import { lsq, signed } from "../../src/quant/lsq.ts";
import { reference } from "../../src/tensor/kernels/reference/index.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { simd } from "../kernels.ts";
import { distance, dots, f64, filled, move, scalar } from "../tensors.ts";
import { allCases, allFusedCases, type Case } from "./op-cases.ts";

type Apply = Case["apply"];

/** Weights for the outputs, so that a mistake in one of them is not cancelled by another. */
const weightsFor = (ys: readonly Tensor[], seed: number): Tensor[] =>
  ys.map((y, k) =>
    f64(
      y.data.map((_, i) => Math.sin(seed + 7 * k + i)),
      y.shape,
    ),
  );

const weighted = (ys: readonly Var[], us: readonly Tensor[]): Var =>
  ys.map((y, k) => sum(mul(y, constant(us[k]!)))).reduce((a, b) => add(a, b));

/** Σ u y + Σ y², so that second derivatives do not vanish where the op is linear. */
const bent = (ys: readonly Var[], us: readonly Tensor[]): Var =>
  add(
    weighted(ys, us),
    ys.map((y) => sum(mul(y, y))).reduce((a, b) => add(a, b)),
  );

const values = (ys: readonly Var[]): Tensor[] => ys.map((y) => y.value);
const h = 1e-6;
const moved = (xs: readonly Tensor[], vs: readonly Tensor[], t: number): Tensor[] =>
  xs.map((x, i) => move(x, vs[i]!, t));

/** ⟨Jᵀ u, v⟩ by `grad`, and ⟨u, J v⟩ by central differences. */
function directional(apply: Apply, xs: readonly Tensor[], vs: readonly Tensor[], seed: number) {
  const f = (ts: readonly Tensor[]): Tensor[] => values(apply(...ts.map(constant)));
  const us = weightsFor(f(xs), seed);
  const numeric = (dots(us, f(moved(xs, vs, h))) - dots(us, f(moved(xs, vs, -h)))) / (2 * h);
  const vars = xs.map(constant);
  return { numeric, exact: dots(values(grad(weighted(apply(...vars), us), vars)), vs) };
}

const slopeOf = (apply: Apply, xs: readonly Tensor[], us: readonly Tensor[]): Tensor[] => {
  const vars = xs.map(constant);
  return values(grad(bent(apply(...vars), us), vars));
};

function hessianTimes(apply: Apply, xs: readonly Tensor[], vs: readonly Tensor[], us: readonly Tensor[]) {
  const vars = xs.map(constant);
  return values(grad(weighted(grad(bent(apply(...vars), us), vars), vs), vars));
}

const directions = ({ shapes }: Case): fc.Arbitrary<Tensor[]> => fc.tuple(...shapes.map((s) => filled(s)));
const near = (a: number, b: number, tolerance: number): void => {
  expect(Math.abs(a - b), `${a} against ${b}`).toBeLessThanOrEqual(tolerance * (1 + Math.abs(b)));
};

describe.each(allCases)("%s", (_name, c) => {
  test("⟨u, J v⟩ = ⟨Jᵀ u, v⟩, with J v by central differences", () => {
    fc.assert(
      fc.property(c.inputs, directions(c), fc.nat(100), (xs, vs, seed) => {
        const { numeric, exact } = directional(c.apply, xs, vs, seed);
        near(numeric, exact, 1e-6);
      }),
      { numRuns: 20 },
    );
  });

  test("the gradient is differentiable: its Hessian is symmetric, and is what differences of it give", () => {
    fc.assert(
      fc.property(c.inputs, directions(c), directions(c), fc.nat(100), (xs, vs, ws, seed) => {
        const us = weightsFor(values(c.apply(...xs.map(constant))), seed);
        const along = dots(hessianTimes(c.apply, xs, vs, us), ws);
        near(along, dots(hessianTimes(c.apply, xs, ws, us), vs), 1e-10);
        const slope = (t: number): number => dots(slopeOf(c.apply, moved(xs, vs, t), us), ws);
        near((slope(h) - slope(-h)) / (2 * h), along, 1e-6);
      }),
      { numRuns: 10 },
    );
  });
});

const rounded = (x: Tensor): Float32Array => Float32Array.from(x.data);

describe.each(allCases)("%s", (_name, c) => {
  test("the SIMD kernels give the same value and gradient in float32", () => {
    fc.assert(
      fc.property(c.inputs, fc.nat(100), (xs, seed) => {
        const exact = xs.map((x) => constant(f64(rounded(x), x.shape)));
        const single = xs.map((x) => constant(simd.tensor(rounded(x), x.shape)));
        const ys = c.apply(...exact);
        const us = weightsFor(values(ys), seed).map((u) => f64(rounded(u), u.shape));
        const onSimd = us.map((u) => simd.tensor(rounded(u), u.shape));
        const expected = [...ys, ...grad(weighted(ys, us), exact)];
        const zs = c.apply(...single);
        [...zs, ...grad(weighted(zs, onSimd), single)].forEach(({ value }, i) => {
          expect(value.shape).toEqual(expected[i]!.value.shape);
          expect(distance(value.data, expected[i]!.value.data)).toBeLessThanOrEqual(1e-5);
        });
      }),
      { numRuns: 10 },
    );
  });
});

describe.each(allFusedCases)("%s", (_name, c) => {
  test("the kernel computes the definition in plain ops, and so does its gradient", () => {
    fc.assert(
      fc.property(c.inputs, fc.nat(100), (xs, seed) => {
        const vars = xs.map(constant);
        const [ys, plain] = [c.apply(...vars), c.definition(...vars)];
        expect(ys).toHaveLength(plain.length);
        const us = weightsFor(values(ys), seed);
        const [slopes, expected] = [grad(weighted(ys, us), vars), grad(weighted(plain, us), vars)];
        [...plain, ...expected].forEach(({ value }, i) => {
          const found = [...ys, ...slopes][i]!.value;
          expect(found.shape).toEqual(value.shape);
          expect(distance(found.data, value.data)).toBeLessThanOrEqual(1e-12);
        });
      }),
      { numRuns: 50 },
    );
  });
});

describe("the properties above", () => {
  test("apply to every op in the table: each says that its gradient is exact", () => {
    for (const [name, { gradient }] of allCases) expect(gradient, name).toBe("exact");
  });

  test("do not apply to LSQ, whose gradient is a surrogate: it names the items of the paper that define it", () => {
    const { gradient } = lsq(signed(4)).def;
    expect(gradient).not.toBe("exact");
    const refs = gradient === "exact" ? [] : gradient.surrogate.split(", ");
    expect(refs).toEqual(["LSQ.eq.3", "LSQ.eq.5"]);
    for (const ref of refs) expect(paperItems).toHaveProperty([ref]);
  });

  test("would fail for LSQ: between two levels its value does not move, its surrogate does", () => {
    const apply: Apply = (v, s) => [lsq(signed(4))(v!, s!)];
    const { numeric, exact } = directional(apply, [f64([0.3]), scalar(1)], [f64([1]), scalar(0)], 1);
    expect(numeric).toBe(0);
    expect(exact).toBeCloseTo(Math.sin(1), 12);
  });

  test("would fail for a product that forgets one of its factors", () => {
    const wrong: Op2 = defineOp({
      name: "wrong",
      gradient: "exact",
      forward: (a, b) => reference.binary("mul", a, b),
      vjp: ({ g }, a, b) => [() => mul(g, b), () => mul(g, mul(a, b))],
    });
    const { numeric, exact } = directional(
      (a, b) => [wrong(a!, b!)],
      [f64([0.3]), f64([2])],
      [f64([0]), f64([1])],
      1,
    );
    expect(Math.abs(numeric - exact)).toBeGreaterThan(0.1);
  });
});
