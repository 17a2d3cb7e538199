import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { flatness } from "../../src/measures/bounds.ts";
import { pacBayesMagInit, pacBayesMagOrig, sharpnessMagOrig } from "../../src/measures/bounds-magnitude.ts";
import { reported } from "../../src/measures/reported.ts";
import { verifies } from "../spec.ts";
import {
  all,
  each,
  magnitude,
  named,
  orderOf,
  plain,
  radius,
  type Vectors,
  vectors,
} from "./bounds-cases.ts";
import { expectClose } from "./calculus.ts";

const zero = ({ w }: Vectors) => ({ w: w.map(() => 0), w0: w.map(() => 0) });

describe("what holds of every measure", () => {
  each(plain, "a larger radius is a smaller measure, strictly, with derivative −A/2r³ − 1/r", ({ at }) => {
    fc.assert(
      fc.property(vectors, radius, radius, (x, r, s) => {
        fc.pre(r < s);
        expect(at(x, s)).toBeLessThan(at(x, r));
        // A from the two constants, whose difference does not depend on it.
        const a = (at(x, 1, { constant: "delta" }) - at({ ...x, ...zero(x) }, 1, { constant: "delta" })) * 4;
        const [above, below] = [at(x, r * (1 + 1e-6)), at(x, r * (1 - 1e-6))];
        const slope = -a / (2 * r ** 3) - 1 / r;
        expect(Math.abs((above - below) / (2e-6 * r) / slope - 1)).toBeLessThan(1e-5);
      }),
    );
  });

  each(all, "w and w₀ may be permuted together", ({ at }) => {
    fc.assert(
      fc.property(
        vectors.chain((x) => fc.tuple(fc.constant(x), orderOf(x.w.length))),
        radius,
        ([x, order], r) => {
          const moved = { ...x, w: order.map((i) => x.w[i]!), w0: order.map((i) => x.w0[i]!) };
          expectClose(at(moved, r), at(x, r), 100 * Math.abs(at(x, r)));
        },
      ),
    );
  });

  each(
    all,
    "radius 0 is an infinite measure; a radius that is no number, or below 0, is refused",
    ({ at }) => {
      const x = { w: [1, 2], w0: [1, 2], m: 10 };
      for (const constant of ["radius", "delta"] as const) expect(at(x, 0, { constant })).toBe(Infinity);
      expect(reported(at(x, 0), 10)).toEqual({ raw: Infinity, value: Infinity, flag: "infinite" });
      for (const r of [-1, NaN, Infinity])
        expect(() => at(x, r)).toThrow(/radius to be a number of at least 0/);
    },
  );

  each(all, "m that is no whole number of at least 1 is refused, and so is δ outside (0, 1)", ({ at }) => {
    const x = { w: [1, 2], w0: [0, 1], m: 10 };
    for (const m of [0, 1.5, NaN]) expect(() => at({ ...x, m }, 1)).toThrow(/m to be a whole number/);
    for (const delta of [0, 1, NaN])
      expect(() => at(x, 1, { constant: "delta", delta })).toThrow("δ to be between 0 and 1");
  });

  each(all, "a weight that is no number is a sentence", ({ at }) => {
    expect(() => at({ w: [1, NaN], w0: [0, 1], m: 10 }, 1)).toThrow(/NaN/);
  });
});

describe("scale", () => {
  const scaled = (x: Vectors, c: number): Vectors => ({
    ...x,
    w: x.w.map((v) => v * c),
    w0: x.w0.map((v) => v * c),
  });
  const factor = fc.integer({ min: 1, max: 64 }).map((k) => k / 8);

  each(plain, "w, w₀ and the radius times c: only log(m / radius) changes, by −log c", ({ at }) => {
    fc.assert(
      fc.property(vectors, radius, factor, (x, r, c) => {
        expectClose(at(scaled(x, c), c * r), at(x, r) - Math.log(c), Math.abs(at(x, r)));
        const constant = { constant: "delta" } as const;
        expectClose(at(scaled(x, c), c * r, constant), at(x, r, constant));
      }),
    );
  });

  each(magnitude, "without eps, w and w₀ times c at the same radius change nothing", ({ at }) => {
    fc.assert(
      fc.property(vectors, radius, factor, (x, r, c) => {
        fc.pre(x.w.every((v, i) => v !== x.w0[i] && v !== 0));
        expectClose(at(scaled(x, c), r, { eps: 0 }), at(x, r, { eps: 0 }), 1e3);
      }),
    );
  });

  each(
    magnitude,
    "eps is part of it: with it, shrinking w and w₀ to nothing leaves only the constant",
    ({ at }) => {
      const x = { w: [0.5, -0.25], w0: [0.1, 0.3], m: 100 };
      expect(Math.abs(at(scaled(x, 1e-9), 1) - (Math.log(100) + 10))).toBeLessThan(1e-9);
      expect(at(x, 1, { eps: 0.5 })).not.toBe(at(x, 1));
    },
  );
});

describe("the magnitude-aware measures", () => {
  each(
    magnitude.filter(({ origin }) => origin === "init"),
    "is at least log(m / radius) + 10 (Jensen)",
    ({ at }) => {
      fc.assert(
        fc.property(vectors, radius, (x, r) => {
          expect(at(x, r)).toBeGreaterThanOrEqual(Math.log(x.m / r) + 10 - 1e-9);
        }),
      );
    },
  );

  for (const [sharp, pac] of [
    ["QGen.eq.21", "QGen.eq.19"],
    ["QGen.eq.22", "QGen.eq.20"],
  ] as const)
    verifies(sharp, `is at least ${pac} at the same radius`, () => {
      fc.assert(
        fc.property(vectors, radius, (x, r) => {
          expect(named(sharp).at(x, r)).toBeGreaterThanOrEqual(named(pac).at(x, r));
        }),
      );
    });

  verifies("QGen.eq.20", "may be below 0, and then has no root and says so", () => {
    const x = { w: Array.from({ length: 200 }, () => 1e-3), w0: Array.from({ length: 200 }, () => 1), m: 10 };
    const raw = pacBayesMagOrig({ ...x, sigma: 1 });
    expect(raw).toBeLessThan(0);
    expect(reported(raw, 10)).toEqual({ raw, value: null, flag: "negative" });
  });

  test("vectors of two lengths are refused; the weight that is no number is named", () => {
    expect(() => pacBayesMagInit({ w: [1], w0: [1, 2], m: 10, sigma: 1 })).toThrow(
      "pacBayesMagInit: expected as many weights in w as in w₀, got 1 and 2",
    );
    expect(() => sharpnessMagOrig({ w: [1, NaN], w0: [0, 0], m: 10, alpha: 1 })).toThrow(
      "sharpnessMagOrig: the distance w − w₀ of weight 1 of 2 is NaN",
    );
  });
});

describe("reported values and flatness", () => {
  verifies("QGen.tab.3", "m times the square of the reported value is x", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), fc.integer({ min: 1, max: 1e6 }), (x, m) => {
        const { value, flag } = reported(x, m);
        expectClose(m * value! ** 2, x);
        expect(flag).toBeNull();
      }),
    );
  });

  verifies("QGen.tab.3", "a measure that is a logarithm is reported as that of √(e^x / m)", () => {
    for (const x of [-3, 0.5, 20])
      expectClose(reported(x, 50, "log").value!, Math.log(Math.sqrt(Math.exp(x) / 50)));
    expect(reported(-3, 50, "raw")).toEqual({ raw: -3, value: -3, flag: null });
    expect(reported(NaN, 50)).toEqual({ raw: NaN, value: null, flag: "undefined" });
  });

  test("flatness is the inverse square of the radius, ∞ at 0", () => {
    expect([flatness(0.5), flatness(0)]).toEqual([4, Infinity]);
    expect(() => flatness(NaN)).toThrow("got NaN");
  });
});
