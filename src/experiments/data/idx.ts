/**
 * Fashion-MNIST, in the idx files of MNIST: a magic number, the extents, and one byte per element, often
 * compressed with gzip.
 *
 * @packageDocumentation
 */

import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Dataset, ImageShape, Split } from "./dataset.ts";
import { take } from "./dataset.ts";
import { messageOf, readStart, sizeOfFile } from "./files.ts";

const SHAPE: ImageShape = [1, 28, 28];
const IMAGE = 28 * 28;
const CLASSES = [
  "T-shirt/top",
  "Trouser",
  "Pullover",
  "Dress",
  "Coat",
  "Sandal",
  "Shirt",
  "Sneaker",
  "Bag",
  "Ankle boot",
];
/** Where there are no training files, this many of the 10,000 test images are trained with. */
const TRAIN_OF_TEST = 8_000;

/** An array of bytes. */
export interface Idx {
  readonly extents: readonly number[];
  /** Row-major. */
  readonly data: Uint8Array;
}

/**
 * The array in the bytes of an idx file: two zeros, the type (8: unsigned bytes), the rank, the extents as 32-bit
 * big-endian numbers, the elements.
 *
 * @param file - its name, for errors
 * @throws RangeError on anything else, or on too few or too many elements.
 */
export function parseIdx(bytes: Uint8Array, file: string): Idx {
  const [zero, alsoZero, type, rank = 0] = bytes;
  if (bytes.length < 4 || zero !== 0 || alsoZero !== 0 || type !== 8)
    throw new RangeError(
      `expected ${file} to start as an idx file of bytes does, with 0 0 8, found ${
        bytes.length === 0 ? "no byte" : bytes.subarray(0, 3).join(" ")
      }`,
    );
  const header = 4 + 4 * rank;
  if (bytes.length < header)
    throw new RangeError(
      `expected ${file} to give ${rank} extents in ${header} bytes, found ${bytes.length} bytes`,
    );
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const extents = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const size = header + extents.reduce((n, extent) => n * extent, 1);
  if (bytes.length !== size)
    throw new RangeError(
      `expected ${file} to be ${size} bytes, for an array of [${extents}], found ${bytes.length} bytes`,
    );
  return { extents, data: bytes.subarray(header) };
}

/**
 * The bytes that gzip packed.
 *
 * @param most - more than this is refused
 * @throws Error on bytes that gzip did not write, or not to their end.
 */
export function unpackGzip(bytes: Uint8Array, most: number, file: string): Uint8Array {
  try {
    return gunzipSync(bytes, { maxOutputLength: most });
  } catch (error) {
    if (error instanceof RangeError)
      throw new RangeError(`expected ${file} to unpack to at most ${most} bytes, found more`, {
        cause: error,
      });
    throw new Error(`expected ${file} to be a whole gzip file: ${messageOf(error)}`, { cause: error });
  }
}

/**
 * Fashion-MNIST, 60,000 training and 10,000 test images of `[1, 28, 28]`, from `train-` and
 * `t10k-images-idx3-ubyte` and `-labels-idx1-ubyte`, each plain or with `.gz`. Where both training files are missing, the first 8,000 test
 * images are the training set and the last 2,000 the test set, and the source says so.
 *
 * @param folder - where the files are, `fashion-mnist`
 * @param options - how many images of each, the first ones; all where absent
 * @throws Error on a file that is missing, damaged or of other extents.
 */
export async function loadFashionMnist(
  folder: string,
  options: { readonly train?: number | undefined; readonly test?: number | undefined } = {},
): Promise<Dataset> {
  const images = await findIdx(folder, "train-images-idx3-ubyte");
  const labels = await findIdx(folder, "train-labels-idx1-ubyte");
  const t10k = await readSplit(folder, "t10k", 10_000);
  const cut = images === undefined && labels === undefined;
  const [train, test] = cut ? cutSplit(t10k) : [await readSplit(folder, "train", 60_000), t10k];
  const kept = {
    train: take(train, options.train ?? train.count),
    test: take(test, options.test ?? test.count),
  };
  return {
    name: "fashion-mnist",
    classes: CLASSES,
    shape: SHAPE,
    ...kept,
    source: cut
      ? `Fashion-MNIST: the training files are missing, so the first ${kept.train.count} of the first ` +
        `${TRAIN_OF_TEST} images of the t10k files are for training and the first ${kept.test.count} of the other ` +
        `${test.count} for testing`
      : `Fashion-MNIST: the first ${kept.train.count} training images of the train files, the first ` +
        `${kept.test.count} test images of the t10k files`,
  };
}

function cutSplit({ images, labels, count }: Split): [train: Split, test: Split] {
  const part = (from: number, to: number): Split => ({
    images: images.subarray(from * IMAGE, to * IMAGE),
    labels: labels.subarray(from, to),
    count: to - from,
  });
  return [part(0, TRAIN_OF_TEST), part(TRAIN_OF_TEST, count)];
}

async function readSplit(folder: string, prefix: string, count: number): Promise<Split> {
  const images = await readIdx(folder, `${prefix}-images-idx3-ubyte`, [count, 28, 28]);
  const labels = await readIdx(folder, `${prefix}-labels-idx1-ubyte`, [count]);
  labels.forEach((label, i) => {
    if (label >= CLASSES.length)
      throw new RangeError(
        `expected label ${i} of ${join(folder, prefix)}-labels-idx1-ubyte to be in 0..9, found ${label}`,
      );
  });
  return { images, labels, count };
}

/** The path of a file, compressed or not. */
async function findIdx(folder: string, name: string): Promise<string | undefined> {
  for (const path of [join(folder, `${name}.gz`), join(folder, name)])
    if ((await sizeOfFile(path)) !== undefined) return path;
  return undefined;
}

async function readIdx(folder: string, name: string, expected: readonly number[]): Promise<Uint8Array> {
  const path = await findIdx(folder, name);
  if (path === undefined)
    throw new Error(`expected ${name}.gz or ${name} in ${folder}, but there is no such file`);
  const size = 4 + 4 * expected.length + expected.reduce((n, extent) => n * extent, 1);
  const bytes = await readStart(path, (await sizeOfFile(path)) ?? 0);
  const { extents, data } = parseIdx(path.endsWith(".gz") ? unpackGzip(bytes, size, path) : bytes, path);
  if (extents.join() !== expected.join())
    throw new RangeError(`expected ${path} to hold an array of [${expected}], found [${extents}]`);
  return data;
}
