/**
 * Writing tar archives, for tests of reading them.
 *
 * @packageDocumentation
 */

export interface Member {
  readonly name: string;
  readonly data: Uint8Array;
  /** `0`, a plain file, where absent. */
  readonly type?: string;
  /** The start of a long name. */
  readonly prefix?: string;
}

/** An archive in the ustar format, with the two empty blocks at its end. */
export function tar(members: readonly Member[]): Uint8Array {
  const blocks = members.flatMap(({ name, data, type = "0", prefix = "" }) => {
    const header = Buffer.alloc(512);
    header.write(name, 0, 100);
    header.write("0000644\0", 100);
    header.write(`${data.length.toString(8).padStart(11, "0")} `, 124);
    header.write(type, 156);
    header.write("ustar\u000000", 257);
    header.write(prefix, 345);
    header.write(" ".repeat(8), 148);
    const sum = header.reduce((n, byte) => n + byte, 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    return [header, data, Buffer.alloc((512 - (data.length % 512)) % 512)];
  });
  return Uint8Array.from(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}
