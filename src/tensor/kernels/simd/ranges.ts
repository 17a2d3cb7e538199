/** [0, n) cut into pieces. */
export type Range = readonly [from: number, to: number];

/** In pieces of `size`, the last one shorter. */
export const ranges = (n: number, size: number): Range[] =>
  Array.from({ length: Math.ceil(n / size) }, (_, i) => [i * size, Math.min(n, (i + 1) * size)]);

/** In at most so many pieces, one at least, of about equal size; each but the last one is of whole units. */
export function pieces(n: number, most: number, unit: number): Range[] {
  const units = Math.ceil(n / unit);
  return ranges(n, unit * Math.ceil(units / Math.max(1, Math.min(units, Math.floor(most)))));
}
