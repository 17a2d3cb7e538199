import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { halfWidth, project } from "../../src/measures/search/ascent.ts";
import { type Law, noisy, pointOf, spreadOf, withValues } from "../../src/measures/search/perturb.ts";
import { nin } from "../../src/nn/models/nin.ts";
import { mapTree } from "../../src/nn/tree.ts";
import { prepare } from "../../src/quant/prepare.ts";
import { reference } from "../../src/tensor/kernels/reference/index.ts";
import { createRng } from "../../src/tensor/random.ts";
import { verifies } from "../spec.ts";

const law = (kind: Law["kind"], std: Law["std"] = "root"): Law => ({ kind, std, eps: 1e-3 });
const radius = fc.double({ min: 1 / 512, max: 2, noNaN: true });
const weight = fc.double({ min: -3, max: 3, noNaN: true });

const moments = (xs: ArrayLike<number>) => {
  const all = Array.from(xs);
  const mean = all.reduce((a, x) => a + x, 0) / all.length;
  return { mean, std: Math.sqrt(all.reduce((a, x) => a + (x - mean) ** 2, 0) / all.length) };
};

/** w + noise, of one parameter. */
const noisyOf = (w: Float64Array, kind: Law, r: number, name = "w", rng = createRng(7)) =>
  noisy({ [name]: reference.tensor(w, [w.length]) }, [name], rng, spreadOf(kind, r))[name]!.data;

describe("Gaussian noise", () => {
  verifies("QGen.sec.B.2", "has the standard deviation σ, or √(σ'² w² + ε²), whatever the weight", () => {
    fc.assert(
      fc.property(radius, weight, (r, w) => {
        const z = noisyOf(Float64Array.of(0), law("plain"), 1)[0]!;
        const moved = (kind: Law): number => noisyOf(Float64Array.of(w), kind, r)[0]!;
        expect(moved(law("plain"))).toBe(w + r * z);
        expect(moved(law("magnitude"))).toBeCloseTo(w + Math.hypot(r * w, 1e-3) * z, 12);
        // As in the reference code: the variance where the standard deviation should be.
        expect(moved(law("plain", "variance"))).toBe(w + r * r * z);
        expect(moved(law("magnitude", "variance"))).toBeCloseTo(w + ((r * w) ** 2 + 1e-6) * z, 12);
      }),
    );
  });

  verifies("QGen.sec.B.2", "of 20,000 weights has, within 3 %, the spread of its law", () => {
    const n = 20_000;
    for (const [w, expected] of [
      [0, 1e-3],
      [2, Math.hypot(0.5, 1e-3)],
    ] as const) {
      const u = noisyOf(new Float64Array(n).fill(w), law("magnitude"), 0.25).map((x) => x - w);
      expect(moments(u).std / expected).toBeCloseTo(1, 1.5);
      expect(Math.abs(moments(u).mean)).toBeLessThan((4 * expected) / Math.sqrt(n));
    }
  });

  test("is the same direction at every radius, and another one for another draw or parameter", () => {
    const w = Float64Array.of(1, -2, 0.5);
    const at = (r: number, name = "w", draw = 0) =>
      noisyOf(w, law("plain"), r, name, createRng(7).fork(`draw/${draw}`)).map((x, i) => x - w[i]!);
    const z = at(1);
    fc.assert(
      fc.property(radius, (r) => {
        at(r).forEach((u, i) => {
          expect(u).toBeCloseTo(r * z[i]!, 12);
        });
      }),
    );
    expect(at(1, "w", 1)).not.toEqual(z);
    expect(at(1, "v")).not.toEqual(z);
    // Which other parameters there are makes no difference, and those that are not named stay as they are.
    const [v, x] = [reference.tensor(w, [3]), reference.tensor(w, [3])];
    const both = noisy({ v, x, w: x }, ["v", "w"], createRng(7).fork("draw/0"), spreadOf(law("plain"), 1));
    expect(both.v!.data.map((y, i) => y - w[i]!)).toEqual(at(1, "v"));
    expect(both.x).toBe(x);
  });
});

describe("the ball of the ascent", () => {
  verifies("QGen.sec.B.2", "is as wide as α, or α' |w| + ε, at each weight", () => {
    fc.assert(
      fc.property(radius, weight, (r, w) => {
        expect(halfWidth({ kind: "plain", eps: 1e-3 }, r)(w)).toBe(r);
        expect(halfWidth({ kind: "magnitude", eps: 1e-3 }, r)(w)).toBeCloseTo(r * Math.abs(w) + 1e-3, 12);
      }),
    );
  });

  const points = fc.array(fc.tuple(weight, fc.double({ min: 0.01, max: 2, noNaN: true })), { minLength: 1 });

  verifies(
    "QGen.sec.B.2",
    "clipping to the box gives the nearest point in it, and leaves what is inside alone",
    () => {
      fc.assert(
        fc.property(points, (all) => {
          const u = { w: Float64Array.from(all, ([x]) => x) };
          const b = { w: Float64Array.from(all, ([, y]) => y) };
          const { w } = project(u, b, "linf");
          expect(Array.from(w!)).toEqual(all.map(([x, y]) => (x > y ? y : x < -y ? -y : x)));
          expect(project({ w: w! }, b, "linf").w).toEqual(w);
        }),
      );
    },
  );

  test("the L2 ball ends at the norm α of all tensors together; what is inside is left alone", () => {
    fc.assert(
      fc.property(points, radius, (all, r) => {
        const u = { a: Float64Array.from(all, ([x]) => x), b: Float64Array.of(1) };
        const widths = mapTree(u, (x) => x.map(() => r));
        const norm = (t: typeof u) => Math.hypot(...t.a, ...t.b);
        const inside = project(u, widths, "l2") as typeof u;
        expect(norm(inside)).toBeCloseTo(Math.min(r, norm(u)), 9);
        if (norm(u) <= r) expect(inside).toEqual(u);
        else expect(inside.b[0]! / norm(inside)).toBeCloseTo(1 / norm(u), 9);
      }),
    );
  });
});

describe("what is moved", () => {
  const model = prepare(nin({ depth: 1, width: 1, classes: 3 }), { bits: 2 });
  const weights = model.init(reference, createRng(0));

  verifies("QGen.sec.B.2", "are weights only; steps, biases and batch norm if all is asked for", async () => {
    expect(Object.keys(await pointOf("radius", model, weights, "weights"))).toEqual(model.weights);
    expect(Object.keys(await pointOf("radius", model, weights, "all"))).toEqual(Object.keys(weights.params));
  });

  test("a step that the noise would make negative is brought back to the floor of the network", () => {
    const step = model.quantizers[0]!.step;
    const params = withValues(model, weights.params, { [step]: Float32Array.of(-1) });
    expect(params[step]!.data[0]).toBe(Math.fround(1e-8));
    expect(params[model.weights[0]!]!.data).toEqual(weights.params[model.weights[0]!]!.data);
  });

  test("a weight that is not finite is named", async () => {
    const name = model.weights[1]!;
    const bad = weights.params[name]!.data.map((w, i) => (i === 3 ? NaN : w)) as Float32Array;
    const params = { ...weights.params, [name]: reference.tensor(bad, weights.params[name]!.shape) };
    await expect(pointOf("PAC-Bayes radius", model, { ...weights, params }, "weights")).rejects.toThrow(
      `PAC-Bayes radius: number 3 of the parameter "${name}" is NaN`,
    );
  });
});
