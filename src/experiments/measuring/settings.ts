/**
 * Everything that decides what the measures of a run are, as data.
 *
 * @packageDocumentation
 */

import { createHash } from "node:crypto";
import { z } from "zod";
import { canonicalJson } from "../config.ts";

const whole = (min: number) => z.int().min(min);

export const settingsSchema = z.strictObject({
  /** The first so many training images; `null`: all that the run was trained with. */
  images: whole(1).nullable().default(null),
  /**
   * Which weights of a quantized network are perturbed: those that its training moves, quantized again each time, or
   * those that it computes with, as if it were a float network.
   */
  on: z.enum(["latent", "dequantized"]).default("latent"),
  /** Batch norm folded into the weights, or not. What is folded is a float network, or one taken as such. */
  fold: z.boolean().default(false),
  /** Perturbed networks for each radius of PAC-Bayes, and ascents for each radius of sharpness. */
  draws: whole(1).default(10),
  restarts: whole(1).default(10),
  /** When a radius is right, and on which accuracy. */
  displacement: z.enum(["drop", "error", "loss"]).default("drop"),
  target: z.number().gt(0).lt(1).default(0.1),
  /** Ascents: in which ball, by which step, on how many images each. */
  ball: z.enum(["linf", "l2"]).default("linf"),
  step: z.enum(["sgd", "sign"]).default("sgd"),
  ascentSteps: whole(0).default(20),
  ascentBatch: whole(1).default(128),
  /** Only weights, or biases, batch norm and steps too. */
  moved: z.enum(["weights", "all"]).default("weights"),
  /** The m of the formulas; `null`: the number of images that are used. Table 3 has 100,000 for ImageNet. */
  m: whole(1).nullable().default(null),
  /** What the formulas leave open. */
  constant: z.enum(["radius", "delta"]).default("radius"),
  delta: z.number().gt(0).lt(1).default(0.05),
  form: z.enum(["printed", "derived"]).default("printed"),
  denominators: z.enum(["distance", "weight"]).default("distance"),
  /** As the published numbers were made: σ² for σ, all parameters moved, the last radius tried. */
  referenceCompat: z.boolean().default(false),
  /** The first so many images for curvature; 0: no curvature. */
  curvatureImages: whole(0).default(256),
  seed: whole(0).default(0),
});

export type MeasureSettings = z.output<typeof settingsSchema>;

/** What has to reach the target, in words. */
export const displacementWords: Readonly<
  Record<
    MeasureSettings["displacement"],
    { readonly title: string; readonly height: string; readonly is: string }
  >
> = {
  drop: {
    title: "the drop of accuracy",
    height: "by how much the accuracy on the training images drops",
    is: "the accuracy drops by",
  },
  error: { title: "the error", height: "the error on the training images", is: "the error is" },
  loss: {
    title: "the rise of the loss",
    height: "by how much the loss on the training images rises, in nats",
    is: "the loss rises by",
  },
};

/** Those that decide the radii. */
export type SearchSettings = Omit<
  MeasureSettings,
  "m" | "constant" | "delta" | "form" | "denominators" | "curvatureImages"
>;

export function searchSettings(settings: MeasureSettings): SearchSettings {
  const rest: Partial<MeasureSettings> = { ...settings };
  for (const name of ["m", "constant", "delta", "form", "denominators", "curvatureImages"] as const)
    delete rest[name];
  return rest as SearchSettings;
}

/** A short name for everything that decides a result. */
export const hashOf = (identity: object): string =>
  createHash("sha256").update(canonicalJson(identity)).digest("hex").slice(0, 12);
