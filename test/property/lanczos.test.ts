import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { lanczos, lanczosAsync, tridiagonal } from "../../src/measures/lanczos.ts";
import { createRng } from "../../src/tensor/random.ts";
import { expectClose } from "./calculus.ts";
import { eigenvalues } from "./svd.ts";

const number = fc.integer({ min: -3000, max: 3000 }).map((k) => k / 1000);
const rows = (n: number): fc.Arbitrary<number[][]> =>
  fc.array(fc.array(number, { minLength: n, maxLength: n }), { minLength: n, maxLength: n });
const symmetric = fc
  .integer({ min: 1, max: 8 })
  .chain(rows)
  .map((a) => a.map((row, i) => row.map((x, j) => (x + a[j]![i]!) / 2)));
const product = (a: readonly (readonly number[])[]) => (v: Float64Array) =>
  Float64Array.from(a, (row) => row.reduce((total, x, j) => total + x * v[j]!, 0));

describe("tridiagonal matrices", () => {
  test("eigenvalues are those of the full matrix, and the last components belong to them", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(number, number), { minLength: 1, maxLength: 9 }), (pairs) => {
        const n = pairs.length;
        const [d, e] = [pairs.map(([x]) => x), pairs.slice(1).map(([, y]) => y)];
        const full = d.map((x, i) =>
          d.map((_, j) => (i === j ? x : Math.abs(i - j) === 1 ? e[Math.min(i, j)]! : 0)),
        );
        const { values, last } = tridiagonal(d, e);
        Array.from(values)
          .sort((a, b) => b - a)
          .forEach((value, i) => {
            expectClose(value, eigenvalues(full)[i]!, 10);
          });
        // e_nᵀ Tᵏ e_n = Σ λᵏ z²
        const moment = (k: number): number => values.reduce((t, v, i) => t + v ** k * last[i]! ** 2, 0);
        expectClose(moment(0), 1);
        expectClose(moment(1), d[n - 1]!, 10);
        expectClose(moment(2), d[n - 1]! ** 2 + (n > 1 ? e[n - 2]! ** 2 : 0), 30);
      }),
    );
  });
});

describe("Lanczos", () => {
  test("has both ends of the spectrum once it has taken as many steps as there are dimensions", async () => {
    await fc.assert(
      fc.asyncProperty(symmetric, fc.nat(), async (a, seed) => {
        const known = eigenvalues(a);
        const found = lanczos(product(a), a.length, { rng: createRng(seed), tolerance: 0 });
        expectClose(found.largest, known[0]!, 10, 1e-9);
        expectClose(found.smallest, known.at(-1)!, 10, 1e-9);
        expect(found.converged).toBe(true);
        const options = { rng: createRng(seed), tolerance: 0 };
        expect(await lanczosAsync(async (v) => product(a)(v), a.length, options)).toEqual(found);
      }),
    );
  });

  test("stops when its residual says so, and some eigenvalue is that close", async () => {
    const n = 200;
    const diagonal = Float64Array.from({ length: n }, (_, i) => (i === 7 ? 5 : i === 8 ? -9 : Math.sin(i)));
    let products = 0;
    const apply = (v: Float64Array) => {
      products++;
      return v.map((x, i) => x * diagonal[i]!);
    };
    const found = lanczos(apply, n, { rng: createRng(1), tolerance: 1e-6 });
    expect(found).toMatchObject({ steps: products, converged: true });
    expect(products).toBeLessThan(30);
    expect(found.residual).toBeLessThanOrEqual(1e-6 * 9);
    expect(Math.abs(found.largest - 5)).toBeLessThanOrEqual(found.residual);
    // Of largest, not of largest in size; that is at the other end.
    expectClose(found.smallest, -9, 9, 1e-6);
  });

  test("says where it has not converged, from below", async () => {
    const diagonal = Float64Array.from({ length: 500 }, (_, i) => i / 500);
    const apply = (v: Float64Array) => v.map((x, i) => x * diagonal[i]!);
    const { largest, steps, converged } = lanczos(apply, 500, {
      rng: createRng(2),
      steps: 5,
      tolerance: 1e-9,
    });
    expect({ steps, converged }).toEqual({ steps: 5, converged: false });
    expect(largest).toBeLessThan(499 / 500);
    expect(largest).toBeGreaterThan(0.9);
  });

  test("products that are not finite are refused", async () => {
    const options = { rng: createRng(0) };
    expect(() => lanczos((v) => v.map(() => NaN), 3, options)).toThrow("not finite");
    await expect(lanczosAsync(async (v) => v.map(() => NaN), 3, options)).rejects.toThrow("not finite");
  });
});
