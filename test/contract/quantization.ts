/** The contract of uniform quantization and its surrogate gradient. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Mask, Quantizer, Rounding } from "../../src/tensor/kernels/kernels.ts";
import {
  type Case,
  expectSums,
  expectUlps,
  extent,
  holds,
  include,
  noise,
  operand,
  operandOf,
  type Subject,
  seeds,
  sums,
} from "./subject.ts";

const ROUND: { readonly [R in Rounding]: (x: number) => number } = {
  // Adding 1.5 · 2⁵² leaves no bits for a fraction: the hardware rounds, ties to even.
  "half-even": (x) => (Math.abs(x) < 2 ** 51 ? x + 1.5 * 2 ** 52 - 1.5 * 2 ** 52 || x * 0 : x),
  "half-away": (x) => {
    const whole = Math.trunc(x);
    return Math.abs(x - whole) >= 0.5 ? whole + Math.sign(x) : whole;
  },
};

const PASSES: { readonly [M in Mask]: (x: number, rounded: number, q: Quantizer) => boolean } = {
  inside: (x, _, { qn, qp }) => x >= -qn && x <= qp,
  strict: (x, _, { qn, qp }) => x > -qn && x < qp,
  rounded: (_, rounded, { qn, qp }) => rounded >= -qn && rounded <= qp,
};

const quantizers = fc.record({
  qn: fc.constantFrom(0, 1, 2, 8, 128),
  qp: fc.constantFrom(1, 3, 7, 127, 255),
  rounding: fc.constantFrom<Rounding>("half-even", "half-away"),
});

/** A value, in steps: anywhere, on a tie or a level, at the ends of the range, or no number at all. */
const inSteps = (draw: () => number, { qn, qp }: Quantizer, i: number): number =>
  [
    draw() * (qn + qp),
    Math.trunc(draw() * qp) + 0.5,
    Math.trunc(draw() * qp),
    qp + 0.5,
    -qn - 0.5,
    qp,
    -qn,
    [NaN, Infinity, -Infinity, 0, -0, -0.25, 0.25, qp - 0.5][Math.trunc(draw() + 4)]!,
  ][i % 8]!;

const problems = fc.record({
  q: quantizers,
  length: extent(0, 43),
  // With a power of two for a step, ties in steps are ties of the quotient too.
  step: fc.oneof(fc.constantFrom(1, 0.25, 2 ** -9), fc.double({ min: 1e-3, max: 5, noNaN: true })),
  seed: seeds,
  finite: fc.boolean(),
});
type Problem = typeof problems extends fc.Arbitrary<infer P> ? P : never;

function operandsOf(subject: Subject, { q, length, step, seed, finite }: Problem) {
  const s = operandOf(subject, [step], []);
  const draw = noise(seed);
  const values = Array.from({ length }, (_, i) => {
    const steps = inSteps(draw, q, seed + i);
    return finite && !Number.isFinite(steps) ? 0 : steps * s.values[0]!;
  });
  const v = operandOf(subject, values, [length]);
  const round = subject.dtype === "float32" ? Math.fround : (x: number) => x;
  return { s, v, round, ratios: Array.from(v.values, (x) => round(x / s.values[0]!)) };
}

const clipped = (x: number, { qn, qp }: Quantizer): number => (x < -qn ? -qn : x > qp ? qp : x);

export const quantize: Case = (subject) => {
  test("is s ⌊clip(v/s, −qn, qp)⌉, bit for bit, with ties, ends and what is not finite", () =>
    holds(problems, 300, async (problem) => {
      const { s, v, ratios } = operandsOf(subject, problem);
      const { q } = problem;
      const expected = ratios.map((x) => ROUND[q.rounding](clipped(x, q)) * s.values[0]!);
      const y = subject.kernels.quantize(v.tensor, s.tensor, q);
      expect(y.shape).toEqual([problem.length]);
      expectUlps(await y.read(), expected, subject.dtype, subject.tolerance.ieee);
    }));
};

export const quantizeGrad: Case = (subject) => {
  const { kernels, dtype } = subject;
  const masks = fc.constantFrom<Mask>("inside", "strict", "rounded");
  const scales = fc.constantFrom(1, 0.125, 1 / 37);
  test("dv is g where the mask lets it through, and ds is Σ g (⌊v/s⌉ − v/s, or the clipped level)", () =>
    holds(fc.tuple(problems, masks, scales), 400, async ([problem, mask, gradScale]) => {
      const { s, v, round, ratios } = operandsOf(subject, problem);
      const { q, length } = problem;
      const g = operand(subject, [length], noise(~problem.seed));
      const [dv, ds] = kernels.quantizeGrad(g.tensor, v.tensor, s.tensor, { ...q, mask, gradScale });
      expect([dv.shape, ds.shape]).toEqual([[length], []]);
      const through = ratios.map((x) => PASSES[mask](x, ROUND[q.rounding](x), q));
      expectUlps(
        await dv.read(),
        through.map((passes, i) => (passes ? g.values[i]! : 0)),
        dtype,
        0,
      );
      const exact = sums(1);
      ratios.forEach((x, i) => {
        const slope = through[i] ? round(ROUND[q.rounding](x) - x) : clipped(x, q);
        include(exact, 0, g.values[i]! * slope);
      });
      expectSums(await ds.read(), exact, dtype, gradScale);
    }));
};
