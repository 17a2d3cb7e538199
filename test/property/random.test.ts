import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRng, type Rng } from "../../src/tensor/random.ts";

const draws = (n: number, draw: () => number): number[] => Array.from({ length: n }, draw);
const mean = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0) / xs.length;
const name = fc.string({ minLength: 1, maxLength: 8 });

describe("a random stream", () => {
  test("is a function of its seed: the same numbers every time, in every engine", () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const [a, b] = [createRng(seed), createRng(seed)];
        expect(draws(5, a.uniform)).toEqual(draws(5, b.uniform));
      }),
    );
    // Made by seedrandom 3.0.5 from the texts "0" and "0/init/conv1".
    expect(draws(2, createRng(0).uniform)).toEqual([0.7803563384230067, 0.05144520047760746]);
    expect(createRng(0).fork("init/conv1").uniform()).toBe(0.5839814353396647);
  });

  test("under a name does not depend on what was drawn or forked before", () => {
    fc.assert(
      fc.property(fc.integer(), name, name, fc.nat(5), (seed, a, b, before) => {
        fc.pre(a !== b);
        const expected = draws(3, createRng(seed).fork(a).uniform);
        const busy = createRng(seed);
        draws(before, busy.uniform);
        draws(before, busy.normal);
        draws(before, busy.fork(b).uniform);
        expect(draws(3, busy.fork(a).uniform)).toEqual(expected);
        expect(draws(3, busy.fork(b).uniform)).not.toEqual(expected);
      }),
    );
  });

  test("can be forked in one step or in two", () => {
    const rng = createRng(1);
    expect(rng.fork("a").fork("b").uniform()).toBe(rng.fork("a/b").uniform());
  });

  test("is uniform on [0, 1): mean ½, variance 1/12, every tenth as full as the next", () => {
    const n = 100_000;
    const xs = draws(n, createRng("uniform").uniform);
    expect(Math.min(...xs.slice(0, 50_000))).toBeGreaterThanOrEqual(0);
    expect(xs.every((x) => x < 1)).toBe(true);
    expect(Math.abs(mean(xs) - 0.5)).toBeLessThan(5 / Math.sqrt(12 * n));
    expect(Math.abs(mean(xs.map((x) => (x - 0.5) ** 2)) - 1 / 12)).toBeLessThan(5 / Math.sqrt(180 * n));
    const tenths = new Array<number>(10).fill(0);
    for (const x of xs) tenths[Math.floor(10 * x)]! += 1;
    const chiSquare = tenths.reduce((s, count) => s + (count - n / 10) ** 2 / (n / 10), 0);
    expect(chiSquare).toBeLessThan(30);
  });

  test("is normal with moments 0, 1, 0 and 3, and its numbers do not follow each other", () => {
    const n = 200_000;
    const xs = draws(n, createRng("normal").normal);
    const moment = (k: number): number => mean(xs.map((x) => x ** k));
    // Five standard errors: the moments of order 2k of a normal number are 1, 3, 15, 105.
    expect(Math.abs(moment(1))).toBeLessThan(5 * Math.sqrt(1 / n));
    expect(Math.abs(moment(2) - 1)).toBeLessThan(5 * Math.sqrt(2 / n));
    expect(Math.abs(moment(3))).toBeLessThan(5 * Math.sqrt(15 / n));
    expect(Math.abs(moment(4) - 3)).toBeLessThan(5 * Math.sqrt(96 / n));
    expect(Math.abs(mean(xs.slice(1).map((x, i) => x * xs[i]!)))).toBeLessThan(5 / Math.sqrt(n));
    // P(|x| > 1.96) = 5 %
    expect(Math.abs(mean(xs.map((x) => Number(Math.abs(x) > 1.959964))) - 0.05)).toBeLessThan(0.0025);
  });

  test("chooses below n: each of 0 … n − 1, and nothing else", () => {
    const rng = createRng("below");
    const counts = new Array<number>(7).fill(0);
    for (const k of draws(70_000, () => rng.below(7))) counts[k]! += 1;
    expect(counts).toHaveLength(7);
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });
});

describe("a permutation", () => {
  test("has each of 0 … n − 1 once", () => {
    fc.assert(
      fc.property(fc.integer(), fc.nat(50), (seed, n) => {
        const order = createRng(seed).permutation(n);
        expect(Array.from(order).sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
      }),
    );
  });

  test("is any of the n! equally often", () => {
    const rng: Rng = createRng("orders");
    const counts = new Map<string, number>();
    for (let i = 0; i < 24_000; i++) {
      const order = rng.permutation(4).join();
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    // χ² with 23 degrees of freedom exceeds 60 once in 30,000 times.
    const chiSquare = [...counts.values()].reduce((s, count) => s + (count - 1000) ** 2 / 1000, 0);
    expect(chiSquare).toBeLessThan(60);
  });
});
