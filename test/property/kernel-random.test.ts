import { expect, test } from "vitest";
import { cosTurn, sinTurn } from "../../src/tensor/angles.ts";
import { reference } from "../../src/tensor/kernels/reference/index.ts";
import { threefry } from "../../src/tensor/kernels/reference/random.ts";
import { createRng } from "../../src/tensor/random.ts";
import { simd } from "../kernels.ts";

// The known answers that are published with the generator (Random123, kat_vectors).
test.each([
  [
    [0, 0],
    [0, 0],
    [0x6b200159, 0x99ba4efe],
  ],
  [
    [0xffffffff, 0xffffffff],
    [0xffffffff, 0xffffffff],
    [0x1cb996fc, 0xbb002be7],
  ],
  [
    [0x13198a2e, 0x03707344],
    [0x243f6a88, 0x85a308d3],
    [0xc4923a9c, 0x483df7a0],
  ],
] as const)("threefry of key %o at counter %o is %o", (key, counter, words) => {
  expect(threefry(key, counter[0], counter[1])).toEqual(words);
});

test("sin and cos of a turn are those of the engine, to 2⁻⁵¹", () => {
  for (let i = 0; i < 2000; i++) {
    const v = (i + 0.5) / 2000;
    const [sin, cos] = [sinTurn(v), cosTurn(v)];
    expect(Math.abs(sin - Math.sin(2 * Math.PI * v))).toBeLessThan(2 ** -50);
    expect(Math.abs(cos - Math.cos(2 * Math.PI * v))).toBeLessThan(2 ** -50);
  }
});

test.each([reference, simd])(
  "normal numbers of $name have the moments and the tails of their law",
  ({ random }) => {
    const n = 200_000;
    const z = Float64Array.from(random("normal", createRng("moments").key(), [n], "float32").data);
    const mean = (f: (x: number) => number): number => z.reduce((sum, x) => sum + f(x), 0) / n;
    // Five standard errors each: those of x, x², x³ and x⁴ are 1, √2, √15 and √96, over √n.
    const near = (f: (x: number) => number, value: number, deviation: number): void =>
      expect(Math.abs(mean(f) - value)).toBeLessThan((5 * deviation) / Math.sqrt(n));
    near((x) => x, 0, 1);
    near((x) => x ** 2, 1, Math.SQRT2);
    near((x) => x ** 3, 0, Math.sqrt(15));
    near((x) => x ** 4, 3, Math.sqrt(96));
    for (const [t, share] of [
      [1, 0.31731],
      [2, 0.0455],
      [3, 0.0027],
    ] as const)
      near((x) => Number(Math.abs(x) > t), share, Math.sqrt(share));
    // Neighbours, and the two numbers of one counter, do not go together.
    for (const apart of [1, 2]) {
      const products = z.subarray(apart).reduce((sum, x, i) => sum + x * z[i]!, 0) / n;
      expect(Math.abs(products)).toBeLessThan(5 / Math.sqrt(n));
    }
  },
);
