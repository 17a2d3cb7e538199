/**
 * The four radii that the paper's measures need: each search kept step by step, so that one that was stopped goes on.
 *
 * @packageDocumentation
 */

import { z } from "zod";
import { type Arranged, arrange } from "../../measures/search/accuracy.ts";
import { NotResumable, type SearchResult, type Step } from "../../measures/search/bisect.ts";
import { Unreachable } from "../../measures/search/criterion.ts";
import {
  magnitudeAware,
  pacBayesDefaults,
  pacBayesRadius,
  pacBayesReference,
} from "../../measures/search/pac-bayes.ts";
import { magnitudeAwareBox, sharpnessDefaults, sharpnessRadius } from "../../measures/search/sharpness.ts";
import type { Images } from "../../nn/images.ts";
import type { Model, Weights } from "../../nn/model.ts";
import type { Rng } from "../../tensor/random.ts";
import { Complaint } from "../complaint.ts";
import { openJournal } from "../journal.ts";
import { Interrupted } from "../run.ts";
import type { SearchSettings } from "./settings.ts";

export const radiusNames = ["sigma", "sigmaPrime", "alpha", "alphaPrime"] as const;
export type RadiusName = (typeof radiusNames)[number];

/** What each is called where there is room for a letter. */
export const letters: Readonly<Record<RadiusName, string>> = {
  sigma: "σ",
  sigmaPrime: "σ'",
  alpha: "α",
  alphaPrime: "α'",
};

/** What a search has found, or why there is nothing to find. */
export type Radius = SearchResult | { readonly reason: string };
export type Radii = Readonly<Record<RadiusName, Radius>>;

/** JSON has no infinity: where losses count, there is no upper bound before all images were looked at. */
const bound = z
  .number()
  .nullable()
  .transform((value) => value ?? Infinity);
const interval = z.strictObject({ low: bound, high: bound });
const stepSchema = z.strictObject({
  radius: z.number(),
  verdict: z.enum(["larger", "stop", "smaller"]),
  displacement: interval,
  decidedAfter: z.number(),
  of: z.number(),
  decidedBy: z.int().nullable(),
});
const lineSchema = z.strictObject({ search: z.enum(radiusNames), ...stepSchema.shape });
type Line = z.output<typeof lineSchema>;

export interface Following {
  /** Told of every step of a search, with how many of the four are done. */
  readonly onStep?: (name: RadiusName, step: Step, done: number) => void;
  /** Asked after every step; `true` stops between two. */
  readonly stop?: () => boolean;
}

/**
 * All four radii of a network.
 *
 * @param path - of the journal of steps; those that it holds are not made again
 * @param identity - what the steps belong to, beyond the settings
 * @throws Interrupted where `stop` said so; Complaint where the file holds the steps of another search
 */
export async function searchRadii(
  model: Model,
  weights: Weights,
  images: Images,
  rng: Rng,
  settings: SearchSettings,
  { path, identity }: { readonly path: string; readonly identity: object },
  { onStep, stop }: Following = {},
): Promise<Radii> {
  const journal = openJournal<Line>(path, { ...identity, settings }, (line) => {
    const { success, data } = lineSchema.safeParse(line);
    return success ? data : null;
  });
  const arranged = await arrange(model, weights, images);
  const radii: Partial<Record<RadiusName, Radius>> = {};
  for (const [done, name] of radiusNames.entries()) {
    const resume = journal.entries
      .filter(({ search }) => search === name)
      .map(({ search: _, ...step }) => step);
    const steps = searchOf(name, model, weights, images, rng.fork(name), settings, { resume, arranged });
    try {
      for (;;) {
        const next = await steps.next();
        if (next.done) {
          radii[name] = next.value;
          break;
        }
        journal.add({ search: name, ...next.value });
        onStep?.(name, next.value, done);
        // Signals are only heard between two turns of the event loop.
        await new Promise<void>((resolve) => setImmediate(resolve));
        if (stop?.())
          throw new Interrupted(
            `stopped; every step of the searches is saved in ${path}. To go on, give the same command again.`,
          );
      }
    } catch (error) {
      if (error instanceof NotResumable)
        throw new Complaint(
          `${path} holds other steps than this version makes: ${error.message}. Move it away.`,
        );
      // A network that is too weak for the criterion has no radius, but it has measures that need none.
      if (!(error instanceof Unreachable)) throw error;
      radii[name] = { reason: error.message };
    }
  }
  return radii as Radii;
}

function searchOf(
  name: RadiusName,
  model: Model,
  weights: Weights,
  images: Images,
  rng: Rng,
  settings: SearchSettings,
  shared: { readonly resume: readonly Step[]; readonly arranged: Arranged },
): AsyncGenerator<Step, SearchResult> {
  const { displacement, target, referenceCompat, draws, restarts, ball, step } = settings;
  const moved = referenceCompat ? "all" : settings.moved;
  if (name === "sigma" || name === "sigmaPrime") {
    const base = referenceCompat ? pacBayesReference : pacBayesDefaults;
    const criterion = {
      ...base.criterion,
      target,
      ...(displacement === "drop" ? {} : { displacement }),
    };
    const options = { ...base, criterion, moved, draws, ...shared };
    return pacBayesRadius(model, weights, images, rng, name === "sigma" ? options : magnitudeAware(options));
  }
  const { criterion, ascent, bracket } = sharpnessDefaults;
  const options = {
    ...sharpnessDefaults,
    criterion: { ...criterion, displacement, target },
    bracket: referenceCompat ? { ...bracket, answer: "last" as const } : bracket,
    ascent: { ...ascent, ball, step, steps: settings.ascentSteps, batchSize: settings.ascentBatch },
    moved,
    restarts,
    ...shared,
  };
  return sharpnessRadius(
    model,
    weights,
    images,
    rng,
    name === "alpha" ? options : magnitudeAwareBox(options),
  );
}
