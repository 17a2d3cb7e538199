/** A colour picture: rows of pixels of red, green and blue, `[height, width, 3]`, bytes 0..255. */
export interface Picture {
  readonly height: number;
  readonly width: number;
  readonly pixels: Uint8Array;
}

/** The pixels as numbers, p / 255. */
export const fractions = ({ pixels }: Picture): Float64Array => Float64Array.from(pixels, (p) => p / 255);

/** Numbers as pixels: clipped to 0..1, times 255, cut off (not rounded) as the reference's `uint8` does. */
export function pictureOf(numbers: Float64Array | Float32Array, like: Picture): Picture {
  const pixels = new Uint8Array(numbers.length);
  for (let i = 0; i < numbers.length; i++) {
    const x = numbers[i]!;
    pixels[i] = x > 0 ? (x < 1 ? x * 255 : 255) : 0;
  }
  return { height: like.height, width: like.width, pixels };
}
