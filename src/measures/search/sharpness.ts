/**
 * The radius α of the sharpness measures: the largest ball around the weights in which an adversary cannot do much
 * harm.
 *
 * @packageDocumentation
 */

import type { Images } from "../../nn/images.ts";
import type { Model, Weights } from "../../nn/model.ts";
import { member, type Tree } from "../../nn/tree.ts";
import type { Rng } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type Arranged, arrange, hitsOf } from "./accuracy.ts";
import { type AscentOptions, ascend } from "./ascent.ts";
import { type Bracket, bisect, defaultBracket, type SearchResult, type Step } from "./bisect.ts";
import { probeWorst, type Thoroughness } from "./count.ts";
import { type Criterion, checkReachable, defaultCriterion } from "./criterion.ts";
import { type Moved, memoLast, type Offsets, pointOf, withValues } from "./perturb.ts";

export interface SharpnessOptions {
  readonly criterion: Criterion & { readonly displacement: "drop" | "error" | "loss" };
  readonly bracket: Bracket;
  readonly ascent: AscentOptions;
  readonly moved: Moved;
  /** Ascents for each radius; the one with the least accuracy counts. */
  readonly restarts: number;
  readonly thoroughness: Thoroughness;
  /** Steps of an earlier search with the same settings: it goes on after them. */
  readonly resume: readonly Step[];
  /** The images as `arrange` has them for this network, where several searches share them. */
  readonly arranged: Arranged | null;
}

/**
 * @deviation The paper states 20 ascent steps at 10⁻⁴ and 10 runs. Its batches (here 128 images), its start (here
 *   uniform in half the box) and its projection (here after each step) are ours.
 */
export const sharpnessDefaults: SharpnessOptions = {
  criterion: { ...defaultCriterion, displacement: "drop" },
  bracket: defaultBracket,
  ascent: {
    law: { kind: "plain", eps: 1e-3 },
    ball: "linf",
    step: "sgd",
    lr: 1e-4,
    steps: 20,
    batchSize: 128,
  },
  moved: "weights",
  restarts: 10,
  thoroughness: "until-decided",
  resume: [],
  arranged: null,
};

/** The same options for the magnitude-aware measures: |uᵢ| ≤ α' |wᵢ| + ε. */
export const magnitudeAwareBox = (options: SharpnessOptions): SharpnessOptions => ({
  ...options,
  ascent: { ...options.ascent, law: { ...options.ascent.law, kind: "magnitude" } },
});

/**
 * α such that min_u accuracy(w + u), over ascents inside |uᵢ| ≤ α, is 0.1 below accuracy(w) on the training images.
 *
 * @param rng - restart k uses the keys of `restart/k/start/<parameter>`, and the streams `restart/k/shuffle/…` of it, whatever the
 *   radius
 * @throws RangeError where a weight is not finite; Unreachable where the network is too weak for the criterion
 * @implements QGen.sec.B.2
 */
export async function* sharpnessRadius(
  model: Model,
  weights: Weights,
  images: Images,
  rng: Rng,
  options: Partial<SharpnessOptions> = {},
): AsyncGenerator<Step, SearchResult> {
  const what = "sharpness radius";
  const {
    criterion,
    bracket,
    ascent,
    moved,
    restarts,
    thoroughness,
    resume,
    arranged: shared,
  } = {
    ...sharpnessDefaults,
    ...options,
  };
  const point = await pointOf(what, model, weights, moved);
  const arranged = shared ?? (await arrange(model, weights, images));
  const base = arranged.base(criterion.displacement);
  checkReachable(what, base, criterion);

  const streams = Array.from({ length: restarts }, (_, restart) => rng.fork(`restart/${restart}`));
  const directions = await Promise.all(
    streams.map((stream) => uniforms(weights.params, Object.keys(point), stream.fork("start"))),
  );
  return yield* bisect(
    (radius, before) => {
      const climbed = memoLast((restart: number) =>
        ascend(model, weights, images, point, directions[restart]!, radius, ascent, streams[restart]!),
      );
      const table = {
        rows: restarts,
        sizes: arranged.sizes,
        async hits(restart: number, block: number) {
          const end = await climbed(restart);
          const params = () => withValues(model, weights.params, end);
          return hitsOf(
            model,
            weights.buffers,
            params,
            arranged.block(block),
            images.shape,
            criterion.displacement,
          );
        },
      };
      const first = before.at(-1)?.decidedBy ?? null;
      return probeWorst(table, base, criterion, thoroughness, first);
    },
    bracket,
    resume,
  );
}

/** Uniform on (−1, 1), as many as each parameter has, from the key of a stream of its name. */
async function uniforms(params: Tree<Tensor>, names: readonly string[], rng: Rng): Promise<Offsets> {
  const all: Record<string, Offsets[string]> = {};
  for (const name of names) {
    const { kernels, shape, dtype } = member(params, name);
    all[name] = await kernels.random("uniform", rng.fork(name).key(), shape, dtype).read();
  }
  return all;
}
