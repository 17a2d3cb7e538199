/**
 * Random numbers for drawing pictures, in streams that are started by name: the same bits in every engine.
 *
 * @packageDocumentation
 */

import seedrandom from "seedrandom";

export interface Random {
  /** Uniform on the whole numbers 0..2³² − 1. */
  bits(): number;
  /** Uniform on low..high. */
  between(low: number, high: number): number;
  /** Uniform on the whole numbers 0..n − 1. */
  below(n: number): number;
  /** Mean 0, variance 1, nearly normal, within ±3.5: a sum of four uniform bytes. */
  normal(): number;
}

/**
 * A stream that depends on its name alone. It is several times as fast as the streams of the tensor layer, for
 * the grain of a picture takes 3,072 numbers, and takes no logarithm.
 */
export function randomStream(name: string): Random {
  const generator = seedrandom(name);
  const bits = (): number => generator.int32() >>> 0;
  const between = (low: number, high: number): number => low + (high - low) * (bits() / 2 ** 32);
  return {
    bits,
    between,
    below: (n) => Math.floor(between(0, n)),
    normal: () => {
      const n = bits();
      const sum = (n & 255) + ((n >>> 8) & 255) + ((n >>> 16) & 255) + (n >>> 24);
      return (sum - 510) / 147.8;
    },
  };
}

/** A unit vector, every direction alike. */
export function direction(random: Random): readonly [x: number, y: number] {
  for (;;) {
    const [x, y] = [random.between(-1, 1), random.between(-1, 1)];
    const square = x * x + y * y;
    if (square > 0.01 && square < 1) return [x / Math.sqrt(square), y / Math.sqrt(square)];
  }
}
