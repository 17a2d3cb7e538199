import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Quantizer, Rounding } from "../../src/tensor/kernels/kernels.ts";
import { simd } from "../kernels.ts";

/** The neighbours of a float32, `ulps` away. */
function beside(x: number, ulps: number): number {
  const bits = new DataView(new ArrayBuffer(4));
  bits.setFloat32(0, x);
  bits.setInt32(0, bits.getInt32(0) + ulps);
  return bits.getFloat32(0);
}

function nearest(x: number, rounding: Rounding): number {
  const [whole, rest] = [Math.trunc(x), Math.abs(x - Math.trunc(x))];
  const up = rest > 0.5 || (rest === 0.5 && (rounding === "half-away" || whole % 2 !== 0));
  // The sign of a zero is that of x.
  return (up ? whole + Math.sign(x) : whole) || x * 0;
}

/** s ⌊clip(v/s, −qn, qp)⌉ with a division, every step of it rounded to float32. */
function divided(v: number, s: number, { qn, qp, rounding }: Quantizer): number {
  const x = Math.fround(v / s);
  const clipped = x < -qn ? -qn : x > qp ? qp : x;
  return Math.fround(nearest(clipped, rounding) * s);
}

const SPECIAL = [NaN, Infinity, -Infinity, 0, -0, 1e-45, -1e-45, 3.4e38, -3.4e38, 1e-38];

const steps = fc
  .oneof(
    fc.constantFrom(1, 0.1, 2 ** -9, 1e-45, 1e-40, 2 ** -100, beside(2 ** -100, 1), 2 ** 100, 2 ** 126, 3e38),
    fc.double({ min: 1e-3, max: 2, noNaN: true }),
    fc.integer({ min: 1, max: 0x7f7fffff }).map((bits) => beside(0, bits)),
  )
  .map(Math.fround);
const quantizers = fc.record({
  qn: fc.constantFrom(0, 1, 8, 128, 2 ** 15),
  qp: fc.constantFrom(1, 7, 127, 255, 2 ** 15 - 1),
  rounding: fc.constantFrom<Rounding>("half-even", "half-away"),
});

/** A number of steps: anywhere, on a tie or within a few units in the last place of one. */
const inSteps = fc.oneof(
  fc.double({ min: -300, max: 300, noNaN: true }),
  fc.integer({ min: -300, max: 300 }).map((k) => k + 0.5),
  fc.integer({ min: -40000, max: 40000 }).map((k) => k + 0.5),
);

async function expectDivided(values: readonly number[], s: number, q: Quantizer): Promise<void> {
  const v = Float32Array.from(values);
  const step = simd.tensor(Float32Array.of(s), []);
  const found = await simd.quantize(simd.tensor(v, [v.length]), step, q).read();
  const expected = v.map((x) => divided(x, s, q));
  for (const [i, y] of found.entries())
    if (!Object.is(y, expected[i]))
      expect.fail(`v = ${v[i]}, s = ${s}, ${JSON.stringify(q)}: ${y}, by a division ${expected[i]}`);
}

describe("quantization by the inverse of the step has the bits of a division", () => {
  test("anywhere, and near ties, among numbers far from any", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(inSteps, fc.integer({ min: -6, max: 6 })), { maxLength: 40 }),
        steps,
        quantizers,
        async (places, s, q) => {
          const near = places.map(([x, ulps]) => {
            const v = Math.fround(x * s);
            return v === 0 || !Number.isFinite(v) ? v : beside(v, ulps);
          });
          await expectDivided(near, s, q);
        },
      ),
      { numRuns: 2000 },
    ));

  test("at numbers that are none, at zeros, and at both ends of all floats, wherever they lie", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...SPECIAL, 0.25, 0.05, -0.35), { minLength: 1, maxLength: 40 }),
        steps,
        quantizers,
        expectDivided,
      ),
      { numRuns: 500 },
    ));

  test("at every tie of every step of a table, and beside it", async () => {
    for (const rounding of ["half-even", "half-away"] as const)
      for (let i = 1; i <= 60; i++) {
        const s = Math.fround(i / 617);
        const ties = Array.from({ length: 512 }, (_, k) => Math.fround((k - 255.5) * s));
        const all = ties.flatMap((v) => [-3, -2, -1, 0, 1, 2, 3].map((ulps) => beside(v, ulps)));
        await expectDivided(all, s, { qn: 256, qp: 255, rounding });
      }
  });

  test("at steps whose inverse is infinite, among whole lines without a zero", () =>
    expectDivided(
      Array.from({ length: 64 }, (_, k) => Math.fround((k / 8 + 0.3) * 1e-40)),
      Math.fround(1e-40),
      { qn: 8, qp: 7, rounding: "half-even" },
    ));
});
