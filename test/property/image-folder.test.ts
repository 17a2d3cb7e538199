import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runId, runSchema } from "../../src/experiments/config.ts";
import { createDecoder } from "../../src/experiments/data/decoder.ts";
import { folderImages, type Unreadable } from "../../src/experiments/data/folder-images.ts";
import { openImageFolder } from "../../src/experiments/data/image-folder.ts";
import { resizedCropAndFlip } from "../../src/experiments/data/placement.ts";
import { DRAWS, viewOf } from "../../src/experiments/data/view.ts";
import { openDevice } from "../../src/experiments/node-device.ts";
import { Interrupted, run, runFolder } from "../../src/experiments/run.ts";
import { createRng } from "../../src/tensor/random.ts";
import { pictureBytes, pictureFolder, writePicture } from "./picture-folder.ts";

const root = mkdtempSync(join(tmpdir(), "qgen-pictures-"));
const folder = join(root, "pictures");
const decoder = createDecoder(2);
const classes = ["n02", "N03", "n10", "n1"];
beforeAll(() => pictureFolder(folder, classes, 5));
afterAll(async () => {
  await decoder.close();
  rmSync(root, { recursive: true, force: true });
});

describe("a folder of pictures", () => {
  test("numbers its classes in the order of their names, as Python sorts them, and its files within", () => {
    const { classes: found, train, test: val, shape } = openImageFolder(folder, { size: 16 });
    expect(found).toEqual(["N03", "n02", "n1", "n10"]);
    expect(shape).toEqual([3, 16, 16]);
    expect([train.count, val.count]).toEqual([20, 4]);
    expect(train.files.slice(4, 7)).toEqual(["N03/N03_4.png", "n02/n02_0.png", "n02/n02_1.jpg"]);
    expect([...train.labels].slice(4, 7)).toEqual([0, 1, 1]);
  });

  test("of which fewer are asked for gives files at equal distances, so that every class is there", () => {
    const { train } = openImageFolder(folder, { train: 4 });
    expect([...train.labels]).toEqual([0, 1, 2, 3]);
    expect(() => openImageFolder(folder, { train: 21 })).toThrow("expected at least 21 pictures in");
  });

  test("has another name for other files, and the same one from another place", () => {
    const copy = join(root, "copy");
    symlinkSync(folder, copy);
    const { files } = openImageFolder(folder);
    expect(openImageFolder(copy).files).toBe(files);
    expect(openImageFolder(folder, { train: 19 }).files).not.toBe(files);
  });

  test("that is none is refused with what is missing", async () => {
    const other = join(root, "other");
    const refusal = (): string => {
      try {
        openImageFolder(other);
      } catch (error) {
        return (error as Error).message;
      }
      return "";
    };
    expect(refusal()).toBe(`there is no folder ${other}/train: expected a folder of classes there`);
    mkdirSync(join(other, "train", "a"), { recursive: true });
    expect(refusal()).toContain(`there is no folder ${other}/val`);
    mkdirSync(join(other, "val", "b"), { recursive: true });
    expect(refusal()).toContain("but a is in train alone");
    rmSync(join(other, "val", "b"), { recursive: true });
    expect(refusal()).toBe(`${other}/val has no folder for any class`);
    mkdirSync(join(other, "val", "a"), { recursive: true });
    expect(refusal()).toContain("train/a has no pictures (.jpg, .jpeg, .png or .webp)");
  });
});

describe("what a network sees of a picture", () => {
  const size = 16;
  const bytes = { pixels: pictureBytes("n02_0.png", 24, 40), width: 24, height: 40 };
  const asBytes = (images: Float32Array): number[] => {
    const [mean, std] = [
      [0.485, 0.456, 0.406],
      [0.229, 0.224, 0.225],
    ];
    const at = (p: number, c: number): number => images[c * size * size + p]!;
    return Array.from({ length: size * size * 3 }, (_, i) =>
      Math.round((at(Math.floor(i / 3), i % 3) * std[i % 3]! + mean[i % 3]!) * 255),
    );
  };
  const source = (augment: boolean, told: (found: Unreadable) => void = () => {}) => {
    const { train, shape } = openImageFolder(folder, { size });
    return folderImages(train, shape, decoder, augment, told);
  };

  test("is its middle in evaluation, and a window of the draws in training, normalized as ImageNet is", async () => {
    const draws = () => createRng("draws");
    const seen = await source(true).batch([5]);
    expect([...seen.labels]).toEqual([1]);
    expect(asBytes(seen.images)).toEqual([...viewOf(bytes, size, null).pixels]);
    const numbers = Array.from(
      { length: DRAWS },
      (
        (rng) => () =>
          rng.uniform()
      )(draws()),
    );
    const trained = await source(true).batch([5], draws);
    expect(asBytes(trained.images)).toEqual([...viewOf(bytes, size, numbers).pixels]);
    expect(trained.images).not.toEqual(seen.images);
    expect((await source(false).batch([5], draws)).images).toEqual(seen.images);
  });

  test("needs no more random numbers than are sent along", () => {
    let most = 0;
    for (let seed = 0; seed < 2000; seed++) {
      let drawn = 0;
      const rng = createRng(seed);
      const uniform = (): number => {
        drawn++;
        return rng.uniform();
      };
      // Hardly any window fits into such a picture.
      resizedCropAndFlip({ uniform, below: (n) => Math.floor(uniform() * n) }, 100, 12);
      most = Math.max(most, drawn);
    }
    expect(most).toBeLessThanOrEqual(DRAWS);
    expect(most).toBeGreaterThanOrEqual(21);
  });

  test("does not depend on the batch, nor on the order in which threads finish", async () => {
    const images = source(false);
    const all = await images.batch(Array.from({ length: 20 }, (_, i) => i));
    const one = size * size * 3;
    for (const index of [0, 7, 19])
      expect((await images.batch([index])).images).toEqual(all.images.slice(index * one, (index + 1) * one));
  });

  test("a grey picture, one with an alpha channel, and one of one pixel are seen too", async () => {
    const odd = join(root, "odd");
    for (const part of ["train", "val"]) mkdirSync(join(odd, part, "a"), { recursive: true });
    await writePicture(join(odd, "val", "a", "one.png"), 1, 1);
    const grey = sharp(new Uint8Array(100).fill(77), { raw: { width: 10, height: 10, channels: 1 } });
    await grey.toColourspace("b-w").toFile(join(odd, "train", "a", "grey.png"));
    const clear = sharp(new Uint8Array(400).fill(99), { raw: { width: 10, height: 10, channels: 4 } });
    await clear.toFile(join(odd, "train", "a", "transparent.png"));
    const dataset = openImageFolder(odd, { size });
    const seen = async (split: typeof dataset.train, index: number) =>
      new Set(
        asBytes((await folderImages(split, dataset.shape, decoder, false, () => {}).batch([index])).images),
      );
    expect([...(await seen(dataset.train, 0))]).toEqual([77]);
    expect([...(await seen(dataset.train, 1))]).toEqual([99]);
    expect((await seen(dataset.test, 0)).size).toBeLessThanOrEqual(3);
  });
});

describe("files that cannot be read", () => {
  const broken = join(root, "broken");
  const [cut, text] = [join(broken, "train/a/a_2.png"), join(broken, "train/b/b_0.png")];
  const gone = join(broken, "val/b/b_0.png");
  beforeAll(async () => {
    await pictureFolder(broken, ["a", "b"], 8);
    truncateSync(cut, 700);
    writeFileSync(text, "no picture");
  });
  const told: Unreadable[] = [];

  test("are named once, with the reason, and left out of their batch", async () => {
    const { train, shape } = openImageFolder(broken, { size: 16 });
    const images = folderImages(train, shape, decoder, false, (found) => told.push(found));
    for (let time = 0; time < 2; time++) {
      const { images: pixels, labels } = await images.batch([1, 2, 3, 8, 9]);
      expect([...labels]).toEqual([0, 0, 1]);
      expect(pixels).toHaveLength(3 * 3 * 16 * 16);
    }
    expect(told.map(({ file }) => file).sort()).toEqual([cut, text].sort());
    for (const { reason } of told) expect(reason).not.toBe("");
    await expect(images.batch([2, 8])).rejects.toThrow(
      /none of the 2 pictures of a batch can be read: .*a_2\.png/,
    );
  });

  test("are in the events and the result of a run, which goes on without them, and to the same bits", async () => {
    const dataset = openImageFolder(broken, { size: 16 });
    rmSync(gone);
    const device = await openDevice("simd");
    const config = runSchema.parse({
      model: "nin:1x1",
      bits: 4,
      data: { name: "imagenet", train: 16, test: 2, folder: { files: dataset.files, size: 16 } },
      epochs: 2,
      batchSize: 8,
      lr: 0.05,
      momentum: 0.9,
      weightDecay: 0,
      milestones: [],
      augment: "resized-crop-flip",
      seed: 0,
    });
    const whole = await run(config, { device, dataset, out: join(root, "whole"), existing: "refuse" });
    expect(whole.unreadable?.map(({ file }) => file).sort()).toEqual([cut, text, gone].sort());
    expect(whole.unreadable?.find(({ file }) => file === gone)?.reason).toMatch(/missing/);
    const events = readFileSync(runFolder(join(root, "whole"), config).events, "utf8");
    expect(JSON.parse(events.split("\n")[0]!).unreadable.sort()).toEqual([cut, text, gone].sort());
    expect(JSON.parse(events.split("\n")[1]!)).not.toHaveProperty("unreadable");

    let steps = 0;
    const stop = (): boolean => ++steps === 4;
    const out = join(root, "cut");
    await expect(run(config, { device, dataset, out, existing: "refuse", stop })).rejects.toThrow(
      Interrupted,
    );
    const resumed = await run(config, { device, dataset, out, existing: "resume" });
    expect(resumed.weightsSha256).toBe(whole.weightsSha256);
    expect(runId(config)).toMatch(/^nin-1x1_int4_imagenet_seed0_/);
  });
});

test("a decoder that is closed while it is asked answers with a sentence, and begins anew when asked again", async () => {
  const own = createDecoder(1);
  const path = join(folder, "train/n1/n1_0.png");
  const asked = own.decode({ path, size: 8, draws: null });
  const failed = expect(asked).rejects.toThrow("a thread that decodes images has ended with exit code");
  await own.close();
  await failed;
  expect(await own.decode({ path, size: 8, draws: null })).toHaveProperty("pixels");
  await own.close();
});
