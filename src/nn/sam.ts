/**
 * Sharpness-aware minimization: each step descends by the gradient not at w, but at the worst point near w.
 *
 * @packageDocumentation
 */

import { type Buffer, bufferOf, sizeOf, type Tensor } from "../tensor/tensor.ts";
import { mapTree, member, type Tree } from "./tree.ts";

export interface Sam {
  /** ρ, how far the worst point is looked for. */
  readonly rho: number;
  /** Measures the distance at each weight in units of that weight (ASAM). */
  readonly adaptive: boolean;
  /** Which parameters are moved: the weights of convolutions and linear layers, or all. */
  readonly moved: "weights" | "all";
}

export const defaultSam: Sam = { rho: 0.05, adaptive: false, moved: "weights" };

/** Keeps the division finite where the gradient is zero. */
const TINY = 1e-12;

/**
 * e = ρ g / ‖g‖₂, with one norm over everything that is moved; if adaptive, e = ρ w² g / ‖|w| g‖₂. In float64.
 *
 * @param moved - names of the parameters that are moved
 * @implements SAM.eq.2
 * @deviation Only weights are moved by default, not biases, batch norm or steps of quantizers (`moved: "all"`).
 */
export function ascentOf(
  params: Tree<Tensor>,
  grads: Tree<{ readonly values: Buffer }>,
  { rho, adaptive }: Pick<Sam, "rho" | "adaptive">,
  moved: readonly string[],
): Tree<Float64Array> {
  const scaled = moved.map((name) => {
    const w = member(params, name).data;
    const g = Float64Array.from(member(grads, name).values);
    return { name, w, v: adaptive ? g.map((x, i) => x * Math.abs(w[i]!)) : g };
  });
  let squares = 0;
  for (const { v } of scaled) for (const x of v) squares += x * x;
  const factor = rho / (Math.sqrt(squares) + TINY);
  return Object.fromEntries(
    scaled.map(({ name, w, v }) => [name, v.map((x, i) => factor * (adaptive ? x * Math.abs(w[i]!) : x))]),
  );
}

/** w + e, as new tensors: w itself stays what it is. */
export const climbed = (params: Tree<Tensor>, e: Tree<Float64Array>): Tree<Tensor> =>
  mapTree(params, (w, name) => {
    const own = e[name];
    if (own === undefined) return w;
    const { data } = w;
    const values = bufferOf(w.dtype, sizeOf(w.shape));
    for (let i = 0; i < values.length; i++) values[i] = data[i]! + own[i]!;
    return w.kernels.tensor(values, w.shape);
  });
