import fc from "fast-check";
import { describe, expect } from "vitest";
import { verifies } from "../spec.ts";
import {
  all,
  distanceSq,
  each,
  named,
  normSq,
  omega,
  radius,
  type Vectors,
  vectors,
} from "./bounds-cases.ts";
import { expectClose } from "./calculus.ts";

describe("init and orig", () => {
  const pairs = [
    ["QGen.eq.15", "QGen.eq.16"],
    ["QGen.eq.17", "QGen.eq.18"],
    ["QGen.eq.19", "QGen.eq.20"],
    ["QGen.eq.21", "QGen.eq.22"],
  ] as const;
  for (const [init, orig] of pairs)
    verifies(init, `is ${orig} where w₀ = 0, and another number where it is not`, () => {
      const [a, b] = [named(init), named(orig)];
      fc.assert(
        fc.property(vectors, radius, (x, r) => {
          const fromZero = { ...x, w0: x.w.map(() => 0) };
          expect(a.at(fromZero, r)).toBe(b.at(fromZero, r));
          for (const denominators of ["distance", "weight"] as const)
            expect(b.at(fromZero, r, { denominators })).toBe(a.at(fromZero, r));
          if (Math.abs(distanceSq(x) - normSq(x)) > 1e-3) expect(a.at(x, r)).not.toBe(b.at(x, r));
        }),
      );
    });

  each(
    all.filter(({ origin }) => origin === "init"),
    "at w = w₀ nothing is left but log(m / radius) + 10, or log(m/δ) + 10",
    ({ at }) => {
      fc.assert(
        fc.property(vectors, radius, (x, r) => {
          const start = { ...x, w: x.w0 };
          expectClose(at(start, r), Math.log(x.m / r) + 10);
          expectClose(at(start, r, { constant: "delta" }), Math.log(x.m / 0.05) + 10);
          expectClose(at(start, r, { constant: "delta", delta: 0.1 }), Math.log(x.m / 0.1) + 10);
        }),
      );
    },
  );

  verifies("QGen.eq.20", "mag-orig − mag-init is ω/4 times the logarithm of their numerators", () => {
    fc.assert(
      fc.property(vectors, radius, (x, r) => {
        const above = (sq: number): number => 1e-6 + ((r * r + 1) * sq) / omega(x);
        expectClose(
          named("QGen.eq.20").at(x, r) - named("QGen.eq.19").at(x, r),
          (omega(x) / 4) * Math.log(above(normSq(x)) / above(distanceSq(x))),
          1e3,
        );
      }),
    );
  });

  verifies("QGen.eq.22", "mag-orig − mag-init is ω/4 times the logarithm of their numerators", () => {
    fc.assert(
      fc.property(vectors, radius, (x, r) => {
        const union = 4 * Math.log((2 * omega(x)) / 0.05);
        const above = (sq: number): number => 1e-6 + ((r * r + union) * sq) / omega(x);
        expectClose(
          named("QGen.eq.22").at(x, r) - named("QGen.eq.21").at(x, r),
          (omega(x) / 4) * Math.log(above(normSq(x)) / above(distanceSq(x))),
          1e3,
        );
      }),
    );
  });

  for (const ref of ["QGen.eq.20", "QGen.eq.22"] as const)
    verifies(ref, "denominators of the weights themselves are those of “init” with w₀ = 0", () => {
      const init = named(ref === "QGen.eq.20" ? "QGen.eq.19" : "QGen.eq.21");
      fc.assert(
        fc.property(vectors, radius, (x, r) => {
          expect(named(ref).at(x, r, { denominators: "weight" })).toBe(
            init.at({ ...x, w0: x.w.map(() => 0) }, r),
          );
        }),
      );
    });
});

describe("the derived forms", () => {
  /** The radius of the worst case that goes with noise of standard deviation σ. */
  const worst = (x: Vectors, sigma: number): number => sigma * Math.sqrt(2 * Math.log((2 * omega(x)) / 0.05));
  const derived = { form: "derived", constant: "delta", eps: 0 } as const;

  for (const [sharp, pac] of [
    ["QGen.eq.17", "QGen.eq.15"],
    ["QGen.eq.18", "QGen.eq.16"],
    ["QGen.eq.21", "QGen.eq.19"],
    ["QGen.eq.22", "QGen.eq.20"],
  ] as const)
    verifies(sharp, `at α = σ √(2 log(2ω/δ)), the derived form is ${pac}, and the printed one is not`, () => {
      fc.assert(
        fc.property(vectors, radius, (x, sigma) => {
          fc.pre(x.w.every((v, i) => v !== x.w0[i] && v !== 0));
          const pacBayes = named(pac).at(x, sigma, { constant: "delta", eps: 0 });
          expectClose(named(sharp).at(x, worst(x, sigma), derived), pacBayes, 1e3 + pacBayes);
          const printed = named(sharp).at(x, worst(x, sigma), { ...derived, form: "printed" });
          expect(Math.abs(printed - pacBayes)).toBeGreaterThan(1e-9);
        }),
      );
    });
});
