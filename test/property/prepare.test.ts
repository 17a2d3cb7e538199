import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { grad } from "../../src/autograd/grad.ts";
import { constant } from "../../src/autograd/op.ts";
import { sum } from "../../src/autograd/ops/arithmetic.ts";
import { crossEntropy } from "../../src/autograd/ops/fused.ts";
import type { Model, Weights } from "../../src/nn/model.ts";
import { nin } from "../../src/nn/models/nin.ts";
import { sgd } from "../../src/nn/optimizers.ts";
import { mapTree, member, type Tree } from "../../src/nn/tree.ts";
import { convert, restore } from "../../src/quant/convert.ts";
import { initialStep, quantized, signed, stepGradScale } from "../../src/quant/lsq.ts";
import {
  defaultPolicy,
  dequantized,
  type Policy,
  prepare,
  type QuantizedModel,
} from "../../src/quant/prepare.ts";
import type { Kernels } from "../../src/tensor/kernels/kernels.ts";
import { reference } from "../../src/tensor/kernels/reference/index.ts";
import { createRng } from "../../src/tensor/random.ts";
import { bufferOf, type DType, item, sizeOf, type Tensor } from "../../src/tensor/tensor.ts";
import { simd } from "../kernels.ts";
import { verifies } from "../spec.ts";

const small = nin({ depth: 1, width: 1, classes: 3, channels: 1 });
const names = ["blocks.0.conv1.weight", "blocks.0.conv2.weight", "blocks.0.conv3.weight", "conv.weight"];

const backends: readonly (readonly [string, Kernels, DType])[] = [
  ["reference, float64", reference, "float64"],
  ["reference, float32", reference, "float32"],
  ["simd, float32", simd, "float32"],
];

function images(kernels: Kernels, dtype: DType): Tensor {
  const rng = createRng("images");
  const values = bufferOf(dtype, 2 * 4 * 4).map(() => rng.normal());
  return kernels.tensor(values as Float32Array, [2, 1, 4, 4]);
}

function logits(model: Model, { params, buffers }: Weights, x: Tensor, mode: "train" | "eval"): number[] {
  return Array.from(model.apply(mapTree(params, constant), buffers, constant(x), mode).y.value.data);
}

const bitsOf = ({ quantizers }: QuantizedModel): number[] => quantizers.map(({ bits }) => bits);
const numbers = (tree: Tree<Tensor>): Tree<number[]> => mapTree(tree, ({ data }) => Array.from(data));

describe("a policy", () => {
  verifies(
    "QGen.sec.3",
    "by default quantizes every layer alike, at 4 bits, each with a step of its own",
    () => {
      const { quantizers, policy } = prepare(small);
      expect(policy).toEqual(defaultPolicy);
      expect(quantizers.map(({ weight }) => weight)).toEqual(names);
      expect(quantizers.map(({ step }) => step)).toEqual(names.map((name) => `${name}.step`));
      for (const q of quantizers) expect(q).toMatchObject({ bits: 4, levels: { qn: 8, qp: 7 } });
    },
  );

  test("treats the first and the last layer like the others, with 8 bits, or not at all", () => {
    const withOuter = (firstLast: Policy["firstLast"]) => prepare(small, { bits: 2, firstLast });
    expect(bitsOf(withOuter("same"))).toEqual([2, 2, 2, 2]);
    expect(bitsOf(withOuter("8bit"))).toEqual([8, 2, 2, 8]);
    expect(withOuter("8bit").quantizers[3]!.levels).toEqual(signed(8));
    expect(withOuter("float").quantizers.map(({ weight }) => weight)).toEqual(names.slice(1, 3));
  });

  test("counts the only layer of a network as its first and last", () => {
    const one: Model = { ...small, weights: ["conv.weight"] };
    expect(bitsOf(prepare(one, { bits: 3, firstLast: "8bit" }))).toEqual([8]);
    expect(prepare(one, { bits: 3, firstLast: "float" }).quantizers).toEqual([]);
  });

  test("that asks for a number of bits without levels is refused before anything is trained", () => {
    for (const bits of [1, 0, 2.5, 32])
      expect(() => prepare(small, { bits })).toThrow(
        `signed levels: expected 2 to 16 whole bits, got ${bits}`,
      );
  });

  test("says in the name of the model how many bits it has", () => {
    expect(prepare(small, { bits: 2 }).name).toBe("nin:1x1@2");
  });
});

describe.each(backends)("a prepared network (%s)", (_name, kernels, dtype) => {
  const x = images(kernels, dtype);
  const init = (model: Model, seed = 1): Weights => model.init(kernels, createRng(seed), dtype);
  /** The weights that the network computes with, and its steps. */
  const onGrid = (model: QuantizedModel, { params, buffers }: Weights): Weights => ({
    params: { ...params, ...dequantized(model, params) },
    buffers,
  });

  verifies(
    "QGen.sec.3",
    "starts from the weights of the float network, plus a first step for each layer",
    () => {
      const model = prepare(small, { bits: 3, firstLast: "8bit" });
      const [float, ready] = [init(small), init(model)];
      expect(numbers(ready.buffers)).toEqual(numbers(float.buffers));
      expect(Object.keys(ready.params)).toEqual([
        ...Object.keys(float.params),
        ...model.quantizers.map(({ step }) => step),
      ]);
      for (const [name, { data }] of Object.entries(float.params))
        expect(Array.from(member(ready.params, name).data)).toEqual(Array.from(data));
      for (const { weight, step, levels } of model.quantizers) {
        const s = member(ready.params, step);
        expect(s.shape).toEqual([]);
        const expected = initialStep(member(float.params, weight), levels);
        expect(item(s)).toBe(dtype === "float32" ? Math.fround(expected) : expected);
      }
    },
  );

  verifies(
    "QGen.eq.2",
    "computes with the quantized weights: it is the float network at them, to the bit",
    () => {
      fc.assert(
        fc.property(
          fc.integer({ min: 2, max: 8 }),
          fc.constantFrom<Policy["firstLast"]>("same", "8bit", "float"),
          fc.constantFrom<Policy["rounding"]>("half-even", "half-away"),
          fc.constantFrom("train" as const, "eval" as const),
          fc.nat(),
          (bits, firstLast, rounding, mode, seed) => {
            const model = prepare(small, { bits, firstLast, rounding });
            const weights = init(model, seed);
            const float = { ...weights, params: dequantized(model, weights.params) };
            expect(Object.keys(float.params)).toEqual(Object.keys(init(small).params));
            expect(logits(model, weights, x, mode)).toEqual(logits(small, float, x, mode));
          },
        ),
        { numRuns: 20 },
      );
    },
  );

  verifies(
    "QGen.eq.1",
    "with weights that are on the grid already equals the float network with them",
    () => {
      const model = prepare(small, { bits: 4 });
      const grid = onGrid(model, init(model));
      expect(logits(model, grid, x, "train")).toEqual(logits(small, grid, x, "train"));
      expect(numbers(dequantized(model, grid.params))).toEqual(
        numbers(dequantized(model, init(model).params)),
      );
    },
  );

  verifies(
    "QGen.eq.1",
    "is stored as whole numbers and a scale, which give back every weight it computes with",
    () => {
      fc.assert(
        fc.property(fc.integer({ min: 2, max: 16 }), fc.nat(), (bits, seed) => {
          const model = prepare(small, { bits });
          const { params } = init(model, seed);
          const hats = dequantized(model, params);
          const layers = convert(model, params);
          expect(layers.map(({ weight }) => weight)).toEqual(names);
          for (const layer of layers) {
            const [latent, hat] = [member(params, layer.weight), member(hats, layer.weight)];
            const restored = restore(layer, latent);
            expect(restored.shape).toEqual(hat.shape);
            expect(restored.dtype).toBe(dtype);
            restored.data.forEach((w, i) => {
              if (w !== hat.data[i]) expect(w, `${layer.weight} ${i}`).toBe(hat.data[i]);
            });
            const n = sizeOf(latent.shape);
            expect(layer).toMatchObject({ bits, shape: latent.shape, bytes: Math.ceil((n * bits) / 8) + 4 });
            expect(Math.max(...layer.codes)).toBeLessThanOrEqual(2 ** (bits - 1) - 1);
            expect(Math.min(...layer.codes)).toBeGreaterThanOrEqual(-(2 ** (bits - 1)));
          }
        }),
        { numRuns: 10 },
      );
    },
  );

  verifies(
    "LSQ.sec.2.2",
    "scales the gradient of each step by 1 / √(n qp) of its own layer, or leaves it",
    () => {
      const labels = Int32Array.of(0, 2);
      const stepSlopes = (gradScale: Policy["gradScale"]): number[] => {
        const model = prepare(small, { bits: 2, firstLast: "8bit", gradScale });
        const { params, buffers } = init(model);
        const leaves = mapTree(params, constant);
        const loss = crossEntropy(labels)(model.apply(leaves, buffers, constant(x), "train").y);
        return grad(
          loss,
          model.quantizers.map(({ step }) => member(leaves, step)),
        ).map(({ value }) => item(value));
      };
      const [scaled, plain] = [stepSlopes("lsq"), stepSlopes("none")];
      const sizes = [25 * 9, 25 * 25, 25 * 25, 3 * 25];
      [127, 1, 1, 127].forEach((qp, i) => {
        expect(plain[i]).not.toBe(0);
        expect(scaled[i]! / plain[i]! / stepGradScale(sizes[i]!, { qn: qp + 1, qp })).toBeCloseTo(1, 5);
      });
    },
  );

  verifies(
    "QGen.sec.3",
    "passes the gradient of the loss at the quantized weights to the latent ones",
    () => {
      const labels = Int32Array.of(0, 2);
      const slopesAt = (model: Model, { params, buffers }: Weights) => {
        const leaves = mapTree(params, constant);
        const loss = crossEntropy(labels)(model.apply(leaves, buffers, constant(x), "train").y);
        const slopes = grad(
          loss,
          names.map((name) => member(leaves, name)),
        );
        return slopes.map(({ value }) => Array.from(value.data));
      };
      const model = prepare(small, { bits: 8 });
      const weights = init(model);
      const atHats = slopesAt(small, { ...weights, params: dequantized(model, weights.params) });
      // At 8 bits no first weight is clipped: each passes its whole gradient.
      expect(slopesAt(model, weights)).toEqual(atHats);
      expect(Math.max(...atHats.flat())).toBeGreaterThan(0);
    },
  );

  test("brings only its steps back to the floor, or leaves them where the policy has none", () => {
    const low = (params: Tree<Tensor>): Tree<Tensor> =>
      mapTree(params, ({ shape }) => kernels.fill(-0.5, shape, dtype));
    const model = prepare(small, { stepFloor: 0.25 });
    const params = low(init(model).params);
    for (const [name, { data, shape }] of Object.entries(model.project!(params))) {
      const expected = name.endsWith(".step") ? 0.25 : -0.5;
      expect(shape).toEqual(member(params, name).shape);
      expect(Array.from(data), name).toEqual(Array.from(data, () => expected));
    }
    const above = mapTree(params, ({ shape }) => kernels.fill(0.75, shape, dtype));
    expect(numbers(model.project!(above))).toEqual(numbers(above));
    expect(prepare(small, { stepFloor: null }).project!(params)).toBe(params);
  });

  test("keeps the network's own rules for its parameters", () => {
    const strict: Model = {
      ...small,
      project: (params) => mapTree(params, (p) => p.kernels.unary("atLeast", p, -0.125)),
      decays: (name) => !name.endsWith("bias"),
    };
    const model = prepare(strict, { stepFloor: 0.25 });
    const projected = model.project!(mapTree(init(model).params, (p) => kernels.fill(-1, p.shape, dtype)));
    expect(item(member(projected, "conv.weight.step"))).toBe(0.25);
    expect(member(projected, "conv.weight").data[0]).toBe(-0.125);
    expect(["conv.weight", "conv.bias", "conv.weight.step"].map(model.decays!)).toEqual([true, false, true]);
  });

  test("lets weight decay shrink the steps, or not", () => {
    const trained = (decaySteps: boolean): Tree<Tensor> => {
      const model = prepare(small, { decaySteps });
      const { params } = init(model);
      const still = mapTree(params, (p) => kernels.fill(0, p.shape, dtype));
      const rule = sgd({ weightDecay: 0.5 });
      return rule.step(params, still, rule.init(params), 0.5, model.decays).params;
    };
    const { params } = init(prepare(small));
    const shrunk = mapTree(params, ({ data }) => Array.from(data, (p) => 0.75 * p));
    for (const [name, value] of Object.entries(numbers(trained(true))))
      value.forEach((p, i) => {
        expect(p).toBeCloseTo(shrunk[name]![i]!, 7);
      });
    const spared = trained(false);
    for (const name of names) {
      expect(item(member(spared, `${name}.step`))).toBe(item(member(params, `${name}.step`)));
      expect(member(spared, name).data[0]).toBeCloseTo(shrunk[name]![0]!, 7);
    }
  });

  test("refuses a second derivative in its weights in a sentence", () => {
    const model = prepare(small);
    const { params, buffers } = init(model);
    const leaves = mapTree(params, constant);
    const loss = sum(model.apply(leaves, buffers, constant(x), "train").y);
    const w = member(leaves, "conv.weight");
    expect(() => grad(sum(grad(loss, [w])[0]!), [w])).toThrow("surrogate");
  });

  test("names a parameter that is missing", () => {
    const model = prepare(small);
    const { params, buffers } = init(small);
    expect(() => logits(model, { params, buffers }, x, "train")).toThrow(
      'there is no "blocks.0.conv1.weight.step" among',
    );
  });
});

test("codes and scale survive being quantized again", () => {
  const model = prepare(small, { bits: 4 });
  const { params } = model.init(reference, createRng(3), "float64");
  for (const layer of convert(model, params)) {
    const hat = restore(layer, member(params, layer.weight));
    const s = member(params, `${layer.weight}.step`);
    expect(Array.from(quantized(hat, s, signed(4)).data, (w) => w + 0)).toEqual(Array.from(hat.data));
  }
});
