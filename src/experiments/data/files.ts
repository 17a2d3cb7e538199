/**
 * The files of the data sets: whether they are there, and reading no more of them than is needed.
 *
 * @packageDocumentation
 */

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";

/** Bytes in the file, or `undefined` where there is none. */
export async function sizeOfFile(path: string): Promise<number | undefined> {
  try {
    const found = await stat(path);
    return found.isFile() ? found.size : undefined;
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return undefined;
    throw new Error(`cannot look at ${path}: ${messageOf(error)}`, { cause: error });
  }
}

/**
 * The first `length` bytes of a file.
 *
 * @throws Error where the file cannot be read, or is shorter.
 */
export async function readStart(path: string, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let read = 0;
  let file: FileHandle | undefined;
  try {
    file = await open(path);
    while (read < length) {
      const { bytesRead } = await file.read(bytes, read, length - read, read);
      if (bytesRead === 0) break;
      read += bytesRead;
    }
  } catch (error) {
    throw new Error(`cannot read ${path}: ${messageOf(error)}`, { cause: error });
  } finally {
    await file?.close();
  }
  if (read < length) throw new Error(`expected ${path} to hold ${length} bytes, found ${read}`);
  return bytes;
}

/** The md5 of a file, in hexadecimal, as the data sets' authors publish it. */
export async function md5OfFile(path: string): Promise<string> {
  const hash = createHash("md5");
  try {
    await pipeline(createReadStream(path), hash);
  } catch (error) {
    throw new Error(`cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
  return hash.digest("hex");
}

/** The code that the system gives an error, as `ENOENT`; also where another error wraps it. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ("code" in error && typeof error.code === "string") return error.code;
  return codeOf(error.cause);
}

/** What went wrong, with what caused it. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const message = error.message || codeOf(error) || error.name;
  const cause = error.cause === undefined ? "" : messageOf(error.cause);
  return message.includes(cause) ? message : `${message} (${cause})`;
}
