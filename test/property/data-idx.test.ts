import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isPresent, loadDataset } from "../../src/experiments/data/catalog.ts";
import { loadFashionMnist, parseIdx, unpackGzip } from "../../src/experiments/data/idx.ts";

/** An idx file of these extents, whose element p is `p * salt`. */
function idx(extents: readonly number[], salt: number, modulus = 256): Uint8Array {
  const size = extents.reduce((n, extent) => n * extent, 1);
  const bytes = new Uint8Array(4 + 4 * extents.length + size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x800 + extents.length);
  extents.forEach((extent, axis) => {
    view.setUint32(4 + 4 * axis, extent);
  });
  for (let p = 0; p < size; p++) bytes[bytes.length - size + p] = (p * salt) % modulus;
  return bytes;
}

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "qgen-idx-"));
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});
const t10k = async (suffix: "" | ".gz"): Promise<void> => {
  const pack = (bytes: Uint8Array) => (suffix === "" ? bytes : gzipSync(bytes, { level: 1 }));
  await writeFile(join(dir, `t10k-images-idx3-ubyte${suffix}`), pack(idx([10_000, 28, 28], 3)));
  await writeFile(join(dir, `t10k-labels-idx1-ubyte${suffix}`), pack(idx([10_000], 1, 10)));
};

describe("idx files", () => {
  test("an array that was written is read", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 5 }), { maxLength: 4 }), fc.nat({ max: 255 }), (extents, salt) => {
        const { extents: read, data } = parseIdx(idx(extents, salt), "x");
        expect(read).toEqual(extents);
        expect(data).toEqual(Uint8Array.from(data, (_, p) => (p * salt) % 256));
      }),
    );
  });

  test("a file that is cut or edited anywhere is an array of its size, or refused with a sentence", () => {
    const edits = fc.array(fc.tuple(fc.nat({ max: 40 }), fc.nat({ max: 255 })), { maxLength: 3 });
    fc.assert(
      fc.property(fc.nat({ max: 60 }), edits, (length, changes) => {
        const bytes = idx([2, 3, 5], 7).slice(0, length);
        for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte;
        try {
          const { extents, data } = parseIdx(bytes, "x");
          expect(data.length).toBe(extents.reduce((n, extent) => n * extent, 1));
        } catch (error) {
          if (!(error instanceof RangeError)) throw error;
          expect(error.message).toMatch(/^expected x to .*, found /);
        }
      }),
    );
  });

  test("gzip is undone, and a packed file that is cut or edited is refused with a sentence, or gives bytes", () => {
    const plain = idx([10, 10], 7);
    const packed = gzipSync(plain);
    fc.assert(
      fc.property(fc.nat({ max: packed.length }), fc.nat(), fc.nat({ max: 255 }), (length, at, byte) => {
        const bytes = Uint8Array.from(packed.subarray(0, length));
        if (length > 0) bytes[at % length] = byte;
        try {
          expect(unpackGzip(bytes, 1000, "x.gz").length).toBeLessThanOrEqual(1000);
        } catch (error) {
          if (!(error instanceof Error) || error instanceof TypeError) throw error;
          expect(error.message).toMatch(/^expected x\.gz to /);
        }
      }),
    );
    expect(Uint8Array.from(unpackGzip(packed, plain.length, "x.gz"))).toEqual(plain);
    expect(() => unpackGzip(packed, plain.length - 1, "x.gz")).toThrow("at most 111 bytes, found more");
    expect(() => unpackGzip(packed.subarray(0, 20), 1000, "x.gz")).toThrow(
      "to be a whole gzip file: unexpected end",
    );
  });

  test.each(["", ".gz"] as const)(
    "without training files (suffix '%s'), 8,000 and 2,000 of the test images are used, and the source says so",
    async (suffix) => {
      await t10k(suffix);
      const data = await loadFashionMnist(dir);
      expect([data.train.count, data.test.count]).toEqual([8000, 2000]);
      expect(data.source).toContain("the training files are missing");
      expect(data.test.labels[3]).toBe(8003 % 10);
      expect(data.test.images[5]).toBe(((8000 * 784 + 5) * 3) % 256);
      expect((await loadFashionMnist(dir, { train: 3, test: 2 })).test.count).toBe(2);
      await expect(loadFashionMnist(dir, { train: 8001 })).rejects.toThrow("at least 8001 images");
    },
  );

  test("one training file without the other is no reason to use the test images", async () => {
    await t10k("");
    await writeFile(join(dir, "train-labels-idx1-ubyte"), idx([60_000], 1, 10));
    await expect(loadFashionMnist(dir)).rejects.toThrow(
      `expected train-images-idx3-ubyte.gz or train-images-idx3-ubyte in ${dir}, but there is no such file`,
    );
  });

  test("other extents, and labels that no class has, are refused", async () => {
    await t10k("");
    await writeFile(join(dir, "t10k-labels-idx1-ubyte"), idx([10_000], 1, 11));
    await expect(loadFashionMnist(dir)).rejects.toThrow("to be in 0..9, found 10");
    await writeFile(join(dir, "t10k-images-idx3-ubyte"), idx([10_000, 784], 1));
    await expect(loadFashionMnist(dir)).rejects.toThrow("an array of [10000,28,28], found [10000,784]");
  });
});

const folder = process.env.QGEN_DATA;
const has = folder !== undefined && (await isPresent("fashion-mnist", folder));
const because = folder === undefined ? "QGEN_DATA is not set" : `no Fashion-MNIST in ${folder}`;

describe("the published Fashion-MNIST files", () => {
  test.skipIf(!has)(`hold as many images of every class${has ? "" : ` (skipped: ${because})`}`, async () => {
    const { train, test, classes } = await loadDataset("fashion-mnist", { dir: folder });
    for (let label = 0; label < 10; label++) {
      const count = [...train.labels, ...test.labels].filter((other) => other === label).length;
      expect(count).toBe((train.count + test.count) / 10);
    }
    if (train.count === 8000)
      expect(Array.from(train.labels.subarray(0, 3), (label) => classes[label])).toEqual([
        "Ankle boot",
        "Pullover",
        "Trouser",
      ]);
  });
});
