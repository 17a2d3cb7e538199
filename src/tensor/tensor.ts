/**
 * A tensor is a value: a shape and row-major numbers that nobody writes to after construction. It has no
 * strides, no views and no in-place operations. Where the numbers live is the affair of its kernels.
 *
 * @packageDocumentation
 */

import type { Kernels } from "./kernels/kernels.ts";

export type Shape = readonly number[];
/** `float32` is for training, `float64` for theory. */
export type DType = "float32" | "float64";
export type Buffer = Float32Array | Float64Array;

export interface Tensor {
  readonly shape: Shape;
  readonly dtype: DType;
  /** The kernels that hold the numbers and compute with them. */
  readonly kernels: Kernels;
  /**
   * The numbers, row-major. A window onto memory that is reused once the scope of the tensor has ended:
   * read it, or copy it.
   *
   * @throws Error where the numbers are not in the host's memory (use `read`), or have been released.
   */
  readonly data: Buffer;
  /** A copy of the numbers, wherever they are. */
  read(): Promise<Buffer>;
}

/** The number of elements of a tensor of this shape. */
export const sizeOf = (shape: Shape): number => shape.reduce((n, extent) => n * extent, 1);

export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((extent, i) => extent === b[i]);

/** The single number in a tensor of one element. */
export function item(x: Tensor): number {
  if (sizeOf(x.shape) !== 1) throw new RangeError(`item: expected one element, got shape [${x.shape}]`);
  return x.data[0]!;
}

export const bufferOf = (dtype: DType, size: number): Buffer =>
  dtype === "float32" ? new Float32Array(size) : new Float64Array(size);

export const dtypeOf = (data: Buffer): DType => (data instanceof Float32Array ? "float32" : "float64");
