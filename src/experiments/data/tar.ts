/**
 * Reading tar archives (POSIX.1-1988 "ustar"): enough for archives of plain files.
 *
 * @packageDocumentation
 */

const BLOCK = 512;

export interface TarFile {
  /** Relative, with `/`, and without a step upwards. */
  readonly name: string;
  readonly size: number;
  /** Its bytes, to be read once, before the next file is asked for. */
  readonly content: AsyncIterable<Uint8Array>;
}

/**
 * The plain files of an archive, in its order. Folders and notes about owners and times are passed over.
 *
 * @param chunks - the bytes of the archive, cut anywhere
 * @throws Error on a damaged or truncated archive, on links and devices, and on names that lead out of the folder.
 */
export async function* tarFiles(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<TarFile, void, void> {
  const reader = blockReader(chunks);
  try {
    for (;;) {
      const header = await reader.read(BLOCK, "the next header");
      if (header === undefined || header.every((byte) => byte === 0)) return;
      const { name, size, type } = parseHeader(header);
      let left = size;
      const content = async function* (): AsyncGenerator<Uint8Array, void, void> {
        while (left > 0) {
          const chunk = await reader.readUpTo(left, name);
          left -= chunk.length;
          yield chunk;
        }
      };
      if (type === "0" || type === "\0") yield { name: safeName(name), size, content: content() };
      // Folders are made as files need them; x and g hold times and owners.
      else if (!"5xg".includes(type))
        throw new Error(
          `expected plain files in the archive, but ${name} is of type "${type}" (a link, a device or an extension of tar)`,
        );
      while (left > 0) left -= (await reader.readUpTo(left, name)).length;
      const padding = (BLOCK - (size % BLOCK)) % BLOCK;
      if (padding > 0) await reader.read(padding, `the end of ${name}`);
    }
  } finally {
    await reader.close();
  }
}

function parseHeader(header: Uint8Array): { name: string; size: number; type: string } {
  const text = (from: number, length: number): string => {
    const field = header.subarray(from, from + length);
    const end = field.indexOf(0);
    return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end));
  };
  const octal = (from: number, length: number, what: string): number => {
    const digits = text(from, length).trim();
    if (!/^[0-7]+$/.test(digits))
      throw new Error(
        `expected the ${what} in a tar header to be an octal number, found ${JSON.stringify(digits)}`,
      );
    return Number.parseInt(digits, 8);
  };
  // The checksum counts its own eight bytes as spaces.
  const sum = header.reduce((n, byte, i) => n + (i >= 148 && i < 156 ? 32 : byte), 0);
  const checksum = octal(148, 8, "checksum");
  if (sum !== checksum)
    throw new Error(`expected a tar header with checksum ${checksum}, found bytes that sum to ${sum}`);
  const prefix = text(257, 5) === "ustar" ? text(345, 155) : "";
  const name = prefix === "" ? text(0, 100) : `${prefix}/${text(0, 100)}`;
  return { name, size: octal(124, 12, "size"), type: String.fromCharCode(header[156]!) };
}

function safeName(name: string): string {
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  const leadsOut = name.startsWith("/") || /[\\:]/.test(name) || parts.includes("..") || parts.length === 0;
  if (leadsOut)
    throw new Error(`expected names in the archive to stay inside its folder, found ${JSON.stringify(name)}`);
  return parts.join("/");
}

/** Cuts a stream of chunks anew. */
function blockReader(chunks: AsyncIterable<Uint8Array>) {
  const source = chunks[Symbol.asyncIterator]();
  let rest: Uint8Array = new Uint8Array(0);

  /** At least one byte and at most `length`. */
  const readUpTo = async (length: number, what: string): Promise<Uint8Array> => {
    while (rest.length === 0) {
      const next = await source.next();
      if (next.done) throw new Error(`the archive ends in the middle of ${what}`);
      rest = next.value;
    }
    const chunk = rest.subarray(0, length);
    rest = rest.subarray(chunk.length);
    return chunk;
  };

  /** Exactly `length` bytes, or `undefined` where the stream is at its end. */
  const read = async (length: number, what: string): Promise<Uint8Array | undefined> => {
    const block = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      if (rest.length === 0 && filled === 0) {
        const next = await source.next();
        if (next.done) return undefined;
        rest = next.value;
        continue;
      }
      const chunk = await readUpTo(length - filled, what);
      block.set(chunk, filled);
      filled += chunk.length;
    }
    return block;
  };

  const close = async (): Promise<void> => {
    await source.return?.();
  };
  return { read, readUpTo, close };
}
