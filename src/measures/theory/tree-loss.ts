import { grad } from "../../autograd/grad.ts";
import { constant, type Var } from "../../autograd/op.ts";
import { mapTree, type Tree } from "../../nn/tree.ts";
import { item, sizeOf, type Tensor } from "../../tensor/tensor.ts";
import type { Loss, Point } from "./balls.ts";

/** All numbers of a tree in one list, member after member. */
export const flatten = (tree: Tree<Tensor>): Point =>
  Object.values(tree).flatMap(({ data }) => Array.from(data));

/** The tree with the shapes of `like` and the numbers of the list, in float64. */
export function unflatten(like: Tree<Tensor>, w: Point): Tree<Tensor> {
  const p = Object.values(like).reduce((total, { shape }) => total + sizeOf(shape), 0);
  if (w.length !== p) throw new RangeError(`unflatten: expected ${p} numbers, got ${w.length}`);
  let from = 0;
  return mapTree(like, ({ kernels, shape }) => {
    const values = Float64Array.from(w.slice(from, from + sizeOf(shape)));
    from += sizeOf(shape);
    return kernels.tensor(values, shape);
  });
}

/**
 * The loss of a network as a function of all its weights in one list, with its gradient.
 *
 * @param f - from the weights to a scalar
 */
export function treeLoss(like: Tree<Tensor>, f: (w: Tree<Var>) => Var): Pick<Loss, "at" | "slope"> {
  const leaves = (w: Point): Tree<Var> => mapTree(unflatten(like, w), constant);
  return {
    at: (w) => item(f(leaves(w)).value),
    slope(w) {
      const vars = leaves(w);
      return grad(f(vars), Object.values(vars)).flatMap(({ value }) => Array.from(value.data));
    },
  };
}
