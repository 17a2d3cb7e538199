/**
 * Random numbers, forked by name: what a stream yields depends on the seed and on its name, never on how many
 * numbers others have drawn before.
 *
 * @packageDocumentation
 */

import seedrandom from "seedrandom";
import type { Key } from "./kernels/kernels.ts";
import { log } from "./math.ts";

export interface Rng {
  /** The stream of that name under this one. */
  fork(name: string): Rng;
  /** Uniform on [0, 1). */
  uniform(): number;
  /** Normal with mean 0 and variance 1. */
  normal(): number;
  /** Uniform on 0, 1, …, n − 1. */
  below(n: number): number;
  /** A key for the random numbers that kernels make. */
  key(): Key;
  /** A random order of 0, 1, …, n − 1. */
  permutation(n: number): Int32Array;
}

export function createRng(name: string | number): Rng {
  let draw: (() => number) | undefined;
  const uniform = (): number => {
    draw ??= seedrandom(String(name));
    return draw();
  };
  const below = (n: number): number => Math.floor(uniform() * n);

  return {
    fork: (child) => createRng(`${name}/${child}`),
    uniform,
    below,
    key: () => [below(2 ** 32), below(2 ** 32)],
    normal: polar(uniform),
    // Fisher and Yates.
    permutation(n) {
      const order = Int32Array.from({ length: n }, (_, i) => i);
      for (let i = n - 1; i > 0; i--) {
        const j = below(i + 1);
        const swapped = order[i]!;
        order[i] = order[j]!;
        order[j] = swapped;
      }
      return order;
    },
  };
}

/** Normal numbers from uniform ones by Marsaglia's polar method: two from each point in the unit disc. */
export function polar(uniform: () => number): () => number {
  let spare: number | undefined;
  return () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    for (;;) {
      const u = 2 * uniform() - 1;
      const v = 2 * uniform() - 1;
      const r = u * u + v * v;
      if (r >= 1 || r === 0) continue;
      const stretch = Math.sqrt((-2 * log(r)) / r);
      spare = v * stretch;
      return u * stretch;
    }
  };
}
