/** Numbers that oracle/networks.py draws too, and none at all for parameters that a test fills itself. */
import type { Rng } from "../../src/tensor/random.ts";

/** The 32-bit FNV-1a hash of a name. */
const hash = (name: string): number =>
  new TextEncoder().encode(name).reduce((state, byte) => Math.imul(state ^ byte, 16777619) >>> 0, 2166136261);

/** `count` numbers in [least, most), of the stream of that name. */
export function uniform(name: string, count: number, least: number, most: number): Float64Array {
  const values = new Float64Array(count);
  let state = hash(name);
  for (let i = 0; i < count; i++) {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    values[i] = least + (most - least) * (state / 2 ** 32);
  }
  return values;
}

/** Draws nothing: to make large networks quickly, whose parameters are replaced. */
export const sameNumber: Rng = {
  fork: () => sameNumber,
  uniform: () => 0.5,
  normal: () => 0,
  below: () => 0,
  key: () => [0, 0],
  permutation: (n) => Int32Array.from({ length: n }, (_, i) => i),
};
