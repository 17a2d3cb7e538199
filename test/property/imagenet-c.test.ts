import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, onTestFinished, test } from "vitest";
import { openPhotographs } from "../../src/experiments/robustness/imagenet-c.ts";
import { pictureBytes } from "./picture-folder.ts";

const classes = ["ant", "bee"];

/** `fog` at severities 1 and 5: two pictures of 12 × 10 of each class. */
async function photographs(): Promise<string> {
  const from = mkdtempSync(join(tmpdir(), "qgen-imagenet-c-"));
  onTestFinished(() => rmSync(from, { recursive: true, force: true }));
  for (const severity of [1, 5])
    for (const name of classes) {
      const folder = join(from, "fog", String(severity), name);
      mkdirSync(folder, { recursive: true });
      for (const i of [0, 1])
        await sharp(pictureBytes(`${severity}${name}${i}`, 12, 10), {
          raw: { width: 12, height: 10, channels: 3 },
        })
          .png()
          .toFile(join(folder, `${i}.png`));
    }
  return from;
}
const asked = (from: string, size = 8) =>
  ({ from, names: ["fog"], severities: [1, 5], size, onUnreadable: () => {} }) as const;

describe("ImageNet-C as published", () => {
  test("is folders of corruptions, severities and classes; the middle of a picture is seen as it is", async () => {
    const from = await photographs();
    const found = openPhotographs(asked(from));
    expect([found.count, found.kind, found.clean]).toEqual([4, { classes, shape: [3, 8, 8] }, null]);
    const { images, labels } = await found.at("fog", 5).batch([1, 2]);
    expect(labels).toEqual(Int32Array.of(0, 1));
    const [mean, std] = [
      [0.485, 0.456, 0.406],
      [0.229, 0.224, 0.225],
    ];
    for (const [i, name] of ["5ant1", "5bee0"].entries()) {
      const bytes = pictureBytes(name, 12, 10);
      for (let k = 0; k < 3; k++)
        for (let y = 0; y < 8; y++)
          for (let x = 0; x < 8; x++) {
            const p = bytes[((y + 1) * 12 + x + 2) * 3 + k]! / 255;
            expect(images[((i * 3 + k) * 8 + y) * 8 + x]).toBeCloseTo((p - mean[k]!) / std[k]!, 5);
          }
    }
  });

  test("that is not complete, or not such a folder, is a sentence; a picture that is too small is left out", async () => {
    const from = await photographs();
    const left: string[] = [];
    const small = openPhotographs({ ...asked(from, 11), onUnreadable: ({ reason }) => left.push(reason) });
    await expect(small.at("fog", 1).batch([0])).rejects.toThrow(
      /none of the 1 pictures of a batch can be read/,
    );
    expect(left).toEqual(["expected a picture of 11 a side or more, found 12 × 10"]);
    expect(() => openPhotographs({ ...asked(from), names: ["snow"] })).toThrow(
      /expected corrupted photographs in .*, as ImageNet-C has them .*, but there is no .*snow\/1/,
    );
    rmSync(join(from, "fog", "5", "bee", "1.png"));
    expect(() => openPhotographs(asked(from))).toThrow(
      /expected the same classes and as many pictures in .*fog\/5 as in .*fog\/1, found 2 classes and 3 pictures, there 2 and 4/,
    );
  });
});
