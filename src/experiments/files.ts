import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { Complaint } from "./complaint.ts";

const causes: Readonly<Record<string, string>> = {
  ENOSPC: "no space is left on the device",
  EDQUOT: "the disk quota is used up",
  EACCES: "permission is denied",
  EPERM: "permission is denied",
  EROFS: "the file system is read-only",
  ENOTDIR: "a part of the path is a file",
  EFBIG: "the limit on the size of files is reached",
  EISDIR: "it is a directory",
  EEXIST: "a file has the name of its folder",
};

/** A failure to write, as a sentence. */
export function cannotWrite(path: string, error: unknown): Complaint {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  return new Complaint(
    `cannot write ${path}: ${causes[code] ?? String((error as Error).message)}. What was there before is unchanged.`,
    1,
    { cause: error },
  );
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
}

/** Removes what is left of a failed write, if anything is. */
function discard(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // The failure itself is what the user hears of.
  }
}

/** Removes what writers that were killed have left in a folder. Nobody else may be writing to it. */
export function removeLeftovers(folder: string): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) if (/\.\d+\.tmp$/.test(name)) discard(join(folder, name));
}

/**
 * Writes all of a file or nothing: beside it first, then into its place. A reader, or a crash at any moment,
 * finds the old file or the new one.
 *
 * @throws Complaint where the disk is full, or the path cannot be written
 */
export function writeAtomic(path: string, content: string | Uint8Array): void {
  const fresh = `${path}.${process.pid}.tmp`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    const file = openSync(fresh, "w");
    try {
      writeAll(file, typeof content === "string" ? Buffer.from(content) : content);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(fresh, path);
  } catch (error) {
    discard(fresh);
    throw cannotWrite(path, error);
  }
}

/**
 * Appends a line.
 *
 * @param durable - wait until it is on the disk
 */
export function appendLine(path: string, line: string, { durable = true } = {}): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    const file = openSync(path, "a");
    try {
      writeAll(file, Buffer.from(`${line}\n`));
      if (durable) fsyncSync(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw cannotWrite(path, error);
  }
}
