/**
 * Resizing as Pillow does it, to the bit: what networks published by others have been trained with. (Those of libvips
 * and of browsers differ.)
 *
 * @packageDocumentation
 */

/** Bytes of red, green and blue, pixel after pixel, row after row. */
export interface Picture {
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Fractional bits of a coefficient. */
const PRECISION = 22;
const ONE = 1 << PRECISION;

/** What one pixel of the result is made of: pixels from `first` on, each with a coefficient. */
interface Taps {
  readonly first: number;
  readonly coefficients: Int32Array;
}

/** A weight for each distance from the middle, and the distance from which on it is 0. */
export interface Filter {
  readonly support: number;
  readonly weight: (distance: number) => number;
}

/** Pillow's BILINEAR. */
const triangle: Filter = { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) };

/** Pillow's BOX. */
export const box: Filter = { support: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) };

/** Distances are in pixels of the picture or of the result, whichever are the wider ones. */
function tapsOf(from: number, to: number, { support, weight }: Filter): Taps[] {
  const scale = from / to;
  const wide = Math.max(scale, 1);
  return Array.from({ length: to }, (_, i) => {
    const center = (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(center - support * wide + 0.5));
    const end = Math.min(from, Math.trunc(center + support * wide + 0.5));
    const weights = Array.from({ length: end - first }, (_, j) => weight((first + j - center + 0.5) / wide));
    const total = weights.reduce((a, b) => a + b, 0);
    return { first, coefficients: Int32Array.from(weights, (w) => Math.trunc(0.5 + (w / total) * ONE)) };
  });
}

/**
 * Resizes along one axis.
 *
 * @param lines - rows, or columns, and how far apart the first pixels of two of them are
 * @param along - how far apart two pixels of a line are
 */
function resizeAxis(
  pixels: Uint8Array,
  taps: readonly Taps[],
  lines: { readonly count: number; readonly before: number; readonly after: number },
  along: { readonly before: number; readonly after: number },
): Uint8Array {
  const result = new Uint8Array(lines.count * taps.length * 3);
  for (let line = 0; line < lines.count; line++)
    for (let i = 0; i < taps.length; i++) {
      const { first, coefficients } = taps[i]!;
      const to = line * lines.after + i * along.after;
      for (let c = 0; c < 3; c++) {
        let sum = ONE >> 1;
        let at = line * lines.before + first * along.before + c;
        for (let j = 0; j < coefficients.length; j++) {
          sum += pixels[at]! * coefficients[j]!;
          at += along.before;
        }
        result[to + c] = Math.min(sum >> PRECISION, 255);
      }
    }
  return result;
}

/** The picture in another size, by Pillow's BILINEAR or another filter: rows first, then columns, each rounded to bytes. */
export function resized(
  { pixels, width, height }: Picture,
  toWidth: number,
  toHeight: number,
  filter: Filter = triangle,
): Picture {
  const rows =
    toWidth === width
      ? pixels
      : resizeAxis(
          pixels,
          tapsOf(width, toWidth, filter),
          { count: height, before: 3 * width, after: 3 * toWidth },
          { before: 3, after: 3 },
        );
  const both =
    toHeight === height
      ? rows
      : resizeAxis(
          rows,
          tapsOf(height, toHeight, filter),
          { count: toWidth, before: 3, after: 3 },
          { before: 3 * toWidth, after: 3 * toWidth },
        );
  return { pixels: both, width: toWidth, height: toHeight };
}

/** The part of a picture under a window that lies inside of it, mirrored where it says so. */
export function cropped(
  { pixels, width: full }: Picture,
  window: { top: number; left: number; width: number; height: number; flip: boolean },
): Picture {
  const { top, left, width, height, flip } = window;
  const result = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * full + left) * 3;
    if (!flip) result.set(pixels.subarray(from, from + 3 * width), y * width * 3);
    else
      for (let x = 0; x < width; x++)
        for (let c = 0; c < 3; c++) result[(y * width + x) * 3 + c] = pixels[from + (width - 1 - x) * 3 + c]!;
  }
  return { pixels: result, width, height };
}
