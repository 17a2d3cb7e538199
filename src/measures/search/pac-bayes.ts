/**
 * The radius σ of the PAC-Bayes measures: the largest Gaussian noise on the weights under which the network still does
 * about as well.
 *
 * @packageDocumentation
 */

import type { Images } from "../../nn/images.ts";
import type { Model, Weights } from "../../nn/model.ts";
import type { Rng } from "../../tensor/random.ts";
import { type Arranged, arrange, hitsOf } from "./accuracy.ts";
import { type Bracket, bisect, defaultBracket, type SearchResult, type Step } from "./bisect.ts";
import { probeMean, type Thoroughness } from "./count.ts";
import { type Criterion, checkReachable, defaultCriterion } from "./criterion.ts";
import { admissible, type Law, type Moved, noisy, pointOf, spreadOf } from "./perturb.ts";

export interface PacBayesOptions {
  readonly criterion: Criterion;
  readonly bracket: Bracket;
  readonly law: Law;
  readonly moved: Moved;
  /** Perturbed networks for each radius; their mean accuracy counts. */
  readonly draws: number;
  readonly thoroughness: Thoroughness;
  /** Steps of an earlier search with the same settings: it goes on after them. */
  readonly resume: readonly Step[];
  /** The images as `arrange` has them for this network, where several searches share them. */
  readonly arranged: Arranged | null;
}

/**
 * @deviation The paper's code, to all appearances, uses a variance as the standard deviation and perturbs biases, batch
 *   norm and steps too: `pacBayesReference` does so.
 */
export const pacBayesDefaults: PacBayesOptions = {
  criterion: defaultCriterion,
  bracket: defaultBracket,
  law: { kind: "plain", eps: 1e-3, std: "root" },
  moved: "weights",
  draws: 10,
  thoroughness: "until-decided",
  resume: [],
  arranged: null,
};

/** As the published numbers were made. */
export const pacBayesReference: PacBayesOptions = {
  ...pacBayesDefaults,
  criterion: { ...defaultCriterion, displacement: "absolute" },
  bracket: { ...defaultBracket, answer: "last" },
  law: { ...pacBayesDefaults.law, std: "variance" },
  moved: "all",
};

/** The same options for the magnitude-aware measures: u ~ N(0, σ'² w² + ε²). */
export const magnitudeAware = (options: PacBayesOptions): PacBayesOptions => ({
  ...options,
  law: { ...options.law, kind: "magnitude" },
});

/**
 * σ such that E_u accuracy(w + u), u ~ N(0, σ² I), is 0.1 below accuracy(w) on the training images, in eval mode.
 *
 * The weights of a quantized network are perturbed before they are quantized. For noise on ŵ itself, hand in the float
 * network with the dequantized weights.
 *
 * @param rng - draw k uses the keys of the streams `draw/k/<parameter>` of it, whatever the radius
 * @throws RangeError where a weight is not finite; Unreachable where the network is too weak for the criterion
 * @implements QGen.sec.B.2
 */
export async function* pacBayesRadius(
  model: Model,
  weights: Weights,
  images: Images,
  rng: Rng,
  options: Partial<PacBayesOptions> = {},
): AsyncGenerator<Step, SearchResult> {
  const what = "PAC-Bayes radius";
  const {
    criterion,
    bracket,
    law,
    moved,
    draws,
    thoroughness,
    resume,
    arranged: shared,
  } = { ...pacBayesDefaults, ...options };
  const names = Object.keys(await pointOf(what, model, weights, moved));
  const arranged = shared ?? (await arrange(model, weights, images));
  const base = arranged.base(criterion.displacement);
  checkReachable(what, base, criterion);

  return yield* bisect(
    (radius) => {
      const spread = spreadOf(law, radius);
      const table = {
        rows: draws,
        sizes: arranged.sizes,
        hits: (draw: number, block: number) =>
          hitsOf(
            model,
            weights.buffers,
            () => admissible(model, noisy(weights.params, names, rng.fork(`draw/${draw}`), spread)),
            arranged.block(block),
            images.shape,
            criterion.displacement,
          ),
      };
      return probeMean(table, base, criterion, thoroughness);
    },
    bracket,
    resume,
  );
}
