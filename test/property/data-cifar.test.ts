import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isPresent, loadDataset } from "../../src/experiments/data/catalog.ts";
import {
  CIFAR10_RECORD,
  cifar100Record,
  loadCifar10,
  loadCifar100,
  parseRecords,
  recordBytes,
} from "../../src/experiments/data/cifar.ts";
import { channelStatistics } from "../../src/experiments/data/dataset.ts";

const formats = fc.constantFrom(CIFAR10_RECORD, cifar100Record("fine"), cifar100Record("coarse"));

let dir = "";
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "qgen-cifar-"));
});
afterAll(async () => {
  await rm(dir, { recursive: true, force: true });
});

/** A file of that many bytes which takes next to no room on the disk. */
async function sparse(name: string, start: Uint8Array, bytes: number): Promise<void> {
  await writeFile(join(dir, name), start);
  await truncate(join(dir, name), bytes);
}

describe("CIFAR files", () => {
  test("what was written as records is read as their pictures and labels", () => {
    fc.assert(
      fc.property(formats, fc.nat({ max: 3 }), fc.nat({ max: 251 }), (format, count, salt) => {
        const size = recordBytes(format);
        const bytes = Uint8Array.from({ length: count * size }, (_, p) => (p * 31 + salt) % 256);
        for (let i = 0; i < count; i++)
          format.labels.forEach(({ classes }, k) => {
            bytes[i * size + k] = (salt + 7 * i) % classes;
          });
        const split = parseRecords(bytes, format, "x.bin");
        expect(split.count).toBe(count);
        for (let i = 0; i < count; i++) {
          expect(split.labels[i]).toBe(bytes[i * size + format.keep]);
          expect(split.images.slice(i * 3072, (i + 1) * 3072)).toEqual(
            bytes.slice(i * size + format.labels.length, (i + 1) * size),
          );
        }
      }),
    );
  });

  test("any other bytes are whole records with labels in range, or refused with a sentence about the file", () => {
    fc.assert(
      fc.property(
        formats,
        fc.nat({ max: 7000 }),
        fc.array(fc.tuple(fc.nat({ max: 6999 }), fc.nat({ max: 255 })), { maxLength: 20 }),
        fc.boolean(),
        (format, length, edits, cut) => {
          const bytes = new Uint8Array(cut ? length - (length % recordBytes(format)) : length);
          for (const [at, byte] of edits) if (at < bytes.length) bytes[at] = byte;
          try {
            const split = parseRecords(bytes, format, "x.bin");
            expect(split.count * recordBytes(format)).toBe(bytes.length);
            for (const label of split.labels) expect(label).toBeLessThan(format.labels[format.keep]!.classes);
          } catch (error) {
            if (!(error instanceof RangeError)) throw error;
            expect(error.message).toMatch(/^expected .*x\.bin .*, found \d+/);
          }
        },
      ),
    );
  });

  test("a label out of range is named with its record", () => {
    const bytes = new Uint8Array(3 * 3074);
    bytes[2 * 3074 + 1] = 100;
    expect(() => parseRecords(bytes, cifar100Record("coarse"), "train.bin")).toThrow(
      "expected record 2 of train.bin to have a fine label in 0..99, found 100",
    );
  });

  test("only the files that hold the first images are looked at", async () => {
    await sparse("data_batch_1.bin", Uint8Array.of(6, 17), 30_730_000);
    await sparse("test_batch.bin", Uint8Array.of(3), 30_730_000);
    const data = await loadCifar10(dir, { train: 2, test: 1 });
    expect(data.train.labels).toEqual(Uint8Array.of(6, 0));
    expect(data.train.images[0]).toBe(17);
    expect(data.test.labels).toEqual(Uint8Array.of(3));
    expect(data.source).toContain("the first 2 training images of data_batch_1.bin,");
    await expect(loadCifar10(dir, { train: 10_001, test: 1 })).rejects.toThrow(
      "expected data_batch_2.bin at",
    );
    await sparse("data_batch_2.bin", Uint8Array.of(9), 30_730_000);
    expect((await loadCifar10(dir, { train: 10_001, test: 1 })).train.labels.at(-1)).toBe(9);
  });

  test("a file of another size is refused with both sizes", async () => {
    await sparse("data_batch_1.bin", Uint8Array.of(6), 30_729_999);
    await expect(loadCifar10(dir, { train: 1 })).rejects.toThrow(
      /data_batch_1\.bin to be 30730000 bytes \(10000 records of 3073\), found 30729999 bytes/,
    );
  });

  test("more images than there are, or half of one, are refused", async () => {
    await expect(loadCifar10(dir, { train: 50_001 })).rejects.toThrow("in 0..50000, got 50001");
    await expect(loadCifar10(dir, { test: 0.5 })).rejects.toThrow("test images in 0..10000, got 0.5");
  });

  test("the first 20,000 records stand in for train.bin where it is missing, and the source says so", async () => {
    await sparse("train_first20000.bin", Uint8Array.of(19, 99), 61_480_000);
    await sparse("test.bin", Uint8Array.of(4, 5), 30_740_000);
    const part = await loadCifar100(dir, { train: 1, test: 1 });
    expect(part.train.labels).toEqual(Uint8Array.of(99));
    expect(part.source).toContain("train_first20000.bin (the start of train.bin, which is missing)");
    await expect(loadCifar100(dir, { train: 20_001 })).rejects.toThrow("train.bin is missing");
    await sparse("train.bin", Uint8Array.of(18, 98), 153_700_000);
    const whole = await loadCifar100(dir, { train: 1, test: 1, labels: "coarse" });
    expect(whole.train.labels).toEqual(Uint8Array.of(18));
    expect(whole.test.labels).toEqual(Uint8Array.of(4));
    expect(whole.classes).toHaveLength(20);
    expect(whole.source).not.toContain("missing");
  });
});

const folder = process.env.QGEN_DATA;
const has10 = folder !== undefined && (await isPresent("cifar10", folder));
const has100 = folder !== undefined && (await isPresent("cifar100", folder));
const because = (name: string) =>
  folder === undefined ? " (skipped: QGEN_DATA is not set)" : ` (skipped: no ${name} in ${folder})`;

describe("the published CIFAR files", () => {
  test.skipIf(!has10)(
    `CIFAR-10 has the statistics that everybody writes into their code${has10 ? "" : because("CIFAR-10")}`,
    async () => {
      const { train, test, shape, classes } = await loadDataset("cifar10", { dir: folder });
      const { mean, std } = channelStatistics(train, shape);
      expect(mean.map((x) => x.toFixed(4))).toEqual(["0.4914", "0.4822", "0.4465"]);
      expect(std.map((x) => x.toFixed(4))).toEqual(["0.2470", "0.2435", "0.2616"]);
      expect(Array.from(train.labels.subarray(0, 5), (label) => classes[label])).toEqual([
        "frog",
        "truck",
        "truck",
        "deer",
        "automobile",
      ]);
      for (const [split, each] of [
        [train, 5000],
        [test, 1000],
      ] as const)
        for (let label = 0; label < 10; label++)
          expect(split.labels.filter((other) => other === label)).toHaveLength(each);
    },
  );

  test.skipIf(!has100)(
    `a fine class of CIFAR-100 lies in one coarse class${has100 ? "" : because("CIFAR-100")}`,
    async () => {
      const dir = join(folder!, "cifar-100-binary");
      const fine = await loadCifar100(dir, { train: 0 });
      const coarse = await loadCifar100(dir, { train: 0, labels: "coarse" });
      const pairs = new Set(
        Array.from(fine.test.labels, (label, i) => `${label} in ${coarse.test.labels[i]}`),
      );
      expect(pairs.size).toBe(100);
      const maples = fine.test.labels.indexOf(fine.classes.indexOf("maple_tree"));
      expect(coarse.classes[coarse.test.labels[maples]!]).toBe("trees");
    },
  );
});
