import type { Var } from "../autograd/op.ts";
import type { Kernels } from "../tensor/kernels/kernels.ts";
import type { Rng } from "../tensor/random.ts";
import type { DType, Tensor } from "../tensor/tensor.ts";
import type { Tree } from "./tree.ts";

/** `train`: batch norm uses the moments of the batch. `eval`: those it has learned. */
export type Mode = "train" | "eval";

/** `unsigned`: none below 0. `offset`: none far below 0, as after GELU. */
export type InputRange = "signed" | "unsigned" | "offset";

/** What a network has learned: `params` by gradients, `buffers` (running statistics) by averaging. */
export interface Weights {
  readonly params: Tree<Tensor>;
  readonly buffers: Tree<Tensor>;
}

/**
 * A network f(w, x), as two functions. It holds no weights: parameters go in as values, so that perturbing,
 * measuring or quantizing them is a `map` over a tree.
 */
export interface Model {
  readonly name: string;
  /** The weights of convolutions and linear layers, by name, in order of execution. Biases and batch norm are not among them. */
  readonly weights: readonly string[];
  /** The batch norm that directly follows a layer, where there is one, by the name of the layer's weights. */
  readonly norms?: Tree<string>;
  /** What numbers arrive at a layer, by the name of its weights, where that is known; `signed` where it is not. */
  readonly inputs?: Tree<InputRange>;
  init(kernels: Kernels, rng: Rng, dtype?: DType): Weights;
  /** Logits [N, K] of images x [N, C, H, W], and the buffers after having seen x. */
  apply(
    params: Tree<Var>,
    buffers: Tree<Tensor>,
    x: Var,
    mode: Mode,
  ): { readonly y: Var; readonly buffers: Tree<Tensor> };
  /** Brings parameters back into the allowed set after each step of the optimizer. */
  project?(params: Tree<Tensor>): Tree<Tensor>;
  /** Does weight decay apply to this parameter? By default, to all. */
  decays?(name: string): boolean;
}
