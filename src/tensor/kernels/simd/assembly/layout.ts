// Numbers in another order: permuted axes, and slices along one axis.
import { bytes } from "./pack";

/** The plan lies in memory as `rank` extents of y, then `rank` strides in x (see permutationPlan). */
export function permute(x: usize, y: usize, rank: i32, plan: usize): void {
  if (rank == 0) store<f32>(y, load<f32>(x));
  else permuteLoop(x, y, 0, rank, plan);
}

function permuteLoop(x: usize, y: usize, axis: i32, rank: i32, plan: usize): usize {
  const extent = load<i32>(plan + bytes(axis)), stride = bytes(load<i32>(plan + bytes(rank + axis)));
  if (axis < rank - 1) {
    for (let i = 0; i < extent; i++, x += stride) y = permuteLoop(x, y, axis + 1, rank, plan);
    return y;
  }
  const end = y + bytes(extent);
  if (stride == 4) memory.copy(y, x, bytes(extent));
  else for (; y < end; x += stride, y += 4) store<f32>(y, load<f32>(x));
  return end;
}

/** x is [outer, extent, inner], y is [outer, count, inner]. */
export function take(x: usize, y: usize, indices: usize, outer: i32, extent: i32, count: i32, inner: i32): void {
  const slice = bytes(inner);
  for (let o = 0; o < outer; o++, x += bytes(extent * inner))
    for (let i = 0; i < count; i++, y += slice) {
      const index = load<i32>(indices + bytes(i));
      if (index < 0) memory.fill(y, 0, slice);
      else memory.copy(y, x + bytes(index * inner), slice);
    }
}

/** Adds g [outer, count, inner] to dx [outer, extent, inner], which starts at zeros. */
export function takeGrad(g: usize, dx: usize, indices: usize, outer: i32, extent: i32, count: i32, inner: i32): void {
  for (let o = 0; o < outer; o++, dx += bytes(extent * inner))
    for (let i = 0; i < count; i++, g += bytes(inner)) {
      const index = load<i32>(indices + bytes(i));
      if (index >= 0) addTo(dx + bytes(index * inner), g, inner);
    }
}

/** y += x */
function addTo(y: usize, x: usize, n: i32): void {
  let i = 0;
  for (; i + 4 <= n; i += 4) v128.store(y + bytes(i), f32x4.add(v128.load(y + bytes(i)), v128.load(x + bytes(i))));
  for (; i < n; i++) store<f32>(y + bytes(i), load<f32>(y + bytes(i)) + load<f32>(x + bytes(i)));
}
