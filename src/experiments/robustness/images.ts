/**
 * The corrupted images that runs are tested on: published ones, or ours, made once and kept for all runs.
 *
 * @packageDocumentation
 */

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import type { ImageSource } from "../../nn/images.ts";
import { imagesOf } from "../build.ts";
import { Complaint } from "../complaint.ts";
import type { CorruptionName, Severity } from "../corruptions/constants.ts";
import {
  type CorruptedSet,
  hashOfRecipe,
  openCorrupted,
  type Recipe,
  type Watch,
  writeCorrupted,
} from "../corruptions/folder.ts";
import { type CorruptionOptions, corrupting } from "../corruptions/request.ts";
import { channelStatistics, type Dataset, type Split, take } from "../data/dataset.ts";
import { openNpy } from "../data/npy.ts";

export interface CorruptedImages {
  /** Images of each corruption and severity. */
  readonly count: number;
  /** Where they are from, in words. */
  readonly source: string;
  /** Other images have another one. */
  readonly identity: string;
  /** The images that they were made from; `null` where they are not at hand. */
  readonly clean: ImageSource | null;
  at(name: CorruptionName, severity: Severity): ImageSource;
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
  const { dataset, from } = request;
  const { set, clean, source, identity } =
    from === undefined ? await madeHere(request, watch) : published(request, from);
  const { shape, train } = dataset;
  const normalization = channelStatistics(train, shape);
  return {
    count: clean.count,
    source,
    identity,
    clean: imagesOf(clean, shape, normalization),
    at: (name, severity) => imagesOf(set.split(name, severity), shape, normalization),
  };
}

/** Corrupted images as bytes. */
interface Found extends Pick<CorruptedImages, "source" | "identity"> {
  readonly set: CorruptedSet;
  readonly clean: Split;
}

async function madeHere(request: ImagesRequest, watch: Watch): Promise<Found> {
  const { dataset, images, names, cache } = request;
  const work = await corrupting(dataset, images, request);
  const { clean, recipe } = work;
  const identity = hashOfRecipe(recipe);
  const folder = join(cache, `${recipe.dataset}-${identity}`);
  await writeCorrupted(folder, names, work, watch);
  return {
    set: openCorrupted(folder, names, clean, dataset.shape),
    clean,
    source: `the first ${clean.count} test images of ${recipe.dataset}, ${corruptedHere(recipe, names)}`,
    identity,
  };
}

/** How images were corrupted, in words. */
export function corruptedHere({ constants, ice }: Recipe, names: readonly CorruptionName[]): string {
  const whose = constants === "cifar" ? "CIFAR-10-C" : "ImageNet-C";
  return `corrupted here with the constants of ${whose}${names.includes("frost") ? ` (frost: ${ice.source})` : ""}`;
}

function published({ dataset, images, names }: ImagesRequest, folder: string): Found {
  if (!existsSync(folder)) throw new Complaint(`--from ${folder}: there is no such folder`, 2);
  const { test } = dataset;
  const count = images ?? test.count;
  if (!Number.isInteger(count) || count < 1 || count > test.count)
    throw new Complaint(`--images ${count}: expected a whole number from 1 to ${test.count}`, 2);
  const clean = take(test, count);
  return {
    set: openCorrupted(folder, names, clean, dataset.shape),
    clean,
    source: `the first ${count} images of each severity in the folder ${basename(resolve(folder))}`,
    identity: fingerprintOf(folder, names, count),
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
