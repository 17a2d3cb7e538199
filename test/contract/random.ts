/** The contract of random numbers, and of weights with such numbers added. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { cosTurn, sinTurn } from "../../src/tensor/angles.ts";
import type { Key, RandomLaw, Spread } from "../../src/tensor/kernels/kernels.ts";
import { threefry } from "../../src/tensor/kernels/reference/random.ts";
import type { Buffer } from "../../src/tensor/tensor.ts";
import { type Case, expectNear, expectUlps, extent, holds, noise, operand, seeds } from "./subject.ts";

const word = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const keys = fc.tuple(word, word);
const laws = fc.constantFrom<RandomLaw>("normal", "uniform");

/** Box and Muller's two numbers, or two uniform ones, in the engine's own float64. */
function expected(law: RandomLaw, key: Key, n: number): number[] {
  const numbers = Array.from({ length: n + 1 }, (_, i) => {
    const [u, v] = threefry(key, i >> 1, 0).map((w) => ((w >>> 9) + 0.5) / 2 ** 23) as [number, number];
    if (law === "uniform") return 2 * (i % 2 === 0 ? u : v) - 1;
    const [sin, cos] = [sinTurn(v), cosTurn(v)];
    return Math.sqrt(-2 * Math.log(u)) * (i % 2 === 0 ? cos : sin);
  });
  return numbers.slice(0, n);
}

export const random: Case = ({ kernels, dtype }) => {
  const draw = (law: RandomLaw, key: Key, n: number): Promise<Buffer> =>
    kernels.random(law, key, [n], dtype).read();

  test("is Threefry's words by Box and Muller, or as they are, for any key and size", () =>
    holds(fc.tuple(laws, keys, extent(0, 50)), 200, async ([law, key, n]) => {
      const found = await draw(law, key, n);
      const exact = expected(law, key, n);
      if (law === "uniform") expectUlps(found, exact, dtype, 0);
      else
        expectNear(
          found,
          exact,
          (i) => 8 * (dtype === "float32" ? 2 ** -24 : 2 ** -52) * Math.abs(exact[i]!),
        );
    }));
  test("gives number i the same value, however many there are", () =>
    holds(fc.tuple(laws, keys, extent(0, 50), extent(0, 50)), 100, async ([law, key, n, m]) => {
      const [a, b] = [await draw(law, key, n), await draw(law, key, n + m)];
      expect(Array.from(a)).toEqual(Array.from(b.subarray(0, n)));
    }));
  test("has another sequence for another key", async () => {
    const [a, b, c] = [[1, 2] as const, [2, 1] as const, [1, 3] as const].map((key) =>
      draw("normal", key, 4),
    );
    expect(await a).not.toEqual(await b);
    expect(await a).not.toEqual(await c);
  });
};

const spreads: fc.Arbitrary<Spread> = fc.record({
  square: fc.constantFrom(0, 0.25, 1.7),
  constant: fc.constantFrom(0, 1e-6, 2),
  root: fc.boolean(),
});

export const displace: Case = (subject) => {
  test("is w + z √(square w² + constant), or without the root, rounded once", () =>
    holds(fc.tuple(spreads, extent(0, 43), seeds), 200, async ([spread, n, seed]) => {
      const [w, z] = [operand(subject, [n], noise(seed)), operand(subject, [n], noise(~seed))];
      const exact = Array.from(w.values, (x, i) => {
        const variance = spread.square * x * x + spread.constant;
        return x + (spread.root ? Math.sqrt(variance) : variance) * z.values[i]!;
      });
      const y = subject.kernels.displace(w.tensor, z.tensor, spread);
      expect(y.shape).toEqual([n]);
      expectUlps(await y.read(), exact, subject.dtype, 0);
    }));
};
