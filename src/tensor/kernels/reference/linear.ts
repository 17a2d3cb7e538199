import {
  type ConvDims,
  type ConvGeometry,
  convDims,
  expectShape,
  gemmDims,
  type Transposes,
} from "../../shape.ts";
import type { Shape, Tensor } from "../../tensor.ts";
import { kernelsOf } from "../kernels.ts";
import { build, buildWith } from "./host.ts";

export function gemm(a: Tensor, b: Tensor, transposes: Transposes = {}): Tensor {
  kernelsOf(a, b);
  const { m, n, k, shape } = gemmDims(a.shape, b.shape, transposes);
  const at = (z: number, i: number, p: number) =>
    a.data[z * m * k + (transposes.transposeA ? p * m + i : i * k + p)]!;
  const bt = (z: number, p: number, j: number) =>
    b.data[z * k * n + (transposes.transposeB ? j * k + p : p * n + j)]!;
  return build(a, shape, (zij) => {
    const j = zij % n;
    const i = Math.floor(zij / n) % m;
    const z = Math.floor(zij / (m * n));
    let dot = 0;
    for (let p = 0; p < k; p++) dot += at(z, i, p) * bt(z, p, j);
    return dot;
  });
}

/** Calls `visit` with the offsets of every triple (output, weight, input) that a convolution multiplies. */
function walk(d: ConvDims, visit: (y: number, w: number, x: number) => void): void {
  const inputs = d.c / d.groups;
  const outputs = d.o / d.groups;
  for (let n = 0; n < d.n; n++)
    for (let o = 0; o < d.o; o++)
      for (let oy = 0; oy < d.oh; oy++)
        for (let ox = 0; ox < d.ow; ox++) {
          const y = ((n * d.o + o) * d.oh + oy) * d.ow + ox;
          const first = Math.floor(o / outputs) * inputs;
          for (let c = 0; c < inputs; c++)
            for (let ky = 0; ky < d.kh; ky++) {
              const iy = oy * d.stride + ky - d.padding;
              if (iy < 0 || iy >= d.h) continue;
              for (let kx = 0; kx < d.kw; kx++) {
                const ix = ox * d.stride + kx - d.padding;
                if (ix < 0 || ix >= d.w) continue;
                visit(
                  y,
                  ((o * inputs + c) * d.kh + ky) * d.kw + kx,
                  ((n * d.c + first + c) * d.h + iy) * d.w + ix,
                );
              }
            }
        }
}

export function conv2d(x: Tensor, w: Tensor, bias: Tensor | null, geometry: ConvGeometry): Tensor {
  const kernels = bias === null ? kernelsOf(x, w) : kernelsOf(x, w, bias);
  const d = convDims(x.shape, w.shape, geometry);
  expectShape("conv2d", { bias }, [d.o]);
  return buildWith(kernels, x.dtype, [d.n, d.o, d.oh, d.ow], (out) => {
    const total = new Float64Array(out.length);
    if (bias !== null)
      total.forEach((_, i) => {
        total[i] = bias.data[Math.floor(i / (d.oh * d.ow)) % d.o]!;
      });
    walk(d, (i, j, k) => {
      total[i]! += w.data[j]! * x.data[k]!;
    });
    out.set(total);
  });
}

export function conv2dInputGrad(g: Tensor, w: Tensor, x: Shape, geometry: ConvGeometry): Tensor {
  const d = convDims(x, w.shape, geometry);
  expectShape("conv2dInputGrad", { g }, [d.n, d.o, d.oh, d.ow]);
  return buildWith(kernelsOf(g, w), g.dtype, x, (out) => {
    const total = new Float64Array(out.length);
    walk(d, (i, j, k) => {
      total[k]! += w.data[j]! * g.data[i]!;
    });
    out.set(total);
  });
}

export function conv2dWeightGrad(g: Tensor, x: Tensor, w: Shape, geometry: ConvGeometry): Tensor {
  const d = convDims(x.shape, w, geometry);
  expectShape("conv2dWeightGrad", { g }, [d.n, d.o, d.oh, d.ow]);
  return buildWith(kernelsOf(g, x), g.dtype, w, (out) => {
    const total = new Float64Array(out.length);
    walk(d, (i, j, k) => {
      total[j]! += g.data[i]! * x.data[k]!;
    });
    out.set(total);
  });
}
