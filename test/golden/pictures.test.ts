import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { cropped, type Picture, resized } from "../../src/experiments/data/resize.ts";
import { viewOf } from "../../src/experiments/data/view.ts";
import { verifies } from "../spec.ts";

interface Case {
  readonly from: readonly [width: number, height: number];
  readonly sha256: string;
}
interface PicturesFile {
  readonly resized: readonly (Case & { readonly to: readonly [width: number, height: number] })[];
  readonly evaluation: readonly (Case & { readonly size: number })[];
  readonly training: readonly (Case & {
    readonly top: number;
    readonly left: number;
    readonly height: number;
    readonly width: number;
    readonly size: number;
    readonly flip: boolean;
  })[];
  readonly jpeg: { readonly file: string; readonly sha256: string };
}

const golden = JSON.parse(readFileSync(new URL("pictures.json", import.meta.url), "utf8")) as PicturesFile;

function noise(seed: number, [width, height]: Case["from"]): Picture {
  let state = seed;
  const pixels = Uint8Array.from({ length: width * height * 3 }, () => {
    state = (1664525 * state + 1013904223) % 2 ** 32;
    return Math.floor(state / 2 ** 24);
  });
  return { pixels, width, height };
}
const digest = ({ pixels }: Picture): string => createHash("sha256").update(pixels).digest("hex");

describe("pictures against Pillow", () => {
  test("resizing, up and down, by rows and by columns, has the same bytes", () => {
    expect(golden.resized).toHaveLength(6);
    golden.resized.forEach(({ from, to: [width, height], sha256 }, i) => {
      const found = resized(noise(7000 + i, from), width, height);
      expect([found.width, found.height, found.pixels.length]).toEqual([width, height, width * height * 3]);
      expect(digest(found), `${from} to ${width},${height}`).toBe(sha256);
    });
  });

  verifies(
    "QGen.sec.C.1",
    "evaluation resizes the shorter side to 256 and sees the middle 224, to the byte",
    () => {
      expect(golden.evaluation).toHaveLength(5);
      golden.evaluation.forEach(({ from, size, sha256 }, i) => {
        expect(digest(viewOf(noise(7100 + i, from), size, null)), `${from} as ${size}`).toBe(sha256);
      });
    },
  );

  test("a window that is resized and mirrored has the same bytes", () => {
    expect(golden.training).toHaveLength(3);
    golden.training.forEach(({ from, size, flip, sha256, ...window }, i) => {
      const seen = resized(cropped(noise(7200 + i, from), { ...window, flip: false }), size, size);
      const whole = { top: 0, left: 0, width: size, height: size, flip };
      expect(digest(cropped(seen, whole)), `${from}`).toBe(sha256);
    });
  });

  test("a JPEG is decoded to the same bytes", async () => {
    const file = Buffer.from(golden.jpeg.file, "base64");
    const pixels = await sharp(file).removeAlpha().raw().toBuffer();
    expect(digest({ pixels, width: 96, height: 72 })).toBe(golden.jpeg.sha256);
  });

  test("libvips resizes noise to bytes that are 0.6 grey levels off on average, and 11 at most", async () => {
    const { pixels, width, height } = noise(7000, golden.resized[0]!.from);
    const theirs = await sharp(pixels, { raw: { width, height, channels: 3 } })
      .resize(32, 24, { fit: "fill", kernel: "linear" })
      .raw()
      .toBuffer();
    const own = resized({ pixels, width, height }, 32, 24).pixels;
    const errors = Array.from(theirs, (byte, i) => Math.abs(byte - own[i]!));
    expect(Math.max(...errors)).toBe(11);
    expect(errors.reduce((a, b) => a + b, 0) / errors.length).toBeCloseTo(0.62, 2);
  });
});
