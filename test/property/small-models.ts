/** Models of a few numbers, for measures whose definition can be written out. */

import { reshape } from "../../src/autograd/ops/arithmetic.ts";
import type { Images } from "../../src/nn/images.ts";
import { batchNorm2d, conv2d, linear, relu } from "../../src/nn/layers.ts";
import type { Model, Weights } from "../../src/nn/model.ts";
import { mapTree } from "../../src/nn/tree.ts";
import { createRng } from "../../src/tensor/random.ts";
import { type Shape, sizeOf, type Tensor } from "../../src/tensor/tensor.ts";
import { f64 } from "../tensors.ts";

const uninitialized = (): never => {
  throw new Error("weights come from the test");
};

/** Images [2, 1, 2] to 2 classes: a 1×1 convolution to 3 channels, batch norm, ReLU, a linear layer; 18 weights. */
export const smallNet: Model = {
  name: "small",
  weights: ["conv.weight", "fc.weight"],
  init: uninitialized,
  apply(params, buffers, x, mode) {
    const z = batchNorm2d(params, buffers, "bn", conv2d(params, "conv", x), mode);
    const hidden = relu(z.y);
    const [n, ...rest] = hidden.value.shape as [number, ...number[]];
    return { y: linear(params, "fc", reshape([n, sizeOf(rest)])(hidden)), buffers: z.buffers };
  },
};

/** Images [2, 1, 1] to 3 classes: two linear layers with a ReLU between them and no bias; 15 weights. */
export const twoLinear: Model = {
  name: "two-linear",
  weights: ["a.weight", "b.weight"],
  init: uninitialized,
  apply(params, buffers, x) {
    const flat = reshape([x.value.shape[0]!, sizeOf(x.value.shape.slice(1))])(x);
    return { y: linear(params, "b", relu(linear(params, "a", flat))), buffers };
  },
};

type Draw = (name: string, shape: Shape, from?: number, to?: number) => Tensor;

const draws = (seed: string | number): Draw => {
  const rng = createRng(seed);
  return (name, shape, from = -1, to = 1) => {
    const stream = rng.fork(name);
    return f64(
      Array.from({ length: sizeOf(shape) }, () => from + (to - from) * stream.uniform()),
      shape,
    );
  };
};

export function smallWeights(seed: string | number): Weights {
  const draw = draws(seed);
  const shapes = {
    "conv.weight": [3, 2, 1, 1],
    "conv.bias": [3],
    "bn.weight": [3],
    "bn.bias": [3],
    "fc.weight": [2, 6],
    "fc.bias": [2],
  };
  return {
    params: mapTree(shapes, (shape, name) => draw(name, shape)),
    buffers: {
      "bn.running_mean": draw("mean", [3]),
      "bn.running_var": draw("var", [3], 0.2, 2),
    },
  };
}

export function linearWeights(seed: string | number): Weights {
  const draw = draws(seed);
  return { params: { "a.weight": draw("a", [3, 2]), "b.weight": draw("b", [3, 3]) }, buffers: {} };
}

/** `count` images of any shape, with labels that no network has seen. */
export function someImages(count: number, shape: Shape, classes: number, seed: string | number): Images {
  const draw = draws(seed);
  const size = sizeOf(shape);
  const pixels = draw("pixels", [count, size], -2, 2).data;
  const labels = draw("labels", [count], 0, classes).data;
  return {
    count,
    shape,
    batch: (indices) => ({
      images: Float32Array.from(
        Array.from(indices).flatMap((i) => Array.from(pixels.slice(i * size, (i + 1) * size))),
      ),
      labels: Int32Array.from(indices, (i) => Math.floor(labels[i]!)),
    }),
  };
}
