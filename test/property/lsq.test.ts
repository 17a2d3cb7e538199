import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { grad } from "../../src/autograd/grad.ts";
import { constant } from "../../src/autograd/op.ts";
import { mul, sum } from "../../src/autograd/ops/arithmetic.ts";
import {
  codes,
  type Levels,
  type LsqOptions,
  lsq,
  quantized,
  signed,
  unsigned,
} from "../../src/quant/lsq.ts";
import type { Mask, Rounding } from "../../src/tensor/kernels/kernels.ts";
import { reference } from "../../src/tensor/kernels/reference/index.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { simd } from "../kernels.ts";
import { verifies } from "../spec.ts";
import { f64 } from "../tensors.ts";

interface Precision {
  readonly tensor: (values: ArrayLike<number>, shape?: readonly number[]) => Tensor;
  /** What is left of a number in this precision. */
  readonly single: (x: number) => number;
}

const precisions: readonly (readonly [string, Precision])[] = [
  ["reference, float64", { tensor: f64, single: (x) => x }],
  ["reference, float32", { tensor: single(reference), single: Math.fround }],
  ["simd, float32", { tensor: single(simd), single: Math.fround }],
];

function single(kernels: typeof reference): Precision["tensor"] {
  return (values, shape = [values.length]) => kernels.tensor(Float32Array.from(values), shape);
}

const bits = fc.integer({ min: 2, max: 8 });
const levels: fc.Arbitrary<Levels> = fc.oneof(bits.map(signed), bits.map(unsigned));
const masks = fc.constantFrom<Mask>("inside", "strict", "rounded");
const roundings = fc.constantFrom<Rounding>("half-even", "half-away");
/** With 8 significant bits, so that its product with a small multiple of ½ is exact in float32. */
const step = fc
  .tuple(fc.integer({ min: -14, max: 1 }), fc.integer({ min: 1, max: 255 }))
  .map(([e, k]) => k * 2 ** e);
/** v/s: anything, and the levels and midpoints that random numbers would miss. */
const position = fc.oneof(
  // Nothing so small that its products would lose digits.
  fc.double({ min: -300, max: 300, noNaN: true }).map((x) => (Math.abs(x) < 1e-9 ? 0 : x)),
  fc.integer({ min: -600, max: 600 }).map((k) => k / 2),
);
const positions = fc.array(position, { minLength: 1, maxLength: 11 });
/** Positions at and around the outermost levels of a quantizer, where the masks differ. */
const edges = ({ qn, qp }: Levels): number[] =>
  [-qn, qp].flatMap((q) =>
    [-1, -0.5001, -0.5, -0.4999, -0.001, 0, 0.001, 0.4999, 0.5, 0.5001, 1].map((d) => q + d),
  );

/** The nearest whole number. */
function nearest(x: number, rounding: Rounding): number {
  const low = Math.floor(x);
  if (x - low !== 0.5) return x - low < 0.5 ? low : low + 1;
  if (rounding === "half-away") return x < 0 ? low : low + 1;
  return low % 2 === 0 ? low : low + 1;
}
const clip = (x: number, { qn, qp }: Levels): number => Math.min(Math.max(x, -qn), qp);

/** Which values let the gradient through, case by case. */
const passes: { readonly [M in Mask]: (x: number, q: Levels, rounding: Rounding) => boolean } = {
  inside: (x, { qn, qp }) => x >= -qn && x <= qp,
  strict: (x, { qn, qp }) => x > -qn && x < qp,
  rounded: (x, { qn, qp }, rounding) => nearest(x, rounding) >= -qn && nearest(x, rounding) <= qp,
};

describe.each(precisions)("LSQ (%s)", (_name, { tensor, single }) => {
  const value = (v: readonly number[], s: number, l: Levels, options?: LsqOptions): number[] =>
    Array.from(lsq(l, options)(constant(tensor(v)), constant(tensor([s], []))).value.data);
  /** Gradients of Σ g v̂ to v and to s. */
  function slopes(v: readonly number[], s: number, g: readonly number[], l: Levels, options?: LsqOptions) {
    const [V, S] = [constant(tensor(v)), constant(tensor([s], []))];
    const [dv, ds] = grad(sum(mul(lsq(l, options)(V, S), constant(tensor(g)))), [V, S]);
    return { dv: Array.from(dv!.value.data), ds: ds!.value.data[0]!, shape: ds!.value.shape };
  }
  const at = (p: readonly number[], s: number): number[] => p.map((x) => single(x * s));

  verifies(
    "QGen.eq.1",
    "every code is a whole number from −qn to qp, and code · s is the quantized value",
    () => {
      fc.assert(
        fc.property(positions, step, levels, roundings, (p, s, l, rounding) => {
          const v = at(p, s);
          const whole = codes(tensor(v), tensor([s], []), l, rounding);
          value(v, s, l, { rounding }).forEach((x, i) => {
            expect(x === single(whole[i]! * s)).toBe(true);
            expect(whole[i]).toBeGreaterThanOrEqual(-l.qn);
            expect(whole[i]).toBeLessThanOrEqual(l.qp);
          });
        }),
      );
    },
  );

  verifies(
    "LSQ.eq.1",
    "the code is the whole number nearest to the clipped ratio; ties go where they are sent",
    () => {
      fc.assert(
        fc.property(positions, step, levels, roundings, (p, s, l, rounding) => {
          const v = at(p, s);
          const expected = v.map((x) => nearest(clip(single(x / s), l), rounding));
          expect(Array.from(codes(tensor(v), tensor([s], []), l, rounding))).toEqual(
            expected.map((x) => x + 0),
          );
        }),
      );
    },
  );

  verifies(
    "QGen.eq.1",
    "b bits leave at most 2ᵇ different values, and on a wide sweep exactly as many",
    () => {
      for (const b of [2, 3, 4, 8]) {
        const sweep = Array.from({ length: 1200 }, (_, i) => (i - 600) / 2);
        expect(new Set(value(sweep, 1, signed(b)).map((x) => x + 0)).size).toBe(2 ** b);
        expect(new Set(value(sweep, 1, unsigned(b)).map((x) => x + 0)).size).toBe(2 ** b);
      }
    },
  );

  verifies("QGen.eq.2", "quantizing twice changes nothing", () => {
    fc.assert(
      fc.property(positions, step, levels, (p, s, l) => {
        const once = value(at(p, s), s, l);
        expect(value(once, s, l)).toEqual(once);
      }),
    );
  });

  verifies(
    "QGen.eq.2",
    "scaling data and step by a power of two scales the result exactly, and leaves the slopes",
    () => {
      fc.assert(
        fc.property(positions, step, levels, fc.integer({ min: -8, max: 8 }), masks, (p, s, l, e, mask) => {
          const [v, c] = [at(p, s), 2 ** e];
          const scaled = v.map((x) => c * x);
          expect(value(scaled, c * s, l)).toEqual(value(v, s, l).map((x) => c * x));
          const ones = v.map(() => 1);
          expect(slopes(scaled, c * s, ones, l, { mask })).toEqual(slopes(v, s, ones, l, { mask }));
        }),
      );
    },
  );

  verifies(
    "QGen.eq.3",
    "a value that is not clipped moves by at most half a step; one level beyond, by a whole one",
    () => {
      fc.assert(
        fc.property(positions, step, levels, (p, s, l) => {
          const v = at(p, s);
          value(v, s, l).forEach((x, i) => {
            if (clip(v[i]! / s, l) === v[i]! / s)
              expect(Math.abs(x - v[i]!)).toBeLessThanOrEqual((s / 2) * (1 + 1e-6));
          });
          const beyond = single((l.qp + 1) * s);
          expect(beyond - value([beyond], s, l)[0]!).toBe(s);
        }),
      );
    },
  );

  verifies("LSQ.eq.2", "larger values are not quantized lower", () => {
    fc.assert(
      fc.property(positions, step, levels, roundings, (p, s, l, rounding) => {
        const v = at(p, s).sort((a, b) => a - b);
        const x = value(v, s, l, { rounding });
        for (let i = 1; i < x.length; i++) expect(x[i]).toBeGreaterThanOrEqual(x[i - 1]!);
      }),
    );
  });

  verifies("LSQ.eq.2", "signed levels are odd except for the lowest, which has no opposite", () => {
    fc.assert(
      fc.property(positions, step, bits, roundings, (p, s, b, rounding) => {
        const [v, l] = [at(p, s), signed(b)];
        const [plus, minus] = [
          value(v, s, l, { rounding }),
          value(
            v.map((x) => -x),
            s,
            l,
            { rounding },
          ),
        ];
        v.forEach((x, i) => {
          const alone = nearest(Math.abs(single(x / s)), rounding) > l.qp;
          expect(plus[i]! + minus[i]! === 0).toBe(!alone);
          if (alone) expect(plus[i]! + minus[i]!).toBe(-s);
        });
      }),
    );
  });

  verifies("LSQ.eq.5", "the gradient to v is that of v̂ where the mask is open, and 0 elsewhere", () => {
    fc.assert(
      fc.property(positions, step, levels, masks, roundings, (p, s, l, mask, rounding) => {
        const v = at([...p, ...edges(l)], s);
        const g = v.map((_, i) => 1 + (i % 5));
        const { dv } = slopes(v, s, g, l, { mask, rounding });
        expect(dv).toEqual(v.map((x, i) => (passes[mask](single(x / s), l, rounding) ? g[i] : 0)));
      }),
    );
  });

  verifies(
    "LSQ.eq.3",
    "the gradient to s is ⌊v/s⌉ − v/s where the mask is open and the level elsewhere, summed",
    () => {
      fc.assert(
        fc.property(positions, step, levels, masks, roundings, (p, s, l, mask, rounding) => {
          const v = at([...p, ...edges(l)], s);
          const g = v.map((_, i) => (i % 5) - 1.5);
          const terms = v.map((x, i) => {
            const r = single(x / s);
            return g[i]! * (passes[mask](r, l, rounding) ? single(nearest(r, rounding) - r) : clip(r, l));
          });
          const size = terms.reduce((a, t) => a + Math.abs(t), 1);
          const { ds, shape } = slopes(v, s, g, l, { mask, rounding });
          expect(shape).toEqual([]);
          expect(Math.abs(ds - terms.reduce((a, t) => a + t, 0)) / size).toBeLessThan(
            single === Math.fround ? 1e-7 : 1e-14,
          );
        }),
      );
    },
  );

  verifies(
    "LSQ.eq.3",
    "the masks differ exactly where Esser et al., their followers and PyTorch differ",
    () => {
      const slopeAt = (x: number, mask: Mask): readonly number[] => {
        const { dv, ds } = slopes([x], 1, [1], signed(4), { mask });
        return [dv[0]!, ds];
      };
      const table: readonly (readonly [number, Record<Mask, readonly number[]>])[] = [
        [7, { inside: [1, 0], strict: [0, 7], rounded: [1, 0] }],
        [-8, { inside: [1, 0], strict: [0, -8], rounded: [1, 0] }],
        [7.25, { inside: [0, 7], strict: [0, 7], rounded: [1, -0.25] }],
        [-8.25, { inside: [0, -8], strict: [0, -8], rounded: [1, 0.25] }],
        [7.5, { inside: [0, 7], strict: [0, 7], rounded: [0, 7] }],
        [-8.5, { inside: [0, -8], strict: [0, -8], rounded: [1, 0.5] }],
        [6.75, { inside: [1, 0.25], strict: [1, 0.25], rounded: [1, 0.25] }],
      ];
      for (const [x, expected] of table)
        for (const mask of ["inside", "strict", "rounded"] as const)
          expect(slopeAt(x, mask), `${mask} at ${x}`).toEqual(expected[mask]);
    },
  );

  verifies("LSQ.sec.2.2", "the scale multiplies the gradient of the step, and nothing else", () => {
    fc.assert(
      fc.property(positions, step, levels, (p, s, l) => {
        const [v, ones] = [at(p, s), p.map(() => 1)];
        const [plain, halved] = [slopes(v, s, ones, l), slopes(v, s, ones, l, { gradScale: 0.5 })];
        expect(halved).toEqual({ ...plain, ds: plain.ds / 2 });
      }),
    );
  });

  test("without options, the mask is `inside`, ties go to the even level and the step's gradient is not scaled", () => {
    const v = [-8.6, -8, -2.5, 0.5, 1.5, 2.5, 7, 7.3];
    const defaults = { mask: "inside", rounding: "half-even", gradScale: 1 } as const;
    const ones = v.map(() => 1);
    expect(value(v, 1, signed(4)).map((x) => x + 0)).toEqual([-8, -8, -2, 0, 2, 2, 7, 7]);
    expect(slopes(v, 1, ones, signed(4))).toEqual(slopes(v, 1, ones, signed(4), defaults));
    expect(value([-0.5, 0.5, -1.5, 2.5], 1, signed(4), { rounding: "half-away" })).toEqual([-1, 1, -2, 3]);
  });

  test("a step that is not above 0, or not one number, is refused in a sentence", () => {
    for (const s of [0, -0.25, Number.NaN]) {
      expect(() => value([1], s, signed(4))).toThrow(`quantize: expected a step size above 0, got ${s}`);
      expect(() => quantized(tensor([1]), tensor([s], []), signed(4))).toThrow(
        "expected a step size above 0",
      );
    }
    expect(() => quantized(tensor([1]), tensor([1, 1]), signed(4))).toThrow(/expected one .*got shape \[2\]/);
  });

  test("a second derivative is refused in a sentence: a surrogate has none", () => {
    const [V, S] = [constant(tensor([0.3, 0.7])), constant(tensor([0.5], []))];
    const y = lsq(signed(4))(V, S);
    const [dv, ds] = grad(sum(mul(y, y)), [V, S]);
    const refusal = "the gradient is a surrogate and has no derivative";
    expect(() => grad(sum(dv!), [V])).toThrow(refusal);
    expect(() => grad(ds!, [S])).toThrow(refusal);
  });
});
