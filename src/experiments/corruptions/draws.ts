/**
 * Random numbers for whole pictures of noise: small, fast, and started anywhere by a number.
 *
 * @packageDocumentation
 */

import type { Key } from "../../tensor/kernels/kernels.ts";
import { polar } from "../../tensor/random.ts";

export interface Draws {
  /** Uniform on [0, 1), in steps of 2⁻³². */
  uniform(): number;
  /** Uniform on [low, high). */
  between(low: number, high: number): number;
  /** Uniform on 0, 1, …, n − 1. */
  below(n: number): number;
  /** Normal with mean 0 and variance 1. */
  normal(): number;
}

/**
 * The stream of a picture: the generator sfc32 (Doty-Humphrey's PractRand) started from the key and the index. It is some
 * twenty times as fast to start as `seedrandom` and several times as fast to draw from, and a corrupted data set takes 10⁹ draws.
 */
export function drawsOf([a0, b0]: Key, index: number): Draws {
  let [a, b, c, counter] = [a0 | 0, b0 | 0, index | 0, 1];
  const word = (): number => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + t) | 0;
    return t >>> 0;
  };
  for (let i = 0; i < 12; i++) word();

  const uniform = (): number => word() * 2 ** -32;
  return {
    uniform,
    between: (low, high) => low + (high - low) * uniform(),
    below: (n) => Math.floor(uniform() * n),
    normal: polar(uniform),
  };
}
