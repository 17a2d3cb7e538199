import type { Rng } from "../../tensor/random.ts";
import { pngOf } from "../png.ts";
import { escaped } from "../report/html.ts";
import { type CorruptionName, severities } from "./constants.ts";
import { corruption, type Setting, titleOf } from "./corruption.ts";
import type { Picture } from "./picture.ts";

const GAP = 3;
const LABELS = 120;
const HEAD = 24;

/**
 * A contact sheet: a row for each corruption, the clean picture and its five severities beside each other, as PNG.
 *
 * @param pictures - a row shows one of them, in turn
 */
export async function contactSheet(
  names: readonly CorruptionName[],
  pictures: readonly Picture[],
  setting: Setting,
  rng: Rng,
): Promise<Uint8Array> {
  const { height, width } = pictures[0]!;
  const scale = Math.max(1, Math.floor(96 / Math.max(height, width)));
  const [cellHeight, cellWidth] = [height * scale + GAP, width * scale + GAP];
  const sheet = { height: names.length * cellHeight, width: 6 * cellWidth };
  const pixels = new Uint8Array(3 * sheet.height * sheet.width).fill(255);
  const paste = (picture: Picture, row: number, column: number): void => {
    for (let y = 0; y < height * scale; y++)
      for (let x = 0; x < width * scale; x++) {
        const from = (Math.floor(y / scale) * width + Math.floor(x / scale)) * 3;
        const to = ((row * cellHeight + y) * sheet.width + column * cellWidth + x) * 3;
        pixels.set(picture.pixels.subarray(from, from + 3), to);
      }
  };
  for (const [row, name] of names.entries()) {
    const index = row % pictures.length;
    paste(pictures[index]!, row, 0);
    for (const severity of severities)
      paste(await corruption(name, severity, setting, rng)(pictures[index]!, index), row, severity);
  }
  const { default: sharp } = await import("sharp");
  const raster = await sharp(pixels, { raw: { ...sheet, channels: 3 } })
    .png()
    .toBuffer();
  const text = (x: number, y: number, words: string): string =>
    `<text x="${x}" y="${y}" font-family="DejaVu Sans" font-size="12">${escaped(words)}</text>`;
  return pngOf(`<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${LABELS + sheet.width}" height="${HEAD + sheet.height}">
${["clean", ...severities.map((severity) => `severity ${severity}`)].map((words, i) => text(LABELS + i * cellWidth + 2, 16, words)).join("\n")}
${names.map((name, row) => text(4, HEAD + row * cellHeight + cellHeight / 2 + 4, titleOf(name))).join("\n")}
<image x="${LABELS}" y="${HEAD}" width="${sheet.width}" height="${sheet.height}" image-rendering="pixelated" xlink:href="data:image/png;base64,${raster.toString("base64")}"/>
</svg>`);
}
