/**
 * CIFAR-10 and CIFAR-100 in their binary form: records of one or two labels and the red, green and blue planes
 * of a picture of 32 x 32 pixels (Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009).
 *
 * @packageDocumentation
 */

import { basename, join } from "node:path";
import { CIFAR10_CLASSES, CIFAR100_COARSE, CIFAR100_FINE } from "./cifar-classes.ts";
import type { Dataset, ImageShape, Split } from "./dataset.ts";
import { readStart, sizeOfFile } from "./files.ts";

const SHAPE: ImageShape = [3, 32, 32];
const IMAGE = 3 * 32 * 32;
const CIFAR10_PER_FILE = 10_000;

/** One label of a record: what it is called in errors, and how many classes there are. */
interface LabelField {
  readonly name: string;
  readonly classes: number;
}

/** The labels before each picture. */
export interface RecordFormat {
  readonly labels: readonly LabelField[];
  /** Which of the labels to keep. */
  readonly keep: number;
}

export const CIFAR10_RECORD: RecordFormat = { labels: [{ name: "label", classes: 10 }], keep: 0 };

/** @param keep - the label to learn: one of 100 fine or of 20 coarse classes */
export const cifar100Record = (keep: "fine" | "coarse"): RecordFormat => ({
  labels: [
    { name: "coarse label", classes: 20 },
    { name: "fine label", classes: 100 },
  ],
  keep: keep === "coarse" ? 0 : 1,
});

/** Bytes of one record. */
export const recordBytes = (format: RecordFormat): number => format.labels.length + IMAGE;

/**
 * The pictures in the bytes of whole records.
 *
 * @param file - its name, for errors
 * @throws RangeError on a part of a record, or a label that no class has.
 */
export function parseRecords(bytes: Uint8Array, format: RecordFormat, file: string): Split {
  const size = recordBytes(format);
  const count = Math.floor(bytes.length / size);
  if (count * size !== bytes.length)
    throw new RangeError(
      `expected ${file} to hold whole records of ${size} bytes, found ${bytes.length} bytes: ` +
        `${count} records and ${bytes.length - count * size} bytes more`,
    );
  const images = new Uint8Array(count * IMAGE);
  const labels = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const start = i * size;
    format.labels.forEach(({ name, classes }, k) => {
      if (bytes[start + k]! >= classes)
        throw new RangeError(
          `expected record ${i} of ${file} to have a ${name} in 0..${classes - 1}, found ${bytes[start + k]}`,
        );
    });
    labels[i] = bytes[start + format.keep]!;
    images.set(bytes.subarray(start + format.labels.length, start + size), i * IMAGE);
  }
  return { images, labels, count };
}

export interface CifarOptions {
  /** How many training images, the first ones; all where absent. */
  readonly train?: number | undefined;
  /** How many test images, the first ones; all where absent. */
  readonly test?: number | undefined;
}

/**
 * CIFAR-10, 50,000 training and 10,000 test images, from `data_batch_1.bin` to `data_batch_5.bin` and
 * `test_batch.bin`. Files beyond the first `train` images are not looked at.
 *
 * @param folder - where the files are, `cifar-10-batches-bin`
 * @throws Error on a file that is missing or of another size, or holds labels out of range.
 */
export async function loadCifar10(folder: string, options: CifarOptions = {}): Promise<Dataset> {
  const train = wanted("training", options.train, 5 * CIFAR10_PER_FILE);
  const test = wanted("test", options.test, CIFAR10_PER_FILE);
  const parts: Split[] = [];
  const names: string[] = [];
  for (let done = 0; done < train; done += CIFAR10_PER_FILE) {
    names.push(`data_batch_${names.length + 1}.bin`);
    const count = Math.min(CIFAR10_PER_FILE, train - done);
    parts.push(await readRecords(join(folder, names.at(-1)!), CIFAR10_RECORD, CIFAR10_PER_FILE, count));
  }
  return {
    name: "cifar10",
    classes: CIFAR10_CLASSES,
    shape: SHAPE,
    train: concatenate(parts),
    test: await readRecords(join(folder, "test_batch.bin"), CIFAR10_RECORD, CIFAR10_PER_FILE, test),
    source: sourceOf("CIFAR-10", train, names.join(", "), test, "test_batch.bin"),
  };
}

/**
 * CIFAR-100, 50,000 training and 10,000 test images, from `train.bin` and `test.bin`. Where `train.bin` is missing,
 * `train_first20000.bin`, its first 20,000 records, stands in for it.
 *
 * @param folder - where the files are, `cifar-100-binary`
 * @param options - `labels`: one of 100 fine classes, or of 20 coarse ones
 * @throws Error on a file that is missing or of another size, or holds labels out of range.
 */
export async function loadCifar100(
  folder: string,
  options: CifarOptions & { readonly labels?: "fine" | "coarse" | undefined } = {},
): Promise<Dataset> {
  const format = cifar100Record(options.labels ?? "fine");
  const whole = (await sizeOfFile(join(folder, "train.bin"))) !== undefined;
  const part = !whole && (await sizeOfFile(join(folder, "train_first20000.bin"))) !== undefined;
  const [name, records] = part ? ["train_first20000.bin", 20_000] : ["train.bin", 50_000];
  const why = part ? " (train.bin is missing, and train_first20000.bin has no more)" : "";
  const train = wanted("training", options.train, records, why);
  const test = wanted("test", options.test, 10_000);
  const described = part ? `${name} (the start of train.bin, which is missing)` : name;
  return {
    name: "cifar100",
    classes: options.labels === "coarse" ? CIFAR100_COARSE : CIFAR100_FINE,
    shape: SHAPE,
    train: await readRecords(join(folder, name), format, records, train),
    test: await readRecords(join(folder, "test.bin"), format, 10_000, test),
    source: sourceOf(`CIFAR-100 (${options.labels ?? "fine"} labels)`, train, described, test, "test.bin"),
  };
}

/** The first `count` of the `records` in a file. */
async function readRecords(
  path: string,
  format: RecordFormat,
  records: number,
  count: number,
): Promise<Split> {
  const expected = records * recordBytes(format);
  const found = await sizeOfFile(path);
  if (found === undefined)
    throw new Error(`expected ${basename(path)} at ${path}, but there is no such file`);
  if (found !== expected)
    throw new Error(
      `expected ${path} to be ${expected} bytes (${records} records of ${recordBytes(format)}), found ${found} bytes`,
    );
  return parseRecords(await readStart(path, count * recordBytes(format)), format, path);
}

function wanted(which: string, count: number | undefined, most: number, why = ""): number {
  if (count === undefined) return most;
  if (!Number.isInteger(count) || count < 0 || count > most)
    throw new RangeError(`expected a number of ${which} images in 0..${most}${why}, got ${count}`);
  return count;
}

function concatenate(splits: readonly Split[]): Split {
  if (splits.length === 1) return splits[0]!;
  const count = splits.reduce((n, split) => n + split.count, 0);
  const [images, labels] = [new Uint8Array(count * IMAGE), new Uint8Array(count)];
  let at = 0;
  for (const split of splits) {
    images.set(split.images, at * IMAGE);
    labels.set(split.labels, at);
    at += split.count;
  }
  return { images, labels, count };
}

/** Which images, in words. Not where they lay: results are to be the same on every machine. */
const sourceOf = (title: string, train: number, trainFiles: string, test: number, testFile: string): string =>
  `${title}: the first ${train} training images of ${trainFiles || "no file"}, ` +
  `the first ${test} test images of ${testFile}`;
