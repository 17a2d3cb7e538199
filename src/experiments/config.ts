/**
 * A run as data: everything that decides its result, and nothing else. Its hash is its name.
 *
 * @packageDocumentation
 */

import { createHash } from "node:crypto";
import { z } from "zod";
import { isModelName, modelForms } from "./architectures.ts";
import { precisionName } from "./precision.ts";

const whole = (min: number, max = Number.MAX_SAFE_INTEGER) => z.int().min(min).max(max);

const PARTS = "expected a whole number of parts, 1 or more";

export const runSchema = z.strictObject({
  /** Architecture, for example `nin:2x2` or `resnet18:w16`. */
  model: z.string().refine(isModelName, `expected one of ${modelForms}`),
  /** Bits of the weights; 32 is float. */
  bits: z.literal([2, 3, 4, 5, 6, 7, 8, 32], { error: "expected 2 to 8 bits, or 32 for float" }),
  policy: z
    .strictObject({
      firstLast: z.enum(["same", "8bit", "float"]).default("same"),
      mask: z.enum(["inside", "strict", "rounded"]).default("inside"),
      rounding: z.enum(["half-even", "half-away"]).default("half-even"),
      gradScale: z.enum(["lsq", "none"]).default("lsq"),
      stepFloor: z.number().positive().nullable().default(1e-8),
      decaySteps: z.boolean().default(true),
    })
    .prefault({}),
  data: z.strictObject({
    name: z.enum(["cifar10", "cifar100", "fashion-mnist", "synthetic"]),
    /** The first so many training and test images. */
    train: whole(1),
    test: whole(1),
  }),
  epochs: whole(1),
  batchSize: whole(2),
  optimizer: z.enum(["sgd", "adam", "adamw", "rmsprop"]).default("sgd"),
  lr: z.number().positive(),
  /** Of SGD and RMSprop. */
  momentum: z.number().min(0).lt(1),
  weightDecay: z.number().min(0),
  /** Epochs, from 0, at which the learning rate is multiplied by `gamma`. */
  milestones: z.array(whole(0)).readonly(),
  gamma: z.number().positive().default(0.1),
  /** Sharpness-aware minimization. Absent where it is not used, so that such runs keep their names. */
  sam: z
    .strictObject({
      rho: z.number().positive(),
      adaptive: z.boolean().default(false),
      moved: z.enum(["weights", "all"]).default("weights"),
    })
    .exactOptional(),
  /** SHA-256 of the file that the first weights come from; drawn at random where absent. */
  weights: z
    .string()
    .regex(/^[0-9a-f]{64}$/, "expected a SHA-256")
    .exactOptional(),
  /** Parts in which each batch passes through the network. Absent where it passes in one piece. */
  accumulate: z.int(PARTS).min(2, PARTS).exactOptional(),
  seed: whole(0),
  /** Kernels differ in their last bits, so they are part of a result's identity. */
  kernels: z.enum(["simd", "reference", "headlessgl", "webgl2", "webgpu"]).default("simd"),
});

export type RunConfig = z.output<typeof runSchema>;

/** How a run trains. */
export type RecipeConfig = Pick<
  RunConfig,
  | "optimizer"
  | "lr"
  | "momentum"
  | "weightDecay"
  | "milestones"
  | "gamma"
  | "batchSize"
  | "epochs"
  | "sam"
  | "accumulate"
>;

/** The same data gives the same text, whatever the order of its keys. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, v: unknown) =>
    typeof v === "object" && v !== null && !Array.isArray(v)
      ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1)))
      : v,
  );
}

/** A readable name that ends in the hash of the whole configuration. */
export function runId(config: RunConfig): string {
  const hash = createHash("sha256").update(canonicalJson(config)).digest("hex").slice(0, 12);
  const { model, bits, data, seed } = config;
  return `${model.replace(":", "-")}_${precisionName(bits).toLowerCase()}_${data.name}_seed${seed}_${hash}`;
}
