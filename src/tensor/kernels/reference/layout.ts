import { expectShape, permutationPlan, takeDims } from "../../shape.ts";
import type { Shape, Tensor } from "../../tensor.ts";
import { buildWith } from "./host.ts";

export function permute(x: Tensor, order: readonly number[]): Tensor {
  const { shape, extents, strides } = permutationPlan(x.shape, order);
  return buildWith(x.kernels, x.dtype, shape, (out) => {
    let i = 0;
    const walk = (axis: number, from: number): void => {
      if (axis === extents.length) out[i++] = x.data[from]!;
      else for (let j = 0; j < extents[axis]!; j++) walk(axis + 1, from + j * strides[0]![axis]!);
    };
    if (out.length > 0) walk(0, 0);
  });
}

export function take(x: Tensor, axis: number, indices: Int32Array): Tensor {
  const { outer, extent, count, inner, shape } = takeDims(x.shape, axis, indices);
  return buildWith(x.kernels, x.dtype, shape, (out) => {
    for (let o = 0; o < outer; o++)
      indices.forEach((index, i) => {
        if (index < 0) return;
        for (let j = 0; j < inner; j++)
          out[(o * count + i) * inner + j] = x.data[(o * extent + index) * inner + j]!;
      });
  });
}

export function takeGrad(g: Tensor, x: Shape, axis: number, indices: Int32Array): Tensor {
  const { outer, extent, count, inner, shape } = takeDims(x, axis, indices);
  expectShape("takeGrad", { g }, shape);
  return buildWith(g.kernels, g.dtype, x, (out) => {
    for (let o = 0; o < outer; o++)
      indices.forEach((index, i) => {
        if (index < 0) return;
        for (let j = 0; j < inner; j++)
          out[(o * extent + index) * inner + j]! += g.data[(o * count + i) * inner + j]!;
      });
  });
}
