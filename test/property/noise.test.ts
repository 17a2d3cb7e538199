import fc from "fast-check";
import { describe, expect } from "vitest";
import { initialStep, type Levels, quantized, signed } from "../../src/quant/lsq.ts";
import {
  appliedNoise,
  everySign,
  gaussian,
  type NoiseLaw,
  noiseSource,
  quantizationNoise,
  rademacher,
  unclipped,
  uniform,
} from "../../src/quant/noise.ts";
import { reference } from "../../src/tensor/kernels/reference/index.ts";
import { createRng } from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { verifies } from "../spec.ts";

const vec = (xs: Iterable<number>): Tensor => {
  const data = Float64Array.from(xs);
  return reference.tensor(data, [data.length]);
};
const scalar = (x: number): Tensor => reference.tensor(Float64Array.of(x), []);
const mean = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0) / xs.length;
const meanSq = (x: Tensor): number => mean(Array.from(x.data, (a) => a * a));
const round = (w: Tensor, s: number, levels: Levels): Tensor => quantized(w, scalar(s), levels);

const bits = fc.integer({ min: 2, max: 8 });
/** Powers of two, so that w = position · s and w/s are exact. */
const step = fc.integer({ min: -10, max: 3 }).map((e) => 2 ** e);
/** In units of the step: anything, and the levels and midpoints that random numbers would miss. */
const positions = fc.array(
  fc.oneof(
    fc.integer({ min: -200 * 1024, max: 200 * 1024 }).map((k) => k / 1024),
    fc.integer({ min: -400, max: 400 }).map((k) => k / 2),
  ),
  { minLength: 1, maxLength: 12 },
);
const amplitude = fc.double({ min: 1e-3, max: 10, noNaN: true });

describe("Δ = w − ŵ", () => {
  verifies("QGen.eq.3", "the quantized weights are w + n and w − Δ", () => {
    fc.assert(
      fc.property(positions, step, bits, (p, s, b) => {
        const w = vec(p.map((x) => x * s));
        const wHat = round(w, s, signed(b));
        const [n, delta] = [appliedNoise(w, wHat), quantizationNoise(w, wHat)];
        wHat.data.forEach((hat, i) => {
          expect(w.data[i]! + n.data[i]! - hat).toBe(0);
          expect(w.data[i]! - delta.data[i]! - hat).toBe(0);
        });
      }),
    );
  });

  verifies("QGen.eq.3", "w + Δ, where the paper evaluates the network, is not ŵ: it is 2w − ŵ", () => {
    const w = vec([0.3]);
    const wHat = round(w, 1, signed(4));
    expect(wHat.data[0]).toBe(0);
    expect(0.3 + quantizationNoise(w, wHat).data[0]!).toBe(0.6);
    expect(0.3 + appliedNoise(w, wHat).data[0]!).toBe(0);
  });

  verifies("QGen.eq.3", "|Δ| ≤ s/2 holds for the unclipped weights, and for no other", () => {
    fc.assert(
      fc.property(positions, step, bits, (p, s, b) => {
        const w = vec(p.map((x) => x * s));
        const delta = quantizationNoise(w, round(w, s, signed(b)));
        const half = Uint8Array.from(delta.data, (d) => (Math.abs(d) <= s / 2 ? 1 : 0));
        expect(unclipped(w, scalar(s), signed(b))).toEqual(half);
      }),
    );
  });

  verifies("QGen.eq.3", "the bound is reached half a step beyond the outermost levels", () => {
    fc.assert(
      fc.property(step, bits, (s, b) => {
        const { qn, qp } = signed(b);
        const w = vec([(qp + 0.5) * s, -(qn + 0.5) * s]);
        expect(Array.from(unclipped(w, scalar(s), signed(b)))).toEqual([1, 1]);
        const delta = quantizationNoise(w, round(w, s, signed(b)));
        expect(Array.from(delta.data)).toEqual([s / 2, -s / 2]);
      }),
    );
  });

  verifies("QGen.eq.3", "a clipped weight is as far from ŵ as it is from the outermost level", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), step, bits, (k, s, b) => {
        const { qn, qp } = signed(b);
        const beyond = 0.5 + k / 8;
        const w = vec([(qp + beyond) * s, -(qn + beyond) * s]);
        expect(Array.from(unclipped(w, scalar(s), signed(b)))).toEqual([0, 0]);
        const delta = quantizationNoise(w, round(w, s, signed(b)));
        expect(Array.from(delta.data)).toEqual([beyond * s, -beyond * s]);
      }),
    );
  });

  verifies("QGen.eq.3", "noise between weights of different shapes is refused", () => {
    expect(() => quantizationNoise(vec([1, 2]), vec([1]))).toThrow(/one shape/);
    expect(() => appliedNoise(vec([1]), vec([1, 2]))).toThrow(/one shape/);
  });
});

describe("the uniform model of rounding", () => {
  verifies(
    "QGen.eq.5",
    "weights spread evenly over the bins have E Δ² = δ²/12, up to the fineness of the spread",
    () => {
      fc.assert(
        fc.property(fc.integer({ min: 1, max: 64 }), step, bits, (fineness, s, b) => {
          const { qn, qp } = signed(b);
          const w: number[] = [];
          for (let level = -qn; level <= qp; level++)
            for (let i = 0; i < fineness; i++) w.push(s * (level - 0.5 + (2 * i + 1) / (2 * fineness)));
          const delta = quantizationNoise(vec(w), round(vec(w), s, signed(b)));
          const ratio = meanSq(delta) / uniform(s).variance;
          expect(ratio).toBeCloseTo(1 - 1 / fineness ** 2, 11);
          expect(mean(Array.from(delta.data)) / s).toBeCloseTo(0, 12);
        }),
      );
    },
  );

  /** Gaussian weights, quantized with LSQ's first step. */
  function rounded(b: number) {
    const rng = createRng("gaussian weights");
    const w = vec(Array.from({ length: 40_000 }, () => rng.normal()));
    const s = initialStep(w, signed(b));
    const delta = quantizationNoise(w, round(w, s, signed(b)));
    return {
      ratio: meanSq(delta) / uniform(s).variance,
      clipped: 1 - mean(Array.from(unclipped(w, scalar(s), signed(b)))),
      correlation:
        mean(Array.from(delta.data, (d, i) => d * w.data[i]!)) / Math.sqrt(meanSq(delta) * meanSq(w)),
    };
  }

  verifies("QGen.eq.5", "at 8 and 4 bits, the noise on Gaussian weights is that of the model", () => {
    for (const b of [8, 4]) {
      const { ratio, clipped, correlation } = rounded(b);
      expect(Math.abs(ratio - 1)).toBeLessThan(0.02);
      expect(clipped).toBeLessThan(1e-4);
      expect(Math.abs(correlation)).toBeLessThan(0.02);
    }
  });

  // The numbers are integrals over the normal density, for s = 2√(2/π) σ.
  verifies("QGen.eq.5", "at 2 bits it is not: 0.84 % are clipped, and Δ goes along with w", () => {
    const { ratio, clipped, correlation } = rounded(2);
    expect(Math.abs(ratio - 1.0414)).toBeLessThan(0.02);
    expect(Math.abs(clipped - 0.00837)).toBeLessThan(0.0018);
    expect(Math.abs(correlation - 0.08)).toBeLessThan(0.02);
  });
});

const laws: readonly [string, (scale: number) => NoiseLaw, (scale: number) => number][] = [
  ["uniform", uniform, (delta) => delta ** 2 / 12],
  ["rademacher", rademacher, (a) => a ** 2],
  ["gaussian", gaussian, (sigma) => sigma ** 2],
];

describe.each(laws)("%s noise", (name, law, variance) => {
  verifies("QGen.eq.5", "the variance is that of the law, and it is the mean square of the samples", () => {
    fc.assert(
      fc.property(amplitude, (scale) => {
        expect(law(scale).variance / variance(scale)).toBeCloseTo(1, 12);
        expect(law(scale).name).toBe(name);
        const rng = createRng(`noise of ${name}`);
        const draws = Array.from({ length: 4000 }, () => law(scale).sample(rng) / Math.sqrt(variance(scale)));
        // Four standard errors: of a mean of variance 1, and of a mean of squares of variance at most 2.
        expect(Math.abs(mean(draws))).toBeLessThan(4 / Math.sqrt(4000));
        expect(Math.abs(mean(draws.map((x) => x * x)) - 1)).toBeLessThan(4 * Math.sqrt(2 / 4000));
      }),
      { numRuns: 20 },
    );
  });

  verifies("QGen.eq.5", "a scale below 0 is refused, a scale of 0 is no noise", () => {
    expect(() => law(-1)).toThrow(/at least 0/);
    expect(() => law(Number.NaN)).toThrow(/at least 0/);
    expect(Math.abs(law(0).sample(createRng("any")))).toBe(0);
  });
});

describe("noise on the layers of a network", () => {
  const w = { a: vec([1, 2, 3]), b: vec([4, 5, 6]) };

  verifies("QGen.eq.5", "the noise of a layer does not depend on which other layers carry noise", () => {
    const alone = noiseSource({ b: uniform(1) }, w, createRng(7));
    const both = noiseSource({ a: uniform(2), b: uniform(1) }, w, createRng(7));
    for (let draw = 0; draw < 5; draw++) expect(alone().b!.data).toEqual(both().b!.data);
  });

  verifies("QGen.eq.5", "layers and draws are uncorrelated: their mean product is 0", () => {
    const next = noiseSource({ a: rademacher(1), b: rademacher(1) }, w, createRng(7));
    const products: number[] = [];
    let before = next();
    for (let draw = 0; draw < 2000; draw++) {
      const { a, b } = next();
      for (let i = 0; i < 3; i++) products.push(a!.data[i]! * b!.data[i]!, a!.data[i]! * before.a!.data[i]!);
      before = { a: a!, b: b! };
    }
    expect(Math.abs(mean(products))).toBeLessThan(4 / Math.sqrt(products.length));
    expect(mean(products.map((x) => x * x))).toBe(1);
  });

  verifies("QGen.eq.5", "all sign vectors together have mean 0 and covariance diag(a²), exactly", () => {
    fc.assert(
      fc.property(amplitude, amplitude, (a, b) => {
        const noises = everySign(w, { a, b }).map((n) => [...n.a!.data, ...n.b!.data]);
        expect(new Set(noises.map(String)).size).toBe(2 ** 6);
        for (let i = 0; i < 6; i++) {
          expect(Math.abs(mean(noises.map((n) => n[i]!)))).toBeLessThan(1e-14 * (a + b));
          for (let j = 0; j < 6; j++) {
            const expected = i !== j ? 0 : i < 3 ? a * a : b * b;
            expect(Math.abs(mean(noises.map((n) => n[i]! * n[j]!)) - expected)).toBeLessThan(
              1e-12 * a * b + 1e-12 * expected,
            );
          }
        }
      }),
      { numRuns: 20 },
    );
  });

  verifies("QGen.eq.5", "more sign vectors than can be listed are refused", () => {
    expect(() => everySign({ w: vec(new Array(17).fill(0)) }, { w: 1 })).toThrow(/at most 16/);
  });
});
