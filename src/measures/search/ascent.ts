/**
 * Gradient ascent inside a ball around the weights: from a random start towards a higher loss.
 *
 * @packageDocumentation
 */

import type { Images } from "../../nn/images.ts";
import type { Model, Weights } from "../../nn/model.ts";
import { backward, forward } from "../../nn/pass.ts";
import { mapTree, member, type Tree } from "../../nn/tree.ts";
import { square } from "../../tensor/math.ts";
import type { Rng } from "../../tensor/random.ts";
import { loopScope } from "../../tensor/scope.ts";
import { type Buffer, dtypeOf } from "../../tensor/tensor.ts";
import { type Offsets, type Point, rounded, withValues } from "./perturb.ts";

/** Half the width of the box at each weight: a, or a |w| + ε. */
export interface BoxLaw {
  readonly kind: "plain" | "magnitude";
  readonly eps: number;
}

export interface AscentOptions {
  readonly law: BoxLaw;
  /** `linf`: |uᵢ| ≤ bᵢ for the half-widths b of the box. `l2`: √Σ (uᵢ/bᵢ)² ≤ 1; with one width a, this is ‖u‖₂ ≤ a. */
  readonly ball: "linf" | "l2";
  /** `sgd`: u ← u + lr g. `sign`: uᵢ ← uᵢ + bᵢ/10 sign gᵢ. */
  readonly step: "sgd" | "sign";
  readonly lr: number;
  readonly steps: number;
  /** Images of one step. */
  readonly batchSize: number;
}

/** The half-width of the box at a weight w. */
export const halfWidth = ({ kind, eps }: BoxLaw, radius: number): ((w: number) => number) =>
  kind === "plain" ? () => radius : (w) => radius * Math.abs(w) + eps;

/** u, brought back into the ball: clipped to the box, or scaled onto the ellipsoid. */
export function project(u: Tree<Float64Array>, widths: Tree<Float64Array>, ball: AscentOptions["ball"]) {
  if (ball === "linf")
    return mapTree(u, (x, name) => {
      const b = member(widths, name);
      return x.map((value, i) => Math.min(Math.max(value, -b[i]!), b[i]!));
    });
  let total = 0;
  for (const [name, x] of Object.entries(u)) {
    const b = member(widths, name);
    for (let i = 0; i < x.length; i++) total += square(x[i]! / b[i]!);
  }
  return total <= 1 ? u : mapTree(u, (x) => x.map((value) => value / Math.sqrt(total)));
}

/** The images of each step: a new order of all of them whenever they are used up. */
function* batchesOf({ count }: Images, batchSize: number, rng: Rng): Generator<Int32Array> {
  const size = Math.min(batchSize, count);
  for (let pass = 0; ; pass++) {
    const order = rng.fork(`shuffle/${pass}`).permutation(count);
    for (let from = 0; from + size <= count; from += size) yield order.subarray(from, from + size);
  }
}

/**
 * Where the ascent ends, w + u. It starts at u = v b/2 with v uniform on ±1, and makes steps on the cross-entropy of
 * one batch each. Batch norm uses what it has learned, and the gradient through a quantizer is its surrogate.
 *
 * @param directions - v, uniform on ±1
 * @param rng - of the order of images
 * @implements QGen.sec.B.2
 * @deviation With the paper's rate of 10⁻⁴ and 20 steps the ascent hardly moves, and the result is that of the start;
 *   `step: "sign"` looks for the worst case in earnest.
 */
export async function ascend(
  model: Model,
  weights: Weights,
  images: Images,
  point: Point,
  directions: Offsets,
  radius: number,
  { law, ball, step, lr, steps, batchSize }: AscentOptions,
  rng: Rng,
): Promise<Offsets> {
  const width = halfWidth(law, radius);
  const widths = mapTree(point, ({ values }) => Float64Array.from(values, width));
  const moved = (u: Tree<Float64Array>): Offsets =>
    mapTree(point, ({ values }, name) => {
      const own = member(u, name);
      return rounded(dtypeOf(values), values.length, (i) => values[i]! + own[i]!);
    });

  let u = project(
    mapTree(widths, (b, name) => b.map((value, i) => (member(directions, name)[i]! * value) / 2)),
    widths,
    ball,
  );
  const batches = batchesOf(images, batchSize, rng);
  for (let i = 0; i < steps; i++) {
    const g = await slopes(model, weights, images, batches.next().value as Int32Array, moved(u));
    const next = mapTree(u, (x, name) => {
      const [own, b] = [member(g, name), member(widths, name)];
      return step === "sgd"
        ? x.map((value, j) => value + lr * own[j]!)
        : x.map((value, j) => value + (b[j]! / 10) * Math.sign(own[j]!));
    });
    u = project(next, widths, ball);
  }
  return moved(u);
}

/** The gradient of the loss of a batch to the parameters that are moved, at their moved values. */
async function slopes(
  model: Model,
  { params, buffers }: Weights,
  images: Images,
  indices: Int32Array,
  values: Offsets,
): Promise<Tree<Buffer>> {
  const memory = loopScope();
  const batch = images.batch(indices);
  try {
    const pass = memory.turn(() => {
      const at = { params: withValues(model, params, values), buffers };
      const { leaves, ...rest } = forward(model, at, batch, images.shape, "eval");
      return { ...rest, leaves: mapTree(values, (_, name) => member(leaves, name)) };
    });
    const logits = await pass.y.value.read();
    const { grads } = memory.turn(() => ({ pass, ...backward(pass, logits, batch.labels) }));
    const read: Record<string, Buffer> = {};
    for (const [name, g] of Object.entries(grads)) read[name] = await g.read();
    return read;
  } finally {
    memory.end();
  }
}
