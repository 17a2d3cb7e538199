import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Batch } from "../../src/nn/images.ts";
import type { Model } from "../../src/nn/model.ts";
import { nin } from "../../src/nn/models/nin.ts";
import { sgd } from "../../src/nn/optimizers.ts";
import { backward, forward } from "../../src/nn/pass.ts";
import { ascentOf, climbed, defaultSam, type Sam } from "../../src/nn/sam.ts";
import { trainStep } from "../../src/nn/step.ts";
import { startOf, type TrainState } from "../../src/nn/train.ts";
import { mapTree, type Tree } from "../../src/nn/tree.ts";
import { prepare } from "../../src/quant/prepare.ts";
import { createRng } from "../../src/tensor/random.ts";
import { loopScope } from "../../src/tensor/scope.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { simd } from "../kernels.ts";
import { verifies } from "../spec.ts";
import { f64 } from "../tensors.ts";

const number = fc.double({ min: -10, max: 10, noNaN: true }).map((x) => Math.round(x * 1e6) / 1e6);
const pairs = fc
  .array(fc.tuple(number, number), { minLength: 1, maxLength: 20 })
  .filter((all) => all.some(([w, g]) => Math.abs(w * g) > 1e-3));
const rho = fc.double({ min: 1e-3, max: 3, noNaN: true });

/** Two tensors of weights and their gradients, cut from one list of pairs. */
function networkOf(all: readonly (readonly [w: number, g: number])[]) {
  const [a, b] = [all.filter((_, i) => i % 2 === 0), all.filter((_, i) => i % 2 === 1)];
  const of = (pick: 0 | 1) => ({
    a: f64(a.map((pair) => pair[pick])),
    b: f64(b.map((pair) => pair[pick])),
  });
  return { params: of(0), grads: mapTree(of(1), ({ data }) => ({ values: data })) };
}
const norm = (tree: Tree<Float64Array>): number =>
  Math.hypot(...Object.values(tree).flatMap((x) => Array.from(x)));

describe("the worst point near w", () => {
  verifies(
    "SAM.eq.2",
    "lies at the distance ρ in the direction of the gradient of all tensors together",
    () => {
      fc.assert(
        fc.property(pairs, rho, (all, rho) => {
          const { params, grads } = networkOf(all);
          const e = ascentOf(params, grads, { rho, adaptive: false }, ["a", "b"]);
          expect(norm(e)).toBeCloseTo(rho, 7);
          const g = Math.hypot(...all.map(([, g]) => g));
          expect(Array.from(e.a!)).toEqual(
            Array.from(grads.a.values, (x) => expect.closeTo((rho * x) / g, 7)),
          );
        }),
      );
    },
  );

  verifies(
    "SAM.eq.2",
    "if adaptive, has the distance ρ in units of |w|, and moves along when w is scaled",
    () => {
      fc.assert(
        fc.property(pairs, rho, fc.constantFrom(0.25, 2, 8), (all, rho, c) => {
          const { params, grads } = networkOf(all);
          const sam = { rho, adaptive: true };
          const e = ascentOf(params, grads, sam, ["a", "b"]);
          const relative = mapTree(e, (x, name) =>
            x.map((value, i) => (value === 0 ? 0 : value / params[name as "a"].data[i]!)),
          );
          expect(norm(relative)).toBeCloseTo(rho, 7);
          const larger = ascentOf(
            mapTree(params, ({ data }) => f64(data.map((w) => c * w))),
            mapTree(grads, ({ values }) => ({ values: values.map((g) => g / c) })),
            sam,
            ["a", "b"],
          );
          expect(Array.from(larger.a!)).toEqual(Array.from(e.a!, (x) => expect.closeTo(c * x, 7)));
        }),
      );
    },
  );

  test("is w itself where the gradient is zero, and moves only what it is told to", () => {
    const zero = networkOf([
      [1, 0],
      [2, 0],
    ]);
    expect(norm(ascentOf(zero.params, zero.grads, defaultSam, ["a", "b"]))).toBe(0);
    const { params, grads } = networkOf([
      [1, 3],
      [2, 4],
    ]);
    expect(ascentOf(params, grads, { rho: 1, adaptive: false }, ["b"])).toEqual({
      b: Float64Array.of(4 / (4 + 1e-12)),
    });
    expect(climbed(params, { b: Float64Array.of(1) }).a).toBe(params.a);
  });
});

const rng = createRng("sam");
const batch: Batch = {
  images: Float32Array.from({ length: 16 * 3 * 8 * 8 }, () => rng.normal()),
  labels: Int32Array.from({ length: 16 }, () => rng.below(10)),
};
const shape = [3, 8, 8];
const float = nin({ depth: 1, width: 1, classes: 10 });
const rule = sgd({ momentum: 0.9, weightDecay: 1e-4 });
const start = (model: Model): TrainState => startOf(model.init(simd, createRng(1)), rule);
const numbers = (tree: Tree<Tensor>): Tree<number[]> => mapTree(tree, ({ data }) => Array.from(data));
const step = async (model: Model, sam?: Sam) =>
  (await trainStep(loopScope(), model, rule, start(model), batch, shape, 0.1, { sam })).state;

describe.each([
  ["float", float],
  ["LSQ at 2 bits", prepare(float, { bits: 2 })],
] as const)("a step of training with SAM, %s", (_, model) => {
  verifies(
    "SAM.eq.3",
    "applies the gradient of the same batch at w + e to w itself, and batch norm learns at w",
    async () => {
      for (const sam of [
        { ...defaultSam, rho: 0.5 },
        { rho: 0.5, adaptive: true, moved: "weights" },
        { rho: 0.01, adaptive: false, moved: "all" },
      ] as const) {
        const { weights, optimizer } = start(model);
        const slopes = (params: Tree<Tensor>): Tree<Tensor> => {
          const pass = forward(model, { ...weights, params }, batch, shape);
          return backward(pass, pass.y.value.data, batch.labels).grads;
        };
        const grads = mapTree(slopes(weights.params), ({ data }) => ({ values: data }));
        const names = sam.moved === "all" ? Object.keys(weights.params) : model.weights;
        const there = slopes(climbed(weights.params, ascentOf(weights.params, grads, sam, names)));
        const expected = rule.step(weights.params, there, optimizer, 0.1, model.decays).params;
        const found = await step(model, sam);
        expect(numbers(found.weights.params)).toEqual(numbers(model.project?.(expected) ?? expected));
        const plain = await step(model);
        expect(numbers(found.weights.buffers)).toEqual(numbers(plain.weights.buffers));
        expect(numbers(found.weights.params)).not.toEqual(numbers(plain.weights.params));
      }
    },
  );

  verifies("SAM.eq.3", "at ρ = 0 is the plain step, bit for bit", async () => {
    const [sam, plain] = [await step(model, { ...defaultSam, rho: 0 }), await step(model)];
    expect(numbers(sam.weights.params)).toEqual(numbers(plain.weights.params));
    expect(numbers(sam.optimizer.slots)).toEqual(numbers(plain.optimizer.slots));
  });

  test("leaves the weights that it started from as they were", async () => {
    const before = start(model);
    const bits = numbers(before.weights.params);
    await trainStep(loopScope(), model, rule, before, batch, shape, 0.1, { sam: defaultSam });
    expect(numbers(before.weights.params)).toEqual(bits);
  });
});

test("a step of a quantizer that the worst point would make negative is kept above 0", async () => {
  const model = prepare(float, { bits: 2 });
  const { weights } = await step(model, { rho: 50, adaptive: false, moved: "all" });
  for (const { data } of Object.values(weights.params)) expect(data.every(Number.isFinite)).toBe(true);
});
