/**
 * ImageNet, or any set of photographs, as a folder: `train` and `val`, and in each a folder of pictures for each class.
 *
 * @packageDocumentation
 */

import { createHash } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Complaint } from "../complaint.ts";
import type { ImageShape } from "./dataset.ts";

export interface FolderSplit {
  readonly folder: string;
  readonly count: number;
  /** Relative to the folder, in the order of classes and names. */
  readonly files: readonly string[];
  readonly labels: Int32Array;
  /** Its pictures have been cut out already: their middle is seen, without resizing. */
  readonly view?: "middle";
}

export interface FolderDataset {
  readonly name: "imagenet";
  readonly classes: readonly string[];
  readonly shape: ImageShape;
  readonly train: FolderSplit;
  readonly test: FolderSplit;
  /** SHA-256 of the names of all files that are used: the folder as a run knows it. */
  readonly files: string;
  readonly source: string;
}

const isPicture = (name: string): boolean => /\.(jpe?g|png|webp)$/i.test(name);
const inOrder = (names: readonly string[]): string[] => [...names].sort((a, b) => (a < b ? -1 : 1));

/** @throws Complaint where there is no folder, or none in it */
export function classesIn(folder: string): string[] {
  if (!existsSync(folder))
    throw new Complaint(`there is no folder ${folder}: expected a folder of classes there`, 2);
  const entries = readdirSync(folder, { withFileTypes: true });
  const classes = inOrder(entries.filter((e) => e.isDirectory() || e.isSymbolicLink()).map((e) => e.name));
  if (classes.length === 0) throw new Complaint(`${folder} has no folder for any class`, 2);
  return classes;
}

/**
 * @param count - so many of the files, at equal distances in their order; all where absent
 * @param sparse - classes may have no pictures
 */
export function splitOf(
  folder: string,
  classes: readonly string[],
  count: number | undefined,
  sparse = false,
): FolderSplit {
  const all: { file: string; label: number }[] = [];
  classes.forEach((name, label) => {
    if (sparse && !existsSync(join(folder, name))) return;
    const files = readdirSync(join(folder, name), { recursive: true, encoding: "utf8" }).filter(isPicture);
    if (files.length === 0 && !sparse)
      throw new Complaint(`${join(folder, name)} has no pictures (.jpg, .jpeg, .png or .webp)`, 2);
    for (const file of inOrder(files)) all.push({ file: join(name, file), label });
  });
  const split = {
    folder,
    count: all.length,
    files: all.map(({ file }) => file),
    labels: Int32Array.from(all, ({ label }) => label),
  };
  return count === undefined ? split : thinned(split, count);
}

/** So many of the pictures, at equal distances in their order. */
export function thinned(split: FolderSplit, count: number): FolderSplit {
  if (count > split.count)
    throw new Complaint(`expected at least ${count} pictures in ${split.folder}, found ${split.count}`, 2);
  const chosen = Array.from({ length: count }, (_, i) => Math.floor((i * split.count) / count));
  return {
    ...split,
    count,
    files: chosen.map((index) => split.files[index]!),
    labels: Int32Array.from(chosen, (index) => split.labels[index]!),
  };
}

/** SHA-256 of the names of all files, with an empty line between two parts. */
export const hashOfFiles = (...splits: readonly FolderSplit[]): string =>
  createHash("sha256")
    .update(splits.map(({ files }) => files.map((file) => `${file}\n`).join("")).join("\n"))
    .digest("hex");

/** The folder in `imagenet:FOLDER`, as options have it; `undefined` for all other data. */
export const folderIn = (data: string): string | undefined =>
  data.startsWith(FOLDER) ? data.slice(FOLDER.length) : undefined;

const FOLDER = "imagenet:";

/**
 * The pictures under a folder, without opening any. Classes are numbered in the order of their names, as in torchvision.
 *
 * @param options.size - pixels of a side of what the network sees
 * @throws Complaint where the folder is not such a folder, or the classes of its two parts differ
 */
export function openImageFolder(
  folder: string,
  { train, test, size = 224 }: { train?: number | undefined; test?: number | undefined; size?: number } = {},
): FolderDataset {
  const [trainFolder, testFolder] = [join(folder, "train"), join(folder, "val")];
  const classes = classesIn(trainFolder);
  const others = classesIn(testFolder);
  const odd =
    classes.find((name) => !others.includes(name)) ?? others.find((name) => !classes.includes(name));
  if (odd !== undefined)
    throw new Complaint(
      `${folder}: expected the same classes in train and val, but ${odd} is in ${classes.includes(odd) ? "train" : "val"} alone`,
      2,
    );
  const [first, second] = [splitOf(trainFolder, classes, train), splitOf(testFolder, classes, test)];
  return {
    name: "imagenet",
    classes,
    shape: [3, size, size],
    train: first,
    test: second,
    files: hashOfFiles(first, second),
    source: `${folder}: ${first.count} training and ${second.count} test pictures of ${classes.length} classes, seen as ${size}x${size}`,
  };
}
