import { constant } from "../autograd/op.ts";
import type { Model, Weights } from "../nn/model.ts";
import { mapTree, type Tree } from "../nn/tree.ts";
import { reference } from "../tensor/kernels/reference/index.ts";
import { type Shape, sizeOf, type Tensor } from "../tensor/tensor.ts";
import { inDoubles } from "./vectors.ts";

/** What batch norm adds to the variance. */
const EPS = 1e-5;

export interface PathNormOptions {
  /**
   * `paths`: running statistics are weights of paths too. `parameters`: only parameters are squared, as in the code
   * of Dziugaite et al., which is right only where batch norm has been folded into the convolutions before.
   */
  readonly square?: "paths" | "parameters";
}

const squared = (x: Tensor): Tensor => x.kernels.binary("mul", x, x);

/**
 * The running statistics of a network whose every edge is squared: batch norm computes γ (x − μ) / √(σ² + eps) + β,
 * so that −μ becomes μ² and 1/√(σ² + eps) becomes 1/(σ² + eps).
 */
const squaredStatistics = (buffers: Tree<Tensor>): Tree<Tensor> =>
  mapTree(buffers, (x, name) => {
    if (name.endsWith("running_mean")) return x.kernels.unary("neg", squared(x));
    if (!name.endsWith("running_var"))
      throw new RangeError(
        `path norm: expected running means and variances among the buffers, got "${name}"`,
      );
    return x.kernels.unary("shift", squared(x.kernels.unary("shift", x, EPS)), -EPS);
  });

/**
 * Σ over all paths from an input pixel or a constant to an output of Π (weight on the path)²: the sum of the
 * outputs of the network with squared parameters for an image of ones (Jiang et al. 2019, eq. 44). In float64.
 *
 * @param model - ReLU, convolutions, linear layers, batch norm, sums and means; of a quantized network, the float
 *   model with dequantized weights, since the quantizer of squared weights is another one
 * @param shape - [C, H, W]
 * @deviation Means over pixels weigh a path by 1/n, not by 1/n², as in the code of Dziugaite et al.
 */
export function pathNorm(
  model: Model,
  { params, buffers }: Weights,
  shape: Shape,
  { square = "paths" }: PathNormOptions = {},
): number {
  const edges = mapTree(inDoubles(params), (x) => constant(squared(x)));
  const statistics = inDoubles(buffers);
  const ones = constant(reference.tensor(new Float64Array(sizeOf(shape)).fill(1), [1, ...shape]));
  const { y } = model.apply(
    edges,
    square === "paths" ? squaredStatistics(statistics) : statistics,
    ones,
    "eval",
  );
  let total = 0;
  for (const value of y.value.data) total += value;
  return total;
}
