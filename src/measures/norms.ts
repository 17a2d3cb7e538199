import { mapTree, member, type Tree } from "../nn/tree.ts";
import { sameShape, type Tensor } from "../tensor/tensor.ts";

/**
 * ‖w‖₂ = √Σ wᵢ² over all members of a tree, in float64.
 *
 * @implements QGen.tab.2
 */
export function l2Norm(w: Tree<Tensor>): number {
  let total = 0;
  for (const { data } of Object.values(w)) for (const x of data) total += x * x;
  return Math.sqrt(total);
}

/** ‖w − w₀‖₂, over the same names. */
export function l2Distance(w: Tree<Tensor>, w0: Tree<Tensor>): number {
  return l2Norm(
    mapTree(w, (x, name) => {
      const y = member(w0, name);
      if (!sameShape(x.shape, y.shape))
        throw new RangeError(`distance: "${name}" has the shapes [${x.shape}] and [${y.shape}]`);
      return x.kernels.binary("sub", x, y);
    }),
  );
}
