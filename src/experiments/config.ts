/**
 * A run as data: everything that decides its result, and nothing else. Its hash is its name.
 *
 * @packageDocumentation
 */

import { createHash } from "node:crypto";
import { z } from "zod";
import { isModelName, modelForms } from "./architectures.ts";
import { precisionOf } from "./precision.ts";

const whole = (min: number, max = Number.MAX_SAFE_INTEGER) => z.int().min(min).max(max);

const PARTS = "expected a whole number of parts, 1 or more";

export const runSchema = z
  .strictObject({
    /** Architecture, for example `nin:2x2`, `resnet18:w16` or `vgg19:w4`. */
    model: z.string().refine(isModelName, `expected one of ${modelForms}`),
    /** Bits of the weights; 32 is float. */
    bits: z.literal([2, 3, 4, 5, 6, 7, 8, 32], { error: "expected 2 to 8 bits, or 32 for float" }),
    policy: z
      .strictObject({
        firstLast: z.enum(["same", "8bit", "float"]).default("same"),
        mask: z.enum(["inside", "strict", "rounded"]).default("inside"),
        rounding: z.enum(["half-even", "half-away"]).default("half-even"),
        gradScale: z.enum(["lsq", "l1", "none"]).default("lsq"),
        stepFloor: z.number().positive().nullable().default(1e-8),
        decaySteps: z.boolean().default(true),
        /** 2 mean|w| / √qp where absent. */
        firstStep: z.literal("mse").exactOptional(),
        /** Bits of what arrives at each layer; float where absent. */
        activations: whole(2, 8).exactOptional(),
      })
      .prefault({}),
    data: z.strictObject({
      name: z.enum(["cifar10", "cifar100", "fashion-mnist", "synthetic", "imagenet"]),
      /** The first so many training and test images. */
      train: whole(1),
      test: whole(1),
      /** Of a folder of pictures: SHA-256 of the names of its files, and the side of what the network sees. */
      folder: z.strictObject({ files: z.string(), size: whole(8, 4096) }).exactOptional(),
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
    /** Warm-up, then half a cosine wave, in the place of milestones. Fields that are absent keep the names of older runs. */
    schedule: z
      .strictObject({
        /** Epochs in which the rate rises. */
        warmup: whole(0).default(0),
        /** The share of the rate that the first of them has. */
        start: z.number().positive().max(1).default(0.01),
        floor: z.number().min(0).default(0),
      })
      .exactOptional(),
    /** How training images are placed at random: crop with a padding of 4 and flip, or random resized crop and flip. */
    augment: z.enum(["crop-flip", "resized-crop-flip"]).exactOptional(),
    /** The share of the target that is spread over all classes. */
    labelSmoothing: z.number().positive().lt(1).exactOptional(),
    /** Weight of the bin regularization, after its ramp. */
    binReg: z.number().positive().exactOptional(),
    /** The network whose probabilities are learned, in the place of labels. */
    teacher: z
      .strictObject({
        run: z.string(),
        /** SHA-256 of its weights. */
        weights: z.string(),
        /** Only so many probabilities of each image are kept, and the rest is spread evenly. */
        top: whole(1).exactOptional(),
      })
      .exactOptional(),
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
    /** The last layer is not from that file, but drawn: for other classes. */
    newHead: z.literal(true).exactOptional(),
    /** Parts in which each batch passes through the network. Absent where it passes in one piece. */
    accumulate: z.int(PARTS).min(2, PARTS).exactOptional(),
    seed: whole(0),
    /** Kernels differ in their last bits, so they are part of a result's identity. */
    kernels: z.enum(["simd", "reference", "headlessgl", "webgl2", "webgpu"]).default("simd"),
  })
  .superRefine((config, { addIssue }) => {
    const {
      bits,
      schedule,
      milestones,
      epochs,
      binReg,
      labelSmoothing,
      teacher,
      data,
      augment,
      weights,
      newHead,
    } = config;
    const wrong = (path: string[], input: unknown, message: string): void =>
      addIssue({ code: "custom", path, input, message });
    if (augment !== undefined && (augment === "resized-crop-flip") !== (data.name === "imagenet"))
      wrong(["augment"], augment, "resized-crop-flip is for imagenet, and crop-flip for all others");
    if (binReg !== undefined && bits === 32)
      wrong(["binReg"], binReg, "there are no levels to draw weights to: they have 32 bits");
    if (newHead !== undefined && weights === undefined)
      wrong(["newHead"], newHead, "only with --weights, whose last layer it leaves out");
    if (labelSmoothing !== undefined && teacher !== undefined)
      wrong(["labelSmoothing"], labelSmoothing, "a student of a teacher sees no labels");
    if (schedule !== undefined && milestones.length > 0)
      wrong(["milestones"], milestones, "a cosine has no milestones");
    if (schedule !== undefined && schedule.warmup >= epochs)
      wrong(["schedule", "warmup"], schedule.warmup, `expected fewer than the ${epochs} epochs of the run`);
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
  | "schedule"
  | "labelSmoothing"
  | "binReg"
  | "teacher"
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
  const { model, data, seed } = config;
  const precision = precisionOf(config).toLowerCase();
  return `${model.replace(":", "-")}_${precision}_${data.name}_seed${seed}_${hash}`;
}

/** What two runs have in common that are to be compared: everything but bits and seed. */
export const settingOf = ({ bits: _bits, seed: _seed, ...setting }: RunConfig): string =>
  canonicalJson(setting);
