/**
 * Corrupted data sets in the layout of CIFAR-10-C and CIFAR-100-C: `NAME.npy` with [5 n, height, width, 3] bytes, n pictures
 * at severity 1, then n at severity 2, …; and `labels.npy`. Ours also have `corruptions.json`, which says how they were made.
 *
 * @packageDocumentation
 */

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Rng } from "../../tensor/random.ts";
import { Complaint } from "../complaint.ts";
import { canonicalJson } from "../config.ts";
import type { ImageShape, Split } from "../data/dataset.ts";
import { emptyNpy, type NpyFile, openNpy } from "../data/npy.ts";
import { removeLeftovers, writeAtomic } from "../files.ts";
import { Interrupted } from "../run.ts";
import { type CorruptionName, type Severity, severities } from "./constants.ts";
import { type Choices, corruption, type Setting } from "./corruption.ts";
import type { Picture } from "./picture.ts";

/** Everything that decides the bytes of a corrupted data set. */
export interface Recipe {
  readonly dataset: string;
  /** The first so many test images. */
  readonly images: number;
  /** Of photographs: SHA-256 of the names of their files, and the side of what is corrupted. */
  readonly folder?: { readonly files: string; readonly size: number };
  readonly constants: Setting["constants"];
  readonly choices: Choices;
  readonly ice: { readonly source: string; readonly hash: string };
  readonly seed: number;
}

/** How images are corrupted. */
export interface Manner {
  readonly recipe: Recipe;
  readonly setting: Setting;
  readonly rng: Rng;
}

/** Everything that it takes to corrupt the images of a data set. */
export interface Corrupting extends Manner {
  readonly clean: Split;
  readonly shape: ImageShape;
}

/** A short name for a recipe. */
export const hashOfRecipe = (recipe: Recipe): string =>
  createHash("sha256").update(canonicalJson(recipe)).digest("hex").slice(0, 12);

/** One image of planes of colours, as pixels. */
export function pictureAt({ images }: Split, [, height, width]: ImageShape, index: number): Picture {
  const plane = height * width;
  const pixels = new Uint8Array(3 * plane);
  const start = index * 3 * plane;
  for (let p = 0; p < plane; p++)
    for (let k = 0; k < 3; k++) pixels[3 * p + k] = images[start + k * plane + p]!;
  return { height, width, pixels };
}

/** Pixels as images of planes of colours. */
function planesOf(pixels: Uint8Array, [, height, width]: ImageShape): Uint8Array {
  const plane = height * width;
  const images = new Uint8Array(pixels.length);
  for (let start = 0; start < pixels.length; start += 3 * plane)
    for (let p = 0; p < plane; p++)
      for (let k = 0; k < 3; k++) images[start + k * plane + p] = pixels[start + 3 * p + k]!;
  return images;
}

export interface Watch {
  /** @param done - pictures of the file at hand, of all of its pictures */
  readonly onPicture?: (name: CorruptionName, done: number, of: number) => void;
  readonly stop?: () => boolean;
}

/** Pictures that are worked on at once, where the work is done elsewhere. */
export const AT_ONCE = 32;

/** @throws Interrupted where `stop` says so */
export async function untilStopped(stop: Watch["stop"]): Promise<void> {
  // Signals are only heard between two turns of the event loop.
  await new Promise<void>((resolve) => setImmediate(resolve));
  if (stop?.())
    throw new Interrupted("stopped; every complete file is kept. To go on, give the same command again.");
}

/** The bytes of `NAME.npy`. */
export async function corruptedFile(
  name: CorruptionName,
  { clean, shape, setting, rng }: Corrupting,
  { onPicture, stop }: Watch = {},
): Promise<Uint8Array> {
  const { count } = clean;
  const size = shape[0] * shape[1] * shape[2];
  const { bytes, data } = emptyNpy("|u1", [5 * count, shape[1], shape[2], 3]);
  for (const [block, severity] of severities.entries()) {
    const corrupt = corruption(name, severity, setting, rng);
    for (let from = 0; from < count; from += AT_ONCE) {
      const indices = Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, i) => from + i);
      const done = await Promise.all(indices.map((i) => corrupt(pictureAt(clean, shape, i), i)));
      for (const [i, { pixels }] of done.entries()) data.set(pixels, (block * count + from + i) * size);
      onPicture?.(name, block * count + from + done.length, 5 * count);
      await untilStopped(stop);
    }
  }
  return bytes;
}

/**
 * Writes the files that are missing in a folder, each of them whole or not at all.
 *
 * @returns the corruptions that were made; those that were there already are not made again
 * @throws Complaint where the folder holds corruptions of another recipe, or cannot be written; Interrupted where `stop` said so
 */
export async function writeCorrupted(
  folder: string,
  names: readonly CorruptionName[],
  corrupting: Corrupting,
  watch: Watch = {},
): Promise<readonly CorruptionName[]> {
  const file = (name: string): string => join(folder, name);
  const { clean, recipe } = corrupting;
  describe(folder, recipe, "labels.npy");
  removeLeftovers(folder);
  const labels = emptyNpy("|u1", [5 * clean.count]);
  for (const block of severities.keys()) labels.data.set(clean.labels, block * clean.count);
  writeAtomic(file("labels.npy"), labels.bytes);
  const missing = names.filter((name) => !existsSync(file(`${name}.npy`)));
  for (const name of missing) writeAtomic(file(`${name}.npy`), await corruptedFile(name, corrupting, watch));
  return missing;
}

/**
 * Says in a folder how the images in it are made.
 *
 * @param mark - what is in every folder of this kind, whoever made it
 * @throws Complaint where they were made in another way, or by somebody else
 */
export function describe(folder: string, recipe: Recipe, mark: string): void {
  const path = join(folder, "corruptions.json");
  const description = `${JSON.stringify(recipe, null, 2)}\n`;
  if (existsSync(path)) {
    if (readFileSync(path, "utf8") !== description)
      throw new Complaint(
        `${path} says that the corrupted images there were made in another way. Choose another folder.`,
      );
  } else if (existsSync(join(folder, mark)))
    throw new Complaint(`${folder} holds corrupted images of somebody else. Choose another folder.`);
  else writeAtomic(path, description);
}

/** Corrupted images of a data set, read as they are asked for. */
export interface CorruptedSet {
  split(name: CorruptionName, severity: Severity): Split;
}

/**
 * The corrupted images in a folder, published or ours: the first of each severity, as many as there are clean ones.
 *
 * @param clean - the images that they were made from
 * @throws Complaint where a file is missing or damaged, or its labels are not those of the clean images
 */
export function openCorrupted(
  folder: string,
  names: readonly CorruptionName[],
  clean: Split,
  shape: ImageShape,
): CorruptedSet {
  const opened = (name: string, extents: readonly number[]): NpyFile => {
    const path = join(folder, `${name}.npy`);
    if (!existsSync(path))
      throw new Complaint(
        `expected corrupted images in ${folder}, as CIFAR-10-C and CIFAR-100-C have them, but there is no ${path}`,
      );
    let file: NpyFile;
    try {
      file = openNpy(path);
    } catch (error) {
      throw new Complaint((error as Error).message);
    }
    const [rows, ...rest] = file.shape;
    if (file.dtype !== "|u1" || rest.join() !== extents.join() || rows === undefined || rows % 5 !== 0)
      throw new Complaint(
        `expected ${path} to be |u1 [5 × images, ${extents.join(", ")}], found ${file.dtype} [${file.shape.join(", ")}]`.replace(
          ", ]",
          "]",
        ),
      );
    if (rows < 5 * clean.count)
      throw new Complaint(
        `expected ${path} to hold ${clean.count} images of each severity, found ${rows / 5}`,
      );
    return file;
  };
  const labels = opened("labels", []);
  const perSeverity = labels.shape[0]! / 5;
  for (const [block, severity] of severities.entries()) {
    const found = labels.rows(block * perSeverity, clean.count);
    const at = found.findIndex((label, i) => label !== clean.labels[i]);
    if (at >= 0)
      throw new Complaint(
        `the corrupted images in ${folder} are of other images: label ${at} at severity ${severity} is ${found[at]}, that of test image ${at} is ${clean.labels[at]}`,
      );
  }
  const files = new Map(names.map((name) => [name, opened(name, [shape[1], shape[2], 3])]));
  for (const [name, file] of files)
    if (file.shape[0] !== labels.shape[0])
      throw new Complaint(
        `${folder}: ${name}.npy has ${file.shape[0]} images, labels.npy ${labels.shape[0]} labels`,
      );
  return {
    split(name, severity) {
      const file = files.get(name);
      if (file === undefined) throw new RangeError(`${name} was not opened`);
      const pixels = file.rows((severity - 1) * perSeverity, clean.count);
      return { images: planesOf(pixels, shape), labels: clean.labels, count: clean.count };
    },
  };
}
