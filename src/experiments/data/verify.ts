/**
 * Whether the files of a data set are the published ones.
 *
 * @packageDocumentation
 */

import { join } from "node:path";
import { catalog, type DataFile, type DatasetName } from "./catalog.ts";
import { md5OfFile, sizeOfFile } from "./files.ts";

export interface VerifiedFile {
  /** Relative to the data folder. */
  readonly file: string;
  /** `size` and `md5` say what is wrong with a file that is there. */
  readonly status: "ok" | "missing" | "size" | "md5";
  /** What was looked for, in words. */
  readonly expected: string;
  /** What is there, in words. */
  readonly found: string;
}

/** One row for each file of the data set, in the order of the catalog; none for synthetic images. */
export async function verifyDataset(name: DatasetName, dir: string): Promise<VerifiedFile[]> {
  return name === "synthetic" ? [] : await verifyFiles(catalog[name].files, dir);
}

export async function verifyFiles(files: readonly DataFile[], dir: string): Promise<VerifiedFile[]> {
  const rows: VerifiedFile[] = [];
  for (const file of files) {
    const row = await verifyFile(file, dir);
    const standIn = row.status === "missing" && file.standIn ? await verifyFile(file.standIn, dir) : row;
    rows.push(standIn.status === "missing" ? row : standIn);
  }
  return rows;
}

async function verifyFile({ path, bytes, md5 }: DataFile, dir: string): Promise<VerifiedFile> {
  const size = await sizeOfFile(join(dir, path));
  const expected = `${bytes} bytes${md5 === undefined ? "" : `, md5 ${md5}`}`;
  if (size === undefined) return { file: path, status: "missing", expected, found: "no file" };
  // The md5 of a file of another size could only be another one.
  if (size !== bytes) return { file: path, status: "size", expected, found: `${size} bytes` };
  if (md5 === undefined)
    return { file: path, status: "ok", expected, found: `${size} bytes; no md5 of it is published` };
  const digest = await md5OfFile(join(dir, path));
  return {
    file: path,
    status: digest === md5 ? "ok" : "md5",
    expected,
    found: `${size} bytes, md5 ${digest}`,
  };
}
