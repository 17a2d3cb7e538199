import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { atan, cosTurn, sinTurn } from "../../src/tensor/angles.ts";
import { erf, square } from "../../src/tensor/math.ts";
import { ulpsApart } from "../contract/subject.ts";

type Table = readonly (readonly [x: number, y: number])[];
const tables = JSON.parse(readFileSync("test/golden/functions.json", "utf8")) as Record<string, Table>;

describe.each(Object.entries({ erf, atan, sinTurn, cosTurn }))("%s", (name, f) => {
  test("is within 1 ulp of the correctly rounded value, and of its sign", () => {
    const table = tables[name]!;
    expect(table.length).toBeGreaterThan(200);
    for (const [x, y] of table)
      if (!(ulpsApart(f(x), y, "float64") <= 1)) expect.fail(`${name}(${x}) is ${f(x)}, expected ${y}`);
  });
  test("maps NaN to NaN", () => {
    expect(f(NaN)).toBeNaN();
  });
});

describe.each(Object.entries({ erf, atan }))("%s", (_, f) => {
  test("is odd, bit for bit, and never falls", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), fc.double({ min: 0, max: 1e-3, noNaN: true }), (x, more) => {
        expect(f(-x)).toBe(-f(x));
        expect(f(x + more)).toBeGreaterThanOrEqual(f(x) - 1e-15);
      }),
    );
  });
});

test("the ends of the ranges are exact", () => {
  expect([erf(Infinity), erf(-Infinity), erf(0), erf(-0)]).toEqual([1, -1, 0, -0]);
  expect([atan(Infinity), atan(-Infinity), atan(0), atan(-0)]).toEqual([Math.PI / 2, -Math.PI / 2, 0, -0]);
  expect([0, 0.25, 0.5, 0.75, 1].map((t) => cosTurn(t) + 0)).toEqual([1, 0, -1, 0, 1]);
});

test("sine and cosine are of one circle, and a whole turn changes nothing", () => {
  const turn = fc.double({ min: -1, max: 1, noNaN: true });
  fc.assert(
    fc.property(turn, (t) => {
      expect(Math.abs(square(sinTurn(t)) + square(cosTurn(t)) - 1)).toBeLessThan(1e-15);
      const shifted = t + 4;
      expect(sinTurn(shifted)).toBe(sinTurn(shifted - 4));
    }),
  );
});
