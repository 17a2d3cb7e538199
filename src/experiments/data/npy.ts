/**
 * NumPy's files of one array: a header in Python's notation, then the numbers in row-major order
 * (numpy.lib.format, versions 1.0 to 3.0).
 *
 * @packageDocumentation
 */

import { closeSync, fstatSync, openSync, readSync } from "node:fs";

/** What can be read and written: NumPy's name of the type, and the array that holds it. */
const types = {
  "|u1": Uint8Array,
  "|i1": Int8Array,
  "|b1": Uint8Array,
  "<u2": Uint16Array,
  "<i2": Int16Array,
  "<u4": Uint32Array,
  "<i4": Int32Array,
  "<i8": BigInt64Array,
  "<u8": BigUint64Array,
  "<f4": Float32Array,
  "<f8": Float64Array,
} as const;
export type NpyType = keyof typeof types;

export interface NpyArray<T extends NpyType = NpyType> {
  readonly dtype: T;
  readonly shape: readonly number[];
  readonly data: InstanceType<(typeof types)[T]>;
}

/** What the header says. */
export interface NpyHeader {
  readonly dtype: NpyType;
  readonly shape: readonly number[];
  /** Bytes before the first number. */
  readonly start: number;
}

const MAGIC = "\u0093NUMPY";
const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");
const sizeOf = (shape: readonly number[]): number => shape.reduce((n, extent) => n * extent, 1);
const bytesOf = (dtype: NpyType, shape: readonly number[]): number =>
  sizeOf(shape) * types[dtype].BYTES_PER_ELEMENT;

/** The bytes of a file, its numbers zero, and the place where they lie: to be filled without a copy. */
export function emptyNpy<T extends NpyType>(
  dtype: T,
  shape: readonly number[],
): NpyArray<T> & { readonly bytes: Uint8Array } {
  const extents = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '${dtype}', 'fortran_order': False, 'shape': (${extents}), }`;
  // The numbers begin at a multiple of 64; the header ends with a new line.
  const start = Math.ceil((10 + text.length + 1) / 64) * 64;
  const bytes = new Uint8Array(start + bytesOf(dtype, shape));
  bytes.set(Buffer.from(MAGIC, "latin1"));
  bytes.set([1, 0, (start - 10) & 255, (start - 10) >> 8], 6);
  bytes.set(Buffer.from(`${text.padEnd(start - 11)}\n`, "latin1"), 10);
  return { dtype, shape, data: viewOf(dtype, bytes, start, sizeOf(shape)), bytes };
}

/** @throws RangeError where shape and data do not fit */
export function encodeNpy({ dtype, shape, data }: NpyArray): Uint8Array {
  if (data.length !== sizeOf(shape))
    throw new RangeError(`expected ${sizeOf(shape)} numbers for the shape [${shape}], got ${data.length}`);
  const { bytes } = emptyNpy(dtype, shape);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), bytes.length - data.byteLength);
  return bytes;
}

function viewOf<T extends NpyType>(
  dtype: T,
  bytes: Uint8Array,
  start: number,
  count: number,
): NpyArray<T>["data"] {
  const type = types[dtype];
  const there = bytes.subarray(start);
  // A copy where the numbers do not lie at a multiple of their size. (A Buffer's own slice is none.)
  const { buffer, byteOffset } =
    there.byteOffset % type.BYTES_PER_ELEMENT === 0 ? there : new Uint8Array(there);
  return new type(buffer as ArrayBuffer, byteOffset, count) as NpyArray<T>["data"];
}

/**
 * What a file begins with.
 *
 * @param bytes - its first bytes, the whole header among them
 * @param file - its name, for errors
 * @throws RangeError on what is no such file, or is laid out in another way than row-major
 */
export function parseNpyHeader(bytes: Uint8Array, file: string): NpyHeader {
  if (bytes.length < 10 || latin1(bytes.subarray(0, 6)) !== MAGIC)
    throw new RangeError(
      `expected ${file} to be a .npy file, which begins with \\x93NUMPY, found other bytes`,
    );
  const version = bytes[6]!;
  if (version < 1 || version > 3)
    throw new RangeError(`expected ${file} to be of version 1, 2 or 3 of the format, found ${version}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const before = version === 1 ? 10 : 12;
  if (bytes.length < before)
    throw new RangeError(`expected ${file} to have a header, found ${bytes.length} bytes`);
  const start = before + (version === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (bytes.length < start)
    throw new RangeError(`expected ${file} to have a header of ${start} bytes, found ${bytes.length} bytes`);
  const header = latin1(bytes.subarray(before, start));
  const entry = (name: string, value: string): string => {
    const found = new RegExp(`['"]${name}['"]\\s*:\\s*(${value})`).exec(header)?.[1];
    if (found === undefined)
      throw new RangeError(
        `expected the header of ${file} to have one ${name}, found ${JSON.stringify(header.trim().slice(0, 100))}`,
      );
    return found;
  };
  const dtype = entry("descr", "'[^']*'|\"[^\"]*\"|\\[.*?\\]").slice(1, -1);
  if (!Object.hasOwn(types, dtype))
    throw new RangeError(
      `expected ${file} to hold numbers of a type among ${Object.keys(types).join(" ")}, found ${dtype}`,
    );
  if (entry("fortran_order", "True|False") === "True")
    throw new RangeError(
      `expected ${file} to be row-major, found Fortran's order. Save it again with numpy.ascontiguousarray.`,
    );
  const shape = entry("shape", "\\([\\d,\\s]*\\)")
    .slice(1, -1)
    .split(",")
    .map((extent) => extent.trim())
    .filter((extent) => extent !== "")
    .map(Number);
  if (!Number.isSafeInteger(bytesOf(dtype as NpyType, shape)))
    throw new RangeError(`expected ${file} to have a possible shape, found [${shape}]`);
  return { dtype: dtype as NpyType, shape, start };
}

/**
 * The array in the bytes of a file, on the same memory where it can be.
 *
 * @throws RangeError on a file that is damaged, cut short, or of another kind
 */
export function decodeNpy(bytes: Uint8Array, file: string): NpyArray {
  const { dtype, shape, start } = parseNpyHeader(bytes, file);
  checkSize(bytes.length, { dtype, shape, start }, file);
  return { dtype, shape, data: viewOf(dtype, bytes, start, sizeOf(shape)) };
}

function checkSize(size: number, { dtype, shape, start }: NpyHeader, file: string): void {
  const expected = start + bytesOf(dtype, shape);
  if (size !== expected)
    throw new RangeError(
      `expected ${file} to be ${expected} bytes for ${dtype} [${shape}], found ${size} bytes${size < expected ? ": it is cut short" : ""}`,
    );
}

export interface NpyFile extends Omit<NpyHeader, "start"> {
  /** The bytes of so many rows: of the parts along the first axis. */
  rows(from: number, count: number): Uint8Array;
}

/**
 * A file whose rows are read as they are asked for.
 *
 * @throws Error where there is no such file; RangeError as `decodeNpy`
 */
export function openNpy(path: string): NpyFile {
  const read = (at: number, length: number): Uint8Array => {
    const file = openSync(path, "r");
    try {
      const bytes = new Uint8Array(Math.min(length, Math.max(0, fstatSync(file).size - at)));
      for (let done = 0; done < bytes.length; )
        done += readSync(file, bytes, done, bytes.length - done, at + done);
      return bytes;
    } finally {
      closeSync(file);
    }
  };
  const header = parseNpyHeader(read(0, 4096), path);
  const file = openSync(path, "r");
  try {
    checkSize(fstatSync(file).size, header, path);
  } finally {
    closeSync(file);
  }
  const { dtype, shape, start } = header;
  const row = bytesOf(dtype, shape.slice(1));
  return {
    dtype,
    shape,
    rows(from, count) {
      if (from < 0 || count < 0 || from + count > (shape[0] ?? 0))
        throw new RangeError(
          `expected rows of ${path} in 0..${shape[0]}, asked for ${from}..${from + count}`,
        );
      return read(start + from * row, count * row);
    },
  };
}
