/**
 * Gradients held against central differences: for whoever writes an op, a layer or a loss of their own.
 *
 * @packageDocumentation
 */

import { sizeOf, type Tensor } from "../tensor/tensor.ts";
import { grad } from "./grad.ts";
import { constant, type Var } from "./op.ts";
import { mul, sum } from "./ops/arithmetic.ts";

export interface GradcheckOptions {
  /** Half the distance between the two points of a difference. */
  readonly h?: number;
  /** The largest error allowed, relative to the slope where that is above 1. */
  readonly tolerance?: number;
  /** What to call the inputs in a message, instead of by number. */
  readonly names?: readonly string[];
}

/** One slope, computed twice. */
export interface Slope {
  /** Which input was moved, from 0. */
  readonly input: number;
  /** Which of its numbers was moved (row-major), or all of them along a fixed direction. */
  readonly along: number | "all";
  /** By `grad`. */
  readonly analytic: number;
  /** By a central difference. */
  readonly numeric: number;
  /** |analytic − numeric| / max(1, |analytic|, |numeric|) */
  readonly error: number;
}

/** More elements than this of one input are not moved one by one: an even selection stands for them. */
const MAX_ELEMENTS = 256;

/** Numbers in [0, 1) without a visible pattern: the multiples of the golden ratio, modulo 1. */
const irregular = (i: number): number => (i * 0.6180339887498949) % 1;

/** The one with the largest error; an error that is not a number is larger than any. */
const worstOf = (slopes: readonly Slope[]): Slope =>
  slopes.reduce((a, b) => (b.error > a.error || Number.isNaN(b.error) ? b : a));

/**
 * Compares the gradient of `f` with central differences: along every number of every input (an even selection
 * where there are many), and once for each input along a direction that moves all its numbers. An `f` that is
 * not a scalar is summed with fixed weights.
 *
 * @param xs - float64; a point around which `f` is smooth
 * @returns the slope with the largest error
 * @throws Error in a sentence that names the worst slope, where its error is above the tolerance
 * @throws TypeError where an input is not float64: differences would leave no digits to compare
 */
export function gradcheck(
  f: (...xs: Var[]) => Var,
  xs: readonly Tensor[],
  { h = 1e-6, tolerance = 1e-6, names = [] }: GradcheckOptions = {},
): Slope {
  const nameOf = (input: number): string => names[input] ?? `input ${input}`;
  xs.forEach(({ dtype }, i) => {
    if (dtype !== "float64") throw new TypeError(`gradcheck: expected ${nameOf(i)} in float64, got ${dtype}`);
  });
  const scalar = (vars: Var[]): Var => {
    const y = f(...vars);
    const weights = Float64Array.from({ length: sizeOf(y.value.shape) }, (_, i) => 1 + irregular(i));
    return sum(mul(y, constant(y.value.kernels.tensor(weights, y.value.shape))));
  };
  const vars = xs.map(constant);
  const gradients = grad(scalar(vars), vars);

  const slopes = xs.flatMap((x, input) => {
    const valueAt = (direction: (i: number) => number, t: number): number => {
      const moved = x.kernels.tensor(
        Float64Array.from(x.data, (v, i) => v + t * direction(i)),
        x.shape,
      );
      return scalar(xs.map((other, i) => constant(i === input ? moved : other))).value.data[0]!;
    };
    const slope = (along: number | "all", direction: (i: number) => number): Slope => {
      const numeric = (valueAt(direction, h) - valueAt(direction, -h)) / (2 * h);
      let analytic = 0;
      gradients[input]!.value.data.forEach((g, i) => {
        analytic += g * direction(i);
      });
      const size = Math.max(1, Math.abs(analytic), Math.abs(numeric));
      return { input, along, analytic, numeric, error: Math.abs(analytic - numeric) / size };
    };
    const size = sizeOf(x.shape);
    const count = Math.min(size, MAX_ELEMENTS);
    const elements = Array.from({ length: count }, (_, k) => Math.floor((k * size) / count));
    return [
      slope("all", (i) => 2 * irregular(i + 1) - 1),
      ...elements.map((element) => slope(element, (i) => Number(i === element))),
    ];
  });

  const wrong = slopes.filter(({ error }) => !(error <= tolerance));
  // A single number says more than a direction.
  const single = wrong.filter(({ along }) => along !== "all");
  const worst = worstOf(single.length > 0 ? single : wrong.length > 0 ? wrong : slopes);
  if (wrong.length === 0) return worst;
  const where =
    worst.along === "all"
      ? "along a direction that moves all its numbers"
      : `at its number ${worst.along} of ${sizeOf(xs[worst.input]!.shape)}, counted from 0`;
  throw new Error(
    `gradcheck: the gradient to ${nameOf(worst.input)} (shape [${xs[worst.input]!.shape}]) is wrong ${where}: ` +
      `grad gives ${worst.analytic}, a central difference ${worst.numeric}, with h = ${h} ` +
      `(error ${worst.error.toPrecision(3)}, tolerance ${tolerance})`,
  );
}
