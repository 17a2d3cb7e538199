/**
 * How much slower a step learns than the values that it quantizes: the factor on its gradient.
 *
 * @packageDocumentation
 */

import { sizeOf, type Tensor } from "../tensor/tensor.ts";
import { type Levels, stepGradScale } from "./lsq.ts";

/** `lsq`: 1/√(n qp). `l1`: VVTQ's, which knows how large the weights are. `none`: 1. */
export type GradScale = "lsq" | "l1" | "none";

/**
 * Of the step of weights w; `l1` is 1 / √(qp ‖w‖₁).
 *
 * @implements VVTQ.gradScale
 * @deviation One step for each layer, never one for each head of an attention.
 */
export function weightGradScale(how: GradScale, w: Tensor, levels: Levels): number {
  if (how === "none") return 1;
  if (how === "lsq") return stepGradScale(sizeOf(w.shape), levels);
  let norm = 0;
  for (const x of w.data) norm += Math.abs(x);
  return norm === 0 ? 1 : 1 / Math.sqrt(levels.qp * norm);
}

/**
 * Of the step of n activations; `l1` is 1 / (√n qp).
 *
 * @implements VVTQ.gradScale
 */
export function inputGradScale(how: GradScale, n: number, levels: Levels): number {
  if (how === "none") return 1;
  return how === "lsq" ? stepGradScale(n, levels) : 1 / (Math.sqrt(n) * levels.qp);
}
