/** What the parts of the contract suite share: operands, and the textbook bounds on what is computed from them. */
import fc from "fast-check";
import { expect } from "vitest";
import type { Kernels } from "../../src/tensor/kernels/kernels.ts";
import {
  type Buffer,
  bufferOf,
  type DType,
  type Shape,
  sizeOf,
  type Tensor,
} from "../../src/tensor/tensor.ts";

/** How far an implementation may be from the correctly rounded result, in units in the last place. */
export interface Tolerance {
  /** For one operation that IEEE 754 defines: + − × ÷ √, comparisons, rounding. */
  readonly ieee: number;
  /** For exp, log and tanh. */
  readonly transcendental: number;
}

/** Kernels under test, in one of their precisions. */
export interface Subject {
  readonly kernels: Kernels;
  readonly dtype: DType;
  readonly tolerance: Tolerance;
}

/** Declares the tests of one kernel. */
export type Case = (subject: Subject) => void;

/** Unit roundoff. */
export const unit = (dtype: DType): number => (dtype === "float32" ? 2 ** -24 : 2 ** -53);

/** γₖ = k u / (1 − k u): the relative error that k roundings can add up to (Higham, lemma 3.1). */
export const gamma = (k: number, u: number): number => (k * u) / (1 - k * u);

/** Share of the samples that is tried: where every new shape is compiled, all of them take minutes. */
const effort = Number(process.env.QGEN_EFFORT ?? 1);

/** Runs `body` on `runs` samples. */
export const holds = <T>(samples: fc.Arbitrary<T>, runs: number, body: (sample: T) => Promise<void>) =>
  fc.assert(fc.asyncProperty(samples, body), { numRuns: Math.ceil(runs * effort) });

export const extent = (min: number, max: number): fc.Arbitrary<number> => fc.integer({ min, max });

/** A seed of the numbers that fill operands: samples shrink in their shapes, not in every number. */
export const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });

/** Uniform on [−4, 4), by the generator mulberry32. */
export function noise(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 29 - 4;
  };
}

/** Mostly whole numbers from −2 to 2, so that equal ones are frequent. */
export function coarse(seed: number): () => number {
  const draw = noise(seed);
  return () => Math.trunc(draw() * 0.75);
}

/** Mostly ordinary numbers, and now and then one of `special`. */
export function spiced(seed: number, special: readonly number[], oneIn = 8): () => number {
  const draw = noise(seed);
  const unitary = (): number => (draw() + 4) / 8;
  return () => (unitary() * oneIn < 1 ? special[Math.floor(unitary() * special.length)]! : draw());
}

/** A tensor under test, and its numbers for the definition to read. */
export interface Operand {
  readonly tensor: Tensor;
  readonly values: Buffer;
}

export function operandOf({ kernels, dtype }: Subject, numbers: ArrayLike<number>, shape: Shape): Operand {
  const values = bufferOf(dtype, numbers.length);
  values.set(numbers);
  return { tensor: kernels.tensor(values, shape), values };
}

/** An operand filled by `draw`. */
export const operand = (subject: Subject, shape: Shape, draw: () => number): Operand =>
  operandOf(subject, Array.from({ length: sizeOf(shape) }, draw), shape);

/** Many sums at once, in float64, with what bounds the error of computing each of them. */
export interface Sums {
  readonly value: Float64Array;
  /** Σ |term| */
  readonly magnitude: Float64Array;
  /** How many terms. */
  readonly terms: Int32Array;
}

export const sums = (size: number): Sums => ({
  value: new Float64Array(size),
  magnitude: new Float64Array(size),
  terms: new Int32Array(size),
});

export function include(s: Sums, i: number, term: number): void {
  s.value[i]! += term;
  s.magnitude[i]! += Math.abs(term);
  s.terms[i]! += 1;
}

/** Σ a b, in float64. */
export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i]! * b[i]!;
  return total;
}

/** Covers terms that underflow. */
const UNDERFLOW = 2 ** -100;

/** Fails unless every actual number is within its bound; where the exact one is not finite, they must agree. */
export function expectNear(actual: Buffer, exact: ArrayLike<number>, bound: (i: number) => number): void {
  expect(actual.length).toBe(exact.length);
  for (let i = 0; i < actual.length; i++) {
    const [found, value] = [actual[i]!, exact[i]!];
    const near = Number.isFinite(value)
      ? Math.abs(found - value) <= bound(i) + UNDERFLOW
      : Object.is(found, value);
    if (!near) expect.fail(`element ${i} of ${actual.length} is ${found}, expected ${value} ± ${bound(i)}`);
  }
}

/**
 * Fails unless each sum of k terms is within γₖ₊₂ Σ |term|, whatever the order of summation. The 2 are for a
 * product in each term and for rounding the result. The definition's own float64 arithmetic is allowed the same.
 */
export function expectSums(actual: Buffer, exact: Sums, dtype: DType, factor = 1): void {
  expectNear(
    actual,
    exact.value.map((v) => v * factor),
    (i) => {
      const k = exact.terms[i]! + 2;
      return (gamma(k, unit(dtype)) + gamma(k, 2 ** -53)) * exact.magnitude[i]! * Math.abs(factor);
    },
  );
}

const bits = new DataView(new ArrayBuffer(8));

/** The place of a float among all floats of its precision, in the order of size; both zeros are at 0. */
function rank(x: number, dtype: DType): bigint {
  if (dtype === "float32") bits.setFloat32(0, x);
  else bits.setFloat64(0, x);
  const signed = dtype === "float32" ? BigInt(bits.getInt32(0)) : bits.getBigInt64(0);
  const lowest = dtype === "float32" ? -(2n ** 31n) : -(2n ** 63n);
  return signed < 0n ? lowest - signed : signed;
}

/** How many floats lie between two, in units in the last place. NaN is 0 from NaN and far from all others. */
export function ulpsApart(a: number, b: number, dtype: DType): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) && Number.isNaN(b) ? 0 : Infinity;
  const distance = rank(a, dtype) - rank(b, dtype);
  return Number(distance < 0n ? -distance : distance);
}

/** Fails unless every actual number is within `ulps` of the exact one, rounded; 0 asks for the same bits. */
export function expectUlps(actual: Buffer, exact: ArrayLike<number>, dtype: DType, ulps: number): void {
  expect(actual.length).toBe(exact.length);
  for (let i = 0; i < actual.length; i++) {
    const found = actual[i]!;
    const rounded = dtype === "float32" ? Math.fround(exact[i]!) : exact[i]!;
    if (!(ulps === 0 ? Object.is(found, rounded) : ulpsApart(found, rounded, dtype) <= ulps))
      expect.fail(`element ${i} of ${actual.length} is ${found}, expected ${rounded} within ${ulps} ulp`);
  }
}
