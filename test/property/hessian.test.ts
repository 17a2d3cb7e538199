import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hessianSpectrum, hessianTrace, relativeFlatness } from "../../src/measures/hessian.ts";
import { type LossSurface, lossSurface } from "../../src/measures/loss-surface.ts";
import { length, plus } from "../../src/measures/vectors.ts";
import { evaluate } from "../../src/nn/evaluate.ts";
import type { Weights } from "../../src/nn/model.ts";
import { nin } from "../../src/nn/models/nin.ts";
import { mapTree } from "../../src/nn/tree.ts";
import { reference } from "../../src/tensor/kernels/reference/index.ts";
import { createRng } from "../../src/tensor/random.ts";
import { simd } from "../kernels.ts";
import { distance } from "../tensors.ts";
import { expectClose } from "./calculus.ts";
import { linearWeights, smallNet, smallWeights, someImages, twoLinear } from "./small-models.ts";
import { eigenvalues } from "./svd.ts";

const images = someImages(9, [2, 1, 2], 2, "hessian");
const weights = smallWeights("hessian");
const surface = lossSurface(smallNet, weights, images, { batchSize: 9 });
const n = surface.at.length;
const unit = (i: number): Float64Array => Float64Array.from({ length: n }, (_, j) => Number(i === j));

/** The Hessian by central differences of the gradient. */
async function dense({ at, slope }: LossSurface): Promise<number[][]> {
  const h = 1e-5;
  const columns = at.map((_, i) => i);
  const rows: number[][] = [];
  for (const i of columns) {
    const e = Float64Array.from(at, (_, j) => Number(i === j));
    const [ahead, behind] = [await slope(plus(at, h, e)), await slope(plus(at, -h, e))];
    rows.push(Array.from(ahead.gradient, (g, j) => (g - behind.gradient[j]!) / (2 * h)));
  }
  return rows;
}
const known = await dense(surface);
const trace = (rows: number[][], from = 0, to = rows.length): number =>
  rows.slice(from, to).reduce((total, row, i) => total + row[from + i]!, 0);

describe("the loss as a function of the weights", () => {
  test("is the loss of the evaluation, whatever the size of a batch", async () => {
    const { loss } = await evaluate(smallNet, weights, images, 9);
    for (const batchSize of [1, 4, 9, 50]) {
      const same = lossSurface(smallNet, weights, images, { batchSize });
      expectClose(await same.loss(same.at), loss);
      expectClose((await same.slope(same.at)).loss, loss);
    }
  });

  test("its gradient is that of its central differences", async () => {
    const { gradient } = await surface.slope(surface.at);
    for (let i = 0; i < n; i++) {
      const [ahead, behind] = [
        await surface.loss(plus(surface.at, 1e-6, unit(i))),
        await surface.loss(plus(surface.at, -1e-6, unit(i))),
      ];
      expectClose(gradient[i]!, (ahead - behind) / 2e-6, 1, 1e-8);
    }
  });

  test("products with its Hessian are differences of its gradient, and do not depend on the batches", async () => {
    for (const batchSize of [2, 9]) {
      const { hessianTimes } = lossSurface(smallNet, weights, images, { batchSize });
      for (let i = 0; i < n; i++) expect(distance(await hessianTimes(unit(i)), known[i]!)).toBeLessThan(1e-8);
    }
    expect(known.some((row, i) => row.some((x, j) => i !== j && Math.abs(x) > 0.01))).toBe(true);
  });

  test("varies in the parameters that are named, and in no others", async () => {
    const some = lossSurface(smallNet, weights, images, { batchSize: 9, names: ["fc.bias", "bn.weight"] });
    expect(some.at).toEqual(
      Float64Array.from([...weights.params["fc.bias"]!.data, ...weights.params["bn.weight"]!.data]),
    );
    const rows = await dense(some);
    for (let i = 0; i < 5; i++) {
      const e = Float64Array.from({ length: 5 }, (_, j) => Number(i === j));
      expect(distance(await some.hessianTimes(e), rows[i]!)).toBeLessThan(1e-8);
    }
    expect(() => lossSurface(smallNet, weights, images, { batchSize: 9, names: ["fc.weigth"] })).toThrow(
      'there is no "fc.weigth"',
    );
  });

  test("large logits do not overflow its second derivatives", async () => {
    const c = 300;
    const bias = weights.params["fc.bias"]!;
    const shifted = { ...weights.params, "fc.bias": bias.kernels.unary("shift", bias, c) };
    const far = lossSurface(smallNet, { ...weights, params: shifted }, images, { batchSize: 9 });
    // Adding a constant to all logits changes no loss.
    expect(distance(await far.hessianTimes(unit(3)), known[3]!)).toBeLessThan(1e-8);
    const single = mapTree(shifted, (x) => simd.tensor(Float32Array.from(x.data), x.shape));
    const buffers = mapTree(weights.buffers, (x) => simd.tensor(Float32Array.from(x.data), x.shape));
    const float32 = lossSurface(smallNet, { params: single, buffers }, images, { batchSize: 9 });
    expect(distance(await float32.hessianTimes(unit(3)), known[3]!)).toBeLessThan(1e-3);
  });

  test("of a NiN with batch norm, in float32 on the SIMD kernels, has the Hessian of float64", async () => {
    const model = nin({ depth: 1, width: 1, classes: 3 });
    const pictures = someImages(6, [3, 8, 8], 3, "nin");
    const of = (kernels: typeof reference) =>
      lossSurface(
        model,
        model.init(kernels, createRng(1), kernels === reference ? "float64" : "float32"),
        pictures,
        {
          batchSize: 4,
        },
      );
    const rng = createRng("direction");
    const v = Float64Array.from({ length: of(reference).at.length }, () => rng.normal());
    const [exact, single] = [await of(reference).hessianTimes(v), await of(simd).hessianTimes(v)];
    expect(length(exact)).toBeGreaterThan(0.1);
    expect(length(plus(exact, -1, single)) / length(exact)).toBeLessThan(1e-4);
  });
});

describe("curvature", () => {
  test("the ends of the spectrum are those of the dense Hessian", async () => {
    const values = eigenvalues(known.map((row, i) => row.map((x, j) => (x + known[j]![i]!) / 2)));
    const found = await hessianSpectrum(surface, { rng: createRng(0), tolerance: 1e-10 });
    expectClose(found.largest, values[0]!, 1, 1e-8);
    expectClose(found.smallest, values.at(-1)!, 1, 1e-6);
    expect(found.converged).toBe(true);
  });

  test("the trace is that of the dense Hessian, and of each layer's block, within four standard errors", async () => {
    const found = await hessianTrace(surface, { rng: createRng(4), draws: 400 });
    const expected = { "conv.weight": trace(known, 0, 6), "fc.weight": trace(known, 6) };
    for (const [name, value] of Object.entries(expected)) {
      const { mean, standardError } = found.layers[name]!;
      expect(Math.abs(mean - value), name).toBeLessThan(4 * standardError);
      expect(4 * standardError, name).toBeLessThan(0.4 * value);
    }
    expect(Math.abs(found.mean - trace(known))).toBeLessThan(4 * found.standardError);
    expectClose(found.mean, found.layers["conv.weight"]!.mean + found.layers["fc.weight"]!.mean);
  });

  test("with a diagonal Hessian, every draw of the trace is exact", async () => {
    const hessianTimes = async (v: Float64Array) => v.map((x, i) => x * (i + 1));
    const { mean, standardError, layers } = await hessianTrace(
      { ...surface, hessianTimes },
      { rng: createRng(0), draws: 2 },
    );
    expect([mean, standardError]).toEqual([(18 * 19) / 2, 0]);
    expect(layers["conv.weight"]!.mean).toBe(21);
  });

  test("relative flatness is Σ ⟨w_s, w_s'⟩ tr H_{s,s'} of each layer, within four standard errors", async () => {
    const found = await relativeFlatness(surface, { rng: createRng(2), draws: 1000 });
    const w = surface.at;
    const layer = (from: number, rows: number, columns: number): number => {
      let total = 0;
      for (let s = 0; s < rows; s++)
        for (let t = 0; t < rows; t++) {
          let [inner, block] = [0, 0];
          for (let j = 0; j < columns; j++) {
            const [a, b] = [from + s * columns + j, from + t * columns + j];
            inner += w[a]! * w[b]!;
            block += known[a]![b]!;
          }
          total += inner * block;
        }
      return total;
    };
    const expected = { "conv.weight": layer(0, 3, 2), "fc.weight": layer(6, 2, 6) };
    for (const [name, value] of Object.entries(expected)) {
      const { mean, standardError } = found.layers[name]!;
      expect(Math.abs(mean - value), name).toBeLessThan(4 * standardError);
      expect(4 * standardError, name).toBeLessThan(0.4 * Math.abs(value));
    }
  });

  test("layers scaled against each other: relative flatness stays, draw by draw; trace and eigenvalue do not", async () => {
    const { params, buffers } = linearWeights(5);
    const pictures = someImages(12, [2, 1, 1], 3, "scale");
    const scaled = (c: number): Weights => ({
      buffers,
      params: {
        "a.weight": params["a.weight"]!.kernels.unary("scale", params["a.weight"]!, c),
        "b.weight": params["b.weight"]!.kernels.unary("scale", params["b.weight"]!, 1 / c),
      },
    });
    const of = (c: number) => lossSurface(twoLinear, scaled(c), pictures, { batchSize: 12 });
    const [one, four] = [of(1), of(4)];
    expectClose(await four.loss(four.at), await one.loss(one.at));
    const options = { rng: createRng(1), draws: 3 };
    const [a, b] = [await relativeFlatness(one, options), await relativeFlatness(four, options)];
    for (const name of twoLinear.weights) expectClose(b.layers[name]!.mean, a.layers[name]!.mean, 1, 1e-10);
    const traces = await Promise.all([hessianTrace(one, options), hessianTrace(four, options)]);
    expect(traces[1].mean / traces[0].mean).toBeGreaterThan(3);
    const tops = await Promise.all([one, four].map((s) => hessianSpectrum(s, { rng: createRng(1) })));
    expect(tops[1]!.largest / tops[0]!.largest).toBeGreaterThan(3);
  });

  test("a layer's draws depend on its name, not on which other layers there are", async () => {
    const options = { rng: createRng(9), draws: 2 };
    const alone = lossSurface(smallNet, weights, images, { batchSize: 9, names: ["fc.weight"] });
    const seen: Float64Array[] = [];
    const spy = (s: LossSurface): LossSurface => ({
      ...s,
      hessianTimes: async (v) => {
        seen.push(v);
        return v;
      },
    });
    await hessianTrace(spy(surface), options);
    await hessianTrace(spy(alone), options);
    expect(seen[0]!.slice(6)).toEqual(seen[2]);
    expect(seen[0]!.slice(6, 12)).not.toEqual(seen[0]!.slice(0, 6));
    expect(seen[1]).not.toEqual(seen[0]);
    await expect(hessianTrace(surface, { rng: createRng(0), draws: 1 })).rejects.toThrow(
      "at least 2 draws, got 1",
    );
  });

  test("the Hessian is symmetric: ⟨u, H v⟩ = ⟨H u, v⟩", async () => {
    const vector = fc.float64Array({ minLength: n, maxLength: n, min: -1, max: 1, noNaN: true });
    await fc.assert(
      fc.asyncProperty(vector, vector, async (u, v) => {
        const [hu, hv] = [await surface.hessianTimes(u), await surface.hessianTimes(v)];
        const inner = (a: Float64Array, b: Float64Array) => a.reduce((t, x, i) => t + x * b[i]!, 0);
        expectClose(inner(u, hv), inner(hu, v), 10);
      }),
      { numRuns: 20 },
    );
  });
});
