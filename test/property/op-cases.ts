/**
 * One list of cases for every op: an op without a case does not compile.
 */
import fc from "fast-check";
import { constant, type Op, type Ops, type Var } from "../../src/autograd/op.ts";
import * as arithmetic from "../../src/autograd/ops/arithmetic.ts";
import * as fusedRelu from "../../src/autograd/ops/batch-norm-relu.ts";
import * as fused from "../../src/autograd/ops/fused.ts";
import * as layout from "../../src/autograd/ops/layout.ts";
import * as linear from "../../src/autograd/ops/linear.ts";
import * as softmax from "../../src/autograd/ops/softmax.ts";
import { type Shape, sizeOf, type Tensor } from "../../src/tensor/tensor.ts";
import { f64, filled } from "../tensors.ts";

type Apply = (...xs: Var[]) => readonly Var[];

export interface Case {
  readonly label: string;
  readonly gradient: unknown;
  readonly apply: Apply;
  /** Inputs around which the op is smooth. */
  readonly inputs: fc.Arbitrary<Tensor[]>;
  readonly shapes: readonly Shape[];
}

export interface FusedCase extends Case {
  /** The same outputs in plain ops. */
  readonly definition: Apply;
}

/** Where the numbers of one input may lie. */
type Domain = (shape: Shape) => fc.Arbitrary<Tensor>;

const around: Domain = (shape) => filled(shape);
const positive: Domain = (shape) => filled(shape, { min: 0.5, max: 2 });
const all =
  (domain: Domain) =>
  (shapes: readonly Shape[]): fc.Arbitrary<Tensor[]> =>
    fc.tuple(...shapes.map(domain));
/** Clear of a kink at 0. */
const awayFromZero: Domain = (shape) =>
  fc
    .tuple(filled(shape, { min: 0.1, max: 1 }), filled(shape))
    .map(([size, sign]) => f64(size.data.map((x, i) => (sign.data[i]! < 0 ? -x : x)) as Float64Array, shape));
/** No two numbers closer than 0.1, so that each window has one maximum and keeps it. */
const apart: Domain = (shape) => {
  const order = Array.from({ length: sizeOf(shape) }, (_, i) => i);
  return fc.shuffledSubarray(order, { minLength: order.length }).map((ranks) =>
    f64(
      ranks.map((rank) => 0.1 * (rank - order.length / 2)),
      shape,
    ),
  );
};

type AnyOp = {
  (...xs: never[]): Var | readonly Var[];
  readonly def: { readonly name: string; readonly gradient: unknown };
};

/** `take` chooses among the outputs of an op that has several. */
function smooth(op: AnyOp, shapes: readonly Shape[], domain = all(around), take?: readonly number[]): Case {
  const chosen = (y: Var | readonly Var[]): readonly Var[] =>
    "value" in y ? [y] : (take ?? y.map((_, i) => i)).map((i) => y[i]!);
  return {
    label: shapes.map((s) => `[${s}]`).join(" ") + (take === undefined ? "" : `, outputs ${take}`),
    gradient: op.def.gradient,
    apply: (...xs) => chosen((op as unknown as (...xs: Var[]) => Var | readonly Var[])(...xs)),
    inputs: domain(shapes),
    shapes,
  };
}

type InputsOf<O> = O extends Op<infer Xs> ? Xs : O extends Ops<infer Xs, infer _Ys> ? Xs : never;

function againstDefinition<O extends AnyOp>(
  op: O,
  definition: (...xs: InputsOf<O>) => Var | readonly Var[],
  shapes: readonly Shape[],
  domain = all(around),
  take?: readonly number[],
): FusedCase {
  const plain = smooth(Object.assign(definition, { def: op.def }) as AnyOp, shapes, domain, take);
  return { ...smooth(op, shapes, domain, take), definition: plain.apply };
}

type IsOp<T> = T extends { readonly def: unknown } ? true : false;
/** The names in a module under which there is an op, or a function that makes one. */
type OpNames<Module> = {
  [Name in keyof Module]: IsOp<Module[Name]> extends true
    ? Name
    : Module[Name] extends (...args: never[]) => infer Made
      ? IsOp<Made> extends true
        ? Name
        : never
      : never;
}[keyof Module];
type CasesOf<Module, C> = { readonly [Name in OpNames<Module>]: readonly [C, ...C[]] };

const unary = (op: AnyOp, domain = around): readonly [Case, ...Case[]] => [
  smooth(op, [[2, 3]], all(domain)),
  smooth(op, [[]], all(domain)),
];
/** The broadcasts that occur: none, a vector, both sides, a scalar on either side. */
const binary = (op: AnyOp, domain = all(around)): readonly [Case, ...Case[]] => {
  const pairs: readonly [Shape, Shape][] = [
    [
      [2, 3],
      [2, 3],
    ],
    [[2, 3], [3]],
    [
      [2, 1],
      [1, 3],
    ],
    [[2, 3], []],
    [[], [2, 2]],
  ];
  const [first, ...rest] = pairs.map((shapes) => smooth(op, shapes, domain));
  return [first!, ...rest];
};
const gated = ([a, b]: readonly Shape[]): fc.Arbitrary<Tensor[]> => fc.tuple(around(a!), awayFromZero(b!));

export const arithmeticCases: CasesOf<typeof arithmetic, Case> = {
  broadcastTo: [
    smooth(arithmetic.broadcastTo([2, 3]), [[3]]),
    smooth(arithmetic.broadcastTo([2, 3, 2]), [[2, 1, 2]]),
    smooth(arithmetic.broadcastTo([2, 3]), [[2, 3]]),
  ],
  reduceTo: [
    smooth(arithmetic.reduceTo([1, 3]), [[2, 3]]),
    smooth(arithmetic.reduceTo([3, 1]), [[2, 3, 2]]),
    smooth(arithmetic.reduceTo([2, 3]), [[2, 3]]),
  ],
  reshape: [smooth(arithmetic.reshape([3, 2]), [[2, 3]])],
  add: binary(arithmetic.add),
  sub: binary(arithmetic.sub),
  mul: binary(arithmetic.mul),
  div: binary(arithmetic.div, all(positive)),
  neg: unary(arithmetic.neg),
  exp: unary(arithmetic.exp),
  log: unary(arithmetic.log, positive),
  sqrt: unary(arithmetic.sqrt, positive),
  tanh: unary(arithmetic.tanh),
  gelu: unary(arithmetic.gelu),
  geluSlope: unary(arithmetic.geluSlope),
  relu: unary(arithmetic.relu, awayFromZero),
  gate: binary(arithmetic.gate, gated),
  scale: unary(arithmetic.scale(-1.5)),
  shift: unary(arithmetic.shift(0.25)),
  atLeast: unary(arithmetic.atLeast(0), awayFromZero),
  sum: unary(arithmetic.sum),
};

const twice = Int32Array.of(2, -1, 0, 2);

export const layoutCases: CasesOf<typeof layout, Case> = {
  permute: [
    smooth(layout.permute([2, 0, 1]), [[2, 3, 4]]),
    smooth(layout.permute([0, 2, 1, 3]), [[2, 3, 1, 2]]),
  ],
  take: [smooth(layout.take(1, twice), [[2, 3, 2]]), smooth(layout.take(0, twice), [[3]])],
  takeGrad: [smooth(layout.takeGrad([2, 3, 2], 1, twice), [[2, 4, 2]])],
};

const padded = { stride: 1, padding: 1, groups: 1 };
const strided = { stride: 2, padding: 1, groups: 1 };
const grouped = { stride: 1, padding: 0, groups: 2 };
const pool = { size: 2, stride: 2, padding: 0 };
const overlapping = { size: 3, stride: 2, padding: 1 };
const image: Shape = [2, 2, 3, 4];
const window: Shape = [2, 2, 3, 3];
const pointwise: Shape = [4, 1, 1, 1];
const routed = ([v, x]: readonly Shape[]): fc.Arbitrary<Tensor[]> => fc.tuple(around(v!), apart(x!));

export const linearCases: CasesOf<typeof linear, Case> = {
  gemm: [
    smooth(linear.gemm(), [
      [2, 3],
      [3, 4],
    ]),
    smooth(linear.gemm({ transposeA: true }), [
      [3, 2],
      [3, 4],
    ]),
    smooth(linear.gemm({ transposeB: true }), [
      [2, 3],
      [4, 3],
    ]),
    smooth(linear.gemm({ transposeA: true, transposeB: true }), [
      [3, 2],
      [4, 3],
    ]),
    smooth(linear.gemm({ transposeB: true }), [
      [2, 2, 3],
      [2, 4, 3],
    ]),
  ],
  conv2d: [
    smooth(linear.conv2d(padded), [image, window]),
    smooth(linear.conv2d(strided), [image, window]),
    smooth(linear.conv2d(grouped), [image, pointwise]),
  ],
  conv2dBias: [
    smooth(linear.conv2dBias(strided), [image, window, [2]]),
    smooth(linear.conv2dBias(grouped), [image, pointwise, [4]]),
  ],
  conv2dInputGrad: [
    smooth(linear.conv2dInputGrad(image, padded), [image, window]),
    smooth(linear.conv2dInputGrad(image, strided), [[2, 2, 2, 2], window]),
    smooth(linear.conv2dInputGrad(image, grouped), [[2, 4, 3, 4], pointwise]),
  ],
  conv2dWeightGrad: [
    smooth(linear.conv2dWeightGrad(window, padded), [image, image]),
    smooth(linear.conv2dWeightGrad(window, strided), [[2, 2, 2, 2], image]),
    smooth(linear.conv2dWeightGrad(pointwise, grouped), [[2, 4, 3, 4], image]),
  ],
  avgPool2d: [smooth(linear.avgPool2d(pool), [image]), smooth(linear.avgPool2d(overlapping), [image])],
  avgPool2dGrad: [
    smooth(linear.avgPool2dGrad(image, pool), [[2, 2, 1, 2]]),
    smooth(linear.avgPool2dGrad(image, overlapping), [[2, 2, 2, 2]]),
  ],
  maxPool2d: [
    smooth(linear.maxPool2d(pool), [image], all(apart)),
    smooth(linear.maxPool2d(overlapping), [image], all(apart)),
  ],
  maxPool2dTake: [smooth(linear.maxPool2dTake(overlapping), [image, image], routed)],
  maxPool2dGrad: [smooth(linear.maxPool2dGrad(overlapping), [[2, 2, 2, 2], image], routed)],
};

const eps = 0.1;
const [x, perChannel]: [Shape, Shape] = [[3, 2, 2], [2]];
/** Everything anywhere, but variances, the input number `at`, are positive. */
const varianceAt =
  (at: number) =>
  (shapes: readonly Shape[]): fc.Arbitrary<Tensor[]> =>
    fc.tuple(...shapes.map((shape, i) => (i === at ? positive(shape) : around(shape))));
const labels = Int32Array.of(2, 0, 1, 2);

const batchNorm = (shapes: readonly Shape[], take?: readonly number[]) =>
  againstDefinition(fused.batchNorm(eps), fused.batchNormDefinition(eps), shapes, all(around), take);
const batchNormGrad = (take?: readonly number[]) =>
  againstDefinition(
    fused.batchNormGrad(eps),
    fused.batchNormGradDefinition(eps),
    [x, x, perChannel, perChannel, perChannel],
    varianceAt(3),
    take,
  );
const normalize = (x: Shape) =>
  againstDefinition(
    fused.normalize(eps),
    fused.normalizeDefinition(eps),
    [x, perChannel, perChannel, perChannel, perChannel],
    varianceAt(2),
  );

/** As `domain`, where nothing that goes into the ReLU is near its kink. */
const clearOf =
  (before: (...xs: Var[]) => Var, domain = all(around)) =>
  (shapes: readonly Shape[]): fc.Arbitrary<Tensor[]> =>
    domain(shapes).filter((xs) => before(...xs.map(constant)).value.data.every((y) => Math.abs(y) > 0.01));
const normalized = fused.normalizeDefinition(eps) as (...xs: Var[]) => Var;
const batchNormRelu = (shapes: readonly Shape[], take?: readonly number[]) =>
  againstDefinition(
    fusedRelu.batchNormRelu(eps),
    fusedRelu.batchNormReluDefinition(eps),
    shapes,
    clearOf((...xs) => (fused.batchNormDefinition(eps) as (...xs: Var[]) => readonly Var[])(...xs)[0]!),
    take,
  );
const batchNormReluGrad = (take?: readonly number[]) =>
  againstDefinition(
    fusedRelu.batchNormReluGrad(eps),
    fusedRelu.batchNormReluGradDefinition(eps),
    [x, x, perChannel, perChannel, perChannel, perChannel],
    clearOf((_g, ...xs) => normalized(...xs), varianceAt(3)),
    take,
  );

const convNormalizeRelu = (...bias: readonly Shape[]) => {
  const geometry = { stride: 2, padding: 1, groups: 1 };
  const { convNormalizeReluDefinition: define } = fusedRelu;
  const convolved = ([x, w, ...others]: Var[]): Var =>
    linear.conv2dBias(geometry)(x!, w!, others[4] ?? constant(f64([0, 0], [2])));
  return againstDefinition(
    fusedRelu.convNormalizeRelu(geometry, eps),
    define(geometry, eps),
    [[2, 2, 3, 4], [2, 2, 3, 3], perChannel, perChannel, perChannel, perChannel, ...bias],
    clearOf((...xs) => normalized(convolved(xs), ...xs.slice(2, 6)), varianceAt(3)),
  );
};

export const fusedReluCases: CasesOf<typeof fusedRelu, FusedCase> = {
  batchNormRelu: [
    batchNormRelu([x, perChannel, perChannel], [0]),
    batchNormRelu([[2, 2, 2, 2], perChannel, perChannel], [0]),
    batchNormRelu([x, perChannel, perChannel]),
  ],
  batchNormReluGrad: [batchNormReluGrad([0]), batchNormReluGrad([1, 2]), batchNormReluGrad()],
  normalizeRelu: [
    againstDefinition(
      fusedRelu.normalizeRelu(eps),
      fusedRelu.normalizeReluDefinition(eps),
      [x, perChannel, perChannel, perChannel, perChannel],
      clearOf(normalized, varianceAt(2)),
    ),
  ],
  convNormalizeRelu: [convNormalizeRelu(), convNormalizeRelu([2])],
};

export const fusedCases: CasesOf<typeof fused, FusedCase> = {
  batchNorm: [
    batchNorm([x, perChannel, perChannel], [0]),
    batchNorm([[2, 2, 2, 2], perChannel, perChannel], [0]),
    batchNorm([[4, 2], perChannel, perChannel]),
    batchNorm([x, perChannel, perChannel], [1, 2]),
  ],
  batchNormGrad: [batchNormGrad([0]), batchNormGrad([1, 2]), batchNormGrad()],
  normalize: [normalize(x), normalize([2, 2])],
  crossEntropy: [
    againstDefinition(fused.crossEntropy(labels), fused.crossEntropyDefinition(labels), [[4, 3]]),
  ],
  crossEntropyGrad: [
    againstDefinition(fused.crossEntropyGrad(labels), fused.crossEntropyGradDefinition(labels), [[4, 3]]),
  ],
};

const softmaxCases: CasesOf<typeof softmax, FusedCase> = {
  softmax: [
    againstDefinition(softmax.softmax, softmax.softmaxDefinition, [[2, 3]]),
    againstDefinition(softmax.softmax, softmax.softmaxDefinition, [[2, 1, 4]]),
  ],
};

export const allCases: readonly (readonly [string, Case])[] = Object.entries({
  ...arithmeticCases,
  ...linearCases,
  ...layoutCases,
  ...fusedCases,
  ...fusedReluCases,
  ...softmaxCases,
}).flatMap(([name, cases]) => cases.map((c: Case) => [`${name} ${c.label}`, c] as const));

export const allFusedCases: readonly (readonly [string, FusedCase])[] = Object.entries({
  ...fusedCases,
  ...fusedReluCases,
  ...softmaxCases,
}).flatMap(([name, cases]) => cases.map((c) => [`${name} ${c.label}`, c] as const));
