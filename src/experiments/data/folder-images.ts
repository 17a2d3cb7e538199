/**
 * Batches from a folder of pictures, decoded ahead of the network.
 *
 * @packageDocumentation
 */

import { join } from "node:path";
import type { Batch, Draws, ImageSource } from "../../nn/images.ts";
import { type ImageShape, normalizedBytes } from "./dataset.ts";
import type { Decoder } from "./decoder.ts";
import type { FolderSplit } from "./image-folder.ts";
import { DRAWS } from "./view.ts";

/** A file that could not be read, and was left out. */
export interface Unreadable {
  readonly file: string;
  readonly reason: string;
}

/** Of all training images of ImageNet, as torchvision's networks are trained with. */
export const NORMALIZATION = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;

/** Batches that are decoded while the network is at another: what bounds the memory of pictures. */
const AHEAD = 2;

/**
 * @param augment - a random resized crop and flip, where training draws
 * @param onUnreadable - told once of each file that cannot be read
 */
export function folderImages(
  { folder, count, files, labels, view }: FolderSplit,
  shape: ImageShape,
  decoder: Decoder,
  augment: boolean,
  onUnreadable: (found: Unreadable) => void,
): ImageSource {
  const size = shape[1];
  const plane = size * size;
  const tables = NORMALIZATION.mean.map((mean, c) => normalizedBytes(mean, NORMALIZATION.std[c]!, c));
  const known = new Set<number>();

  async function batch(indices: ArrayLike<number>, draws?: Draws): Promise<Batch> {
    const chosen = Array.from(indices);
    const decoded = await Promise.all(
      chosen.map(async (index) => {
        const rng = augment ? draws?.(index) : undefined;
        const numbers = rng === undefined ? null : Array.from({ length: DRAWS }, () => rng.uniform());
        const found = await decoder.decode({
          path: join(folder, files[index]!),
          size,
          draws: numbers ?? view ?? null,
        });
        if ("pixels" in found) return { label: labels[index]!, pixels: found.pixels };
        if (!known.has(index)) onUnreadable({ file: join(folder, files[index]!), reason: found.reason });
        known.add(index);
        return null;
      }),
    );
    const read = decoded.filter((one) => one !== null);
    if (read.length === 0)
      throw new RangeError(
        `none of the ${chosen.length} pictures of a batch can be read: ${join(folder, files[chosen[0]!]!)} and so on`,
      );
    const images = new Float32Array(read.length * 3 * plane);
    read.forEach(({ pixels }, i) => {
      for (let c = 0; c < 3; c++) {
        const [table, to] = [tables[c]!, (i * 3 + c) * plane];
        for (let p = 0; p < plane; p++) images[to + p] = table[pixels[3 * p + c]!]!;
      }
    });
    return { images, labels: Int32Array.from(read, ({ label }) => label) };
  }

  return { count, shape, ahead: AHEAD, batch };
}
