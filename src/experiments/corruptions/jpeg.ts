import type { Picture } from "./picture.ts";

/** The picture as JPEG of this quality (4:2:0) and read again. */
export async function jpegCompression({ height, width, pixels }: Picture, quality: number): Promise<Picture> {
  const { default: sharp } = await import("sharp");
  const packed = await sharp(pixels, { raw: { width, height, channels: 3 } })
    .jpeg({ quality, chromaSubsampling: "4:2:0", optimiseCoding: false })
    .toBuffer();
  const { data, info } = await sharp(packed).raw().toBuffer({ resolveWithObject: true });
  if (info.channels !== 3) throw new RangeError(`JPEG: expected 3 channels, got ${info.channels}`);
  return { height, width, pixels: new Uint8Array(data) };
}
