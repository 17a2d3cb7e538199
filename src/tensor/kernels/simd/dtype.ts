import type { DType } from "../../tensor.ts";

/** @throws TypeError where it is another precision than that of the SIMD kernels */
export function expectSingle(dtype: DType): void {
  if (dtype !== "float32")
    throw new TypeError("the SIMD kernels hold float32: use the reference kernels for float64");
}
