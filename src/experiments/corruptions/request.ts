/**
 * What a user asks of corruptions, checked, with everything that they need.
 *
 * @packageDocumentation
 */

import { createRng } from "../../tensor/random.ts";
import { Complaint } from "../complaint.ts";
import { type Dataset, type ImageShape, take } from "../data/dataset.ts";
import { type FolderSplit, hashOfFiles, thinned } from "../data/image-folder.ts";
import { type ConstantsName, type CorruptionName, type Severity, severities } from "./constants.ts";
import { type Choices, commonNames, corruptionNames } from "./corruption.ts";
import type { Corrupting, Manner, Recipe } from "./folder.ts";
import { drawnIce, fitted, readIce } from "./ice.ts";
import type { CorruptingPhotographs } from "./photographs.ts";

/** `all`, `common`, or names with commas between them. */
export function namesIn(text: string): readonly CorruptionName[] {
  if (text === "common") return commonNames;
  if (text === "all") return corruptionNames;
  return [...new Set(text.split(","))].map((word) => {
    const name = word.trim().replaceAll("-", "_");
    const known = corruptionNames.find((known) => known === name);
    if (known === undefined)
      throw new Complaint(
        `--corruptions: there is no ${word.trim()}. Expected all, common (the first 15), or some of ${corruptionNames.join(", ")}`,
        2,
      );
    return known;
  });
}

/** `3`, `1-5` or `1,3`. */
export function severitiesIn(text: string): readonly Severity[] {
  const parts = text.split(",").map((part) => /^([1-5])(?:-([1-5]))?$/.exec(part.trim()));
  const chosen = severities.filter((severity) =>
    parts.some(
      (part) => part !== null && Number(part[1]) <= severity && severity <= Number(part[2] ?? part[1]),
    ),
  );
  if (parts.includes(null) || chosen.length === 0)
    throw new Complaint(`--severities ${text}: expected numbers from 1 to 5, as 1-5 or 1,3,5`, 2);
  return chosen;
}

export interface CorruptionOptions {
  readonly choices: Choices;
  readonly seed: number;
  /** Folder of textures of ice; absent: drawn ones. */
  readonly frost?: string | undefined;
  /** Absent: those of small pictures up to 64 a side, else those of photographs. */
  readonly constants?: ConstantsName | undefined;
}

/**
 * Everything that it takes to corrupt the first so many test images of a data set.
 *
 * @throws Complaint where they are not in colour, or too few, or there are no textures
 */
export async function corrupting(
  { name, shape, test }: Dataset,
  images: number | undefined,
  options: CorruptionOptions,
): Promise<Corrupting> {
  if (shape[0] !== 3)
    throw new Complaint(
      `corruptions are of pictures in colour, and those of ${name} have ${shape[0]} channel`,
      2,
    );
  const clean = take(test, checkedCount(images, test.count));
  return { clean, shape, ...(await manner({ dataset: name, images: clean.count }, shape, options)) };
}

/**
 * The same for so many test pictures of a folder of photographs, at equal distances in their order.
 *
 * @param size - pixels of a side of what is corrupted: the middle of the picture, as networks see it
 * @throws Complaint where they are too few, or there are no textures
 */
export async function corruptingPhotographs(
  { classes, test, size }: { classes: readonly string[]; test: FolderSplit; size: number },
  images: number | undefined,
  options: CorruptionOptions,
): Promise<CorruptingPhotographs> {
  const clean = thinned(test, checkedCount(images, test.count));
  const what = { dataset: "imagenet", images: clean.count, folder: { files: hashOfFiles(clean), size } };
  return { clean, classes, size, ...(await manner(what, [3, size, size], options)) };
}

function checkedCount(images: number | undefined, most: number): number {
  if (images !== undefined && (!Number.isInteger(images) || images < 1 || images > most))
    throw new Complaint(
      `--images ${images}: expected a whole number from 1 to ${most}, the test images that there are`,
      2,
    );
  return images ?? most;
}

/** How pictures are corrupted, whatever they are. */
async function manner(
  what: Pick<Recipe, "dataset" | "images" | "folder">,
  [, height, width]: ImageShape,
  { choices, seed, frost, constants }: CorruptionOptions,
): Promise<Manner> {
  const set = constants ?? (Math.max(height, width) <= 64 ? "cifar" : "imagenet");
  const ice = frost === undefined ? drawnIce() : await readIce(frost);
  return {
    recipe: { ...what, constants: set, choices, ice: { source: ice.source, hash: ice.hash }, seed },
    setting: { constants: set, choices, textures: await fitted(ice.textures, set, { height, width }) },
    rng: createRng(seed).fork("corruptions"),
  };
}
