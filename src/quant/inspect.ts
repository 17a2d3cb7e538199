import { member, type Tree } from "../nn/tree.ts";
import { item, type Tensor } from "../tensor/tensor.ts";
import { quantized } from "./lsq.ts";
import type { LayerQuantizer, Policy } from "./prepare.ts";

/** How a layer's weights lie on its levels. */
export interface Clipping {
  /** Share of the weights beyond the outermost levels by more than half a step, 0 to 1. */
  readonly clipped: number;
  /** max |w − ŵ| / s over the others. */
  readonly largestError: number;
}

/**
 * |Δ| ≤ s/2 holds for the weights that are not clipped, and for no others.
 *
 * @implements QGen.eq.3
 */
export function clippingOf(
  { weight, step, levels }: LayerQuantizer,
  { rounding }: Policy,
  params: Tree<Tensor>,
): Clipping {
  const [w, s] = [member(params, weight), member(params, step)];
  const hat = quantized(w, s, levels, rounding);
  const width = item(s);
  let [clipped, largestError] = [0, 0];
  for (let i = 0; i < w.data.length; i++) {
    const ratio = w.data[i]! / width;
    if (ratio < -levels.qn - 0.5 || ratio > levels.qp + 0.5) clipped++;
    else largestError = Math.max(largestError, Math.abs(w.data[i]! - hat.data[i]!) / width);
  }
  return { clipped: clipped / w.data.length, largestError };
}
