/**
 * Corrupted photographs on the disk as ImageNet-C has them: `CORRUPTION/SEVERITY/CLASS/*.JPEG`. What is corrupted is the
 * middle of a picture, as networks see it.
 *
 * @packageDocumentation
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { createDecoder, type Decoder } from "../data/decoder.ts";
import type { Unreadable } from "../data/folder-images.ts";
import type { FolderSplit } from "../data/image-folder.ts";
import { writeAtomic } from "../files.ts";
import type { CorruptionName, Severity } from "./constants.ts";
import { corruption } from "./corruption.ts";
import { AT_ONCE, describe, type Manner, untilStopped, type Watch } from "./folder.ts";
import type { Picture } from "./picture.ts";

/** Everything that it takes to corrupt photographs. */
export interface CorruptingPhotographs extends Manner {
  readonly clean: FolderSplit;
  /** Pixels of a side. */
  readonly size: number;
}

interface PhotographWatch extends Watch {
  /** Told once of each file that cannot be read and is left out. */
  readonly onUnreadable?: (found: Unreadable) => void;
}

/** A picture as the published ones are packed: Pillow's JPEG of quality 85, with optimized tables. */
async function packed({ height, width, pixels }: Picture): Promise<Uint8Array> {
  const { default: sharp } = await import("sharp");
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 85, chromaSubsampling: "4:2:0", optimiseCoding: true })
    .toBuffer();
}

/** A file keeps its name where that is one of a JPEG file. */
const nameOf = (file: string): string => (/\.jpe?g$/i.test(file) ? file : `${file}.JPEG`);

/** Picture `index` as it is seen before it is corrupted; a reason where its file cannot be read. */
async function photographAt(
  { clean: { folder, files }, size }: CorruptingPhotographs,
  index: number,
  decoder: Decoder,
): Promise<Picture | Unreadable> {
  const file = join(folder, files[index]!);
  const found = await decoder.decode({ path: file, size, draws: null });
  return "pixels" in found
    ? { height: size, width: size, pixels: found.pixels }
    : { file, reason: found.reason };
}

/** The first pictures, at most so many, before they are corrupted. */
export async function firstPhotographs(
  work: CorruptingPhotographs,
  count: number,
  onUnreadable: (found: Unreadable) => void,
): Promise<readonly Picture[]> {
  const decoder = createDecoder();
  try {
    const few = Array.from({ length: Math.min(count, work.clean.count) }, (_, i) =>
      photographAt(work, i, decoder),
    );
    return (await Promise.all(few)).flatMap((found) => {
      if ("pixels" in found) return found;
      onUnreadable(found);
      return [];
    });
  } finally {
    await decoder.close();
  }
}

/**
 * Writes the pictures that are missing in a folder, each of them whole or not at all.
 *
 * @returns how many were made; those that were there already are not made again
 * @throws Complaint where the folder holds pictures of another recipe, or cannot be written; Interrupted where `stop` said so
 */
export async function writePhotographs(
  folder: string,
  names: readonly CorruptionName[],
  severities: readonly Severity[],
  work: CorruptingPhotographs,
  { onPicture, onUnreadable, stop }: PhotographWatch = {},
): Promise<{ readonly made: number; readonly there: number }> {
  const { clean, recipe, setting, rng } = work;
  describe(folder, recipe, names[0]!);
  const decoder = createDecoder();
  const unreadable = new Set<number>();
  let [made, there] = [0, 0];
  try {
    for (const name of names)
      for (const [block, severity] of severities.entries()) {
        const corrupt = corruption(name, severity, setting, rng);
        const one = async (index: number): Promise<void> => {
          const path = join(folder, name, String(severity), nameOf(clean.files[index]!));
          if (existsSync(path)) there++;
          else if (!unreadable.has(index)) {
            const found = await photographAt(work, index, decoder);
            if ("pixels" in found) {
              writeAtomic(path, await packed(await corrupt(found, index)));
              made++;
            } else {
              unreadable.add(index);
              onUnreadable?.(found);
            }
          }
        };
        for (let from = 0; from < clean.count; from += AT_ONCE) {
          const to = Math.min(from + AT_ONCE, clean.count);
          await Promise.all(Array.from({ length: to - from }, (_, i) => one(from + i)));
          onPicture?.(name, block * clean.count + to, severities.length * clean.count);
          await untilStopped(stop);
        }
      }
  } finally {
    await decoder.close();
  }
  return { made, there };
}
