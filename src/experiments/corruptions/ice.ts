/**
 * Pictures of ice for the corruption `frost`: those of a folder, or drawn here.
 *
 * @packageDocumentation
 */

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createRng } from "../../tensor/random.ts";
import { Complaint } from "../complaint.ts";
import type { ConstantsName } from "./constants.ts";
import { type Draws, drawsOf } from "./draws.ts";
import type { Extent } from "./filters.ts";
import type { Picture } from "./picture.ts";
import { plasma } from "./plasma.ts";

export interface Ice {
  readonly textures: readonly Picture[];
  /** What they are, in words, for every result that they enter. */
  readonly source: string;
  /** The start of the SHA-256 of all pixels. */
  readonly hash: string;
}

const files = ["frost1.png", "frost2.png", "frost3.png", "frost4.jpg", "frost5.jpg", "frost6.jpg"];

function iceOf(textures: readonly Picture[], source: string): Ice {
  const hash = createHash("sha256");
  for (const { height, width, pixels } of textures) hash.update(`${height}x${width};`).update(pixels);
  return { textures, source, hash: hash.digest("hex").slice(0, 12) };
}

/**
 * The textures of the published data sets, from the folder of whoever has them: `frost1.png` to `frost6.jpg`.
 *
 * @throws Complaint where one of them is missing or cannot be read
 */
export async function readIce(folder: string): Promise<Ice> {
  const { default: sharp } = await import("sharp");
  const textures: Picture[] = [];
  for (const path of files.map((name) => join(folder, name))) {
    if (!existsSync(path))
      throw new Complaint(
        `--frost ${folder}: expected the textures ${files.join(", ")}, but there is no ${path}`,
      );
    try {
      // As OpenCV reads them: without what is said of transparency.
      const read = sharp(path).removeAlpha().toColourspace("srgb").raw();
      const { data, info } = await read.toBuffer({ resolveWithObject: true });
      textures.push({ height: info.height, width: info.width, pixels: new Uint8Array(data) });
    } catch (error) {
      throw new Complaint(`${path} cannot be read as a picture: ${(error as Error).message}`);
    }
  }
  return iceOf(textures, "textures of ice from a folder");
}

/**
 * Ice drawn here: bright needles in a bluish haze, about as bright and as rough as the photographs.
 *
 * @deviation The textures of the published data sets are photographs of others, and not part of this project.
 */
export function drawnIce(): Ice {
  const key = createRng("ice").key();
  known ??= iceOf(
    files.map((_, i) => drawn(drawsOf(key, i))),
    "drawn textures that stand in for the published photographs of ice",
  );
  return known;
}

/** Drawn once, since it takes a while. */
let known: Ice | undefined;

const SIDE = 512;
const tint = [0.82, 0.94, 1] as const;

function drawn(draws: Draws): Picture {
  const [needles, haze] = [plasma(SIDE, 1.15, draws), plasma(SIDE, 2, draws)];
  const pixels = new Uint8Array(3 * SIDE * SIDE);
  for (let i = 0; i < SIDE * SIDE; i++) {
    const needle = (1 - Math.abs(2 * needles[i]! - 1)) ** 2;
    for (let k = 0; k < 3; k++)
      pixels[3 * i + k] = 255 * Math.min(1, tint[k]! * (0.1 + 0.55 * needle + 0.45 * haze[i]!));
  }
  return { height: SIDE, width: SIDE, pixels };
}

/** Every fifth pixel of every fifth row, as OpenCV shrinks by 0.2. */
function shrunk({ height, width, pixels }: Picture): Picture {
  const [h, w] = [Math.round(height / 5), Math.round(width / 5)];
  const small = new Uint8Array(3 * h * w);
  for (let y = 0; y < h; y++)
    for (let x = 0; x < w; x++) {
      const [from, to] = [
        (Math.min(5 * y + 2, height - 1) * width + Math.min(5 * x + 2, width - 1)) * 3,
        (y * w + x) * 3,
      ];
      small.set(pixels.subarray(from, from + 3), to);
    }
  return { height: h, width: w, pixels: small };
}

/**
 * The textures at the size that fits some pictures: a fifth for small pictures, and enlarged where a picture would not fit.
 *
 * @deviation The published code has no texture that is too small; it is enlarged here until it is larger by a tenth.
 */
export function fitted(
  textures: readonly Picture[],
  constants: ConstantsName,
  { height, width }: Extent,
): Promise<readonly Picture[]> {
  return Promise.all(
    textures.map(async (texture) => {
      const scaled = constants === "cifar" ? shrunk(texture) : texture;
      const factor = 1.1 * Math.max(height / scaled.height, width / scaled.width);
      return factor > 1 ? enlarged(scaled, factor) : scaled;
    }),
  );
}

async function enlarged({ height, width, pixels }: Picture, factor: number): Promise<Picture> {
  const { default: sharp } = await import("sharp");
  const [h, w] = [Math.ceil(height * factor), Math.ceil(width * factor)];
  const data = await sharp(pixels, { raw: { width, height, channels: 3 } })
    .resize(w, h, { kernel: "cubic", fit: "fill" })
    .raw()
    .toBuffer();
  return { height: h, width: w, pixels: new Uint8Array(data) };
}
