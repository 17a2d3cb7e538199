import { grad, hessianVectorProduct } from "../autograd/grad.ts";
import { constant, type Var } from "../autograd/op.ts";
import { sub } from "../autograd/ops/arithmetic.ts";
import { crossEntropy } from "../autograd/ops/fused.ts";
import type { Images } from "../nn/images.ts";
import { type Tally, tally, total } from "../nn/metrics.ts";
import type { Model, Weights } from "../nn/model.ts";
import { mapTree, type Tree } from "../nn/tree.ts";
import { scope } from "../tensor/scope.ts";
import { bufferOf, type Tensor } from "../tensor/tensor.ts";
import { batches, type Chunk } from "./batches.ts";
import { flatten, pick, unflatten } from "./vectors.ts";

/**
 * The mean cross-entropy L over given images as a function of some of a network's parameters, taken as one vector;
 * the others stay as they are. In eval mode, so that L does not depend on how images share batches.
 */
export interface LossSurface {
  /** The parameters that may vary, by name. */
  readonly weights: Tree<Tensor>;
  /** Where the network is: `weights`, one after the other. */
  readonly at: Float64Array;
  loss(point: Float64Array): Promise<number>;
  slope(point: Float64Array): Promise<{ readonly loss: number; readonly gradient: Float64Array }>;
  /** H v, for the Hessian H of L at `at`. */
  hessianTimes(v: Float64Array): Promise<Float64Array>;
}

export interface LossSurfaceOptions {
  /** Images in a batch. */
  readonly batchSize: number;
  /** The parameters that may vary: the weights of all layers, unless given. */
  readonly names?: readonly string[];
  /** Awaited before each batch: a place to hear signals, to show progress, or to stop by throwing. */
  readonly pause?: () => Promise<void>;
}

/**
 * Sums over batches are in float64; within a batch, everything is in the precision of the parameters.
 *
 * @param model - smooth between the kinks of its ReLUs. A quantized network is constant almost everywhere in its
 *   latent weights: its slopes are those of its surrogate gradients, and its Hessian is not defined. Give the float
 *   model with dequantized weights.
 * @param weights - on kernels whose numbers are in the host's memory
 */
export function lossSurface(
  model: Model,
  { params, buffers }: Weights,
  images: Images,
  { batchSize, names = model.weights, pause }: LossSurfaceOptions,
): LossSurface {
  const weights = pick(params, names);

  /** The logits of a batch, at a point. */
  function logits(point: Float64Array, batch: Chunk): { leaves: Tree<Var>; y: Var } {
    const leaves = mapTree({ ...params, ...unflatten(point, weights) }, constant);
    return { leaves, y: model.apply(leaves, buffers, batch.images(), "eval").y };
  }

  /** Adds up what every batch gives, by its share of the images. */
  async function summed(of: (batch: Chunk) => readonly Var[]): Promise<Float64Array> {
    const sum = new Float64Array(at.length);
    for (const batch of batches(images, batchSize, params)) {
      await pause?.();
      const part = scope(() => flatten(Object.fromEntries(of(batch).map((v, i) => [i, v.value]))));
      for (let i = 0; i < sum.length; i++) sum[i]! += batch.share * part[i]!;
    }
    return sum;
  }

  const at = flatten(weights);
  return {
    weights,
    at,
    async loss(point) {
      const tallies: Tally[] = [];
      for (const batch of batches(images, batchSize, params)) {
        await pause?.();
        tallies.push(scope(() => tally(logits(point, batch).y.value.data, batch.labels)));
      }
      return total(tallies).loss;
    },
    async slope(point) {
      const tallies: Tally[] = [];
      const gradient = await summed((batch) => {
        const { leaves, y } = logits(point, batch);
        tallies.push(tally(y.value.data, batch.labels));
        return grad(meanLoss(y, batch.labels), Object.values(pick(leaves, names)));
      });
      return { loss: total(tallies).loss, gradient };
    },
    hessianTimes: (v) =>
      summed((batch) => {
        const { leaves, y } = logits(at, batch);
        const along = Object.values(unflatten(v, weights)).map(constant);
        const loss = meanLoss(y, batch.labels);
        return hessianVectorProduct(loss, Object.values(pick(leaves, names)), along);
      }),
  };
}

/**
 * The cross-entropy, with the largest logit of each row taken out as a constant: all its derivatives are the same,
 * and the exponentials of the second one cannot overflow.
 */
function meanLoss(y: Var, labels: Int32Array): Var {
  const { kernels, data, dtype, shape } = y.value;
  const [n, k] = shape as [number, number];
  const top = bufferOf(dtype, n).fill(-Infinity);
  for (let i = 0; i < data.length; i++) {
    const row = Math.floor(i / k);
    top[row] = Math.max(top[row]!, data[i]!);
  }
  return crossEntropy(labels)(sub(y, constant(kernels.tensor(top, [n, 1]))));
}
