import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { constant } from "../../src/autograd/op.ts";
import { l2Distance, l2Norm } from "../../src/measures/norms.ts";
import { foldBatchNorm } from "../../src/nn/fold.ts";
import { EPS } from "../../src/nn/layers.ts";
import type { Model, Weights } from "../../src/nn/model.ts";
import { nin } from "../../src/nn/models/nin.ts";
import { mapTree, type Tree } from "../../src/nn/tree.ts";
import type { Kernels } from "../../src/tensor/kernels/kernels.ts";
import { reference } from "../../src/tensor/kernels/reference/index.ts";
import { createRng } from "../../src/tensor/random.ts";
import { bufferOf, type DType, sizeOf, type Tensor } from "../../src/tensor/tensor.ts";
import { simd } from "../kernels.ts";
import { distance } from "../tensors.ts";

const model = nin({ depth: 1, width: 1, classes: 12, channels: 2 });
const shape = [2, 4, 4];
const count = 5;

/** Numbers for every parameter and buffer, variances from 0.01 to 4 among them. */
function randomWeights(seed: number, kernels: Kernels = reference, dtype: DType = "float64"): Weights {
  const rng = createRng(`fold/${seed}`);
  const drawn = (x: Tensor, name: string): Tensor => {
    const stream = rng.fork(name);
    const draw = name.endsWith("var") ? () => 0.01 + 4 * stream.uniform() : () => stream.normal();
    return kernels.tensor(bufferOf(dtype, sizeOf(x.shape)).map(draw), x.shape);
  };
  const { params, buffers } = model.init(kernels, createRng(0), dtype);
  return { params: mapTree(params, drawn), buffers: mapTree(buffers, drawn) };
}

/** Logits in eval mode, of images that are always the same. */
function logits({ params, buffers }: Weights): ArrayLike<number> {
  const { kernels, dtype } = Object.values(params)[0]!;
  const rng = createRng("images");
  const pixels = bufferOf(dtype, count * sizeOf(shape)).map(() => rng.normal());
  const x = constant(kernels.tensor(pixels, [count, ...shape]));
  return model.apply(mapTree(params, constant), buffers, x, "eval").y.value.data;
}

const numbers = (tree: Tree<Tensor>): Tree<number[]> => mapTree(tree, ({ data }) => Array.from(data));

describe("batch norm folded into the weights", () => {
  test("leaves the logits in eval mode as they are, up to rounding", () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const weights = randomWeights(seed);
        const before = logits(weights);
        expect(Math.max(...Array.from(before))).toBeGreaterThan(0);
        expect(distance(logits(foldBatchNorm(model, weights)), before)).toBeLessThan(1e-12);
        const single = randomWeights(seed, simd, "float32");
        expect(distance(logits(foldBatchNorm(model, single)), logits(single))).toBeLessThan(2e-5);
      }),
      { numRuns: 20 },
    );
  });

  test("multiplies each filter by γ/√(σ² + eps), puts the rest into its bias, and leaves nothing to batch norm", () => {
    const { params, buffers } = randomWeights(1);
    const folded = foldBatchNorm(model, { params, buffers });
    for (const [weight, bn] of Object.entries(model.norms!)) {
      const bias = weight.replace("weight", "bias");
      const outputs = params[bias]!.data.length;
      const filter = params[weight]!.data.length / outputs;
      for (let c = 0; c < outputs; c++) {
        const at = (tree: Tree<Tensor>, name: string): number => tree[name]!.data[c]!;
        const factor = at(params, `${bn}.weight`) / Math.sqrt(at(buffers, `${bn}.running_var`) + EPS);
        for (let i = c * filter; i < (c + 1) * filter; i++)
          expect(folded.params[weight]!.data[i]).toBeCloseTo(params[weight]!.data[i]! * factor, 10);
        expect(at(folded.params, bias)).toBeCloseTo(
          (at(params, bias) - at(buffers, `${bn}.running_mean`)) * factor + at(params, `${bn}.bias`),
          10,
        );
        expect([at(folded.params, `${bn}.weight`), at(folded.params, `${bn}.bias`)]).toEqual([1, 0]);
        expect(at(folded.buffers, `${bn}.running_mean`)).toBe(0);
        expect(at(folded.buffers, `${bn}.running_var`) + EPS).toBe(1);
      }
    }
    expect(mapTree(folded.params, (x) => x.shape)).toEqual(mapTree(params, (x) => x.shape));
  });

  test("is folded once: a second time nothing changes, in either precision", () => {
    for (const weights of [randomWeights(2), randomWeights(2, simd, "float32")]) {
      const once = foldBatchNorm(model, weights);
      const twice = foldBatchNorm(model, once);
      expect(numbers(twice.params)).toEqual(numbers(once.params));
      expect(numbers(twice.buffers)).toEqual(numbers(once.buffers));
    }
  });

  test("does not write to the weights that it was given", () => {
    const weights = randomWeights(3);
    const before = [numbers(weights.params), numbers(weights.buffers)];
    foldBatchNorm(model, weights);
    expect([numbers(weights.params), numbers(weights.buffers)]).toEqual(before);
  });

  test("of first weights, whose variance is 1, shrinks them by eps/2 and no more", () => {
    const { params, buffers } = model.init(reference, createRng(0), "float64");
    const of = (tree: Tree<Tensor>): Tree<Tensor> =>
      Object.fromEntries(model.weights.map((name) => [name, tree[name]!]));
    const folded = foldBatchNorm(model, { params, buffers });
    const moved = l2Distance(of(folded.params), of(params)) / l2Norm(of(params));
    expect(moved).toBeCloseTo(EPS / 2, 9);
  });

  test("keeps parameters that have no batch norm: without `norms`, all of them", () => {
    const { norms: _, ...bare } = model;
    const weights = randomWeights(4);
    expect(foldBatchNorm(bare, weights)).toEqual(weights);
    const last: Model = { ...model, norms: { "conv.weight": "bn" } };
    const folded = foldBatchNorm(last, weights);
    const changed = Object.keys(weights.params).filter(
      (name) => folded.params[name] !== weights.params[name],
    );
    expect(changed).toEqual(["conv.weight", "conv.bias", "bn.weight", "bn.bias"]);
  });

  test("gives a bias to a layer that has none, which then has the place of a bias of 0", () => {
    const { params, buffers } = randomWeights(5);
    const { "blocks.0.conv2.bias": b, ...rest } = params;
    const zero = b!.kernels.fill(0, b!.shape, b!.dtype);
    const withZero = foldBatchNorm(model, { params: { ...rest, "blocks.0.conv2.bias": zero }, buffers });
    const without = foldBatchNorm(model, { params: rest, buffers });
    expect(numbers(without.params)).toEqual(numbers(withZero.params));
    expect(distance(logits(without), logits({ params: rest, buffers }))).toBeLessThan(1e-12);
  });
});
