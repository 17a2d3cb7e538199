import { createHash } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { CatalogEntry } from "../../src/experiments/data/catalog.ts";
import { type FetchProgress, fetchDataset, fetchEntry } from "../../src/experiments/data/fetch.ts";
import { verifyFiles } from "../../src/experiments/data/verify.ts";
import { tar } from "./data-tar.ts";

const md5 = (bytes: Uint8Array): string => createHash("md5").update(bytes).digest("hex");
// Bytes that gzip cannot shorten, so that a part of the archive is a part.
const content = createHash("shake256", { outputLength: 200_000 }).update("content").digest();
const archive = gzipSync(
  tar([
    { name: "set/file.bin", data: content },
    { name: "set/readme.txt", data: Uint8Array.of(72) },
  ]),
);
const entry: CatalogEntry = {
  title: "A set",
  folder: "set",
  downloads: [
    { path: "set.tar.gz", url: "http://unused.invalid/there/set.tar.gz", md5: md5(archive), unpack: true },
  ],
  files: [{ path: "set/file.bin", bytes: content.length, md5: md5(content) }],
};

let dir = "";
let baseUrl = "";
let answer: (request: IncomingMessage, response: ServerResponse) => void;
/** The ranges that were asked for, `undefined` for a whole file. */
let asked: (string | undefined)[] = [];
const server = createServer((request, response) => {
  asked.push(request.headers.range);
  answer(request, response);
});

/** As a web server does: the range that is asked for, or all. */
const withRanges = (request: IncomingMessage, response: ServerResponse): void => {
  const [, from] = /^bytes=(\d+)-$/.exec(request.headers.range ?? "") ?? [];
  const start = Number(from ?? 0);
  if (start >= archive.length) {
    response.writeHead(416, { "content-range": `bytes */${archive.length}` }).end();
    return;
  }
  const headers = { "content-length": archive.length - start };
  if (from === undefined) response.writeHead(200, headers);
  else
    response.writeHead(206, {
      ...headers,
      "content-range": `bytes ${start}-${archive.length - 1}/${archive.length}`,
    });
  response.end(archive.subarray(start));
};
const withoutRanges = (_: IncomingMessage, response: ServerResponse): void => {
  response.writeHead(200, { "content-length": archive.length }).end(archive);
};
/** Breaks off after that many bytes. */
const breakingAfter =
  (bytes: number) =>
  (_: IncomingMessage, response: ServerResponse): void => {
    response.writeHead(200, { "content-length": archive.length });
    response.write(archive.subarray(0, bytes), () => setTimeout(() => response.destroy(), 20));
  };

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "qgen-fetch-"));
  asked = [];
  answer = withRanges;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mirror/`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(dir, { recursive: true, force: true });
});

const run = (onProgress?: (progress: FetchProgress) => void): Promise<void> =>
  fetchEntry(entry, { dir, baseUrl, onProgress });
const isWhole = async (): Promise<void> => {
  expect(md5(await readFile(join(dir, "set/file.bin")))).toBe(md5(content));
  expect(readdirSync(dir).sort()).toEqual(["set", "set.tar.gz"]);
};

describe("fetching a data set", () => {
  test("downloads, checks and unpacks it, and says how far it is", async () => {
    const events: FetchProgress[] = [];
    await run((event) => events.push(event));
    await isWhole();
    expect(readdirSync(join(dir, "set"))).toEqual(["file.bin", "readme.txt"]);
    const received = events.flatMap((event) => (event.stage === "download" ? [event.received] : []));
    expect(received[0]).toBe(0);
    expect(received.at(-1)).toBe(archive.length);
    expect(received).toEqual(received.toSorted((a, b) => a - b));
    expect(events.at(0)).toMatchObject({ url: `${baseUrl}set.tar.gz`, total: archive.length });
    expect(events.at(-1)).toEqual({ stage: "unpack", file: "set/readme.txt" });
  });

  test("asks for nothing where all is there, and only unpacks an archive that is there", async () => {
    await writeFile(join(dir, "set.tar.gz"), archive);
    await run();
    await isWhole();
    await run();
    expect(asked).toEqual([]);
  });

  test("goes on after an interruption with the bytes that are missing", async () => {
    answer = breakingAfter(60_000);
    await expect(run()).rejects.toThrow(
      /the download of .*set\.tar\.gz broke off after \d+ of \d+ bytes: .*; \d+ bytes are kept in .*\.part; run the same command/,
    );
    const kept = (await readFile(join(dir, "set.tar.gz.part"))).length;
    expect(kept).toBeGreaterThan(0);
    answer = withRanges;
    await run();
    expect(asked).toEqual([undefined, `bytes=${kept}-`]);
    await isWhole();
  });

  test("starts anew where the server does not know ranges", async () => {
    await writeFile(join(dir, "set.tar.gz.part"), "something else");
    answer = withoutRanges;
    await run();
    expect(asked).toEqual(["bytes=14-"]);
    await isWhole();
  });

  test("takes any start of the archive that was left over, up to all of it", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.nat({ max: archive.length }), fc.constant(archive.length)),
        async (kept) => {
          await rm(dir, { recursive: true, force: true });
          await mkdir(dir);
          await writeFile(join(dir, "set.tar.gz.part"), archive.subarray(0, kept));
          await run();
          await isWhole();
        },
      ),
      { numRuns: 8 },
    );
  });

  test("does not download again what was left over whole", async () => {
    await writeFile(join(dir, "set.tar.gz.part"), archive);
    await run();
    expect(asked).toEqual([`bytes=${archive.length}-`]);
    await isWhole();
  });

  test("starts anew where more was left over than the file has", async () => {
    await writeFile(join(dir, "set.tar.gz.part"), new Uint8Array(archive.length + 1));
    await run();
    expect(asked).toEqual([`bytes=${archive.length + 1}-`, undefined]);
    await isWhole();
  });

  test("keeps a file with another md5 as .bad, says both, and starts anew the next time", async () => {
    const other = Buffer.from(archive).fill(0, 100, 200);
    answer = (_, response) => response.end(other);
    for (const bad of ["set.tar.gz.bad", "set.tar.gz.bad2"]) {
      await expect(run()).rejects.toThrow(
        `expected md5 ${md5(archive)} of what came from ${baseUrl}set.tar.gz, found ${md5(other)}; the file is kept as ${join(dir, bad)}`,
      );
      expect(md5(await readFile(join(dir, bad)))).toBe(md5(other));
    }
    expect(readdirSync(dir).sort()).toEqual(["set.tar.gz.bad", "set.tar.gz.bad2"]);
    await writeFile(join(dir, "set.tar.gz"), "mine");
    await expect(run()).rejects.toThrow(`of ${join(dir, "set.tar.gz")}, found ${md5(Buffer.from("mine"))}`);
    expect(await readFile(join(dir, "set.tar.gz.bad3"), "utf8")).toBe("mine");
    answer = withRanges;
    await run();
    expect(existsSync(join(dir, "set/file.bin"))).toBe(true);
  });

  test("says which status the server answers", async () => {
    answer = (_, response) => response.writeHead(404).end();
    await expect(run()).rejects.toThrow(`expected status 200 from ${baseUrl}set.tar.gz, found 404 Not Found`);
  });

  test("says that a server cannot be reached, and where to put the file instead", async () => {
    const options = { dir, baseUrl: "http://127.0.0.1:9/" };
    await expect(fetchEntry(entry, options)).rejects.toThrow(
      new RegExp(
        `cannot reach http://127.0.0.1:9/set.tar.gz: .*; where there is no way to it, put the file with md5 ${md5(archive)} at ${join(dir, "set.tar.gz")}`,
      ),
    );
  });

  test("refuses an answer that goes on from another byte than the one asked for", async () => {
    await writeFile(join(dir, "set.tar.gz.part"), "abc");
    answer = (_, response) => response.writeHead(206, { "content-range": "bytes 2-9/10" }).end("x");
    await expect(run()).rejects.toThrow('to go on from byte 3, found content-range "bytes 2-9/10"');
  });

  test.skipIf(!existsSync("/dev/full"))("says that the disk is full", async () => {
    await symlink("/dev/full", join(dir, "set.tar.gz.part"));
    await expect(run()).rejects.toThrow(
      /cannot write .*set\.tar\.gz\.part: the disk is full; \d+ bytes are kept in .*; run the same command/,
    );
  });

  test("puts nothing in place from an archive that cannot be unpacked", async () => {
    const broken = gzipSync(tar([{ name: "set/file.bin", data: content }])).subarray(0, 100_000);
    await writeFile(join(dir, "set.tar.gz"), broken);
    const downloads = [{ ...entry.downloads[0]!, md5: md5(broken) }];
    await expect(fetchEntry({ ...entry, downloads }, { dir, baseUrl })).rejects.toThrow(
      `cannot unpack ${join(dir, "set.tar.gz")}: unexpected end of file`,
    );
    expect(readdirSync(dir)).toEqual(["set.tar.gz"]);
  });

  test("complains of an archive that does not hold what it should", async () => {
    const files = [{ path: "set/other.bin", bytes: 3 }];
    await expect(fetchEntry({ ...entry, files }, { dir, baseUrl })).rejects.toThrow(
      `expected set/other.bin in ${dir} to be 3 bytes, found no file`,
    );
  });

  test("of synthetic pictures is nothing to do", async () => {
    await fetchDataset("synthetic", { dir, baseUrl });
    expect([asked, readdirSync(dir)]).toEqual([[], []]);
  });
});

describe("verifying files", () => {
  test("tells what is missing, of another size, of other bytes, and right", async () => {
    const right = Buffer.from("right");
    await writeFile(join(dir, "a"), right);
    const file = (path: string, text: string) => ({ path, bytes: text.length, md5: md5(Buffer.from(text)) });
    const rows = await verifyFiles(
      [
        file("a", "right"),
        file("a", "wrong"),
        file("a", "longer"),
        file("b", "right"),
        { ...file("b", "gone"), standIn: file("a", "right") },
        { path: "a", bytes: 5 },
      ],
      dir,
    );
    expect(rows.map(({ file, status }) => `${file} ${status}`)).toEqual([
      "a ok",
      "a md5",
      "a size",
      "b missing",
      "a ok",
      "a ok",
    ]);
    expect(rows[1]).toMatchObject({
      expected: `5 bytes, md5 ${md5(Buffer.from("wrong"))}`,
      found: `5 bytes, md5 ${md5(right)}`,
    });
  });
});
