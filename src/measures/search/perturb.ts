/**
 * Weights with something added to them. Random numbers are those of the draw and of the parameter, by name, and only
 * scaled by the radius: all radii of a search see the same noise.
 *
 * @packageDocumentation
 */

import type { Model, Weights } from "../../nn/model.ts";
import { mapTree, member, type Tree } from "../../nn/tree.ts";
import type { Spread } from "../../tensor/kernels/kernels.ts";
import type { Rng } from "../../tensor/random.ts";
import { type Buffer, bufferOf, type DType, type Shape, type Tensor } from "../../tensor/tensor.ts";

/** The parameters that a search moves, where the host can read them. */
export type Point = Tree<{ readonly shape: Shape; readonly values: Buffer }>;

/** What is added to each number of a point, or multiplied with it. */
export type Offsets = Tree<Float32Array | Float64Array>;

/**
 * Which parameters are moved: the weights of convolutions and linear layers, or everything that is learned by
 * gradients, the steps of quantizers among it.
 *
 * @deviation The paper perturbs "weights"; the code that it builds on moves all parameters (`"all"`).
 */
export type Moved = "weights" | "all";

/** @throws RangeError where a number is not finite */
export async function pointOf(what: string, model: Model, { params }: Weights, moved: Moved): Promise<Point> {
  const point: Record<string, Point[string]> = {};
  for (const [name, x] of Object.entries(params)) {
    const values = await x.read();
    const bad = values.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0)
      throw new RangeError(
        `${what}: number ${bad} of the parameter "${name}" is ${values[bad]}; weights that are not finite have no radius`,
      );
    if (moved === "all" || model.weights.includes(name)) point[name] = { shape: x.shape, values };
  }
  return point;
}

/** The law of the noise on a weight w at a radius r. */
export interface Law {
  /** `plain`: one scale for all weights. `magnitude`: a scale that grows with |w|. */
  readonly kind: "plain" | "magnitude";
  /** Keeps the scale of a magnitude-aware law above 0 where w = 0. */
  readonly eps: number;
  /** What is used for the standard deviation: itself, or, as in the reference code, the variance. */
  readonly std: "root" | "variance";
}

/**
 * The standard deviation of the noise on w: σ, or √(σ'² w² + ε²). With `std: "variance"` these without their roots:
 * σ² and σ'² w² + ε².
 *
 * @implements QGen.sec.B.2
 * @deviation The paper does not state the magnitude-aware law; this is the one its denominators stand for.
 */
export function spreadOf({ kind, eps, std }: Law, radius: number): Spread {
  const variance = radius * radius;
  const of = kind === "plain" ? { square: 0, constant: variance } : { square: variance, constant: eps * eps };
  return { ...of, root: std === "root" };
}

/**
 * Parameters with normal noise on those that are named. The noise on each is made by its kernels, from the key of a
 * stream of its name, whenever it is asked for: it is sooner made again than kept for every draw.
 */
export const noisy = (
  params: Tree<Tensor>,
  names: readonly string[],
  rng: Rng,
  spread: Spread,
): Tree<Tensor> => {
  const moved = names.map((name) => {
    const w = member(params, name);
    const z = w.kernels.random("normal", rng.fork(name).key(), w.shape, w.dtype);
    return [name, w.kernels.displace(w, z, spread)] as const;
  });
  return { ...params, ...Object.fromEntries(moved) };
};

export function rounded(dtype: DType, size: number, at: (i: number) => number): Buffer {
  const out = bufferOf(dtype, size);
  for (let i = 0; i < size; i++) out[i] = at(i);
  return out;
}

/**
 * The parameters of a network after some were moved.
 *
 * @deviation Where steps of quantizers are moved, the network's own rule for them is applied after it: a step of 0 or
 *   below has no quantizer.
 */
export const admissible = (model: Model, params: Tree<Tensor>): Tree<Tensor> =>
  model.project?.(params) ?? params;

/** The parameters of a network with other numbers in the place of some. */
export const withValues = (model: Model, params: Tree<Tensor>, values: Offsets): Tree<Tensor> =>
  admissible(
    model,
    mapTree(params, (x, name) => {
      const own = values[name];
      return own === undefined ? x : x.kernels.tensor(own, x.shape);
    }),
  );

/** Remembers what was made last. */
export function memoLast<K, T>(make: (key: K) => T): (key: K) => T {
  let last: { key: K; value: T } | undefined;
  return (key) => {
    if (last === undefined || last.key !== key) last = { key, value: make(key) };
    return last.value;
  };
}
