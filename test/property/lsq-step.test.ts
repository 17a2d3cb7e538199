import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { initialStep, quantized, signed, stepGradScale, unsigned } from "../../src/quant/lsq.ts";
import { createRng } from "../../src/tensor/random.ts";
import { verifies } from "../spec.ts";
import { f64, scalar } from "../tensors.ts";

const bits = fc.integer({ min: 2, max: 8 });
const levels = fc.oneof(bits.map(signed), bits.map(unsigned));
const weights = fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 1, maxLength: 20 });

const gaussian = (n: number): Float64Array => {
  const rng = createRng("weights");
  return Float64Array.from({ length: n }, () => rng.normal());
};

describe("levels", () => {
  verifies("LSQ.sec.2", "b bits give 2ᵇ levels: signed ones from −2ᵇ⁻¹, unsigned ones from 0", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 15 }), (b) => {
        for (const { qn, qp } of [signed(b), unsigned(b)]) expect(qn + qp + 1).toBe(2 ** b);
        expect(signed(b).qn).toBe(2 ** (b - 1));
        expect(unsigned(b).qn + 0).toBe(0);
      }),
    );
  });

  test("numbers of bits that have no levels are refused in a sentence", () => {
    for (const b of [1, 0, -4, 2.5, 17, Number.NaN, Infinity])
      expect(() => signed(b)).toThrow(`signed levels: expected 2 to 16 whole bits, got ${b}`);
    for (const b of [0, -4, 2.5, 16, Number.NaN])
      expect(() => unsigned(b)).toThrow(`unsigned levels: expected 1 to 15 whole bits, got ${b}`);
  });
});

describe("the scale of the step's gradient", () => {
  verifies("LSQ.sec.2.2", "is 1 / √(n qp): four times as many values halve it", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), levels, (n, l) => {
        expect(stepGradScale(n, l) ** 2 * n * l.qp).toBeCloseTo(1, 12);
        expect(stepGradScale(4 * n, l)).toBeCloseTo(stepGradScale(n, l) / 2, 15);
      }),
    );
  });
});

describe("the first step", () => {
  verifies("LSQ.sec.2.1", "is 2 mean|v| / √qp, in any shape", () => {
    fc.assert(
      fc.property(weights, levels, (v, l) => {
        const expected = Math.max(
          (2 * v.reduce((a, x) => a + Math.abs(x), 0)) / v.length / Math.sqrt(l.qp),
          1e-8,
        );
        expect(initialStep(f64(v), l) / expected).toBeCloseTo(1, 12);
        expect(initialStep(f64(v, [v.length, 1, 1]), l)).toBe(initialStep(f64(v), l));
      }),
    );
  });

  verifies("LSQ.sec.2.1", "grows with the weights, and sees neither their signs nor their order", () => {
    fc.assert(
      fc.property(weights, levels, fc.integer({ min: -4, max: 4 }), (v, l, e) => {
        const s = initialStep(f64(v), l);
        fc.pre(s * 2 ** e > 1e-8 && s > 1e-8);
        expect(initialStep(f64(v.map((x) => x * 2 ** e)), l)).toBe(s * 2 ** e);
        expect(initialStep(f64(v.map((x, i) => (i % 2 ? -x : x))), l)).toBe(s);
        expect(initialStep(f64([...v].reverse()), l) / s).toBeCloseTo(1, 12);
      }),
    );
  });

  verifies("LSQ.sec.2.1", "of weights that are all 0 is above 0, and quantizes them to 0", () => {
    const zeros = f64([0, 0, 0]);
    const s = initialStep(zeros, signed(4));
    expect(s).toBe(1e-8);
    expect(Array.from(quantized(zeros, scalar(s), signed(4)).data)).toEqual([0, 0, 0]);
  });

  verifies("QGen.fig.1", "is wider with fewer bits for any weights, before any training", () => {
    fc.assert(
      fc.property(weights, fc.integer({ min: 2, max: 15 }), (v, b) => {
        const [coarse, fine] = [b, b + 1].map((bits) => initialStep(f64(v), signed(bits)));
        fc.pre(fine! > 1e-8);
        expect(coarse! / fine!).toBeCloseTo(Math.sqrt((2 ** b - 1) / (2 ** (b - 1) - 1)), 10);
      }),
    );
  });

  verifies(
    "LSQ.sec.2.1",
    "of normal weights is 0.142, 0.604 and 1.596 standard deviations at 8, 4 and 2 bits",
    () => {
      const v = f64(gaussian(100_000));
      const steps = [8, 4, 2].map((b) => initialStep(v, signed(b)));
      [0.1416, 0.6032, 1.5958].forEach((expected, i) => {
        expect(Math.abs(steps[i]! / expected - 1)).toBeLessThan(0.01);
      });
    },
  );
});

describe("the noise of quantization at the first step, on normal weights", () => {
  const n = 200_000;
  const v = gaussian(n);
  const noise = (b: number) => {
    const s = initialStep(f64(v), signed(b));
    const hat = quantized(f64(v), scalar(s), signed(b)).data;
    const delta = v.map((x, i) => x - hat[i]!);
    const meanOf = (f: (d: number) => number): number => delta.reduce((total, d) => total + f(d), 0) / n;
    const energy = meanOf((d) => d * d);
    const clipped = meanOf((d) => Number(Math.abs(d) > (s / 2) * (1 + 1e-9)));
    return { s, clipped, energy, variance: energy - meanOf((d) => d) ** 2 };
  };

  verifies("QGen.eq.3", "has less energy with every bit more", () => {
    const energies = [2, 3, 4, 5, 6, 7, 8].map((b) => noise(b).energy);
    for (let i = 1; i < energies.length; i++) expect(energies[i]).toBeLessThan(energies[i - 1]! / 1.5);
  });

  verifies("QGen.eq.3", "has variance s²/12 at 8 bits, where nothing is clipped", () => {
    const { s, clipped, variance } = noise(8);
    expect(clipped).toBe(0);
    expect(Math.abs(variance / (s ** 2 / 12) - 1)).toBeLessThan(0.01);
  });

  verifies("QGen.eq.3", "has 4 % more than s²/12 at 2 bits, where 0.8 % of the weights are clipped", () => {
    const { s, clipped, variance } = noise(2);
    expect(Math.abs(clipped - 0.0084)).toBeLessThan(0.001);
    expect(Math.abs(variance / (s ** 2 / 12) - 1.04)).toBeLessThan(0.015);
  });
});
