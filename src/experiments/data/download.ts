/**
 * Downloading one file, going on where an earlier attempt broke off.
 *
 * @packageDocumentation
 */

import { existsSync } from "node:fs";
import { type FileHandle, mkdir, open, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { codeOf, md5OfFile, messageOf, sizeOfFile } from "./files.ts";

export interface DownloadProgress {
  readonly url: string;
  readonly received: number;
  /** Absent where the server does not say. */
  readonly total: number | undefined;
}

/**
 * Downloads `url` to `path`, by way of `path.part`, and checks its md5. Where a `.part` is left over, only the rest
 * is asked for.
 *
 * @throws Error where the server cannot be reached or refuses, where the connection breaks off or the disk is full
 * (the `.part` stays, to go on from), and where the md5 is another one (what came is kept as `.bad`).
 */
export async function download(
  url: string,
  path: string,
  md5: string,
  onProgress: (progress: DownloadProgress) => void,
): Promise<void> {
  const part = `${path}.part`;
  await mkdir(dirname(path), { recursive: true });
  const have = (await sizeOfFile(part)) ?? 0;
  let response = await request(url, path, md5, have);
  if (have > 0 && response.status === 416 && !isWhole(response, have)) {
    // Longer than the file, or of another one: start anew.
    await response.body?.cancel();
    response = await request(url, path, md5, 0);
  }
  if (response.status === 416) await response.body?.cancel();
  else await receive(response, url, part, have, onProgress);
  const found = await md5OfFile(part);
  if (found !== md5) throw await setAside(part, path, md5, found, `what came from ${url}`);
  await rename(part, path);
}

/**
 * The error that says that a file is not the expected one, after the file was renamed to a `.bad` that no other
 * file is called.
 */
export async function setAside(
  from: string,
  path: string,
  expected: string,
  found: string,
  what: string,
): Promise<Error> {
  let bad = `${path}.bad`;
  for (let k = 2; existsSync(bad); k++) bad = `${path}.bad${k}`;
  await rename(from, bad);
  return new Error(
    `expected md5 ${expected} of ${what}, found ${found}; the file is kept as ${bad}, and the next attempt starts anew`,
  );
}

async function request(url: string, path: string, md5: string, from: number): Promise<Response> {
  let response: Response;
  try {
    // An encoding would be undone by fetch, and .gz files are sometimes sent as one.
    const headers = { "accept-encoding": "identity", ...(from > 0 ? { range: `bytes=${from}-` } : {}) };
    response = await fetch(url, { headers });
  } catch (error) {
    throw new Error(
      `cannot reach ${url}: ${messageOf(error)}; where there is no way to it, put the file with md5 ${md5} ` +
        `at ${path} yourself and run the same command`,
      { cause: error },
    );
  }
  if (response.ok || (from > 0 && response.status === 416)) return response;
  await response.body?.cancel();
  throw new Error(`expected status 200 from ${url}, found ${response.status} ${response.statusText}`.trim());
}

/** Whether the server says, of a range beyond the end, that the file ends where the part does. */
const isWhole = (response: Response, have: number): boolean =>
  response.headers.get("content-range") === `bytes */${have}`;

async function receive(
  response: Response,
  url: string,
  part: string,
  have: number,
  onProgress: (progress: DownloadProgress) => void,
): Promise<void> {
  const chunks = response.body?.getReader();
  let file: FileHandle | undefined;
  try {
    const { start, total } = extentOf(response, url, have);
    let received = start;
    const goOn = () => `${received} bytes are kept in ${part}; run the same command to go on from there`;
    const brokenOff = (reason: string, cause?: unknown) =>
      new Error(
        `the download of ${url} broke off after ${received} of ${total ?? "an unknown number of"} bytes: ` +
          `${reason}; ${goOn()}`,
        { cause },
      );
    const opened = await onDisk(part, goOn, () => open(part, start > 0 ? "a" : "w"));
    file = opened;
    onProgress({ url, received, total });
    for (;;) {
      const next = await chunks?.read().catch((error: unknown) => {
        throw brokenOff(messageOf(error), error);
      });
      if (next === undefined || next.done) break;
      await onDisk(part, goOn, () => opened.appendFile(next.value));
      received += next.value.length;
      onProgress({ url, received, total });
    }
    if (total !== undefined && received < total) throw brokenOff("the server sent no more");
  } finally {
    await chunks?.cancel().catch(() => undefined);
    await file?.close();
  }
}

/** Where in the file the answer starts, and how long the file is. */
function extentOf(
  response: Response,
  url: string,
  have: number,
): { start: number; total: number | undefined } {
  const length = response.headers.get("content-length");
  if (response.status !== 206) return { start: 0, total: length === null ? undefined : Number(length) };
  const range = response.headers.get("content-range") ?? "";
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(range) ?? [];
  if (Number(start) !== have)
    throw new Error(`expected ${url} to go on from byte ${have}, found content-range "${range}"`);
  return { start: have, total: total === "*" ? undefined : Number(total) };
}

/** What `write` gives, or an error that says what the disk refused. */
export async function onDisk<T>(path: string, goOn: () => string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    const reason = codeOf(error) === "ENOSPC" ? "the disk is full" : messageOf(error);
    throw new Error(`cannot write ${path}: ${reason}; ${goOn()}`, { cause: error });
  }
}
