/** What kernels refuse: each with a sentence that names what was expected and what was found. */
import { expect, test } from "vitest";
import type { Kernels } from "../../src/tensor/kernels/kernels.ts";
import { reference } from "../../src/tensor/kernels/reference/index.ts";
import {
  type Buffer,
  bufferOf,
  type DType,
  type Shape,
  sizeOf,
  type Tensor,
} from "../../src/tensor/tensor.ts";
import type { Case } from "./subject.ts";

const conv = { stride: 1, padding: 0, groups: 1 };
const pool = { size: 2, stride: 2, padding: 0 };
const q = { qn: 2, qp: 1, rounding: "half-even", mask: "inside", gradScale: 1 } as const;
const sgd = { lr: 0.1, momentum: 0.9, dampening: 0, nesterov: false, weightDecay: 0 };
const adam = { lr: 0.1, beta1: 0.9, beta2: 0.99, eps: 1e-8, weightDecay: 0, decoupled: true, step: 1 };
const rmsprop = { lr: 0.1, alpha: 0.9, eps: 1e-8, momentum: 0.9, weightDecay: 0 };

/** A tensor of ones. */
type Ones = (...shape: Shape) => Tensor;

/** What is wrong, a call that does it, and the sentence. */
type Refusal = readonly [what: string, call: (k: Kernels, t: Ones) => unknown, sentence: RegExp];

const images: Shape = [2, 4, 3, 3];
const weights: Shape = [6, 4, 2, 2];

const wrongShapes: readonly Refusal[] = [
  ["a new shape of another size", (k, t) => k.reshape(t(2, 3), [7]), /reshape: \[2,3\] cannot become \[7\]/],
  [
    "shapes that do not broadcast",
    (k, t) => k.binary("add", t(2, 3), t(2)),
    /cannot broadcast \[2,3\] with \[2\]/,
  ],
  ["broadcasting to less", (k, t) => k.broadcastTo(t(2, 3), [3]), /cannot broadcast \[2,3\] to \[3\]/],
  [
    "broadcasting a row to a column",
    (k, t) => k.broadcastTo(t(3), [3, 1]),
    /cannot broadcast \[3\] to \[3,1\]/,
  ],
  [
    "noise of another shape",
    (k, t) => k.displace(t(2), t(3), { square: 0, constant: 1, root: true }),
    /displace: expected z to be \[2\], got \[3\]/,
  ],
  [
    "an axis that is named twice",
    (k, t) => k.permute(t(2, 3), [0, 0]),
    /permute: expected each axis of \[2,3\] once, got \[0,0\]/,
  ],
  [
    "an axis that there is not",
    (k, t) => k.take(t(2, 3), 2, Int32Array.of(0)),
    /take: \[2,3\] has no axis 2/,
  ],
  [
    "a slice that there is not",
    (k, t) => k.take(t(2, 3), 1, Int32Array.of(0, 3)),
    /take: index 3 at 1, expected -1 to 2 on axis 1 of \[2,3\]/,
  ],
  [
    "the transpose of other slices",
    (k, t) => k.takeGrad(t(2, 3), [2, 3], 1, Int32Array.of(0)),
    /takeGrad: expected g to be \[2,1\], got \[2,3\]/,
  ],
  [
    "the softmax of no row",
    (k, t) => k.softmax(t()),
    /softmax: expected a last axis of at least 1, got \[\]/,
  ],
  ["a sum to more", (k, t) => k.sumTo(t(3), [2, 3]), /cannot broadcast \[2,3\] to \[3\]/],
  ["inner extents that differ", (k, t) => k.gemm(t(2, 3), t(2, 3)), /gemm: inner extents differ in \[2,3\]/],
  ["a product of a vector", (k, t) => k.gemm(t(3), t(3, 2)), /gemm: expected two matrices, or .* got \[3\]/],
  [
    "more matrices on one side",
    (k, t) => k.gemm(t(2, 3, 4), t(3, 4, 2)),
    /gemm: expected two matrices, or equally many of each, got \[2,3,4\] and \[3,4,2\]/,
  ],
  [
    "transposes that do not fit",
    (k, t) => k.gemm(t(2, 3), t(3, 2), { transposeA: true }),
    /gemm: inner extents differ in \[2,3\]ᵀ · \[3,2\]/,
  ],
  [
    "an image without channels",
    (k, t) => k.conv2d(t(3, 3, 3), t(...weights), null, conv),
    /expected x to be \[N, C, H, W\]/,
  ],
  [
    "other channels",
    (k, t) => k.conv2d(t(2, 3, 3, 3), t(...weights), null, conv),
    /expected 4 input channels, got 3/,
  ],
  [
    "a bias of another size",
    (k, t) => k.conv2d(t(...images), t(...weights), t(5), conv),
    /conv2d: expected bias to be \[6\], got \[5\]/,
  ],
  [
    "a window too large",
    (k, t) => k.conv2d(t(...images), t(6, 4, 4, 4), null, conv),
    /larger than the padded image/,
  ],
  [
    "a gradient that is not the output's",
    (k, t) => k.conv2dInputGrad(t(2, 6, 3, 3), t(...weights), images, conv),
    /conv2dInputGrad: expected g to be \[2,6,2,2\], got \[2,6,3,3\]/,
  ],
  [
    "a gradient of another batch",
    (k, t) => k.conv2dWeightGrad(t(1, 6, 2, 2), t(...images), weights, conv),
    /conv2dWeightGrad: expected g to be \[2,6,2,2\], got \[1,6,2,2\]/,
  ],
  ["a pool of a vector", (k, t) => k.avgPool2d(t(9), pool), /pool2d: expected x to be \[N, C, H, W\]/],
  [
    "a pool's gradient of another shape",
    (k, t) => k.avgPool2dGrad(t(...images), images, pool),
    /avgPool2dGrad: expected g to be \[2,4,1,1\]/,
  ],
  [
    "values that are not those of x",
    (k, t) => k.maxPool2d(t(2, 4, 3, 2), t(...images), pool),
    /maxPool2d: expected v to be \[2,4,3,3\]/,
  ],
  [
    "a maximum's gradient of another shape",
    (k, t) => k.maxPool2dGrad(t(...images), t(...images), pool),
    /maxPool2dGrad: expected g to be \[2,4,1,1\]/,
  ],
  ["moments of a vector", (k, t) => k.moments(t(3)), /batch norm: expected x to be \[N, C, …\], got \[3\]/],
  [
    "means of other channels",
    (k, t) => k.normalize(t(...images), t(3), t(4), t(4), t(4), 0),
    /normalize: expected mean to be \[4\], got \[3\]/,
  ],
  [
    "a shift of other channels",
    (k, t) => k.normalize(t(...images), t(4), t(4), t(4), t(1), 0),
    /normalize: expected beta to be \[4\], got \[1\]/,
  ],
  [
    "a gradient of another input",
    (k, t) => k.batchNormGrad(t(2, 4), t(...images), t(4), t(4), t(4), 0),
    /batchNormGrad: expected g to be/,
  ],
  [
    "a scale of other channels",
    (k, t) => k.batchNormGrad(t(...images), t(...images), t(4), t(4), t(2), 0),
    /expected gamma to be \[4\], got \[2\]/,
  ],
  [
    "a gradient of another input through a ReLU",
    (k, t) => k.batchNormReluGrad(t(2, 4), t(...images), t(4), t(4), t(4), t(4), 0),
    /expected g to be|cannot broadcast/,
  ],
  [
    "moments of other channels than the convolution's",
    (k, t) => k.conv2dNormalizeRelu(t(...images), t(...weights), null, conv, t(6), t(4), t(6), t(6), 0),
    /normalize: expected variance to be \[6\], got \[4\]/,
  ],
  [
    "a bias of another size before a normalization",
    (k, t) => k.conv2dNormalizeRelu(t(...images), t(...weights), t(5), conv, t(6), t(6), t(6), t(6), 0),
    /conv2d: expected bias to be \[6\], got \[5\]/,
  ],
  ["several steps", (k, t) => k.quantize(t(4), t(2), q), /one (element|step size), got shape \[2\]/],
  [
    "several steps of a gradient",
    (k, t) => k.quantizeGrad(t(4), t(4), t(2), q),
    /one (element|step size), got shape \[2\]/,
  ],
  [
    "a gradient of other values",
    (k, t) => k.quantizeGrad(t(3), t(4), t(), q),
    /quantizeGrad: expected g to be \[4\], got \[3\]/,
  ],
  [
    "logits without rows",
    (k, t) => k.crossEntropy(t(3), Int32Array.of(0)),
    /expected logits to be \[N, K\], got \[3\]/,
  ],
  [
    "too few labels",
    (k, t) => k.crossEntropyGrad(t(2, 3), Int32Array.of(0)),
    /2 rows of logits but 1 labels/,
  ],
  [
    "a gradient of other parameters",
    (k, t) => k.sgd(t(4), t(3), null, sgd),
    /sgd: expected g to be \[4\], got \[3\]/,
  ],
  [
    "a buffer of other parameters",
    (k, t) => k.sgd(t(4), t(4), t(2, 2), sgd),
    /sgd: expected buf to be \[4\], got \[2,2\]/,
  ],
  [
    "moments of other parameters",
    (k, t) => k.adam(t(4), t(4), t(4), t(5), adam),
    /adam: expected v to be \[4\], got \[5\]/,
  ],
  [
    "a mean square of other parameters",
    (k, t) => k.rmsprop(t(4), t(4), t(5), null, rmsprop),
    /rmsprop: expected v to be \[4\], got \[5\]/,
  ],
];

const wrongNumbers: readonly Refusal[] = [
  [
    "too few numbers",
    (k, t) => k.tensor(bufferOf(t().dtype, 2), [3]),
    /tensor: 2 values cannot fill shape \[3\]/,
  ],
  [
    "a stride of 0",
    (k, t) => k.conv2d(t(...images), t(...weights), null, { ...conv, stride: 0 }),
    /expected a stride of at least 1/,
  ],
  [
    "half a padding",
    (k, t) => k.conv2d(t(...images), t(...weights), null, { ...conv, padding: 0.5 }),
    /expected a padding of at least 0/,
  ],
  [
    "groups that do not divide",
    (k, t) => k.conv2d(t(...images), t(...weights), null, { ...conv, groups: 4 }),
    /groups do not divide/,
  ],
  [
    "a pool with a stride of 0",
    (k, t) => k.avgPool2d(t(...images), { ...pool, stride: 0 }),
    /expected a stride of at least 1/,
  ],
  [
    "a pool of mere padding",
    (k, t) => k.maxPool2d(t(...images), t(...images), { ...pool, padding: 2 }),
    /at most half the window/,
  ],
  [
    "a step of 0",
    (k, t) => k.quantize(t(4), k.fill(0, [], t().dtype), q),
    /expected a step size above 0, got 0/,
  ],
  [
    "a step below 0",
    (k, t) => k.quantizeGrad(t(4), t(4), k.fill(-1, [], t().dtype), q),
    /expected a step size above 0, got -1/,
  ],
  [
    "a step that is no number",
    (k, t) => k.quantize(t(4), k.fill(NaN, [], t().dtype), q),
    /expected a step size above 0, got NaN/,
  ],
  [
    "a label too large",
    (k, t) => k.crossEntropy(t(2, 3), Int32Array.of(0, 3)),
    /label 3 at row 1, expected 0 to 2/,
  ],
  [
    "a label below 0",
    (k, t) => k.crossEntropyGrad(t(2, 3), Int32Array.of(-1, 0)),
    /label -1 at row 0, expected 0 to 2/,
  ],
];

/** Kernels that belong to nobody else under test, with their own tensors. */
const foreign: Kernels = { ...reference, name: "foreign" };
const stranger = (shape: Shape, dtype: DType): Tensor => ({
  ...reference.fill(1, shape, dtype),
  kernels: foreign,
});

/** Every kernel that takes two tensors or more, with one of other kernels. */
const mixed: readonly (readonly [string, (k: Kernels, t: Ones, alien: Ones) => unknown])[] = [
  ["binary", (k, t, alien) => k.binary("add", t(2), alien(2))],
  ["gemm", (k, t, alien) => k.gemm(alien(2, 2), t(2, 2))],
  ["conv2d", (k, t, alien) => k.conv2d(t(...images), alien(...weights), null, conv)],
  ["conv2d's bias", (k, t, alien) => k.conv2d(t(...images), t(...weights), alien(6), conv)],
  ["conv2dInputGrad", (k, t, alien) => k.conv2dInputGrad(t(2, 6, 2, 2), alien(...weights), images, conv)],
  ["conv2dWeightGrad", (k, t, alien) => k.conv2dWeightGrad(t(2, 6, 2, 2), alien(...images), weights, conv)],
  ["maxPool2d", (k, t, alien) => k.maxPool2d(t(...images), alien(...images), pool)],
  ["maxPool2dGrad", (k, t, alien) => k.maxPool2dGrad(t(2, 4, 1, 1), alien(...images), pool)],
  ["normalize", (k, t, alien) => k.normalize(t(...images), t(4), t(4), t(4), alien(4), 0)],
  ["batchNormGrad", (k, t, alien) => k.batchNormGrad(t(...images), t(...images), t(4), alien(4), t(4), 0)],
  ["normalizeRelu", (k, t, alien) => k.normalizeRelu(t(...images), t(4), alien(4), t(4), t(4), 0)],
  [
    "batchNormReluGrad",
    (k, t, alien) => k.batchNormReluGrad(t(...images), t(...images), t(4), t(4), t(4), alien(4), 0),
  ],
  [
    "conv2dNormalizeRelu",
    (k, t, alien) =>
      k.conv2dNormalizeRelu(t(...images), t(...weights), null, conv, t(6), t(6), t(6), alien(6), 0),
  ],
  ["quantize", (k, t, alien) => k.quantize(t(4), alien(), q)],
  ["quantizeGrad", (k, t, alien) => k.quantizeGrad(alien(4), t(4), t(), q)],
  ["sgd", (k, t, alien) => k.sgd(t(4), t(4), alien(4), sgd)],
  ["adam", (k, t, alien) => k.adam(t(4), t(4), t(4), alien(4), adam)],
  ["rmsprop", (k, t, alien) => k.rmsprop(t(4), t(4), t(4), alien(4), rmsprop)],
];

export const refusals: Case = ({ kernels, dtype }) => {
  const filled = (shape: Shape): Buffer => bufferOf(dtype, sizeOf(shape)).fill(1);
  const ones: Ones = (...shape) => kernels.tensor(filled(shape), shape);
  test.each([...wrongShapes, ...wrongNumbers])("%s", (_, call, sentence) => {
    expect(() => call(kernels, ones)).toThrow(sentence);
  });
  test.each(mixed)("tensors of other kernels: %s", (_, call) => {
    const alien: Ones = (...shape) => stranger(shape, dtype);
    expect(() => call(kernels, ones, alien)).toThrow(/cannot mix a tensor of "/);
  });
  test.runIf(kernels.dtypes.length > 1)("two precisions at once", () => {
    const single = kernels.fill(1, [2], "float32");
    const double = kernels.fill(1, [2], "float64");
    expect(() => kernels.binary("mul", single, double)).toThrow(/cannot mix float32 with float64/);
  });
  test.runIf(!kernels.dtypes.includes("float64"))("numbers of a precision that they do not have", () => {
    expect(() => kernels.tensor(new Float64Array(2), [2])).toThrow(/float32/);
    expect(() => kernels.fill(1, [2], "float64")).toThrow(/float32/);
  });
};
