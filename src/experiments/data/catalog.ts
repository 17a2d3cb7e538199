/**
 * The data sets by name: what files they consist of, where those are published, and how to load them.
 *
 * @packageDocumentation
 */

import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { loadCifar10, loadCifar100 } from "./cifar.ts";
import type { Dataset } from "./dataset.ts";
import { messageOf, sizeOfFile } from "./files.ts";
import { loadFashionMnist } from "./idx.ts";
import { syntheticDataset } from "./synthetic.ts";

export const datasetNames = ["cifar10", "cifar100", "fashion-mnist", "synthetic"] as const;
export type DatasetName = (typeof datasetNames)[number];

export const isDatasetName = (name: string): name is DatasetName =>
  (datasetNames as readonly string[]).includes(name);

/**
 * The name of a data set that fits into memory.
 *
 * @throws RangeError for a folder of pictures
 */
export function inMemory(name: DatasetName | "imagenet"): DatasetName {
  if (name === "imagenet")
    throw new RangeError(
      "expected images that fit into memory, got those of a folder of pictures (imagenet)",
    );
  return name;
}

/** A file that a data set is read from. */
export interface DataFile {
  /** Relative to the data folder. */
  readonly path: string;
  readonly bytes: number;
  /** Absent where nobody published it. */
  readonly md5?: string;
  /** Read in place of this file where this one is missing. */
  readonly standIn?: DataFile;
  /** The data set can be loaded without it. */
  readonly optional?: true;
}

/** A published file: the data file itself, or an archive of them. */
export interface Download {
  /** Relative to the data folder. */
  readonly path: string;
  readonly url: string;
  readonly md5: string;
  /** A tar.gz whose files are put into the data folder. */
  readonly unpack: boolean;
}

export interface CatalogEntry {
  readonly title: string;
  /** Of its own in the data folder. */
  readonly folder: string;
  readonly downloads: readonly Download[];
  readonly files: readonly DataFile[];
}

const TORONTO = "https://www.cs.toronto.edu/~kriz";
const ZALANDO = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com";

const cifar10File = (name: string, md5: string): DataFile => ({
  path: `cifar-10-batches-bin/${name}.bin`,
  bytes: 30_730_000,
  md5,
});

/** What is known of a file of Fashion-MNIST: packed, and plain. */
function fashionFile(
  name: string,
  packed: { bytes: number; md5: string },
  plain: { bytes: number; md5?: string },
): DataFile & Download {
  const path = `fashion-mnist/${name}.gz`;
  return {
    path,
    ...packed,
    standIn: { path: `fashion-mnist/${name}`, ...plain },
    ...(name.startsWith("train") ? { optional: true as const } : {}),
    url: `${ZALANDO}/${name}.gz`,
    unpack: false,
  };
}

const fashionFiles = [
  fashionFile(
    "train-images-idx3-ubyte",
    { bytes: 26_421_880, md5: "8d4fb7e6c68d591d4c3dfef9ec88bf0d" },
    { bytes: 47_040_016 },
  ),
  fashionFile(
    "train-labels-idx1-ubyte",
    { bytes: 29_515, md5: "25c81989df183df01b3e8a0aad5dffbe" },
    { bytes: 60_008 },
  ),
  fashionFile(
    "t10k-images-idx3-ubyte",
    { bytes: 4_422_102, md5: "bef4ecab320f06d8554ea6380940ec79" },
    { bytes: 7_840_016, md5: "8181f5470baa50b63fa0f6fddb340f0a" },
  ),
  fashionFile(
    "t10k-labels-idx1-ubyte",
    { bytes: 5_148, md5: "bb300cfdad3c16e7a12a480ee83cd310" },
    { bytes: 10_008, md5: "15d484375f8d13e6eb1aabb0c3f46965" },
  ),
];

export const catalog: Readonly<Record<Exclude<DatasetName, "synthetic">, CatalogEntry>> = {
  cifar10: {
    title: "CIFAR-10",
    folder: "cifar-10-batches-bin",
    downloads: [
      {
        path: "cifar-10-binary.tar.gz",
        url: `${TORONTO}/cifar-10-binary.tar.gz`,
        md5: "c32a1d4ab5d03f1284b67883e8d87530",
        unpack: true,
      },
    ],
    files: [
      cifar10File("data_batch_1", "5dd7e06a14cb22eb9f671a540d1b7c25"),
      cifar10File("data_batch_2", "5ea93a67294ea407fff1d09f752e9692"),
      cifar10File("data_batch_3", "942cd6a4bcdd0dd3c604fbe906cb4421"),
      cifar10File("data_batch_4", "ae636b3ba5c66a11e91e8cb52e771fcb"),
      cifar10File("data_batch_5", "53f37980c15c3d472c316c40844f3f0d"),
      cifar10File("test_batch", "803d5f7f4d78ea53de84dbe85f74fb6d"),
    ],
  },
  cifar100: {
    title: "CIFAR-100",
    folder: "cifar-100-binary",
    downloads: [
      {
        path: "cifar-100-binary.tar.gz",
        url: `${TORONTO}/cifar-100-binary.tar.gz`,
        md5: "03b5dce01913d631647c71ecec9e9cb8",
        unpack: true,
      },
    ],
    files: [
      {
        path: "cifar-100-binary/train.bin",
        bytes: 153_700_000,
        md5: "6172c7755cfe09b2fe270c85cebc1b15",
        standIn: {
          path: "cifar-100-binary/train_first20000.bin",
          bytes: 61_480_000,
          md5: "32ab57934541ddc3ca61b256fcb7639d",
        },
      },
      { path: "cifar-100-binary/test.bin", bytes: 30_740_000, md5: "4499cfba6c016c1be1438163640a0898" },
    ],
  },
  "fashion-mnist": {
    title: "Fashion-MNIST",
    folder: "fashion-mnist",
    downloads: fashionFiles,
    files: fashionFiles,
  },
};

/** The data folder: `QGEN_DATA` where set, else `data` in the current folder where that exists. */
export function findDataDir(): string | undefined {
  const named = process.env.QGEN_DATA;
  if (named !== undefined && named !== "") return resolve(named);
  const local = resolve("data");
  return existsSync(local) ? local : undefined;
}

/** Whether every file that loading all of the data set needs is in the data folder (its content is not looked at). */
export async function isPresent(
  name: DatasetName,
  dir: string | undefined = findDataDir(),
): Promise<boolean> {
  if (name === "synthetic") return true;
  if (dir === undefined) return false;
  const there = async (file: DataFile): Promise<boolean> =>
    (await sizeOfFile(join(dir, file.path))) !== undefined ||
    (file.standIn !== undefined && (await there(file.standIn)));
  for (const file of catalog[name].files) if (!file.optional && !(await there(file))) return false;
  return true;
}

export interface LoadOptions {
  /** The data folder; `findDataDir` where absent. */
  readonly dir?: string | undefined;
  /** How many training images, the first ones; all where absent (2,000 synthetic ones). */
  readonly train?: number | undefined;
  /** How many test images, the first ones; all where absent (1,000 synthetic ones). */
  readonly test?: number | undefined;
  /** Of the synthetic images; 0 where absent. */
  readonly seed?: number | string | undefined;
}

/**
 * The data set of this name.
 *
 * @throws Error where it is not in the data folder, or a file of it is missing or damaged.
 */
export async function loadDataset(name: DatasetName, options: LoadOptions = {}): Promise<Dataset> {
  const { train, test, seed = 0 } = options;
  if (name === "synthetic") return syntheticDataset({ train: train ?? 2000, test: test ?? 1000, seed });
  const { title, folder } = catalog[name];
  const advice = `run \`qgen data fetch ${name}\`, or set QGEN_DATA to the folder that holds ${folder}`;
  const dir = options.dir ?? findDataDir();
  if (dir === undefined)
    throw new Error(
      `${title} was not found: QGEN_DATA is not set and there is no folder ${resolve("data")}; ${advice}`,
    );
  const path = join(dir, folder);
  if (!existsSync(path)) throw new Error(`${title} was not found: there is no folder ${path}; ${advice}`);
  try {
    if (name === "cifar10") return await loadCifar10(path, { train, test });
    if (name === "cifar100") return await loadCifar100(path, { train, test });
    return await loadFashionMnist(path, { train, test });
  } catch (error) {
    // A RangeError is about what was asked for, or about a file that another download would not change.
    const hint = error instanceof RangeError ? "" : `; ${advice}`;
    throw new Error(`${title} cannot be loaded: ${messageOf(error)}${hint}`, { cause: error });
  }
}
