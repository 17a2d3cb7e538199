/**
 * The corrupted images that runs are tested on: published ones, or ours, made once and kept for all runs.
 *
 * @packageDocumentation
 */

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { Complaint } from "../complaint.ts";
import type { CorruptionName } from "../corruptions/constants.ts";
import {
  type CorruptedSet,
  hashOfRecipe,
  openCorrupted,
  type Watch,
  writeCorrupted,
} from "../corruptions/folder.ts";
import { type CorruptionOptions, corrupting } from "../corruptions/request.ts";
import { type Dataset, type Split, take } from "../data/dataset.ts";
import { openNpy } from "../data/npy.ts";

export interface CorruptedImages {
  readonly set: CorruptedSet;
  /** The images that they were made from. */
  readonly clean: Split;
  /** Where they are from, in words. */
  readonly source: string;
  /** Other images have another one. */
  readonly identity: string;
}

export interface ImagesRequest extends CorruptionOptions {
  readonly dataset: Dataset;
  /** The first so many test images; absent: all. */
  readonly images?: number | undefined;
  readonly names: readonly CorruptionName[];
  /** Folder of published images; absent: made here. */
  readonly from?: string | undefined;
  /** Where what is made here is kept. */
  readonly cache: string;
}

/**
 * The corrupted images of a data set. What was made before is not made again.
 *
 * @throws Complaint where there are none or not enough; Interrupted where `stop` said so
 */
export async function corruptedImages(request: ImagesRequest, watch: Watch = {}): Promise<CorruptedImages> {
  const { dataset, images, names, from, cache } = request;
  const { shape } = dataset;
  if (from !== undefined) {
    if (!existsSync(from)) throw new Complaint(`--from ${from}: there is no such folder`, 2);
    const count = images ?? dataset.test.count;
    if (!Number.isInteger(count) || count < 1 || count > dataset.test.count)
      throw new Complaint(`--images ${count}: expected a whole number from 1 to ${dataset.test.count}`, 2);
    const clean = take(dataset.test, count);
    const set = openCorrupted(from, names, clean, shape);
    return {
      set,
      clean,
      source: `the first ${count} images of each severity in the folder ${basename(resolve(from))}`,
      identity: fingerprintOf(from, names, count),
    };
  }
  const work = await corrupting(dataset, images, request);
  const { clean, recipe } = work;
  const identity = hashOfRecipe(recipe);
  const folder = join(cache, `${recipe.dataset}-${identity}`);
  await writeCorrupted(folder, names, work, watch);
  return {
    set: openCorrupted(folder, names, clean, shape),
    clean,
    source: `the first ${clean.count} test images of ${recipe.dataset}, corrupted here with the constants of ${recipe.constants === "cifar" ? "CIFAR-10-C" : "ImageNet-C"}${names.includes("frost") ? ` (frost: ${recipe.ice.source})` : ""}`,
    identity,
  };
}

/** Of the description of a folder where it has one, or of the beginnings of its files. */
function fingerprintOf(folder: string, names: readonly CorruptionName[], count: number): string {
  const hash = createHash("sha256").update(`${count};`);
  const description = join(folder, "corruptions.json");
  if (existsSync(description)) hash.update(readFileSync(description));
  else
    for (const name of [...names].sort()) {
      const file = openNpy(join(folder, `${name}.npy`));
      hash.update(`${name};${file.shape}`).update(file.rows(0, Math.min(8, file.shape[0] ?? 0)));
    }
  return hash.digest("hex").slice(0, 12);
}
