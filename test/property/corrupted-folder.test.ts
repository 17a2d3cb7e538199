import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { type CorruptionName, severities } from "../../src/experiments/corruptions/constants.ts";
import { corruption, published } from "../../src/experiments/corruptions/corruption.ts";
import { openCorrupted, pictureAt, writeCorrupted } from "../../src/experiments/corruptions/folder.ts";
import { corrupting, namesIn, severitiesIn } from "../../src/experiments/corruptions/request.ts";
import type { Dataset } from "../../src/experiments/data/dataset.ts";
import { decodeNpy, encodeNpy } from "../../src/experiments/data/npy.ts";
import { syntheticDataset } from "../../src/experiments/data/synthetic.ts";
import { Interrupted } from "../../src/experiments/run.ts";

const dataset: Dataset = syntheticDataset({ seed: 0, train: 4, test: 40 });
const names: readonly CorruptionName[] = ["impulse_noise", "contrast", "jpeg_compression"];
const options = { choices: published, seed: 1 };

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), "qgen-corrupted-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function written(folder: string, images = 35, seed = 1) {
  const all = await corrupting(dataset, images, { ...options, seed });
  const write = (watch = {}) => writeCorrupted(folder, names, all, watch);
  return { ...all, write };
}
/** Far faster than comparing arrays of numbers. */
const hashOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const read = (folder: string, name: string): Buffer => readFileSync(join(folder, `${name}.npy`));

describe("a folder of corrupted images", () => {
  test("has the images of severity 1 in test order, then those of severity 2, …, and their labels", async () => {
    const folder = scratch();
    const { write, clean, setting, rng } = await written(folder);
    expect(await write()).toEqual(names);
    expect(readdirSync(folder).sort()).toEqual(
      [...names.map((name) => `${name}.npy`), "corruptions.json", "labels.npy"].sort(),
    );
    const labels = decodeNpy(read(folder, "labels"), "labels");
    expect([labels.dtype, labels.shape]).toEqual(["|u1", [175]]);
    expect(labels.data).toEqual(Uint8Array.from({ length: 175 }, (_, i) => clean.labels[i % 35]!));
    const set = openCorrupted(folder, names, clean, dataset.shape);
    for (const name of names) {
      const { dtype, shape, data } = decodeNpy(read(folder, name), name);
      expect([dtype, shape]).toEqual(["|u1", [175, 32, 32, 3]]);
      for (const severity of severities) {
        // One picture by itself is what it is among the others.
        const i = 7 * severity - 1;
        const picture = pictureAt(clean, dataset.shape, i);
        const alone = await corruption(name, severity, setting, rng)(picture, i);
        const start = ((severity - 1) * 35 + i) * 3072;
        expect(data.subarray(start, start + 3072), `${name} ${severity}`).toEqual(alone.pixels);
        const split = set.split(name, severity);
        expect(pictureAt(split, dataset.shape, i)).toEqual(alone);
        expect([split.count, split.labels]).toEqual([35, clean.labels]);
      }
    }
  });

  test("keeps what is complete: nothing is made twice, and what is missing is made to the same bytes", async () => {
    const folder = scratch();
    const { write } = await written(folder);
    await write();
    const hashes = () => names.map((name) => hashOf(read(folder, name)));
    const before = hashes();
    expect(await write()).toEqual([]);
    rmSync(join(folder, "contrast.npy"));
    writeFileSync(join(folder, "contrast.npy.12345.tmp"), "a part of a file");
    expect(await write()).toEqual(["contrast"]);
    expect(hashes()).toEqual(before);
    expect(existsSync(join(folder, "contrast.npy.12345.tmp"))).toBe(false);
  });

  test("that was stopped has whole files only, and is gone on with", async () => {
    const folder = scratch();
    const { write } = await written(folder);
    let seen = "";
    const stopped = write({
      onPicture: (name: string) => {
        seen = name;
      },
      stop: () => seen === "contrast",
    });
    await expect(stopped).rejects.toThrow(Interrupted);
    expect(readdirSync(folder).sort()).toEqual(["corruptions.json", "impulse_noise.npy", "labels.npy"]);
    expect(await write()).toEqual(["contrast", "jpeg_compression"]);
  });

  test("of another recipe, or of somebody else, is not written to", async () => {
    const folder = scratch();
    await (await written(folder)).write();
    await expect((await written(folder, 35, 2)).write()).rejects.toThrow(
      /corruptions\.json says that the corrupted images there were made in another way\. Choose another folder\./,
    );
    rmSync(join(folder, "corruptions.json"));
    await expect((await written(folder)).write()).rejects.toThrow(/holds corrupted images of somebody else/);
  });

  test("is read as far as there are clean images, and refused with a sentence where it is not of them", async () => {
    const folder = scratch();
    const { write, clean } = await written(folder, 10);
    await write();
    const open = (images: number, shape = dataset.shape) =>
      openCorrupted(folder, names, { ...clean, count: images }, shape);
    expect(open(4).split("contrast", 5).images).toEqual(
      open(10)
        .split("contrast", 5)
        .images.subarray(0, 4 * 3072),
    );
    expect(() => open(11)).toThrow(/labels\.npy to hold 11 images of each severity, found 10/);
    expect(() => open(10, [3, 28, 28])).toThrow(
      /expected .*impulse_noise\.npy to be \|u1 \[5 × images, 28, 28, 3\], found \|u1 \[50, 32, 32, 3\]/,
    );
    const whole = read(folder, "contrast");
    writeFileSync(join(folder, "contrast.npy"), whole.subarray(0, 5000));
    expect(() => open(10)).toThrow(/contrast\.npy to be 153728 bytes .*, found 5000 bytes: it is cut short/);
    rmSync(join(folder, "contrast.npy"));
    expect(() => open(10)).toThrow(/there is no .*contrast\.npy/);
    writeFileSync(join(folder, "contrast.npy"), whole);
    const labels = Uint8Array.from({ length: 50 }, (_, i) => clean.labels[i % 10]!);
    labels[23] = (labels[23]! + 1) % 10;
    writeFileSync(join(folder, "labels.npy"), encodeNpy({ dtype: "|u1", shape: [50], data: labels }));
    expect(() => open(10)).toThrow(
      /are of other images: label 3 at severity 3 is \d, that of test image 3 is \d/,
    );
    expect(() => open(3)).not.toThrow();
  });
});

describe("what is asked of corruptions", () => {
  test("names and severities are lists, or sentences", () => {
    expect(namesIn("all")).toHaveLength(19);
    expect(namesIn("common")).toHaveLength(15);
    expect(namesIn("fog, gaussian-noise,fog")).toEqual(["fog", "gaussian_noise"]);
    expect(() => namesIn("fog,hail")).toThrow(/--corruptions: there is no hail\. Expected all, common/);
    expect(severitiesIn("1-5")).toEqual([1, 2, 3, 4, 5]);
    expect(severitiesIn("5,1")).toEqual([1, 5]);
    expect(severitiesIn("2-3,3")).toEqual([2, 3]);
    for (const text of ["", "0", "6", "1-6", "4-2", "x", "1;2"])
      expect(() => severitiesIn(text), text).toThrow(`--severities ${text}: expected numbers from 1 to 5`);
  });

  test("what cannot be corrupted is a sentence", async () => {
    await expect(corrupting(dataset, 41, options)).rejects.toThrow(
      "--images 41: expected a whole number from 1 to 40, the test images that there are",
    );
    const grey: Dataset = { ...dataset, name: "grey", shape: [1, 32, 96] };
    await expect(corrupting(grey, 1, options)).rejects.toThrow(
      "corruptions are of pictures in colour, and those of grey have 1 channel",
    );
    await expect(corrupting(dataset, 1, { ...options, frost: "/nonexistent" })).rejects.toThrow(
      /--frost \/nonexistent: expected the textures frost1\.png, .* but there is no \/nonexistent\/frost1\.png/,
    );
  });
});
