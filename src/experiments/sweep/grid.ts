/**
 * A sweep as data: the values of each hyper-parameter, and so the runs. Its hash is its name.
 *
 * @packageDocumentation
 */

import { createHash } from "node:crypto";
import { z } from "zod";
import { Complaint } from "../complaint.ts";
import { canonicalJson, type RunConfig, runId, runSchema } from "../config.ts";
import type { ScaleName } from "../scales.ts";

const {
  data,
  bits,
  epochs,
  batchSize,
  optimizer,
  lr,
  momentum,
  weightDecay,
  milestones,
  gamma,
  seed,
  kernels,
} = runSchema.shape;

const values = <T extends z.ZodType>(of: T) =>
  z
    .array(of)
    .min(1)
    .refine((xs) => new Set(xs.map(canonicalJson)).size === xs.length, "a value stands here twice");

export const gridSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, "expected small letters, digits and hyphens"),
  data,
  /** Of NiN, in blocks. */
  depths: values(z.int().min(1).max(99)),
  /** Of NiN, in 25 channels. */
  widths: values(z.int().min(1).max(99)),
  /** Each with the learning rates that are its own. */
  optimizers: values(z.strictObject({ optimizer, momentum, lrs: values(lr) })),
  weightDecays: values(weightDecay),
  bits: values(bits),
  seeds: values(seed),
  epochs,
  batchSize,
  milestones,
  gamma,
  kernels,
});

export type Grid = z.output<typeof gridSchema>;

/** @throws Complaint that says where the grid is none, and what was expected */
export function checkedGrid(input: unknown, where: string): Grid {
  const { success, data: grid, error } = gridSchema.safeParse(input);
  if (!success)
    throw new Complaint(
      `${where} is not a grid: ${error.issues.map(({ path, message }) => `${path.join(".") || "the whole"}: ${message}`).join("; ")}`,
      2,
    );
  const twice = grid.optimizers.map((entry) => entry.optimizer).find((name, i, all) => all.indexOf(name) < i);
  if (twice !== undefined) throw new Complaint(`${where} is not a grid: optimizers: "${twice}" twice`, 2);
  return grid;
}

export const gridId = (grid: Grid): string =>
  `${grid.name}_${createHash("sha256").update(canonicalJson(grid)).digest("hex").slice(0, 12)}`;

/** All runs of a grid: setting by setting, and in each all precisions and seeds. */
export function configsOf(grid: Grid): readonly RunConfig[] {
  const { data, epochs, batchSize, milestones, gamma, kernels } = grid;
  return grid.depths.flatMap((depth) =>
    grid.widths.flatMap((width) =>
      grid.optimizers.flatMap(({ optimizer, momentum, lrs }) =>
        lrs.flatMap((lr) =>
          grid.weightDecays.flatMap((weightDecay) =>
            grid.bits.flatMap((bits) =>
              grid.seeds.map((seed) =>
                runSchema.parse({
                  model: `nin:${depth}x${width}`,
                  bits,
                  data,
                  epochs,
                  batchSize,
                  optimizer,
                  lr,
                  momentum,
                  weightDecay,
                  milestones,
                  gamma,
                  seed,
                  kernels,
                }),
              ),
            ),
          ),
        ),
      ),
    ),
  );
}

/** Every n-th run, from the i-th (1 to n): n machines of a scheduler, and no run on two of them. */
export function shardOf(configs: readonly RunConfig[], text: string): readonly RunConfig[] {
  const [, i, n] = /^(\d+)\/(\d+)$/.exec(text)?.map(Number) ?? [];
  if (i === undefined || n === undefined || i < 1 || i > n)
    throw new Complaint(`--shard ${text}: expected i/n with i from 1 to n, for example 3/8`, 2);
  return configs.filter((_, at) => at % n === i - 1);
}

/** The runs by their names, in the order of the grid. */
export const runsById = (configs: readonly RunConfig[]): ReadonlyMap<string, RunConfig> =>
  new Map(configs.map((config) => [runId(config), config]));

const thirds = (epochs: number): number[] => [Math.floor(epochs / 3), Math.floor((2 * epochs) / 3)];

const shared = { bits: [32, 8, 4, 2], seeds: [0], batchSize: 128, gamma: 0.1, kernels: "simd" } as const;

/**
 * The pool behind Table 1: depth, width, optimizer, learning rate and weight decay of NiN, in four precisions.
 *
 * `paper` is the paper's, 3⁵ settings. `small` takes two values of each, and 5,000 images.
 *
 * @implements QGen.sec.B.3
 * @deviation The paper does not say the momentum of SGD (0.9, as in its other experiments), that of RMSprop (0, as in
 *   PyTorch), nor the seeds (one).
 */
export function table1Grid(scale: ScaleName, data: RunConfig["data"]["name"]): Grid {
  const sgd = { optimizer: "sgd", momentum: 0.9 };
  const adam = { optimizer: "adam", momentum: 0 };
  const rmsprop = { optimizer: "rmsprop", momentum: 0 };
  const sizes = {
    smoke: {
      data: { name: data, train: 256, test: 128 },
      depths: [1, 2],
      widths: [1],
      optimizers: [
        { ...sgd, lrs: [0.1] },
        { ...adam, lrs: [1e-3] },
      ],
      weightDecays: [1e-4],
      epochs: 3,
    },
    small: {
      data: { name: data, train: 5000, test: 2000 },
      depths: [1, 2],
      widths: [1, 2],
      optimizers: [
        { ...sgd, lrs: [0.1, 0.05] },
        { ...adam, lrs: [1e-3, 5e-4] },
      ],
      weightDecays: [0, 1e-4],
      epochs: 15,
    },
    paper: {
      data: { name: data, train: data === "fashion-mnist" ? 60_000 : 50_000, test: 10_000 },
      depths: data === "cifar100" ? [3, 4, 5] : [2, 3, 4],
      widths: [8, 10, 12],
      optimizers: [
        { ...sgd, lrs: [0.1, 0.05, 0.01] },
        { ...adam, lrs: [1e-3, 5e-4, 1e-4] },
        { ...rmsprop, lrs: [1e-3, 5e-4, 1e-4] },
      ],
      weightDecays: [0, 1e-4, 2e-4],
      epochs: 300,
    },
  }[scale];
  const grid = { name: `table-1-${scale}`, ...shared, ...sizes, milestones: thirds(sizes.epochs) };
  return checkedGrid(grid, `table-1 at ${scale}`);
}
