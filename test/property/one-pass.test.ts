import { describe, expect, test } from "vitest";
import { grad } from "../../src/autograd/grad.ts";
import { constant, type Var } from "../../src/autograd/op.ts";
import { mul, scale, sum } from "../../src/autograd/ops/arithmetic.ts";
import type { Mode, Model } from "../../src/nn/model.ts";
import { nin } from "../../src/nn/models/nin.ts";
import { batchNorm, conv, relu, relu6 } from "../../src/nn/network/convolutional.ts";
import { join, type Layer, map, sequence } from "../../src/nn/network/layer.ts";
import { network } from "../../src/nn/network/network.ts";
import { mapTree } from "../../src/nn/tree.ts";
import { prepare } from "../../src/quant/prepare.ts";
import { createRng } from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { simd } from "../kernels.ts";

type Members = Readonly<Record<string, Layer>>;

/** The members as a sequence has them, but each by itself. */
const oneByOne = (members: Members): Layer => ({
  parts: sequence(members).parts,
  apply: (pass, name, x) =>
    Object.entries(members).reduce((y, [member, layer]) => layer.apply(pass, join(name, member), y), x),
});

const block = (): Members => ({
  conv1: conv(3, 5, 3, { stride: 2 }),
  bn1: batchNorm(5),
  relu1: relu,
  conv2: conv(5, 6, 1, { bias: false }),
  bn2: batchNorm(6),
  relu2: relu,
});

const random = (shape: readonly number[], name: string): Tensor => {
  const rng = createRng(name);
  return simd.tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => rng.normal()),
    shape,
  );
};

/** A model on simd, with buffers that are not those of the beginning. */
function applied(model: Model, mode: Mode) {
  const { params, buffers } = model.init(simd, createRng(5));
  const known = mapTree(buffers, ({ shape }, name) => simd.unary("abs", random(shape, name)));
  const leaves = mapTree(params, constant);
  const x = constant(random([3, 3, 9, 9], "x"));
  return { leaves, x, y: model.apply(leaves, known, x, mode).y };
}

/** The ops of a straight computation, last first. */
function opsOf({ origin }: Var): string[] {
  return origin === undefined ? [] : [origin.name, ...opsOf(origin.inputs[0]!)];
}
const ops = (layer: Layer, mode: Mode = "eval"): string[] =>
  opsOf(applied(network("test", layer), mode).y).reverse();

describe("in evaluation, a convolution, its batch norm and its ReLU are one pass", () => {
  test("and two in training", () => {
    expect(ops(sequence(block()))).toEqual(["convNormalizeRelu", "convNormalizeRelu"]);
    expect(ops(sequence(block()), "train")).toEqual([
      "conv2dBias",
      "batchNormRelu",
      "conv2d",
      "batchNormRelu",
    ]);
    const { y } = applied(nin({ depth: 2, width: 1, classes: 4 }), "eval");
    expect(opsOf(y).filter((name) => /conv|norm|relu/i.test(name))).toEqual(
      Array(7).fill("convNormalizeRelu"),
    );
  });

  test.each<readonly [string, Layer, string[]]>([
    [
      "something between the convolution and its batch norm",
      sequence([conv(3, 4, 1), map(scale(2)), batchNorm(4), relu]),
      ["conv2dBias", "scale", "normalizeRelu"],
    ],
    [
      "something between the batch norm and the ReLU",
      sequence([conv(3, 4, 1), batchNorm(4), map(scale(2)), relu]),
      ["conv2dBias", "normalize", "scale", "relu"],
    ],
    [
      "a batch norm that is only the first part of what follows",
      sequence([conv(3, 4, 1), sequence([batchNorm(4), map(scale(2))]), relu]),
      ["conv2dBias", "normalize", "scale", "relu"],
    ],
    [
      "another function than ReLU",
      sequence([conv(3, 4, 1), batchNorm(4), relu6]),
      ["conv2dBias", "normalize"],
    ],
    ["no ReLU at all", sequence([conv(3, 4, 1), batchNorm(4)]), ["conv2dBias", "normalize"]],
  ])("but not with %s", (_, layer, expected) => {
    expect(ops(layer).slice(0, expected.length)).toEqual(expected);
  });

  const float = (layer: Layer): Model => network("test", layer);
  test.each<readonly [string, (layer: Layer) => Model]>([
    ["in float", float],
    ["with quantized weights", (layer) => prepare(float(layer), { bits: 4 })],
    ["with quantized weights and activations", (layer) => prepare(float(layer), { bits: 4, activations: 4 })],
  ])("which has the bits of one by one, and so have its gradients: %s", (_, model) => {
    const [whole, single] = [sequence(block()), oneByOne(block())].map((layer) => {
      const { leaves, x, y } = applied(model(layer), "eval");
      const slopes = grad(sum(mul(y, y)), [x, ...Object.values(leaves)]);
      return { y: y.value.data.slice(), slopes: slopes.map(({ value }) => value.data.slice()) };
    });
    expect(whole).toEqual(single);
    expect(whole!.slopes.every((g) => g.some((value) => value !== 0))).toBe(true);
  });
});
