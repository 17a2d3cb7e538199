import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  catalog,
  datasetNames,
  findDataDir,
  isDatasetName,
  isPresent,
  loadDataset,
} from "../../src/experiments/data/catalog.ts";
import { verifyDataset } from "../../src/experiments/data/verify.ts";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "qgen-data-"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  await rm(dir, { recursive: true, force: true });
});

describe("the catalog", () => {
  test("every download of an archive or a file has an address that ends in its name, and an md5", () => {
    for (const { downloads, files, folder } of Object.values(catalog)) {
      for (const { path, url, md5 } of downloads) {
        expect(url.endsWith(`/${path.split("/").at(-1)}`)).toBe(true);
        expect(md5).toMatch(/^[0-9a-f]{32}$/);
      }
      for (const file of files) {
        expect(file.path.startsWith(`${folder}/`)).toBe(true);
        for (const md5 of [file.md5, file.standIn?.md5]) if (md5) expect(md5).toMatch(/^[0-9a-f]{32}$/);
      }
    }
  });

  test("knows its names and no others", () => {
    expect(datasetNames.filter(isDatasetName)).toEqual(["cifar10", "cifar100", "fashion-mnist", "synthetic"]);
    expect(["", "CIFAR10", "mnist", "toString"].filter(isDatasetName)).toEqual([]);
  });

  test("QGEN_DATA comes before the folder data, and without both there is none", async () => {
    vi.spyOn(process, "cwd").mockReturnValue(dir);
    vi.stubEnv("QGEN_DATA", "");
    expect(findDataDir()).toBeUndefined();
    await expect(loadDataset("cifar10")).rejects.toThrow(
      `CIFAR-10 was not found: QGEN_DATA is not set and there is no folder ${join(dir, "data")}; ` +
        "run `qgen data fetch cifar10`, or set QGEN_DATA to the folder that holds cifar-10-batches-bin",
    );
    expect(await isPresent("cifar10")).toBe(false);
    await mkdir(join(dir, "data"));
    expect(findDataDir()).toBe(join(dir, "data"));
    vi.stubEnv("QGEN_DATA", "/elsewhere");
    expect(findDataDir()).toBe("/elsewhere");
    await expect(loadDataset("cifar100")).rejects.toThrow(
      "there is no folder /elsewhere/cifar-100-binary; run",
    );
  });

  test("a missing file is named, with what to do about it", async () => {
    await mkdir(join(dir, "fashion-mnist"));
    await expect(loadDataset("fashion-mnist", { dir })).rejects.toThrow(
      `Fashion-MNIST cannot be loaded: expected t10k-images-idx3-ubyte.gz or t10k-images-idx3-ubyte in ` +
        `${join(dir, "fashion-mnist")}, but there is no such file; run \`qgen data fetch fashion-mnist\``,
    );
  });

  test("a data set is present with its stand-ins, and not without them", async () => {
    await mkdir(join(dir, "cifar-100-binary"));
    const put = (name: string) => writeFile(join(dir, "cifar-100-binary", name), "");
    await put("test.bin");
    expect(await isPresent("cifar100", dir)).toBe(false);
    await put("train_first20000.bin");
    expect(await isPresent("cifar100", dir)).toBe(true);
    const rows = await verifyDataset("cifar100", dir);
    expect(rows.map(({ file, status }) => `${file} ${status}`)).toEqual([
      "cifar-100-binary/train_first20000.bin size",
      "cifar-100-binary/test.bin size",
    ]);
    expect(rows[1]).toMatchObject({ found: "0 bytes" });
    expect((await verifyDataset("cifar10", dir)).map(({ status }) => status)).toEqual(
      Array(6).fill("missing"),
    );
  });

  test("Fashion-MNIST is present with its test files alone, and not with one of them", async () => {
    await mkdir(join(dir, "fashion-mnist"));
    const put = (name: string) => writeFile(join(dir, "fashion-mnist", name), "");
    await put("t10k-images-idx3-ubyte");
    expect(await isPresent("fashion-mnist", dir)).toBe(false);
    await put("t10k-labels-idx1-ubyte.gz");
    expect(await isPresent("fashion-mnist", dir)).toBe(true);
  });

  test("synthetic pictures are always present, and loaded in the numbers asked for", async () => {
    expect(await isPresent("synthetic", undefined)).toBe(true);
    const data = await loadDataset("synthetic", { train: 12, test: 5, seed: 9 });
    expect([data.train.count, data.test.count]).toEqual([12, 5]);
    expect(data.source).toContain("synthetic, seed 9");
  });
});

const folder = process.env.QGEN_DATA;
const present = folder === undefined ? [] : (["cifar10", "cifar100", "fashion-mnist"] as const);
describe("the published files", () => {
  test.skipIf(present.length === 0)(
    `are what the catalog says, where they are there${folder === undefined ? " (skipped: QGEN_DATA is not set)" : ""}`,
    async () => {
      for (const name of present)
        for (const { file, status, expected, found } of await verifyDataset(name, folder!))
          if (status !== "missing") expect(`${file} ${status} ${found}`).toBe(`${file} ok ${expected}`);
    },
  );
});
