/**
 * The radius searches as one would write them down: every image of every draw, in their own order, everything made
 * anew. The searches of the library are held against these, and timed against them.
 */
import { type AscentOptions, ascend } from "../src/measures/search/ascent.ts";
import {
  defaultCriterion,
  displacementOf,
  type Verdict,
  verdictOf,
} from "../src/measures/search/criterion.ts";
import { type Law, standardDeviation } from "../src/measures/search/perturb.ts";
import type { Model, Weights } from "../src/nn/model.ts";
import { evaluate, type Images } from "../src/nn/train.ts";
import { mapTree, type Tree } from "../src/nn/tree.ts";
import type { Rng } from "../src/tensor/random.ts";
import { bufferOf, sizeOf, type Tensor } from "../src/tensor/tensor.ts";

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
): Promise<Plain> {
  const base = { hits: await hits(model, weights, images), count: images.count };
  return bisection(async (radius) => {
    const std = standardDeviation(law, radius);
    let found = 0;
    for (let draw = 0; draw < draws; draw++) {
      const params = mapTree(weights.params, (w, name): Tensor => {
        if (!model.weights.includes(name)) return w;
        const stream = rng.fork(`draw/${draw}`).fork(name);
        const z = bufferOf(w.dtype, sizeOf(w.shape)).map(() => stream.normal());
        return w.kernels.tensor(
          w.data.map((x, i) => x + std(x) * z[i]!),
          w.shape,
        );
      });
      found += await hits(model, { ...weights, params }, images);
    }
    return displacementOf(found, draws * images.count, base, "drop");
  });
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
  const point = mapTree(chosen, ({ shape, data }) => ({ shape, values: data.slice() }));
  return bisection(async (radius) => {
    let worst = Infinity;
    for (let restart = 0; restart < restarts; restart++) {
      const stream = rng.fork(`restart/${restart}`);
      const start = mapTree(chosen, (w, name) => {
        const own = stream.fork("start").fork(name);
        return bufferOf(w.dtype, sizeOf(w.shape)).map(() => 2 * own.uniform() - 1);
      });
      const end = await ascend(model, weights, images, point, start, radius, ascent, stream);
      const params: Tree<Tensor> = mapTree(weights.params, (w, name) =>
        end[name] === undefined ? w : w.kernels.tensor(end[name], w.shape),
      );
      worst = Math.min(worst, await hits(model, { ...weights, params }, images));
    }
    return displacementOf(worst, images.count, base, "drop");
  });
}
