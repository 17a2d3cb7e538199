import { expectShape, type PoolDims, type PoolGeometry, poolDims } from "../../shape.ts";
import type { Shape, Tensor } from "../../tensor.ts";
import { kernelsOf } from "../kernels.ts";
import { buildWith } from "./host.ts";

/** Calls `visit` with the offset of every output and the offsets of the inputs under its window. */
function walk(d: PoolDims, visit: (y: number, window: readonly number[]) => void): void {
  let y = 0;
  for (let plane = 0; plane < d.planes; plane++)
    for (let oy = 0; oy < d.oh; oy++)
      for (let ox = 0; ox < d.ow; ox++) {
        const window: number[] = [];
        for (let ky = 0; ky < d.size; ky++)
          for (let kx = 0; kx < d.size; kx++) {
            const [iy, ix] = [oy * d.stride + ky - d.padding, ox * d.stride + kx - d.padding];
            if (iy >= 0 && iy < d.h && ix >= 0 && ix < d.w) window.push((plane * d.h + iy) * d.w + ix);
          }
        visit(y++, window);
      }
}

export function avgPool2d(x: Tensor, geometry: PoolGeometry): Tensor {
  const d = poolDims(x.shape, geometry);
  return buildWith(x.kernels, x.dtype, [d.n, d.c, d.oh, d.ow], (out) => {
    walk(d, (y, window) => {
      out[y] = window.reduce((sum, i) => sum + x.data[i]!, 0) / (d.size * d.size);
    });
  });
}

export function avgPool2dGrad(g: Tensor, x: Shape, geometry: PoolGeometry): Tensor {
  const d = poolDims(x, geometry);
  expectShape("avgPool2dGrad", { g }, [d.n, d.c, d.oh, d.ow]);
  return buildWith(g.kernels, g.dtype, x, (out) => {
    const total = new Float64Array(out.length);
    walk(d, (y, window) => {
      for (const i of window) total[i]! += g.data[y]! / (d.size * d.size);
    });
    out.set(total);
  });
}

/** The offset of the first maximum; a NaN counts as the largest. */
const argmax = (x: Tensor, window: readonly number[]): number =>
  window.reduce((best, i) =>
    x.data[i]! > x.data[best]! || (Number.isNaN(x.data[i]!) && !Number.isNaN(x.data[best]!)) ? i : best,
  );

export function maxPool2d(v: Tensor, x: Tensor, geometry: PoolGeometry): Tensor {
  const d = poolDims(x.shape, geometry);
  expectShape("maxPool2d", { v }, x.shape);
  return buildWith(kernelsOf(v, x), x.dtype, [d.n, d.c, d.oh, d.ow], (out) => {
    walk(d, (y, window) => {
      out[y] = v.data[argmax(x, window)]!;
    });
  });
}

export function maxPool2dGrad(g: Tensor, x: Tensor, geometry: PoolGeometry): Tensor {
  const d = poolDims(x.shape, geometry);
  expectShape("maxPool2dGrad", { g }, [d.n, d.c, d.oh, d.ow]);
  return buildWith(kernelsOf(g, x), x.dtype, x.shape, (out) => {
    const total = new Float64Array(out.length);
    walk(d, (y, window) => {
      total[argmax(x, window)]! += g.data[y]!;
    });
    out.set(total);
  });
}
