/**
 * The images of a run that is complete, from where they are now.
 *
 * @packageDocumentation
 */

import { join } from "node:path";
import { Complaint, explained } from "./complaint.ts";
import { planesOf } from "./corruptions/folder.ts";
import { inMemory, loadDataset } from "./data/catalog.ts";
import type { Dataset, ImageShape, Split } from "./data/dataset.ts";
import { createDecoder } from "./data/decoder.ts";
import { NORMALIZATION } from "./data/folder-images.ts";
import {
  type FolderDataset,
  type FolderSplit,
  folderIn,
  openImageFolder,
  thinned,
} from "./data/image-folder.ts";
import { firstImages, type TrainedRun } from "./trained.ts";

/** Where images are. */
export interface DataPlaces {
  /** Of the data sets that have names. */
  readonly dataDir?: string | undefined;
  /** Of photographs: `imagenet:FOLDER`. */
  readonly data?: string | undefined;
}

/** What a network has to know of a run of photographs, and where those are. */
export function photographsOf({ folder, config }: TrainedRun, data: string | undefined): FolderDataset {
  const { train, test, folder: known } = config.data;
  const path = data === undefined ? undefined : folderIn(data);
  if (path === undefined)
    throw new Complaint(
      `the run in ${folder} is of photographs: expected --data imagenet:FOLDER, the folder that they are in${data === undefined ? "" : `, got --data ${data}`}`,
      2,
    );
  const dataset = openImageFolder(path, { train, test, size: known!.size });
  if (dataset.files !== known!.files)
    throw new Complaint(
      `${path} does not hold the photographs of the run in ${folder}: its ${train} training and ${test} test pictures had other names`,
      2,
    );
  return dataset;
}

/**
 * The images of runs, as many as they had; of photographs so many training images, at equal distances in their order.
 * What was loaded last is kept, since runs that are looked at together mostly share it.
 */
export function imagesOfRuns({ dataDir, data }: DataPlaces) {
  const last: { key?: string; dataset?: Promise<Dataset> } = {};
  return (run: TrainedRun, images: number | null = null): Promise<Dataset> => {
    const { name, train, test } = run.config.data;
    const key = JSON.stringify([run.config.data, name === "imagenet" ? images : null]);
    if (last.key !== key || last.dataset === undefined) {
      last.key = key;
      last.dataset =
        name === "imagenet"
          ? decoded(run, photographsOf(run, data), images)
          : explained(loadDataset(inMemory(name), { dir: dataDir, train, test }));
    }
    return last.dataset;
  };
}

/** Bytes of decoded photographs that are still kept in memory. */
const MOST_BYTES = 2 ** 31;
/** Pictures that are decoded at once. */
const AT_ONCE = 64;

/** Training images as evaluation sees them, in memory; there are no test images. */
async function decoded(run: TrainedRun, dataset: FolderDataset, images: number | null): Promise<Dataset> {
  const { shape, classes, source } = dataset;
  const { count } = firstImages(dataset.train, images, run);
  const bytes = count * shape[0] * shape[1] * shape[2];
  if (bytes > MOST_BYTES)
    throw new Complaint(
      `${count} photographs of ${shape[1]} × ${shape[2]} pixels take ${(bytes / 2 ** 30).toFixed(1)} GiB, and have to be in memory: choose some with --images`,
      2,
    );
  return {
    name: "imagenet",
    classes,
    shape,
    train: await splitInMemory(thinned(dataset.train, count), shape),
    test: { images: new Uint8Array(0), labels: new Int32Array(0), count: 0 },
    source,
    normalization: NORMALIZATION,
  };
}

async function splitInMemory(
  { folder, files, labels, count }: FolderSplit,
  shape: ImageShape,
): Promise<Split> {
  const size = shape[0] * shape[1] * shape[2];
  const images = new Uint8Array(count * size);
  const decoder = createDecoder();
  const one = async (index: number): Promise<void> => {
    const path = join(folder, files[index]!);
    const found = await decoder.decode({ path, size: shape[1], draws: null });
    if ("reason" in found)
      throw new Complaint(
        `${path} cannot be read (${found.reason}), and is one of the ${count} pictures asked for. Another --images chooses others.`,
      );
    images.set(planesOf(found.pixels, shape), index * size);
  };
  try {
    for (let from = 0; from < count; from += AT_ONCE)
      await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, i) => one(from + i)));
  } finally {
    await decoder.close();
  }
  return { images, labels, count };
}
