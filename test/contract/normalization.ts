/** The contract of batch normalization: moments, the map, and its transpose. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Buffer, type Shape, sizeOf } from "../../src/tensor/tensor.ts";
import {
  type Case,
  dot,
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

/** [N, C], [N, C, L] and [N, C, H, W]; at times one value for each channel. */
const shapes: fc.Arbitrary<Shape> = fc
  .tuple(extent(1, 6), extent(1, 5), fc.array(extent(1, 7), { maxLength: 2 }))
  .map(([n, c, inner]) => [n, c, ...inner]);

/** Calls `visit` with every offset that belongs to a channel. */
function inChannel(shape: Shape, channel: number, visit: (i: number) => void): void {
  const inner = sizeOf(shape.slice(2));
  for (let n = 0; n < shape[0]!; n++)
    for (let j = 0; j < inner; j++) visit((n * shape[1]! + channel) * inner + j);
}

const channels = ([, c]: Shape): number[] => Array.from({ length: c! }, (_, i) => i);

/** Σ f(i) over a channel. */
function sumOf(shape: Shape, channel: number, f: (i: number) => number): number {
  let total = 0;
  inChannel(shape, channel, (i) => {
    total += f(i);
  });
  return total;
}

/** How many values a channel has. */
const countOf = (shape: Shape): number => sizeOf(shape) / shape[1]!;

/** Mean and biased variance of each channel, in two passes. */
function exactMoments(shape: Shape, x: Buffer): { mean: number[]; variance: number[]; size: number[] } {
  const m = countOf(shape);
  const mean = channels(shape).map((c) => sumOf(shape, c, (i) => x[i]!) / m);
  const variance = mean.map((mu, c) => sumOf(shape, c, (i) => (x[i]! - mu) ** 2) / m);
  const size = channels(shape).map((c) => sumOf(shape, c, (i) => Math.abs(x[i]!)) / m);
  return { mean, variance, size };
}

export const moments: Case = (subject) => {
  const { kernels, dtype } = subject;
  const u = unit(dtype);
  test("mean and variance are those of two passes, within their bounds", () =>
    holds(fc.tuple(shapes, seeds, fc.constantFrom(0, 1, 30)), 120, async ([shape, seed, offset]) => {
      const draw = noise(seed);
      const x = operand(subject, shape, () => draw() + offset);
      const [mean, variance] = kernels.moments(x.tensor);
      expect([mean.shape, variance.shape]).toEqual([[shape[1]], [shape[1]]]);
      const exact = exactMoments(shape, x.values);
      // A mean that is off by δ adds δ² to a variance taken around it.
      const k = countOf(shape) + 6;
      const delta = (c: number): number => gamma(k, u) * exact.size[c]!;
      expectNear(await mean.read(), exact.mean, delta);
      const bound = (c: number): number => gamma(k, u) * (exact.variance[c]! + delta(c) ** 2) + delta(c) ** 2;
      expectNear(await variance.read(), exact.variance, bound);
    }));
  test("equal values have the variance 0", () =>
    holds(fc.tuple(shapes, seeds), 40, async ([shape, seed]) => {
      const x = operand(subject, shape, () => Math.trunc(noise(seed)() * 64) + 0);
      const [mean, variance] = kernels.moments(x.tensor);
      expect([...(await mean.read())]).toEqual(Array(shape[1]).fill(x.values[0]));
      expect([...(await variance.read())]).toEqual(Array(shape[1]).fill(0));
    }));
  test("a NaN or an infinity spoils the moments of its own channel, and of no other", async () => {
    for (const poison of [NaN, Infinity]) {
      const x = operandOf(subject, [1, 2, poison, 4, 5, 6, 7, 8], [2, 2, 2]);
      const [mean, variance] = kernels.moments(x.tensor);
      expect([...(await mean.read())]).toEqual([3.5, Number.isNaN(poison) ? NaN : Infinity]);
      expect([...(await variance.read())]).toEqual([4.25, NaN]);
    }
  });
};

/** The channel of element i. */
const channelOf = (shape: Shape, i: number): number => Math.trunc(i / sizeOf(shape.slice(2))) % shape[1]!;

/** An input, and vectors for its channels; the variances are at least 0. */
function vectors(subject: Subject, shape: Shape, seed: number) {
  const draw = noise(seed);
  const c = [shape[1]!];
  return {
    x: operand(subject, shape, draw),
    mean: operand(subject, c, draw),
    variance: operand(subject, c, () => Math.abs(draw())),
    gamma: operand(subject, c, draw),
    beta: operand(subject, c, draw),
  };
}

const epsilons = fc.constantFrom(1e-5, 1e-3, 0.5);

export const normalize: Case = (subject) => {
  const { kernels, dtype } = subject;
  test("is γ (x − mean) / √(variance + eps) + β, within γ₈ of the terms of p x + (β − p mean)", () =>
    holds(fc.tuple(shapes, seeds, epsilons), 120, async ([shape, seed, eps]) => {
      const { x, mean, variance, gamma: scale, beta } = vectors(subject, shape, seed);
      const y = kernels.normalize(x.tensor, mean.tensor, variance.tensor, scale.tensor, beta.tensor, eps);
      expect(y.shape).toEqual(shape);
      const p = (c: number): number => scale.values[c]! / Math.sqrt(variance.values[c]! + eps);
      const exact = Array.from(x.values, (v, i) => {
        const c = channelOf(shape, i);
        return p(c) * (v - mean.values[c]!) + beta.values[c]!;
      });
      expectNear(await y.read(), exact, (i) => {
        const c = channelOf(shape, i);
        const terms = Math.abs(p(c)) * (Math.abs(x.values[i]!) + Math.abs(mean.values[c]!));
        return gamma(8, unit(dtype)) * (terms + Math.abs(beta.values[c]!));
      });
    }));
  test("NaN and infinities survive", async () => {
    const one = operandOf(subject, [1], [1]).tensor;
    const x = operandOf(subject, [NaN, Infinity, -Infinity, 1, NaN], [5, 1]).tensor;
    const y = await kernels.normalize(x, one, one, one, one, 0).read();
    expect([...y]).toEqual([NaN, Infinity, -Infinity, 1, NaN]);
  });
};

export const batchNormGrad: Case = (subject) => {
  const { kernels, dtype } = subject;
  const u = unit(dtype);
  test("dβ = Σ g, dγ = Σ g x̂ and dx = γ/√(variance + eps) (g − dβ/m − x̂ dγ/m), within γₖ of their terms", () =>
    holds(fc.tuple(shapes, seeds, epsilons), 120, async ([shape, seed, eps]) => {
      const { x, mean, variance, gamma: scale } = vectors(subject, shape, seed);
      const g = operand(subject, shape, noise(~seed));
      const results = kernels.batchNormGrad(
        g.tensor,
        x.tensor,
        mean.tensor,
        variance.tensor,
        scale.tensor,
        eps,
      );
      expect(results.map((r) => r.shape)).toEqual([shape, [shape[1]], [shape[1]]]);
      const m = countOf(shape);
      const bound = gamma(m + 12, u);
      const per = channels(shape).map((c) => {
        const [mu, inverse] = [mean.values[c]!, 1 / Math.sqrt(variance.values[c]! + eps)];
        const hat = (i: number): number => (x.values[i]! - mu) * inverse;
        const total = (f: (i: number) => number): number => sumOf(shape, c, f);
        return {
          p: scale.values[c]! * inverse,
          hat,
          dbeta: total((i) => g.values[i]!),
          dgamma: total((i) => g.values[i]! * hat(i)),
          sizeOfBeta: total((i) => Math.abs(g.values[i]!)),
          sizeOfGamma: total((i) => Math.abs(g.values[i]! * hat(i))),
          /** |x̂| where x and the mean are scaled apart. */
          sizeOfHat: (i: number) => (Math.abs(x.values[i]!) + Math.abs(mu)) * inverse,
        };
      });
      const of = (i: number) => per[channelOf(shape, i)]!;
      const exact = Array.from(g.values, (v, i) => {
        const { p, hat, dbeta, dgamma } = of(i);
        return p * (v - dbeta / m - (hat(i) * dgamma) / m);
      });
      const [dx, dgamma, dbeta] = results;
      expectNear(
        await dbeta.read(),
        per.map((c) => c.dbeta),
        (c) => bound * per[c]!.sizeOfBeta,
      );
      expectNear(
        await dgamma.read(),
        per.map((c) => c.dgamma),
        (c) => bound * per[c]!.sizeOfGamma,
      );
      expectNear(await dx.read(), exact, (i) => {
        const { p, sizeOfBeta, sizeOfGamma, sizeOfHat } = of(i);
        return bound * Math.abs(p) * (Math.abs(g.values[i]!) + (sizeOfBeta + sizeOfHat(i) * sizeOfGamma) / m);
      });
    }));
  test.runIf(dtype === "float64")(
    "⟨g, J v⟩ = ⟨dx, v⟩, with J v by central differences through the moments",
    () =>
      holds(fc.tuple(shapes, seeds), 40, async ([shape, seed]) => {
        const { x, gamma: scale, beta } = vectors(subject, shape, seed);
        const [g, v] = [operand(subject, shape, noise(seed + 1)), operand(subject, shape, noise(seed + 2))];
        const eps = 0.5;
        const h = 1e-5;
        const [mean, variance] = kernels.moments(x.tensor);
        const [dx] = kernels.batchNormGrad(g.tensor, x.tensor, mean, variance, scale.tensor, eps);
        const along = (t: number) => {
          const moved = operandOf(
            subject,
            x.values.map((xi, i) => xi + t * v.values[i]!),
            shape,
          ).tensor;
          const [mu, sigma2] = kernels.moments(moved);
          return kernels.normalize(moved, mu, sigma2, scale.tensor, beta.tensor, eps).read();
        };
        const [plus, minus] = [await along(h), await along(-h)];
        const numeric = dot(
          g.values,
          plus.map((y, i) => (y - minus[i]!) / (2 * h)),
        );
        const exact = dot(await dx.read(), v.values);
        expect(Math.abs(numeric - exact)).toBeLessThanOrEqual(1e-6 * (1 + sizeOf(shape)));
      }),
  );
};

/** Arguments of `normalize`, and a gradient of its result. */
function normalization(subject: Subject, shape: Shape, seed: number, eps: number) {
  const { x, mean, variance, gamma: scale, beta } = vectors(subject, shape, seed);
  const g = operand(subject, shape, noise(~seed)).tensor;
  return { g, xs: [x.tensor, mean.tensor, variance.tensor, scale.tensor, beta.tensor, eps] as const };
}

export const normalizeRelu: Case = (subject) => {
  const { kernels } = subject;
  test("is relu(normalize(…)), to the last bit", () =>
    holds(fc.tuple(shapes, seeds, epsilons), 80, async ([shape, seed, eps]) => {
      const { xs } = normalization(subject, shape, seed, eps);
      const [y, plain] = [kernels.normalizeRelu(...xs), kernels.unary("relu", kernels.normalize(...xs))];
      expect(y.shape).toEqual(shape);
      expect(await y.read()).toEqual(await plain.read());
    }));
  test("a NaN survives, an infinity below zero does not", async () => {
    const one = operandOf(subject, [1], [1]).tensor;
    const x = operandOf(subject, [NaN, Infinity, -Infinity, 1, NaN], [5, 1]).tensor;
    const y = await kernels.normalizeRelu(x, one, one, one, one, 0).read();
    expect([...y]).toEqual([NaN, Infinity, 0, 1, NaN]);
  });
};

export const batchNormReluGrad: Case = (subject) => {
  const { kernels } = subject;
  test("is batchNormGrad of g where normalize(…) is above zero, to the last bit", () =>
    holds(fc.tuple(shapes, seeds, epsilons), 80, async ([shape, seed, eps]) => {
      const { g, xs } = normalization(subject, shape, seed, eps);
      const [x, mean, variance, scale] = xs;
      const open = kernels.binary("gate", g, kernels.normalize(...xs));
      const plain = kernels.batchNormGrad(open, x, mean, variance, scale, eps);
      const found = kernels.batchNormReluGrad(g, ...xs);
      expect(found.map((r) => r.shape)).toEqual(plain.map((r) => r.shape));
      for (const [i, r] of found.entries()) expect(await r.read()).toEqual(await plain[i]!.read());
    }));
};
