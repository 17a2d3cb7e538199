/**
 * NumPy's files of several arrays: a zip archive of .npy files, stored or deflated (PKWARE's APPNOTE, without its 64-bit
 * and encrypted forms).
 *
 * @packageDocumentation
 */

import { crc32, deflateRawSync, inflateRawSync } from "node:zlib";
import { decodeNpy, encodeNpy, type NpyArray } from "./npy.ts";

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const END_SIZE = 22;

/** Arrays by name. */
export type Npz = Readonly<Record<string, NpyArray>>;

export function encodeNpz(arrays: Npz, { deflate = true }: { readonly deflate?: boolean } = {}): Uint8Array {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  const entries = Object.entries(arrays);
  for (const [name, array] of entries) {
    const plain = encodeNpy(array);
    const packed = deflate ? deflateRawSync(plain) : plain;
    const file = Buffer.from(`${name}.npy`);
    // Version, flags (names are UTF-8), method, time and day (1980-01-01), checksum, sizes, length of the name, no extra field.
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(20, 0);
    shared.writeUInt16LE(0x800, 2);
    shared.writeUInt16LE(deflate ? 8 : 0, 4);
    shared.writeUInt16LE(0x21, 8);
    shared.writeUInt32LE(crc32(plain), 10);
    shared.writeUInt32LE(packed.length, 14);
    shared.writeUInt32LE(plain.length, 18);
    shared.writeUInt16LE(file.length, 22);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(at, 10);
    directory.push(word(CENTRAL), Buffer.from([20, 0]), shared, place, file);
    const local = [word(LOCAL), shared, file, packed];
    parts.push(...local);
    at += local.reduce((sum, { length }) => sum + length, 0);
  }
  const size = directory.reduce((sum, { length }) => sum + length, 0);
  const end = Buffer.alloc(END_SIZE - 4);
  end.writeUInt16LE(entries.length, 4);
  end.writeUInt16LE(entries.length, 6);
  end.writeUInt32LE(size, 8);
  end.writeUInt32LE(at, 12);
  return Buffer.concat([...parts, ...directory, word(END), end]);
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/**
 * @param file - its name, for errors
 * @throws RangeError on a file that is damaged, cut short, or of another kind
 */
export function decodeNpz(bytes: Uint8Array, file: string): Npz {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const damaged = (what: string): RangeError =>
    new RangeError(`expected ${file} to be a whole .npz file (a zip archive), found ${what}`);
  const inside = (at: number, length: number, what: string): void => {
    if (at < 0 || at + length > bytes.length)
      throw damaged(`that ${what} lies outside of its ${bytes.length} bytes`);
  };
  // A comment of up to 65,535 bytes may follow the end.
  let end = bytes.length - END_SIZE;
  while (end >= 0 && end > bytes.length - END_SIZE - 65_536 && view.getUint32(end, true) !== END) end--;
  if (end < 0 || view.getUint32(end, true) !== END) throw damaged("no directory at its end");
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  const arrays: [string, NpyArray][] = [];
  for (let i = 0; i < count; i++) {
    inside(at, 46, `entry ${i + 1} of its directory`);
    if (view.getUint32(at, true) !== CENTRAL) throw damaged(`no entry ${i + 1} in its directory`);
    const length = view.getUint16(at + 28, true);
    inside(at + 46, length, `name ${i + 1}`);
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + length));
    const [flags, method] = [view.getUint16(at + 8, true), view.getUint16(at + 10, true)];
    const [packedSize, size] = [view.getUint32(at + 20, true), view.getUint32(at + 24, true)];
    const local = view.getUint32(at + 42, true);
    if ((flags & 1) !== 0) throw damaged(`that ${name} is encrypted`);
    if (method !== 0 && method !== 8)
      throw damaged(`that ${name} is packed by method ${method}, not stored or deflated`);
    inside(local, 30, name);
    if (view.getUint32(local, true) !== LOCAL) throw damaged(`no file where ${name} should begin`);
    const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    inside(start, packedSize, name);
    const packed = bytes.subarray(start, start + packedSize);
    const plain =
      method === 0 ? packed : inflated(packed, size, () => damaged(`that ${name} cannot be inflated`));
    if (plain.length !== size) throw damaged(`${plain.length} bytes of ${name}, which should have ${size}`);
    if (crc32(plain) !== view.getUint32(at + 16, true))
      throw damaged(`that the bytes of ${name} do not have its checksum`);
    arrays.push([name.replace(/\.npy$/, ""), decodeNpy(plain, `${name} in ${file}`)]);
    at += 46 + length + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return Object.fromEntries(arrays);
}

function inflated(packed: Uint8Array, size: number, failure: () => Error): Uint8Array {
  try {
    return inflateRawSync(packed, { maxOutputLength: Math.max(size, 1) });
  } catch {
    throw failure();
  }
}
