/** The contract of softmax cross-entropy and its gradient. */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type Case,
  expectNear,
  extent,
  gamma,
  holds,
  noise,
  operand,
  operandOf,
  type Subject,
  seeds,
  unit,
} from "./subject.ts";

const problems = fc.record({
  n: extent(1, 9),
  k: extent(1, 13),
  // Logits as large as 4000, where a softmax that does not subtract the maximum overflows.
  spread: fc.constantFrom(0.01, 1, 20, 1000),
  seed: seeds,
});
type Problem = typeof problems extends fc.Arbitrary<infer P> ? P : never;

function samples(subject: Subject, { n, k, spread, seed }: Problem) {
  const draw = noise(seed);
  const logits = operand(subject, [n, k], () => spread * draw());
  const labels = Int32Array.from({ length: n }, () => Math.trunc(((draw() + 4) / 8) * k));
  const rows = Array.from(labels, (label, i) => {
    const z = logits.values.slice(i * k, (i + 1) * k);
    const max = Math.max(...z);
    const sum = Array.from(z, (x) => Math.exp(x - max)).reduce((a, b) => a + b);
    return { z, label, max, sum, p: Array.from(z, (x) => Math.exp(x - max) / sum) };
  });
  return { logits, labels, rows };
}

export const crossEntropy: Case = (subject) => {
  const { kernels, dtype } = subject;
  test("is the mean of ln Σ exp(z) − z[label], within γₙ₊ₖ₊₈ of the sizes of its terms", () =>
    holds(problems, 150, async (problem) => {
      const { logits, labels, rows } = samples(subject, problem);
      const { n, k } = problem;
      const exact = rows.reduce((s, r) => s + r.max + Math.log(r.sum) - r.z[r.label]!, 0) / n;
      // The rounding of z − max is one of the exponent, so that it counts as often as the exponent is large.
      const sizes = rows.map(
        (r) => Math.abs(r.max) + Math.log(k) + 1 + Math.abs(r.z[r.label]!) + spreadOf(r),
      );
      const loss = kernels.crossEntropy(logits.tensor, labels);
      expect(loss.shape).toEqual([]);
      const bound = (gamma(n + k + 8, unit(dtype)) * sizes.reduce((a, b) => a + b, 0)) / n;
      expectNear(await loss.read(), [exact], () => bound);
    }));
  test("a NaN among the logits makes the loss NaN", async () => {
    const logits = operandOf(subject, [1, 2, 3, NaN, 5, 6], [2, 3]).tensor;
    expect([...(await kernels.crossEntropy(logits, Int32Array.of(0, 1)).read())]).toEqual([NaN]);
  });
  test("a logit of −∞ is a class that never occurs", async () => {
    const logits = operandOf(subject, [0, -Infinity, 0], [1, 3]).tensor;
    const [loss] = await kernels.crossEntropy(logits, Int32Array.of(2)).read();
    expect(loss).toBeCloseTo(Math.LN2, 6);
  });
};

const spreadOf = ({ z, max }: { readonly z: ArrayLike<number>; readonly max: number }): number =>
  Math.max(...Array.from(z, (x) => max - x));

export const crossEntropyGrad: Case = (subject) => {
  const { kernels, dtype } = subject;
  test("is (softmax(z) − onehot(label)) / n, within γₖ₊₈ of the sizes of its terms", () =>
    holds(problems, 150, async (problem) => {
      const { logits, labels, rows } = samples(subject, problem);
      const { n, k } = problem;
      const dz = kernels.crossEntropyGrad(logits.tensor, labels);
      expect(dz.shape).toEqual([n, k]);
      const exact = rows.flatMap((r) => r.p.map((p, j) => (p - Number(j === r.label)) / n));
      expectNear(await dz.read(), exact, (i) => {
        const r = rows[Math.trunc(i / k)]!;
        const j = i % k;
        const exponents = 1 + Math.min(spreadOf(r), 1 / unit(dtype));
        return (gamma(k + 8, unit(dtype)) * (r.p[j]! * exponents + Number(j === r.label))) / n;
      });
    }));
};
