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
import { type CorruptionName, type Severity, severities } from "./constants.ts";
import { corruption } from "./corruption.ts";
import { AT_ONCE, describe, type Manner, untilStopped, type Watch } from "./folder.ts";
import type { Picture } from "./picture.ts";

/** Everything that it takes to corrupt photographs. */
export interface CorruptingPhotographs extends Manner {
  readonly clean: FolderSplit;
  readonly classes: readonly string[];
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

/** Picture `index` as it is seen before it is corrupted; `null` where its file cannot be read. */
export async function photographAt(
  { clean: { folder, files }, size }: Pick<CorruptingPhotographs, "clean" | "size">,
  index: number,
  decoder: Decoder,
  onUnreadable: (found: Unreadable) => void = () => {},
): Promise<Picture | null> {
  const file = join(folder, files[index]!);
  const found = await decoder.decode({ path: file, size, draws: null });
  if ("pixels" in found) return { height: size, width: size, pixels: found.pixels };
  onUnreadable({ file, reason: found.reason });
  return null;
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
  asked: readonly Severity[],
  work: CorruptingPhotographs,
  { onPicture, onUnreadable, stop }: PhotographWatch = {},
): Promise<number> {
  const { clean, recipe, setting, rng } = work;
  describe(folder, recipe, names[0]!);
  const decoder = createDecoder();
  const unreadable = new Set<number>();
  let made = 0;
  try {
    for (const name of names)
      for (const severity of severities.filter((severity) => asked.includes(severity))) {
        const corrupt = corruption(name, severity, setting, rng);
        const place = (index: number): string =>
          join(folder, name, String(severity), nameOf(clean.files[index]!));
        const one = async (index: number): Promise<void> => {
          if (unreadable.has(index) || existsSync(place(index))) return;
          const picture = await photographAt(
            work,
            index,
            decoder,
            unreadable.has(index) ? undefined : onUnreadable,
          );
          if (picture === null) {
            unreadable.add(index);
            return;
          }
          writeAtomic(place(index), await packed(await corrupt(picture, index)));
          made++;
        };
        const { count } = clean;
        for (let from = 0; from < count; from += AT_ONCE) {
          const upTo = Math.min(from + AT_ONCE, count);
          await Promise.all(Array.from({ length: upTo - from }, (_, i) => one(from + i)));
          onPicture?.(name, asked.indexOf(severity) * count + upTo, asked.length * count);
          await untilStopped(stop);
        }
      }
  } finally {
    await decoder.close();
  }
  return made;
}
