import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildImages } from "../../src/experiments/build.ts";
import { runSchema } from "../../src/experiments/config.ts";
import { corruption, published } from "../../src/experiments/corruptions/corruption.ts";
import { writePhotographs } from "../../src/experiments/corruptions/photographs.ts";
import { corruptingPhotographs } from "../../src/experiments/corruptions/request.ts";
import { createDecoder } from "../../src/experiments/data/decoder.ts";
import { folderImages, type Unreadable } from "../../src/experiments/data/folder-images.ts";
import { openImageFolder } from "../../src/experiments/data/image-folder.ts";
import { viewOf } from "../../src/experiments/data/view.ts";
import { makePhotographs, openPhotographs } from "../../src/experiments/robustness/imagenet-c.ts";
import { imagesOfRuns, photographsOf } from "../../src/experiments/run-data.ts";
import type { TrainedRun } from "../../src/experiments/trained.ts";
import { pictureBytes, pictureFolder } from "./picture-folder.ts";

const root = mkdtempSync(join(tmpdir(), "qgen-photographs-"));
const folder = join(root, "pictures");
const classes = ["ant", "bee", "cat"];
const SIZE = 24;
const how = { choices: published, seed: 0 };
const fresh = (): string => mkdtempSync(join(root, "out-"));
beforeAll(() => pictureFolder(folder, classes, 3));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const dataset = () => openImageFolder(folder, { size: SIZE });
const workOf = (images?: number) => corruptingPhotographs({ test: dataset().test, size: SIZE }, images, how);

describe("corrupted photographs", () => {
  test("lie as those of ImageNet-C do: the middle of each picture, corrupted, as JPEG of quality 85", async () => {
    const out = fresh();
    const work = await workOf();
    expect(await writePhotographs(out, ["fog", "contrast"], [2, 5], work)).toEqual({ made: 12, there: 0 });
    expect(readdirSync(out).sort()).toEqual(["contrast", "corruptions.json", "fog"]);
    expect(readdirSync(join(out, "fog"))).toEqual(["2", "5"]);
    expect(readdirSync(join(out, "fog", "2")).sort()).toEqual(classes);
    expect(readdirSync(join(out, "fog", "2", "bee"))).toEqual(["bee_0.png.JPEG"]);

    const seen = viewOf({ pixels: pictureBytes("bee_0.png", 24, 40), width: 24, height: 40 }, SIZE, null);
    const corrupt = corruption("fog", 5, work.setting, work.rng);
    const { pixels } = await corrupt(seen, 1);
    const raw = { raw: { width: SIZE, height: SIZE, channels: 3 } } as const;
    const expected = await sharp(pixels, raw).jpeg({ quality: 85, optimiseCoding: true }).toBuffer();
    expect(readFileSync(join(out, "fog", "5", "bee", "bee_0.png.JPEG"))).toEqual(expected);
  });

  test("that are there are not made again, and one that is missing is made to the same bytes", async () => {
    const out = fresh();
    const write = async () => writePhotographs(out, ["shot_noise"], [1, 3], await workOf(2));
    expect(await write()).toEqual({ made: 4, there: 0 });
    const path = join(out, "shot_noise", "3", "ant", "ant_0.png.JPEG");
    const before = readFileSync(path);
    rmSync(path);
    expect(await write()).toEqual({ made: 1, there: 3 });
    expect(readFileSync(path)).toEqual(before);
  });

  test("of another recipe, or of somebody else, are not added to", async () => {
    const out = fresh();
    await writePhotographs(out, ["fog"], [1], await workOf(1));
    await expect(writePhotographs(out, ["fog"], [1], await workOf(2))).rejects.toThrow(
      /corruptions\.json says that the corrupted images there were made in another way/,
    );
    const theirs = fresh();
    mkdirSync(join(theirs, "fog"));
    await expect(writePhotographs(theirs, ["fog"], [1], await workOf())).rejects.toThrow(
      /holds corrupted images of somebody else/,
    );
  });

  test("of files that cannot be read are left out of every corruption, and named once", async () => {
    const other = join(root, "broken");
    await pictureFolder(other, classes, 1);
    writeFileSync(join(other, "val", "bee", "bee_0.png"), "no picture");
    const { test } = openImageFolder(other, { size: SIZE });
    const found: Unreadable[] = [];
    const out = fresh();
    const work = await corruptingPhotographs({ test, size: SIZE }, undefined, how);
    const written = await writePhotographs(out, ["fog", "snow"], [1], work, {
      onUnreadable: (one) => found.push(one),
    });
    expect(written).toEqual({ made: 4, there: 0 });
    expect(found.map(({ file }) => file)).toEqual([join(other, "val", "bee", "bee_0.png")]);
    expect(existsSync(join(out, "snow", "1", "bee"))).toBe(false);
  });

  test("keep the numbers of their classes, also where some have no picture", async () => {
    const asked = {
      ...how,
      names: ["contrast"],
      severities: [1],
      cache: fresh(),
      onUnreadable: () => {},
    } as const;
    const made = await makePhotographs({ ...asked, dataset: dataset(), images: 2 });
    expect(made.count).toBe(2);
    expect(made.kind.classes).toEqual(classes);
    expect(made.source).toBe("2 test pictures of imagenet, corrupted here with the constants of CIFAR-10-C");
    // Of three pictures, one of each class, the first and the second.
    const labels = Int32Array.of(0, 1);
    expect((await made.at("contrast", 1).batch([0, 1])).labels).toEqual(labels);
    const clean = await made.clean!.batch([0, 1]);
    expect(clean.labels).toEqual(labels);
    expect(clean.images).not.toEqual((await made.at("contrast", 1).batch([0, 1])).images);

    const from = join(asked.cache, readdirSync(asked.cache)[0]!);
    const known = { ...asked, from, size: SIZE };
    expect(openPhotographs(known).kind.classes).toEqual(["ant", "bee"]);
    expect(() => openPhotographs({ ...known, classes: ["ant", "cat"] })).toThrow(
      /contrast\/1 has a class bee, which the network does not know/,
    );
  });
});

/** A run on those pictures that nobody has trained. */
function runOn(train: number): TrainedRun {
  const { files, test } = openImageFolder(folder, { train, size: SIZE });
  const config = runSchema.parse({
    model: "nin:2x1",
    bits: 4,
    data: { name: "imagenet", train, test: test.count, folder: { files, size: SIZE } },
    epochs: 1,
    batchSize: 8,
    lr: 0.1,
    momentum: 0.9,
    weightDecay: 1e-4,
    milestones: [],
    seed: 0,
  });
  return { folder: "runs/x", config, result: {} as TrainedRun["result"] };
}

describe("the photographs of a run", () => {
  test("are those of its folder, wherever that is now, and of no other", async () => {
    const run = runOn(9);
    expect(photographsOf(run, `imagenet:${folder}`).train.count).toBe(9);
    expect(() => photographsOf(run, undefined)).toThrow(
      "the run in runs/x is of photographs: expected --data imagenet:FOLDER, the folder that they are in",
    );
    expect(() => photographsOf(run, "cifar10")).toThrow(/the folder that they are in, got --data cifar10$/);
    const other = join(root, "other");
    await pictureFolder(other, ["ant", "bee", "dog"], 3);
    expect(() => photographsOf(run, `imagenet:${other}`)).toThrow(
      /other does not hold the photographs of the run in runs\/x: its 9 training and 3 test pictures had other names/,
    );
  });

  test("are in memory what they are from the disk, so many at equal distances", async () => {
    const load = imagesOfRuns({ data: `imagenet:${folder}` });
    const few = await load(runOn(9), 4);
    expect(load(runOn(9), 4)).toBe(load(runOn(9), 4));
    expect([few.train.count, few.classes, few.shape]).toEqual([4, classes, [3, SIZE, SIZE]]);
    const decoder = createDecoder();
    try {
      const { train, shape } = dataset();
      const disk = folderImages(train, shape, decoder, false, () => {});
      expect(buildImages(few).train.batch([0, 1, 2, 3])).toEqual(await disk.batch([0, 2, 4, 6]));
    } finally {
      await decoder.close();
    }
    await expect(load(runOn(9), 10)).rejects.toThrow(
      "--images 10: the run in runs/x was trained with 9 images, and no more are taken",
    );
  });
});
