/**
 * ImageNet-C, as published or made here: folders `CORRUPTION/SEVERITY/CLASS/*.JPEG` of photographs of 224 a side, which are
 * not resized any more.
 *
 * @packageDocumentation
 */

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { Complaint } from "../complaint.ts";
import type { CorruptionName, Severity } from "../corruptions/constants.ts";
import { hashOfRecipe, type Watch } from "../corruptions/folder.ts";
import { writePhotographs } from "../corruptions/photographs.ts";
import { type CorruptionOptions, corruptingPhotographs } from "../corruptions/request.ts";
import type { ImageKind } from "../data/dataset.ts";
import { createDecoder } from "../data/decoder.ts";
import { folderImages, type Unreadable } from "../data/folder-images.ts";
import { classesIn, type FolderDataset, type FolderSplit, splitOf } from "../data/image-folder.ts";
import { type CorruptedImages, corruptedHere } from "./images.ts";

export interface PhotographsRequest {
  readonly from: string;
  readonly names: readonly CorruptionName[];
  readonly severities: readonly Severity[];
  /** So many of each corruption and severity; absent: all. */
  readonly images?: number | undefined;
  /** Pixels of a side of what the network sees. */
  readonly size: number;
  /** Those of the network, where they are known: then some of them may have no pictures. Absent: those that are found. */
  readonly classes?: readonly string[] | undefined;
  /** Told once of each file that cannot be read and is left out. */
  readonly onUnreadable: (found: Unreadable) => void;
}

export interface Photographs extends CorruptedImages {
  readonly kind: ImageKind;
}

/**
 * The folders of all corruptions and severities, without opening a picture.
 *
 * @throws Complaint where one is missing, or they differ in their classes or in the number of pictures
 */
export function openPhotographs({
  from,
  names,
  severities,
  images,
  size,
  classes: known,
  onUnreadable,
}: PhotographsRequest): Photographs {
  const splits = new Map<string, FolderSplit>();
  let classes: readonly string[] | undefined;
  let first: FolderSplit | undefined;
  const hash = createHash("sha256").update(`${size};`);
  for (const name of names)
    for (const severity of severities) {
      const folder = join(from, name, String(severity));
      if (!existsSync(folder))
        throw new Complaint(
          `expected corrupted photographs in ${from}, as ImageNet-C has them (CORRUPTION/SEVERITY/CLASS), but there is no ${folder}`,
          2,
        );
      const there = classesIn(folder);
      const stranger = known && there.find((name) => !known.includes(name));
      if (stranger !== undefined)
        throw new Complaint(`${folder} has a class ${stranger}, which the network does not know`, 2);
      const found = known ?? there;
      classes ??= found;
      const split: FolderSplit = { ...splitOf(folder, found, images, known !== undefined), view: "middle" };
      first ??= split;
      if (found.join("/") !== classes.join("/") || split.count !== first.count)
        throw new Complaint(
          `expected the same classes and as many pictures in ${folder} as in ${first.folder}, found ${found.length} classes and ${split.count} pictures, there ${classes.length} and ${first.count}`,
        );
      for (const file of split.files) hash.update(`${name}/${severity}/${file}\n`);
      splits.set(`${name}/${severity}`, split);
    }
  const shape = [3, size, size] as const;
  // Its threads do not keep the process alive.
  const decoder = createDecoder();
  return {
    kind: { classes: classes!, shape },
    count: first!.count,
    source: `${first!.count} photographs of each corruption and severity in the folder ${basename(resolve(from))}`,
    identity: hash.digest("hex").slice(0, 12),
    clean: null,
    at: (name, severity) =>
      folderImages(splits.get(`${name}/${severity}`)!, shape, decoder, false, onUnreadable),
  };
}

/** What is made here, of the test pictures of a folder of photographs. */
export interface MakingRequest extends CorruptionOptions {
  readonly dataset: FolderDataset;
  readonly images?: number | undefined;
  readonly names: readonly CorruptionName[];
  readonly severities: readonly Severity[];
  /** Where it is kept. */
  readonly cache: string;
  readonly onUnreadable: (found: Unreadable) => void;
}

/**
 * Corrupted photographs that are made here, on the disk as the published ones are. What was made before is not made again.
 *
 * @throws Complaint where there are too few; Interrupted where `stop` said so
 */
export async function makePhotographs(request: MakingRequest, watch: Watch = {}): Promise<Photographs> {
  const { dataset, images, names, severities, cache, onUnreadable } = request;
  const { classes, shape, test } = dataset;
  const size = shape[1];
  const work = await corruptingPhotographs({ test, size }, images, request);
  const { recipe, clean } = work;
  const identity = hashOfRecipe(recipe);
  const from = join(cache, `${recipe.dataset}-${identity}`);
  await writePhotographs(from, names, severities, work, { ...watch, onUnreadable });
  return {
    ...openPhotographs({ from, names, severities, size, classes, onUnreadable }),
    source: `${clean.count} test pictures of ${recipe.dataset}, ${corruptedHere(recipe, names)}`,
    identity,
    clean: folderImages(clean, shape, createDecoder(), false, onUnreadable),
  };
}
