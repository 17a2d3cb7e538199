import type { Teacher } from "../nn/distill.ts";
import type { Kernels } from "../tensor/kernels/kernels.ts";
import { buildModel } from "./build.ts";
import { fingerprint } from "./checkpoint.ts";
import { Complaint } from "./complaint.ts";
import type { RunConfig } from "./config.ts";
import type { ImageKind } from "./data/dataset.ts";
import { loadWeights, openRun } from "./trained.ts";

/**
 * The network of a run as a teacher, and what the configuration of a student says of it.
 *
 * @throws Complaint where it has learned from other images: it would see its student's ones normalized in another way
 */
export function teacherFrom(
  folder: string,
  { name, train, folder: pictures }: RunConfig["data"],
  dataset: ImageKind,
  kernels: Kernels,
  top: number | undefined,
): { readonly teacher: Teacher; readonly config: NonNullable<RunConfig["teacher"]> } {
  const run = openRun(folder);
  const { data } = run.config;
  if (data.name !== name || data.train !== train || data.folder?.files !== pictures?.files)
    throw new Complaint(
      `--teacher ${folder}: expected a run on the same ${train} training images of ${name}, got one on ${data.train} of ${data.name}`,
      2,
    );
  const weights = loadWeights(run, dataset, kernels);
  return {
    teacher: { model: buildModel(run.config, dataset), weights, shape: dataset.shape, top },
    config: {
      run: run.result.id,
      weights: fingerprint(weights),
      ...(top === undefined ? {} : { top }),
    },
  };
}
