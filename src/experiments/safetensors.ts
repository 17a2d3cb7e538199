/**
 * The safetensors format: the length of a header, the header (JSON), the bytes of the tensors.
 *
 * @packageDocumentation
 */

import { type Shape, sizeOf } from "../tensor/tensor.ts";

const arrays = {
  F32: Float32Array,
  F64: Float64Array,
  I64: BigInt64Array,
  I32: Int32Array,
  I16: Int16Array,
  I8: Int8Array,
  U8: Uint8Array,
} as const;

export type SafeDType = keyof typeof arrays;
export type SafeData =
  | Float32Array
  | Float64Array
  | BigInt64Array
  | Int32Array
  | Int16Array
  | Int8Array
  | Uint8Array;

export interface SafeTensor {
  readonly dtype: SafeDType;
  readonly shape: Shape;
  readonly data: SafeData;
}

export interface SafeFile {
  readonly tensors: Readonly<Record<string, SafeTensor>>;
  readonly metadata: Readonly<Record<string, string>>;
}

const METADATA = "__metadata__";

export function encodeSafetensors(
  tensors: Readonly<Record<string, SafeTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const entries = Object.entries(tensors);
  const header: Record<string, unknown> = Object.keys(metadata).length > 0 ? { [METADATA]: metadata } : {};
  let end = 0;
  for (const [name, { dtype, shape, data }] of entries) {
    if (data.length !== sizeOf(shape))
      throw new RangeError(
        `safetensors: "${name}" has ${data.length} values, expected ${sizeOf(shape)} for shape [${shape}]`,
      );
    header[name] = { dtype, shape, data_offsets: [end, end + data.byteLength] };
    end += data.byteLength;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  // The data start at a multiple of 8, so that readers can map them.
  const start = Math.ceil((8 + text.length) / 8) * 8;
  const bytes = new Uint8Array(start + end).fill(0x20, 8, start);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(start - 8), true);
  bytes.set(text, 8);
  let at = start;
  for (const [, { data }] of entries) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

/** @throws RangeError with a sentence that says what is wrong with the file */
export function decodeSafetensors(file: Uint8Array): SafeFile {
  // Node's own buffers are arrays too, but their `slice` does not copy.
  const bytes = new Uint8Array(file.buffer, file.byteOffset, file.byteLength);
  const refuse = (why: string): never => {
    throw new RangeError(`not a complete safetensors file: ${why}`);
  };
  if (bytes.length < 8) refuse(`expected at least 8 bytes, found ${bytes.length}`);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > BigInt(bytes.length - 8))
    refuse(`the header should have ${length} bytes, found ${bytes.length - 8} after its length`);
  const start = 8 + Number(length);
  const { [METADATA]: metadata = {}, ...rest } = parseHeader(bytes.subarray(8, start), refuse);
  if (!isRecord(metadata) || Object.values(metadata).some((text) => typeof text !== "string"))
    refuse("its metadata are not a record of texts");

  let end = 0;
  const tensors = Object.entries(rest).map(([name, entry]): [string, SafeTensor, number] => {
    const { dtype, shape, from, to } = checkEntry(name, entry, refuse);
    const size = sizeOf(shape) * arrays[dtype].BYTES_PER_ELEMENT;
    if (to - from !== size)
      refuse(`"${name}" takes ${to - from} bytes, expected ${size} for ${dtype} [${shape}]`);
    if (start + to > bytes.length)
      refuse(`"${name}" ends at byte ${start + to}, but the file has ${bytes.length}`);
    end = Math.max(end, to);
    // A copy, because the bytes need not lie at a multiple of the element size.
    const data = new arrays[dtype](bytes.slice(start + from, start + to).buffer);
    return [name, { dtype, shape, data }, from];
  });
  const sorted = tensors
    .map(([name, { data }, from]) => ({ name, from, to: from + data.byteLength }))
    .sort((a, b) => a.from - b.from || a.to - b.to);
  sorted.forEach(({ name, from }, i) => {
    const before = sorted[i - 1];
    if (before !== undefined && from < before.to) refuse(`"${name}" and "${before.name}" overlap`);
  });
  if (start + end !== bytes.length) refuse(`${bytes.length - start - end} bytes after the last tensor`);
  return {
    tensors: Object.fromEntries(tensors.map(([name, tensor]) => [name, tensor])),
    metadata: metadata as Record<string, string>,
  };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function parseHeader(bytes: Uint8Array, refuse: (why: string) => never): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    refuse("its header is not JSON");
  }
  return isRecord(header) ? header : refuse("its header is not a record");
}

function checkEntry(name: string, entry: unknown, refuse: (why: string) => never) {
  const isCount = (n: unknown): n is number => Number.isSafeInteger(n) && (n as number) >= 0;
  if (!isRecord(entry)) return refuse(`the entry of "${name}" is not a record`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== "string" || !Object.hasOwn(arrays, dtype))
    return refuse(
      `"${name}" is of type ${JSON.stringify(dtype)}, expected one of ${Object.keys(arrays).join(", ")}`,
    );
  if (!Array.isArray(shape) || !shape.every(isCount))
    return refuse(`"${name}" has the shape ${JSON.stringify(shape)}`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount) || offsets[0]! > offsets[1]!)
    return refuse(`"${name}" has the offsets ${JSON.stringify(offsets)}`);
  return {
    dtype: dtype as SafeDType,
    shape: shape as number[],
    from: offsets[0] as number,
    to: offsets[1] as number,
  };
}
