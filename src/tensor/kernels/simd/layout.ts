/** The same numbers in another order, or some of them. */
import { expectShape, flatPlan, permutationPlan, takeDims } from "../../shape.ts";
import { sizeOf } from "../../tensor.ts";
import type { Kernels } from "../kernels.ts";
import type { Ground } from "./ground.ts";

export type Layout = Pick<Kernels, "permute" | "take" | "takeGrad">;

export function createLayout(ground: Ground): Layout {
  const { wasm, at, empty, zeros, integers } = ground;

  return {
    permute(x, order) {
      const plan = permutationPlan(x.shape, order);
      const y = empty(plan.shape);
      if (sizeOf(plan.shape) > 0) wasm.permute!(at(x), at(y), plan.extents.length, integers(flatPlan(plan)));
      return y;
    },
    take(x, axis, indices) {
      const { outer, extent, count, inner, shape } = takeDims(x.shape, axis, indices);
      const y = empty(shape);
      wasm.take!(at(x), at(y), integers(indices), outer, extent, count, inner);
      return y;
    },
    takeGrad(g, x, axis, indices) {
      const { outer, extent, count, inner, shape } = takeDims(x, axis, indices);
      expectShape("takeGrad", { g }, shape);
      const dx = zeros(x);
      wasm.takeGrad!(at(g), at(dx), integers(indices), outer, extent, count, inner);
      return dx;
    },
  };
}
