import { readFileSync } from "node:fs";
import { describe, expect } from "vitest";
import {
  type ConstantsName,
  constants,
  constantsNames,
  severities,
} from "../../src/experiments/corruptions/constants.ts";
import { corruptionNames, corruptWith, published } from "../../src/experiments/corruptions/corruption.ts";
import { drawsOf } from "../../src/experiments/corruptions/draws.ts";
import type { Picture } from "../../src/experiments/corruptions/picture.ts";
import { decodeNpz } from "../../src/experiments/data/npz.ts";
import { verifies } from "../spec.ts";

/** Pictures, and what NumPy, SciPy, scikit-image, OpenCV, Pillow and ImageMagick make of them: oracle/corruptions.py. */
const golden = decodeNpz(readFileSync(new URL("corruptions.npz", import.meta.url)), "corruptions.npz");

/** The oracle's stand-in for ice. */
const textures = Array.from({ length: 6 }, (_, i): Picture => {
  const [height, width] = [80 + 3 * i, 90 + 5 * i];
  const pixels = Uint8Array.from({ length: 3 * height * width }, (_, p) => {
    const [y, x, k] = [Math.floor(p / 3 / width), Math.floor(p / 3) % width, p % 3];
    return (7 * y + 13 * x + 29 * k + x * y * (i + 1)) % 256;
  });
  return { height, width, pixels };
});

function pictureOf(name: ConstantsName): Picture {
  const { shape, data } = golden[name]!;
  const [height, width] = shape as [number, number];
  return { height, width, pixels: data as Uint8Array };
}

/** The share of values that are off by `most` or less. */
const within = (most: number, xs: Uint8Array, ys: Uint8Array): number =>
  xs.reduce((n, x, i) => n + (Math.abs(x - ys[i]!) <= most ? 1 : 0), 0) / xs.length;

/** In dB. */
function psnr(xs: Uint8Array, ys: Uint8Array): number {
  const squares = xs.reduce((sum, x, i) => sum + (x - ys[i]!) ** 2, 0);
  return 10 * Math.log10(255 ** 2 / (squares / xs.length));
}

describe.each(constantsNames)("corruptions with the constants of %s", (set) => {
  for (const name of corruptionNames)
    verifies(
      "HD.sec.4",
      `${name} with the constants of ${set} is the libraries', within one level everywhere and equal almost everywhere`,
      async () => {
        const picture = pictureOf(set);
        const all = golden[`${set}/${name}`]!.data as Uint8Array;
        for (const severity of severities) {
          const draws = drawsOf([0x9e3779b9, 0x243f6a88], 7);
          const setting = { constants: set, choices: published, textures };
          const ours = await corruptWith(name, constants[set][name][severity - 1]!, picture, draws, setting);
          const theirs = all.subarray(
            (severity - 1) * picture.pixels.length,
            severity * picture.pixels.length,
          );
          const where = `${name}, severity ${severity}`;
          expect(within(1, ours.pixels, theirs), where).toBe(1);
          expect(within(0, ours.pixels, theirs), where).toBeGreaterThan(0.95);
          if (name === "jpeg_compression") expect(psnr(ours.pixels, theirs), where).toBeGreaterThan(40);
        }
      },
    );
});
