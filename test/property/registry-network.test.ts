import { describe, expect, test } from "vitest";
import { measureAll, needsOf, registry, type Suppliers } from "../../src/measures/registry/index.ts";
import { nin } from "../../src/nn/models/nin.ts";
import { createRng } from "../../src/tensor/random.ts";
import { simd } from "../kernels.ts";
import { expectClose } from "./calculus.ts";
import { smallNet, smallWeights, someImages } from "./small-models.ts";

/** What a search would find. */
const radii: Suppliers = {
  sigma: () => 0.1,
  sigmaPrime: () => 0.2,
  alpha: () => 0.3,
  alphaPrime: () => 0.4,
};

describe("needs of a network", () => {
  const images = someImages(21, [2, 1, 2], 2, "needs");
  const [weights, initial] = [smallWeights("trained"), smallWeights("start")];
  const network = { model: smallNet, weights, initial, images };
  const options = { batchSize: 8, rng: createRng(3), draws: 2, lanczosSteps: 3 };

  test("are those of the weights of its layers alone, in the order of the layers", async () => {
    const needs = needsOf(network, options);
    const [w, w0] = [await needs.w(), await needs.w0()];
    expect(Array.from(w)).toEqual([
      ...weights.params["conv.weight"]!.data,
      ...weights.params["fc.weight"]!.data,
    ]);
    expect([await needs.omega(), await needs.m()]).toEqual([18, 21]);
    expectClose(
      await needs.normSq(),
      w.reduce((t, x) => t + x * x, 0),
    );
    expectClose(
      await needs.distanceSq(),
      w.reduce((t, x, i) => t + (x - w0[i]!) ** 2, 0),
    );
    expect((await needs.frobenius()).length).toBe(2);
  });

  test("pause before each batch, and stop where the pause throws", async () => {
    let pauses = 0;
    const pause = async () => {
      pauses++;
      if (pauses === 8) throw new TypeError("interrupted");
    };
    const needs = needsOf(network, { ...options, pause });
    // Two products with the Hessian, of three batches each.
    await needs.trace();
    expect(pauses).toBe(6);
    await expect(needs.hessian()).rejects.toThrow("interrupted");
  });

  test("without the weights at initialization, only what needs them is missing", async () => {
    const { initial: _, ...without } = network;
    const all = await measureAll(registry, needsOf(without, options, radii));
    for (const { measure, reported, reason } of all) {
      const needsStart = measure.needs.some((n) => n === "w0" || /[dD]istance/.test(n));
      expect(reported === null, measure.id).toBe(needsStart);
      if (needsStart) expect(reason).toMatch(/^the weights at initialization w₀ are not known/);
    }
  });

  test("of a network with other numbers give other measures, all of them finite", async () => {
    const ids = async (start: typeof weights) =>
      (await measureAll(registry, needsOf({ ...network, weights: start }, options, radii))).map(
        ({ reported }) => reported?.raw,
      );
    const [a, b] = [await ids(weights), await ids(smallWeights("another"))];
    const constant = registry.flatMap(({ id }, i) => (a[i] === b[i] ? [id] : []));
    // The network is wrong too often to have a margin.
    const margin = registry.filter(({ needs }) => needs.includes("margin")).map(({ id }) => id);
    const flat = registry
      .filter(({ id }) => id.endsWith("flatness") && id !== "relative_flatness")
      .map(({ id }) => id);
    expect(constant.sort()).toEqual([...flat, "params", ...margin].sort());
  });

  test("with NaN among the weights, every measure of them is a sentence or flagged", async () => {
    const bad = weights.params["fc.weight"]!.data.map((x, i) => (i === 4 ? NaN : x));
    const { kernels, shape } = weights.params["fc.weight"]!;
    const broken = { ...weights, params: { ...weights.params, "fc.weight": kernels.tensor(bad, shape) } };
    const all = await measureAll(registry, needsOf({ ...network, weights: broken }, options, radii));
    const fine = all.filter(({ reported }) => reported !== null && reported.flag === null);
    expect(fine.map(({ measure }) => measure.id).sort()).toEqual([
      "pacbayes_flatness",
      "pacbayes_mag_flatness",
      "params",
      "sharpness_flatness",
      "sharpness_mag_flatness",
    ]);
  });

  test("of a NiN in float32 on the SIMD kernels are all there", async () => {
    const model = nin({ depth: 1, width: 1, classes: 3 });
    const of = (seed: number) => model.init(simd, createRng(seed));
    const pictures = someImages(20, [3, 8, 8], 3, "pictures");
    const needs = needsOf(
      { model, weights: of(0), initial: of(1), images: pictures },
      { ...options, curvatureImages: someImages(8, [3, 8, 8], 3, "few") },
      radii,
    );
    for (const { measure, reported } of await measureAll(registry, needs))
      expect(reported, measure.id).not.toBeNull();
  });
});
