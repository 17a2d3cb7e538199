import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { exp, log, power, roundHalfAway, roundHalfEven, tanh } from "../../src/tensor/math.ts";
import { gamma, noise, ulpsApart } from "../contract/subject.ts";

const RUNS = { numRuns: 20_000 };

/** Where the functions change their method, overflow, underflow, or are exact. */
const landmarks: readonly number[] = [
  0,
  -0,
  1,
  -1,
  2,
  0.5,
  Infinity,
  -Infinity,
  NaN,
  5e-324,
  -5e-324,
  2 ** -1022,
  2 ** -1023,
  1e-310,
  2 ** -54,
  2 ** -53,
  0.17,
  0.3465735902799726,
  0.34657359027997264,
  0.5 * Math.LN2,
  Math.LN2,
  0.625,
  0.6250000000000001,
  Math.SQRT1_2,
  Math.SQRT2,
  22,
  22.000000000000004,
  709.782712893384,
  709.7827128933841,
  710,
  -708.3964185322641,
  -708.4,
  -745.1332191019411,
  -745.1332191019412,
  -746,
  Number.MAX_VALUE,
  Number.MIN_VALUE,
  Math.E,
];
const anyNumber = fc.oneof(fc.double(), fc.double({ min: -800, max: 800 }), fc.constantFrom(...landmarks));

function expectUlps(name: string, x: number, found: number, exact: number, ulps: number): void {
  if (!(ulpsApart(found, exact, "float64") <= ulps))
    expect.fail(`${name}(${x}) is ${found}, expected ${exact} within ${ulps} ulp`);
}

describe.each([
  { name: "exp", f: exp, exact: Math.exp, spread: [1e-3, 0.1, 1, 170] },
  { name: "log", f: log, exact: Math.log, spread: [1e-300, 1e-3, 1, 1e5] },
  { name: "tanh", f: tanh, exact: Math.tanh, spread: [1e-8, 0.05, 0.25, 6] },
])("$name", ({ name, f, exact, spread }) => {
  test("is within 2 ulp of the engine's, for every number there is", () => {
    fc.assert(
      fc.property(anyNumber, (x) => {
        expectUlps(name, x, f(x), exact(x), 2);
      }),
      RUNS,
    );
    for (const x of landmarks) expectUlps(name, x, f(x), exact(x), 2);
  });
  test("is within 2 ulp of the engine's, densely where it bends", () => {
    const draw = noise(1);
    for (const scale of spread)
      for (let i = 0; i < 20_000; i++) {
        const x = draw() * scale;
        expectUlps(name, x, f(x), exact(x), 2);
      }
  });
  test("maps NaN to NaN", () => {
    expect(f(NaN)).toBeNaN();
  });
});

test("the ends of the ranges are exact", () => {
  expect([exp(Infinity), exp(-Infinity), exp(0), exp(-0)]).toEqual([Infinity, 0, 1, 1]);
  expect([log(Infinity), log(0), log(-0), log(1), log(-1)]).toEqual([Infinity, -Infinity, -Infinity, 0, NaN]);
  expect([tanh(Infinity), tanh(-Infinity), tanh(0), tanh(-0)]).toEqual([1, -1, 0, -0]);
  expect([exp(-745), log(5e-324)]).toEqual([5e-324, Math.log(5e-324)]);
});

test("tanh is odd, bit for bit", () => {
  fc.assert(
    fc.property(anyNumber, (x) => {
      expect(tanh(-x)).toBe(-tanh(x));
    }),
  );
});

describe("power", () => {
  test("of a power of two is exact", () => {
    for (let n = 0; n <= 1022; n++) {
      expect(power(2, n)).toBe(2 ** n);
      expect(power(0.5, n)).toBe(2 ** -n);
    }
  });
  test("is within γₙ of baseⁿ, as n products are", () => {
    fc.assert(
      fc.property(fc.double({ min: -2, max: 2, noNaN: true }), fc.nat({ max: 1000 }), (base, n) => {
        const exact = base ** n;
        const bound = gamma(n + 2, 2 ** -53) * Math.abs(exact) + n * 2 ** -1074;
        expect(Math.abs(power(base, n) - exact)).toBeLessThanOrEqual(bound);
      }),
      { numRuns: 2000 },
    );
  });
  test("to 0 is 1, whatever the base", () => {
    expect([power(0, 0), power(NaN, 0), power(Infinity, 0)]).toEqual([1, 1, 1]);
  });
});

describe("rounding", () => {
  const roundings = [
    { name: "half to even", round: roundHalfEven, ties: [-4, -2, -2, -0, 0, 2, 2, 4] },
    { name: "half away from zero", round: roundHalfAway, ties: [-4, -3, -2, -1, 1, 2, 3, 4] },
  ];
  describe.each(roundings)("$name", ({ round, ties }) => {
    test("sends ties where it says", () => {
      expect([-3.5, -2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5].map(round)).toEqual(ties);
    });
    test("gives a nearest whole number", () => {
      fc.assert(
        fc.property(anyNumber, (x) => {
          const r = round(x);
          if (!Number.isFinite(x)) expect(r).toBe(x);
          else {
            expect(Number.isInteger(r)).toBe(true);
            expect(Math.abs(x - r)).toBeLessThanOrEqual(0.5);
          }
        }),
        RUNS,
      );
    });
    test("leaves whole numbers alone, −0 and those without a fraction too", () => {
      fc.assert(
        fc.property(fc.oneof(fc.maxSafeInteger(), fc.constantFrom(0, -0, 2 ** 60, -(2 ** 53) - 2)), (x) => {
          expect(round(x)).toBe(x);
        }),
      );
    });
    test("is odd, bit for bit", () => {
      fc.assert(
        fc.property(anyNumber, (x) => {
          expect(round(-x)).toBe(-round(x));
        }),
      );
    });
    test("is not misled by the number below a half", () => {
      expect([0.49999999999999994, 4503599627370495.5, -0.49999999999999994].map(round)).toEqual([
        0, 4503599627370496, -0,
      ]);
    });
  });
});
