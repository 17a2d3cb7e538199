/**
 * Bringing a published data set into the data folder.
 *
 * @packageDocumentation
 */

import { createReadStream } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { createGunzip } from "node:zlib";
import { type CatalogEntry, catalog, type DatasetName, type Download } from "./catalog.ts";
import { type DownloadProgress, download, onDisk, setAside } from "./download.ts";
import { md5OfFile, messageOf, sizeOfFile } from "./files.ts";
import { tarFiles } from "./tar.ts";
import { verifyFiles } from "./verify.ts";

/** What is happening, for people who wait. */
export type FetchProgress =
  | ({ readonly stage: "download" } & DownloadProgress)
  | { readonly stage: "unpack"; readonly file: string }
  /** `path` was there before, as published. */
  | { readonly stage: "present"; readonly path: string };

export interface FetchOptions {
  /** The data folder. */
  readonly dir: string;
  /** A mirror: holds the files under the last part of their published addresses. */
  readonly baseUrl?: string | undefined;
  readonly onProgress?: ((progress: FetchProgress) => void) | undefined;
}

/**
 * Downloads and unpacks what the data folder lacks of a data set. Archives stay beside what was unpacked; an archive
 * that somebody put there is used in place of a download.
 *
 * @throws Error that says what to do, where a download, the disk or a check fails.
 */
export async function fetchDataset(name: DatasetName, options: FetchOptions): Promise<void> {
  if (name !== "synthetic") await fetchEntry(catalog[name], options);
}

/** As `fetchDataset`, for files that need not be in the catalog. */
export async function fetchEntry(entry: CatalogEntry, options: FetchOptions): Promise<void> {
  const { dir, onProgress = () => undefined } = options;
  // Stand-ins load, but who asks for the data set gets the published files.
  const files = entry.files.map(({ path, bytes, md5 }) => ({ path, bytes, ...(md5 ? { md5 } : {}) }));
  const complete = async () => (await verifyFiles(files, dir)).every(({ status }) => status === "ok");
  if (await complete()) {
    onProgress({ stage: "present", path: join(dir, entry.folder) });
    return;
  }
  for (const file of entry.downloads) {
    await obtain(file, options);
    if (file.unpack) await unpack(join(dir, file.path), dir, onProgress);
  }
  for (const { file, status, expected, found } of await verifyFiles(files, dir))
    if (status !== "ok") throw new Error(`expected ${file} in ${dir} to be ${expected}, found ${found}`);
}

async function obtain(
  file: Download,
  { dir, baseUrl, onProgress = () => undefined }: FetchOptions,
): Promise<void> {
  const path = join(dir, file.path);
  if ((await sizeOfFile(path)) !== undefined) {
    const found = await md5OfFile(path);
    if (found !== file.md5) throw await setAside(path, path, file.md5, found, path);
    onProgress({ stage: "present", path });
    return;
  }
  const url = baseUrl === undefined ? file.url : `${baseUrl.replace(/\/+$/, "")}/${basename(file.url)}`;
  await download(url, path, file.md5, (progress) => onProgress({ stage: "download", ...progress }));
}

/**
 * Puts the files of a tar.gz into `dir`. Each appears there whole or not at all, and none before all could be
 * unpacked.
 */
export async function unpack(
  archive: string,
  dir: string,
  onProgress: (progress: FetchProgress) => void = () => undefined,
): Promise<void> {
  const staging = `${archive}.unpacking`;
  const names: string[] = [];
  const again = () => `${archive} is kept; run the same command to unpack it again`;
  try {
    await rm(staging, { recursive: true, force: true });
    for await (const { name, content } of tarFiles(unzipped(archive))) {
      onProgress({ stage: "unpack", file: name });
      const path = join(staging, name);
      await writeAll(path, content, again);
      names.push(name);
    }
    for (const name of names)
      await onDisk(join(dir, name), again, async () => {
        await mkdir(dirname(join(dir, name)), { recursive: true });
        await rename(join(staging, name), join(dir, name));
      });
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function* unzipped(archive: string): AsyncGenerator<Uint8Array, void, void> {
  const packed = createReadStream(archive);
  const unzip = createGunzip();
  packed.on("error", (error) => unzip.destroy(error));
  try {
    yield* packed.pipe(unzip);
  } catch (error) {
    throw new Error(`cannot unpack ${archive}: ${messageOf(error)}`, { cause: error });
  } finally {
    packed.destroy();
    unzip.destroy();
  }
}

async function writeAll(
  path: string,
  content: AsyncIterable<Uint8Array>,
  again: () => string,
): Promise<void> {
  const file = await onDisk(path, again, async () => {
    await mkdir(dirname(path), { recursive: true });
    return await open(path, "w");
  });
  try {
    for await (const chunk of content) await onDisk(path, again, () => file.appendFile(chunk));
  } finally {
    await file.close();
  }
}
