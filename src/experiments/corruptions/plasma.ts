import type { Draws } from "./draws.ts";

/**
 * Clouds on a torus of n × n points, from 0 to 1: diamonds and squares, each point the mean of four neighbours and a draw
 * of ±a², with a = 100 at first and divided by `decay` from one scale to the next.
 *
 * @param n - a power of two
 */
export function plasma(n: number, decay: number, draws: Draws): Float64Array {
  if (!(n >= 2) || (n & (n - 1)) !== 0) throw new RangeError(`plasma: expected a power of two, got ${n}`);
  const map = new Float64Array(n * n);
  const at = (y: number, x: number): number => map[(y & (n - 1)) * n + (x & (n - 1))]!;
  let a = 100;
  for (let step = n; step >= 2; step /= 2, a /= decay) {
    const half = step / 2;
    const fill = (y0: number, x0: number, sumAround: (y: number, x: number) => number): void => {
      for (let y = y0; y < n; y += step)
        for (let x = x0; x < n; x += step) map[y * n + x] = sumAround(y, x) / 4 + a * draws.between(-a, a);
    };
    fill(
      half,
      half,
      (y, x) =>
        at(y - half, x - half) + at(y + half, x - half) + at(y - half, x + half) + at(y + half, x + half),
    );
    const besides = (y: number, x: number): number =>
      at(y - half, x) + at(y + half, x) + at(y, x - half) + at(y, x + half);
    fill(0, half, besides);
    fill(half, 0, besides);
  }
  let [least, most] = [Infinity, -Infinity];
  for (const height of map) {
    if (height < least) least = height;
    if (height > most) most = height;
  }
  return map.map((height) => (height - least) / (most - least));
}
