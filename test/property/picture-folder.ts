/** A folder of pictures as ImageNet has them, made by a test. */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { createRng } from "../../src/tensor/random.ts";

/** Bytes of a picture: a slope of its own in each channel, and some noise. */
export function pictureBytes(name: string, width: number, height: number): Uint8Array {
  const rng = createRng(name);
  const slopes = [rng.uniform(), rng.uniform(), rng.uniform()];
  return Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    return Math.min(255, 200 * slopes[i % 3]! * ((x + y) / (width + height)) + 50 * rng.uniform());
  });
}

/** Writes a picture in the format of its ending. */
export async function writePicture(path: string, width = 40, height = 30): Promise<void> {
  const bytes = pictureBytes(path.split("/").at(-1)!, width, height);
  await sharp(bytes, { raw: { width, height, channels: 3 } }).toFile(path);
}

/** `classes` × `each` pictures of different sizes in `train`, and one of each class in `val`. */
export async function pictureFolder(folder: string, classes: readonly string[], each: number): Promise<void> {
  for (const name of classes)
    for (const [part, count] of [
      ["train", each],
      ["val", 1],
    ] as const) {
      mkdirSync(join(folder, part, name), { recursive: true });
      for (let i = 0; i < count; i++)
        await writePicture(
          join(folder, part, name, `${name}_${i}.${i % 2 === 0 ? "png" : "jpg"}`),
          24 + 7 * i,
          40 - 3 * i,
        );
    }
}
