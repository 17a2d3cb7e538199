import type { Rounding } from "../tensor/kernels/kernels.ts";
import { roundHalfAway, roundHalfEven } from "../tensor/math.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type Levels, STEP_FLOOR } from "./lsq.ts";

/** The iteration ends when s changes by less than this share. */
const CHANGE = 1e-5;
/** It always does before; this only bounds it. */
const ITERATIONS = 1000;

/**
 * A step with a small error ‖v − s v̄‖²: from max|v| / qp, codes and step are fitted to each other in turn,
 * v̄ = ⌊clip(v/s, −qn, qp)⌉ and s ← ⟨v, v̄⟩ / ⟨v̄, v̄⟩, until s stays. No turn increases the error.
 *
 * @implements VVTQ.init
 */
export function mseStep(v: Tensor, { qn, qp }: Levels, rounding: Rounding = "half-even"): number {
  const nearest = rounding === "half-even" ? roundHalfEven : roundHalfAway;
  let largest = 0;
  for (const x of v.data) largest = Math.max(largest, Math.abs(x));
  let s = Math.max(largest / qp, STEP_FLOOR);
  for (let i = 0; i < ITERATIONS; i++) {
    let [products, squares] = [0, 0];
    for (const x of v.data) {
      const code = nearest(Math.min(Math.max(x / s, -qn), qp));
      products += x * code;
      squares += code * code;
    }
    if (squares === 0) return s;
    const next = Math.max(products / squares, STEP_FLOOR);
    if (Math.abs(next - s) < CHANGE * s) return next;
    s = next;
  }
  return s;
}
