/**
 * The roof over kernels: no faster than registers compute, and no faster than operands and results can be moved.
 *
 * @packageDocumentation
 */

export const families = ["product", "convolution", "map"] as const;
export type Family = (typeof families)[number];

export const parts = ["forward", "to x", "to w"] as const;
/** Which of the kernels of a layer: its value, or the gradient to its input or to its weights. */
export type Part = (typeof parts)[number];

export interface Roofs {
  /** 10⁹ operations a second of registers alone. */
  readonly gflops: number;
  /** 10⁹ bytes a second, read and written, of a copy of as many bytes as the maps here move. */
  readonly gbps: number;
}

export interface Point {
  /** The layer and the part of it. */
  readonly name: string;
  readonly layer: string;
  readonly part: Part;
  readonly family: Family;
  readonly flops: number;
  /** Bytes of operands and results, each once. */
  readonly bytes: number;
  readonly intensity: number;
  /** The share of the roof, so that one roof stands over all points. */
  readonly gflops: number;
  /** Of what the roof over it allows, in turns with it. */
  readonly share: number;
  readonly noise: number;
}

/** What the roof allows at an intensity, in 10⁹ operations a second. */
export const roofAt = ({ gflops, gbps }: Roofs, intensity: number): number =>
  Math.min(gflops, gbps * intensity);
