import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { tarFiles } from "../../src/experiments/data/tar.ts";
import { type Member, tar } from "./data-tar.ts";

/** The archive, cut into chunks of these lengths over and over. */
async function* cut(bytes: Uint8Array, lengths: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, k = 0; at < bytes.length; k++) {
    const length = lengths[k % lengths.length]!;
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

async function read(bytes: Uint8Array, lengths: readonly number[] = [512]): Promise<[string, number[]][]> {
  const files: [string, number[]][] = [];
  for await (const { name, size, content } of tarFiles(cut(bytes, lengths))) {
    const data: number[] = [];
    for await (const chunk of content) data.push(...chunk);
    expect(data).toHaveLength(size);
    files.push([name, data]);
  }
  return files;
}

const segment = fc.stringMatching(/^[a-z0-9_]{1,12}$/);
const member: fc.Arbitrary<Member> = fc.record({
  name: fc.array(segment, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/")),
  data: fc.uint8Array({ maxLength: 1100 }),
});
const lengths = fc.array(fc.integer({ min: 1, max: 2000 }), { minLength: 1, maxLength: 4 });

describe("tar archives", () => {
  test("the files that were written are read, however the bytes are cut", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(member, { maxLength: 4 }), lengths, async (members, chunks) => {
        const expected = members.map(({ name, data }) => [name, [...data]]);
        expect(await read(tar(members), chunks)).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  });

  test("a file that nobody reads is passed over", async () => {
    const names: string[] = [];
    const archive = tar([
      { name: "a", data: new Uint8Array(700) },
      { name: "b", data: new Uint8Array(1) },
    ]);
    for await (const { name } of tarFiles(cut(archive, [100]))) names.push(name);
    expect(names).toEqual(["a", "b"]);
  });

  test("folders and notes are passed over, and long names are put together", async () => {
    const prefix = "p".repeat(120);
    const archive = tar([
      { name: "folder/", data: new Uint8Array(0), type: "5" },
      { name: "note", data: new Uint8Array(30), type: "x" },
      { name: "./folder/file", data: Uint8Array.of(1), prefix },
    ]);
    expect(await read(archive)).toEqual([[`${prefix}/folder/file`, [1]]]);
  });

  test.each(["../x", "a/../../x", "/etc/x", "a\\..\\x", "C:x", "./", ""])(
    "a name that leads elsewhere is refused: %j",
    async (name) => {
      await expect(read(tar([{ name, data: Uint8Array.of(1) }]))).rejects.toThrow(
        `expected names in the archive to stay inside its folder, found ${JSON.stringify(name)}`,
      );
    },
  );

  test.each(["1", "2", "3", "L"])(
    "members of type %s, which are no plain files, are refused",
    async (type) => {
      await expect(read(tar([{ name: "x", data: new Uint8Array(0), type }]))).rejects.toThrow(
        `expected plain files in the archive, but x is of type "${type}"`,
      );
    },
  );

  test("an archive that is cut gives its first files, and says where it ends", async () => {
    const archive = tar([{ name: "file", data: new Uint8Array(2000) }]);
    await expect(read(archive.subarray(0, 300))).rejects.toThrow("ends in the middle of the next header");
    await expect(read(archive.subarray(0, 1500))).rejects.toThrow("ends in the middle of file");
  });

  test("a header with a changed byte is noticed by its checksum", async () => {
    const archive = tar([{ name: "file", data: Uint8Array.of(1) }]);
    archive[1] = 120;
    await expect(read(archive)).rejects.toThrow(
      /expected a tar header with checksum \d+, found bytes that sum to \d+/,
    );
  });

  test("an archive with any bytes changed is read, or refused with a sentence", async () => {
    const archive = tar([
      { name: "a", data: new Uint8Array(600).fill(65) },
      { name: "b", data: new Uint8Array(3) },
    ]);
    const edits = fc.array(fc.tuple(fc.nat({ max: archive.length - 1 }), fc.nat({ max: 255 })), {
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(edits, fc.nat({ max: archive.length }), async (changes, length) => {
        const bytes = archive.slice(0, length);
        for (const [at, byte] of changes) if (at < length) bytes[at] = byte;
        try {
          await read(bytes);
        } catch (error) {
          if (!(error instanceof Error)) throw error;
          expect(error.message).toMatch(/^(expected .* found |the archive ends in the middle of )/);
        }
      }),
    );
  });
});
