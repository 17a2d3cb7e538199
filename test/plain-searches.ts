/**
 * The radius searches as one would write them down: every image of every draw, in their own order, everything made
 * anew. The searches of the library are held against these, and timed against them.
 */

import { grad } from "../src/autograd/grad.ts";
import { constant } from "../src/autograd/op.ts";
import { crossEntropy } from "../src/autograd/ops/fused.ts";
import { type AscentOptions, halfWidth, project } from "../src/measures/search/ascent.ts";
import {
  defaultCriterion,
  displacementOf,
  type Verdict,
  verdictOf,
} from "../src/measures/search/criterion.ts";
import type { Law } from "../src/measures/search/perturb.ts";
import { evaluate } from "../src/nn/evaluate.ts";
import type { Images } from "../src/nn/images.ts";
import type { Model, Weights } from "../src/nn/model.ts";
import { imagesFor } from "../src/nn/pass.ts";
import { mapTree, type Tree } from "../src/nn/tree.ts";
import type { Rng } from "../src/tensor/random.ts";
import { scope } from "../src/tensor/scope.ts";
import { bufferOf, type Tensor } from "../src/tensor/tensor.ts";

export interface Plain {
  readonly radius: number;
  readonly steps: readonly { radius: number; verdict: Verdict; displacement: number }[];
}

const BATCH = 128;

async function hits(model: Model, weights: Weights, images: Images): Promise<number> {
  return Math.round((await evaluate(model, weights, images, BATCH)).accuracy * images.count);
}

async function bisection(displacement: (radius: number) => Promise<number>): Promise<Plain> {
  const steps: Plain["steps"][number][] = [];
  let [low, high] = [0, 2];
  for (let i = 0; i < 15; i++) {
    const radius = (low + high) / 2;
    const found = await displacement(radius);
    const verdict = verdictOf(found, defaultCriterion);
    steps.push({ radius, verdict, displacement: found });
    if (verdict === "stop") return { radius, steps };
    const narrow = high - low < 5e-3;
    if (verdict === "smaller") high = radius;
    else low = radius;
    if (narrow) break;
  }
  return { radius: low > 0 ? low : high, steps };
}

export async function plainPacBayes(
  model: Model,
  weights: Weights,
  images: Images,
  rng: Rng,
  law: Law,
  draws = 10,
  how: "drop" | "loss" = "drop",
): Promise<Plain> {
  const base = { hits: await hits(model, weights, images), count: images.count };
  const loss = async (params: Tree<Tensor>): Promise<number> =>
    (await evaluate(model, { ...weights, params }, images, BATCH)).loss;
  const trained = how === "loss" ? await loss(weights.params) : 0;
  return bisection(async (radius) => {
    let risen = 0;
    const { kind, eps } = law;
    const std = (w: number): number =>
      kind === "plain" ? radius : Math.sqrt(radius * radius * w * w + eps * eps);
    let found = 0;
    for (let draw = 0; draw < draws; draw++) {
      const params = mapTree(weights.params, (w, name): Tensor => {
        if (!model.weights.includes(name)) return w;
        const key = rng.fork(`draw/${draw}`).fork(name).key();
        const z = w.kernels.random("normal", key, w.shape, w.dtype).data;
        return w.kernels.tensor(
          w.data.map((x, i) => x + std(x) * z[i]!),
          w.shape,
        );
      });
      if (how === "loss") risen += (await loss(params)) - trained;
      else found += await hits(model, { ...weights, params }, images);
    }
    if (how === "loss") return risen / draws;
    return displacementOf(found, draws * images.count, base, "drop");
  });
}

/** The ascent: all gradients, as in training, of which those of the weights are used. */
function plainAscent(
  model: Model,
  { params, buffers }: Weights,
  images: Images,
  start: Tree<Float64Array>,
  radius: number,
  { law, ball, step, lr, steps, batchSize }: AscentOptions,
  rng: Rng,
): Tree<Tensor> {
  const { kernels, dtype } = Object.values(params)[0]!;
  const width = halfWidth(law, radius);
  const widths = mapTree(start, (_, name) => Float64Array.from(params[name]!.data, width));
  const at = (u: Tree<Float64Array>): Tree<Tensor> =>
    mapTree(params, (w, name) => {
      const own = u[name];
      if (own === undefined) return w;
      const values = bufferOf(dtype, own.length);
      for (let i = 0; i < values.length; i++) values[i] = w.data[i]! + own[i]!;
      return kernels.tensor(values, w.shape);
    });
  let u = project(
    mapTree(start, (v, name) => v.map((x, i) => (x * widths[name]![i]!) / 2)),
    widths,
    ball,
  );
  const size = Math.min(batchSize, images.count);
  const perPass = Math.floor(images.count / size);
  for (let i = 0; i < steps; i++) {
    const order = rng.fork(`shuffle/${Math.floor(i / perPass)}`).permutation(images.count);
    const from = (i % perPass) * size;
    const batch = images.batch(order.subarray(from, from + size));
    const slopes = scope(() => {
      const leaves = mapTree(at(u), constant);
      const x = imagesFor(params, batch.images, size, images.shape);
      const loss = crossEntropy(batch.labels)(model.apply(leaves, buffers, x, "eval").y);
      const all = grad(loss, Object.values(leaves));
      return Object.fromEntries(Object.keys(leaves).map((name, k) => [name, all[k]!.value.data.slice()]));
    });
    const next = mapTree(u, (x, name) =>
      x.map((value, k) => {
        const slope = slopes[name]![k]!;
        return step === "sgd" ? value + lr * slope : value + (widths[name]![k]! / 10) * Math.sign(slope);
      }),
    );
    u = project(next, widths, ball);
  }
  return at(u);
}

export async function plainSharpness(
  model: Model,
  weights: Weights,
  images: Images,
  rng: Rng,
  ascent: AscentOptions,
  restarts = 10,
): Promise<Plain> {
  const base = { hits: await hits(model, weights, images), count: images.count };
  const chosen = Object.fromEntries(model.weights.map((name) => [name, weights.params[name]!]));
  return bisection(async (radius) => {
    let worst = Infinity;
    for (let restart = 0; restart < restarts; restart++) {
      const stream = rng.fork(`restart/${restart}`);
      const start = mapTree(chosen, (w, name) => {
        const key = stream.fork("start").fork(name).key();
        return Float64Array.from(w.kernels.random("uniform", key, w.shape, w.dtype).data);
      });
      const params = plainAscent(model, weights, images, start, radius, ascent, stream);
      worst = Math.min(worst, await hits(model, { ...weights, params }, images));
    }
    return displacementOf(worst, images.count, base, "drop");
  });
}
