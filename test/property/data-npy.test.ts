import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { decodeNpy, emptyNpy, encodeNpy, type NpyArray, openNpy } from "../../src/experiments/data/npy.ts";
import { decodeNpz, encodeNpz } from "../../src/experiments/data/npz.ts";

const shapes = fc.array(fc.nat({ max: 4 }), { maxLength: 4 });
const sizeOf = (shape: readonly number[]): number => shape.reduce((n, extent) => n * extent, 1);

/** An array of any type and shape. */
const arrays: fc.Arbitrary<NpyArray> = shapes.chain((shape) => {
  const exactly = { minLength: sizeOf(shape), maxLength: sizeOf(shape) };
  const one = <T extends NpyArray["dtype"]>(dtype: T, data: fc.Arbitrary<NpyArray<T>["data"]>) =>
    data.map((data) => ({ dtype, shape, data }) as NpyArray);
  return fc.oneof(
    one("|u1", fc.uint8Array(exactly)),
    one("|i1", fc.int8Array(exactly)),
    one("<u2", fc.uint16Array(exactly)),
    one("<i4", fc.int32Array(exactly)),
    one("<i8", fc.bigInt64Array(exactly)),
    one("<f4", fc.float32Array(exactly)),
    one("<f8", fc.float64Array(exactly)),
  );
});

/** A file with this header, of version 1. */
function withHeader(header: string, body = 0): Uint8Array {
  const bytes = new Uint8Array(10 + header.length + body);
  bytes.set(Buffer.from(`\u0093NUMPY\u0001\u0000`, "latin1"));
  bytes[8] = header.length;
  bytes.set(Buffer.from(header, "latin1"), 10);
  return bytes;
}

function scratch(bytes: Uint8Array): string {
  const folder = mkdtempSync(join(tmpdir(), "qgen-npy-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "x.npy");
  writeFileSync(path, bytes);
  return path;
}

describe(".npy files", () => {
  test("an array that was written is read, from any place in memory", () => {
    fc.assert(
      fc.property(arrays, fc.nat({ max: 9 }), (array, shift) => {
        const bytes = encodeNpy(array);
        const moved = new Uint8Array(bytes.length + shift).subarray(shift);
        moved.set(bytes);
        expect(decodeNpy(moved, "x")).toEqual(array);
        expect(bytes.length % 64).toBe(array.data.byteLength % 64);
      }),
    );
  });

  test("the bytes are NumPy's", () => {
    // np.save of np.arange(3, dtype="<u2")
    const header = "{'descr': '<u2', 'fortran_order': False, 'shape': (3,), }".padEnd(117);
    const expected = Buffer.from(
      `\u0093NUMPY\u0001\u0000v\u0000${header}\n\u0000\u0000\u0001\u0000\u0002\u0000`,
      "latin1",
    );
    expect(encodeNpy({ dtype: "<u2", shape: [3], data: Uint16Array.of(0, 1, 2) })).toEqual(
      new Uint8Array(expected),
    );
    const { bytes, data } = emptyNpy("<u2", [3]);
    data.set([0, 1, 2]);
    expect(bytes).toEqual(new Uint8Array(expected));
  });

  test("a file that is cut or edited anywhere is an array of its size, or refused with a sentence", () => {
    const whole = encodeNpy({
      dtype: "<i4",
      shape: [2, 3],
      data: Int32Array.from({ length: 6 }, (_, i) => i),
    });
    const edits = fc.array(fc.tuple(fc.nat({ max: 90 }), fc.nat({ max: 255 })), { maxLength: 3 });
    fc.assert(
      fc.property(fc.nat({ max: whole.length }), edits, (length, changes) => {
        const bytes = whole.slice(0, length);
        for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte;
        try {
          const { shape, data } = decodeNpy(bytes, "x");
          expect(data.length).toBe(sizeOf(shape));
        } catch (error) {
          if (!(error instanceof RangeError)) throw error;
          expect(error.message).toMatch(/^expected .*x .*, found /s);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test("what cannot be read is a sentence that says why", () => {
    const whole = encodeNpy({ dtype: "|u1", shape: [4], data: Uint8Array.of(1, 2, 3, 4) });
    const cases: [Uint8Array, RegExp][] = [
      [Buffer.from("hello, world"), /expected x to be a \.npy file, .* found other bytes/],
      [whole.slice(0, 130), /expected x to be 132 bytes for \|u1 \[4\], found 130 bytes: it is cut short/],
      [
        withHeader("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2), }\n", 16),
        /expected x to be row-major, found Fortran's order\. Save it again/,
      ],
      [
        withHeader("{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }\n", 4),
        /expected x to hold numbers of a type among \|u1 .*, found >f4/,
      ],
      [
        withHeader("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }\n", 4),
        /found \('a', '<f4'\)/,
      ],
      [withHeader("{'descr': '<f4', 'shape': (1,), }\n", 4), /to have one fortran_order, found/],
    ];
    for (const [bytes, sentence] of cases) expect(() => decodeNpy(bytes, "x")).toThrow(sentence);
  });

  test("rows are read from their place in the file", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.nat({ max: 9 }), fc.nat({ max: 9 }), (rows, a, b) => {
        const data = Uint8Array.from({ length: rows * 6 }, (_, i) => i);
        const file = openNpy(scratch(encodeNpy({ dtype: "|u1", shape: [rows, 2, 3], data })));
        const [from, count] = [a % rows, b % (rows - (a % rows) + 1)];
        expect(file.rows(from, count)).toEqual(data.subarray(6 * from, 6 * (from + count)));
        expect(() => file.rows(from, rows + 1 - from)).toThrow(/expected rows of .* in 0\.\./);
      }),
      { numRuns: 20 },
    );
  });
});

describe(".npz files", () => {
  const named = fc.dictionary(fc.stringMatching(/^[a-zé/]{1,6}$/), arrays, { maxKeys: 3 });

  test("arrays that were written are read, stored or deflated", () => {
    fc.assert(
      fc.property(named, fc.boolean(), (all, deflate) => {
        expect(decodeNpz(encodeNpz(all, { deflate }), "x")).toEqual({ ...all });
      }),
    );
  });

  test("a file with a changed byte holds the same numbers, or is refused with a sentence", () => {
    const all = { a: { dtype: "|u1" as const, shape: [40], data: new Uint8Array(40).fill(7) } };
    for (const deflate of [true, false]) {
      const whole = encodeNpz(all, { deflate });
      fc.assert(
        fc.property(fc.nat({ max: whole.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
          const bytes = Uint8Array.from(whole);
          bytes[at]! ^= change;
          try {
            const read = decodeNpz(bytes, "x");
            // The name, dates and what is empty are not under the checksum.
            for (const { data } of Object.values(read)) expect(data).toEqual(all.a.data);
          } catch (error) {
            if (!(error instanceof RangeError)) throw error;
            expect(error.message).toMatch(/^expected .*x.*, found /s);
          }
        }),
        { numRuns: 300 },
      );
      for (let length = 0; length < whole.length; length += 7)
        expect(() => decodeNpz(whole.subarray(0, length), "x")).toThrow(
          /^expected x to be a whole \.npz file/,
        );
    }
  });
});
