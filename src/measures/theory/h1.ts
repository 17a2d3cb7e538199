/** The sharpness of the minimum that training with so many bits has found. */
export interface Minimum {
  readonly bits: number;
  /** g(w), lower is flatter. */
  readonly sharpness: number;
}

/** What a set of minima says to hypothesis H1. */
export interface Flatness {
  /** H1 as stated: some number of bits has g(quantized) ≤ g(full precision). */
  readonly some: boolean;
  /** The stronger reading, which the text of section 4.1 slips into: every number of bits has. */
  readonly every: boolean;
  /** The numbers of bits that are at least as flat as full precision, and those that are not. */
  readonly flatter: readonly number[];
  readonly sharper: readonly number[];
}

/**
 * H1: there is a quantization level at which the minimum that quantization-aware training finds is at least as
 * flat as that of full precision, g(w¹) ≤ g(w²).
 *
 * @implements QGen.H1
 * @deviation H1 supposes ‖Δ‖∞ ≤ δ/2, which holds for unclipped weights only. Here it is not asked for.
 * @throws RangeError without quantized minima, and where a sharpness is not a number
 */
export function existsFlatter(fullPrecision: number, quantized: readonly Minimum[]): Flatness {
  if (quantized.length === 0) throw new RangeError("H1: expected at least one quantized network, got none");
  if (Number.isNaN(fullPrecision)) throw new RangeError("H1: the sharpness at full precision is NaN");
  for (const { bits, sharpness } of quantized)
    if (Number.isNaN(sharpness)) throw new RangeError(`H1: the sharpness at ${bits} bits is NaN`);
  const bitsOf = (minima: readonly Minimum[]): number[] => minima.map(({ bits }) => bits);
  const flatter = quantized.filter(({ sharpness }) => sharpness <= fullPrecision);
  const sharper = quantized.filter(({ sharpness }) => !(sharpness <= fullPrecision));
  return {
    some: flatter.length > 0,
    every: sharper.length === 0,
    flatter: bitsOf(flatter),
    sharper: bitsOf(sharper),
  };
}
