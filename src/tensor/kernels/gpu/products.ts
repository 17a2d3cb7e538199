/**
 * Products of matrices and convolutions on the device.
 *
 * @packageDocumentation
 */

import { type ConvDims, type ConvGeometry, convDims, expectShape, gemmDims } from "../../shape.ts";
import { type Shape, sizeOf, type Tensor } from "../../tensor.ts";
import { type Kernels, kernelsOf } from "../kernels.ts";
import type { Extents } from "./layout.ts";
import type { Places } from "./places.ts";
import * as programs from "./programs/index.ts";
import { type Program, type Resident, type Runtime, using } from "./runtime.ts";

type Products = Pick<Kernels, "gemm" | "conv2d" | "conv2dInputGrad" | "conv2dWeightGrad">;

const text = (d: ConvDims | Extents): string => Object.values(d).join();
const input = (d: ConvDims): Extents => ({ n: d.n, c: d.c, h: d.h, w: d.w });
const output = (d: ConvDims): Extents => ({ n: d.n, c: d.o, h: d.oh, w: d.ow });
const window = (d: ConvDims): Extents => ({ n: d.o, c: d.c / d.groups, h: d.kh, w: d.kw });
const vector = (c: number): Extents => ({ n: 1, c, h: 1, w: 1 });
const nothing = (...shapes: readonly Shape[]): boolean => shapes.some((shape) => sizeOf(shape) === 0);

export function createProducts(places: Places, runtime: Runtime, host: Kernels): Products {
  const { onHost, onDevice, deviceOf, reshape, run } = places;
  const { lanes } = runtime;
  const inUse = using(runtime);

  const empty = (shape: Shape): Tensor => onHost(host.fill(0, shape, "float32"));

  /** Operands of a convolution in groups: in texels of one number, where channels of a group can be told apart. */
  function ungrouped<T>(operands: readonly (readonly [Resident, Extents])[], make: (xs: Resident[]) => T): T {
    if (lanes === 1) return make(operands.map(([x]) => x));
    const spread = operands.map(([x, d]) => run(`spread ${text(d)}`, () => programs.spread(d), x));
    return inUse(spread, () => make(spread));
  }
  function regrouped(x: Resident, d: Extents): Resident {
    if (lanes === 1) return x;
    return inUse([x], () => run(`gather ${text(d)}`, () => programs.gather(d), x));
  }

  function weightGrad(d: ConvDims, width: 1 | 4, x: Resident, g: Resident): Resident {
    const parts = programs.partsOf(d, width);
    const gradient = width === 4 ? run(`rows ${text(d)}`, () => programs.rows(d), g) : g;
    const key = `${text(d)} ${parts} ${width}`;
    const partial = inUse(width === 4 ? [gradient] : [], () =>
      run(`weightGrad ${key}`, () => programs.conv2dWeightGrad(d, parts, width), x, gradient),
    );
    if (parts === 1) return partial;
    return inUse([partial], () => run(`parts ${key}`, () => programs.sumParts(d, parts, width), partial));
  }

  /** Matrices one below the other, as they are multiplied; `own` tells whether they were made for that. */
  function stored(
    x: Tensor,
    batch: number,
    transposed = false,
  ): { readonly at: Resident; readonly own: boolean } {
    const [rows, columns] = x.shape.slice(-2) as [number, number];
    const at = deviceOf(x.shape.length === 2 ? x : reshape(x, [batch * rows, columns]));
    if (!transposed) return { at, own: false };
    const one = { n: rows, c: columns, h: 1, w: 1 };
    const key = `transpose ${text(one)} ${batch}`;
    return { at: run(key, () => programs.transpose(one, batch, lanes), at), own: true };
  }

  return {
    gemm(a, b, transposes = {}) {
      kernelsOf(a, b);
      const { shape, ...d } = gemmDims(a.shape, b.shape, transposes);
      if (nothing(a.shape, b.shape)) return empty(shape);
      const left = stored(a, d.batch, transposes.transposeA);
      const right = stored(b, d.batch, transposes.transposeB);
      const temporary = [left, right].filter(({ own }) => own).map(({ at }) => at);
      const key = `gemm ${Object.values(d)}`;
      const c = inUse(temporary, () => run(key, () => programs.gemm(d, lanes), left.at, right.at));
      const flat = onDevice(c, [d.batch * d.m, d.n]);
      return shape.length === 2 ? flat : reshape(flat, shape);
    },

    conv2d(x, w, bias, geometry: ConvGeometry) {
      kernelsOf(x, w, bias ?? x);
      const d = convDims(x.shape, w.shape, geometry);
      expectShape("conv2d", { bias }, [d.o]);
      const shape = [d.n, d.o, d.oh, d.ow];
      if (nothing(x.shape, shape)) return empty(shape);
      const width = d.groups === 1 ? lanes : 1;
      const program = (): Program => programs.conv2d(d, bias !== null, width);
      const key = `conv2d ${text(d)} ${bias !== null} ${width}`;
      const operands = [
        [deviceOf(x), input(d)],
        [deviceOf(w), window(d)],
        ...(bias === null ? [] : [[deviceOf(bias), vector(d.o)] as const]),
      ] as const;
      if (d.groups === 1) return onDevice(run(key, program, ...operands.map(([t]) => t)), shape);
      return onDevice(
        ungrouped(operands, (xs) => regrouped(run(key, program, ...xs), output(d))),
        shape,
      );
    },
    conv2dInputGrad(g, w, x, geometry) {
      kernelsOf(g, w);
      const d = convDims(x, w.shape, geometry);
      expectShape("conv2dInputGrad", { g }, [d.n, d.o, d.oh, d.ow]);
      if (nothing(x)) return empty(x);
      const width = d.groups === 1 ? lanes : 1;
      const program = (): Program => programs.conv2dInputGrad(d, width);
      const key = `inputGrad ${text(d)} ${width}`;
      const operands = [
        [deviceOf(g), output(d)],
        [deviceOf(w), window(d)],
      ] as const;
      if (d.groups === 1) return onDevice(run(key, program, ...operands.map(([t]) => t)), x);
      return onDevice(
        ungrouped(operands, (xs) => regrouped(run(key, program, ...xs), input(d))),
        x,
      );
    },
    conv2dWeightGrad(g, x, w, geometry) {
      kernelsOf(g, x);
      const d = convDims(x.shape, w, geometry);
      expectShape("conv2dWeightGrad", { g }, [d.n, d.o, d.oh, d.ow]);
      if (nothing(x.shape)) return empty(w);
      if (d.groups === 1) return onDevice(weightGrad(d, lanes, deviceOf(x), deviceOf(g)), w);
      const operands = [
        [deviceOf(x), input(d)],
        [deviceOf(g), output(d)],
      ] as const;
      return onDevice(
        ungrouped(operands, ([a, b]) => regrouped(weightGrad(d, 1, a!, b!), window(d))),
        w,
      );
    },
  };
}
