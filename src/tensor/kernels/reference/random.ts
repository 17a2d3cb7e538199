import { cosTurn, sinTurn } from "../../angles.ts";
import { log } from "../../math.ts";
import { expectShape } from "../../shape.ts";
import { type DType, type Shape, sizeOf, type Tensor } from "../../tensor.ts";
import { type Kernels, type Key, kernelsOf, type RandomLaw, type Spread } from "../kernels.ts";
import { build, buildWith } from "./host.ts";

const ROTATIONS = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
] as const;

/**
 * Threefry-2x32-20 (Salmon et al., Parallel random numbers: as easy as 1, 2, 3): two words of 32 bits from a key and a
 * counter, so that any number of a stream is had without those before it.
 */
export function threefry([k0, k1]: Key, c0: number, c1: number): readonly [number, number] {
  const keys = [k0, k1, 0x1bd11bda ^ k0 ^ k1];
  let [a, b] = [(c0 + k0) | 0, (c1 + k1) | 0];
  for (let group = 0; group < 5; group++) {
    for (const rotation of ROTATIONS[group % 2]!) {
      a = (a + b) | 0;
      b = ((b << rotation) | (b >>> (32 - rotation))) ^ a;
    }
    a = (a + keys[(group + 1) % 3]!) | 0;
    b = (b + keys[(group + 2) % 3]! + group + 1) | 0;
  }
  return [a >>> 0, b >>> 0];
}

/** The middle of one of 2²³ equal parts of (0, 1): a number that float32 has too. */
const middle = (word: number): number => ((word >>> 9) + 0.5) * 2 ** -23;

const PAIRS: { readonly [L in RandomLaw]: (a: number, b: number) => readonly [number, number] } = {
  uniform: (a, b) => [2 * middle(a) - 1, 2 * middle(b) - 1],
  // Box and Muller.
  normal(a, b) {
    const radius = Math.sqrt(-2 * log(middle(a)));
    const turn = middle(b);
    return [radius * cosTurn(turn), radius * sinTurn(turn)];
  },
};

export const random = (kernels: Kernels, law: RandomLaw, key: Key, shape: Shape, dtype: DType): Tensor =>
  buildWith(kernels, dtype, shape, (out) => {
    for (let i = 0; i < sizeOf(shape); i += 2) {
      const [first, second] = PAIRS[law](...threefry(key, i / 2, 0));
      out[i] = first;
      if (i + 1 < out.length) out[i + 1] = second;
    }
  });

export function displace(w: Tensor, z: Tensor, { square, constant, root }: Spread): Tensor {
  kernelsOf(w, z);
  expectShape("displace", { z }, w.shape);
  return build(w, w.shape, (i) => {
    const x = w.data[i]!;
    const variance = square * x * x + constant;
    return x + (root ? Math.sqrt(variance) : variance) * z.data[i]!;
  });
}
