/** The contract of optimizer steps: PyTorch's update rules, within twice their running error bounds. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { type Approximate, arithmetic, exactly } from "./running-error.ts";
import {
  type Case,
  expectNear,
  extent,
  holds,
  noise,
  type Operand,
  operand,
  type Subject,
  seeds,
  unit,
} from "./subject.ts";

const lengths = extent(0, 21);
const rates = fc.constantFrom(1, 0.1, 1e-3);
const decays = fc.constantFrom(0, 1e-4, 0.3);

/** Parameters, gradients, and what an optimizer remembers; `second` is at least 0. */
function operandsOf(subject: Subject, length: number, seed: number) {
  const draw = noise(seed);
  return {
    p: operand(subject, [length], draw),
    g: operand(subject, [length], draw),
    first: operand(subject, [length], draw),
    second: operand(subject, [length], () => Math.abs(draw())),
  };
}

/**
 * Twice the bound: another order of the same operations, or a constant that is folded beforehand, rounds in other
 * places, but not more often than that.
 */
async function expectSteps(found: readonly (Tensor | null)[], exact: readonly (readonly Approximate[])[]) {
  expect(found.length).toBe(exact.length);
  for (const [i, x] of found.entries()) {
    expect(x?.shape).toEqual([exact[i]!.length]);
    expectNear(
      await x!.read(),
      exact[i]!.map((e) => e.value),
      (j) => 2 * exact[i]![j]!.error,
    );
  }
}

const at = (x: Operand, i: number): Approximate => exactly(x.values[i]!);
const zip = <T>(length: number, f: (i: number) => T): T[] => Array.from({ length }, (_, i) => f(i));
const column = (rows: readonly (readonly Approximate[])[], j: number): Approximate[] =>
  rows.map((row) => row[j]!);

const sgdSteps = fc.record({
  lr: rates,
  momentum: fc.constantFrom(0, 0.9, 0.99),
  dampening: fc.constantFrom(0, 0.5, 0.999),
  nesterov: fc.boolean(),
  weightDecay: decays,
});

export const sgd: Case = (subject) => {
  const { constant, add, sub, mul } = arithmetic(unit(subject.dtype));
  test("d = g + λ p; b = d at first, then μ b + (1 − damping) d; p − lr b, or lr (d + μ b) after Nesterov", () =>
    holds(fc.tuple(sgdSteps, lengths, seeds, fc.boolean()), 200, async ([h, length, seed, isFirst]) => {
      const { p, g, first } = operandsOf(subject, length, seed);
      const rows = zip(length, (i) => {
        const d = add(at(g, i), mul(constant(h.weightDecay), at(p, i)));
        const damped = mul(constant(1 - h.dampening), d);
        const b = isFirst ? d : add(mul(constant(h.momentum), at(first, i)), damped);
        const ahead = h.nesterov ? add(d, mul(constant(h.momentum), b)) : b;
        return [sub(at(p, i), mul(constant(h.lr), h.momentum === 0 ? d : ahead)), b];
      });
      const found = subject.kernels.sgd(p.tensor, g.tensor, isFirst ? null : first.tensor, h);
      await expectSteps(found, [column(rows, 0), column(rows, 1)]);
    }));
};

const adamSteps = fc.record({
  lr: rates,
  beta1: fc.constantFrom(0, 0.9),
  beta2: fc.constantFrom(0.5, 0.99, 0.999),
  eps: fc.constantFrom(1e-8, 1e-3),
  weightDecay: decays,
  decoupled: fc.boolean(),
  step: fc.constantFrom(1, 2, 3, 10, 1000),
});

export const adam: Case = (subject) => {
  const { constant, add, sub, mul, div, sqrt } = arithmetic(unit(subject.dtype));
  // 1 − βᵗ is computed in float64 by anybody; t products of β are off by t roundings.
  const correction = (beta: number, step: number): Approximate =>
    sub(exactly(1), { value: beta ** step, error: step * 2 ** -52 * beta ** step });
  test("m and v are the running means of d and d²; p − lr m̂ / (√v̂ + eps), decay in d or on p", () =>
    holds(fc.tuple(adamSteps, lengths, seeds), 200, async ([h, length, seed]) => {
      const { p, g, first, second } = operandsOf(subject, length, seed);
      const rows = zip(length, (i) => {
        const decay = sub(exactly(1), mul(constant(h.lr), constant(h.weightDecay)));
        const w = h.decoupled ? mul(at(p, i), decay) : at(p, i);
        const d = h.decoupled ? at(g, i) : add(at(g, i), mul(constant(h.weightDecay), w));
        const m = add(mul(constant(h.beta1), at(first, i)), mul(constant(1 - h.beta1), d));
        const v = add(mul(constant(h.beta2), at(second, i)), mul(constant(1 - h.beta2), mul(d, d)));
        const size = add(div(sqrt(v), sqrt(correction(h.beta2, h.step))), constant(h.eps));
        const move = div(mul(constant(h.lr), div(m, correction(h.beta1, h.step))), size);
        return [sub(w, move), m, v];
      });
      const found = subject.kernels.adam(p.tensor, g.tensor, first.tensor, second.tensor, h);
      await expectSteps(
        found,
        [0, 1, 2].map((j) => column(rows, j)),
      );
    }));
};

const rmspropSteps = fc.record({
  lr: rates,
  alpha: fc.constantFrom(0.5, 0.99),
  eps: fc.constantFrom(1e-8, 1e-3),
  momentum: fc.constantFrom(0, 0.9),
  weightDecay: decays,
});

export const rmsprop: Case = (subject) => {
  const { constant, add, sub, mul, div, sqrt } = arithmetic(unit(subject.dtype));
  test("v is the running mean of d²; b = μ b + d / (√v + eps), b = 0 at first; p − lr b", () =>
    holds(fc.tuple(rmspropSteps, lengths, seeds, fc.boolean()), 200, async ([h, length, seed, isFirst]) => {
      const { p, g, first, second } = operandsOf(subject, length, seed);
      const rows = zip(length, (i) => {
        const d = add(at(g, i), mul(constant(h.weightDecay), at(p, i)));
        const v = add(mul(constant(h.alpha), at(second, i)), mul(constant(1 - h.alpha), mul(d, d)));
        const own = div(d, add(sqrt(v), constant(h.eps)));
        const b = isFirst ? own : add(mul(constant(h.momentum), at(first, i)), own);
        return [sub(at(p, i), mul(constant(h.lr), b)), v, b];
      });
      const buf = isFirst || h.momentum === 0 ? null : first.tensor;
      const found = subject.kernels.rmsprop(p.tensor, g.tensor, second.tensor, buf, h);
      if (h.momentum === 0) expect(found[2]).toBeNull();
      const kept = h.momentum === 0 ? [0, 1] : [0, 1, 2];
      await expectSteps(
        kept.map((j) => found[j]!),
        kept.map((j) => column(rows, j)),
      );
    }));
};
