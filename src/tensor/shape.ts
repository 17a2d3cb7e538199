/**
 * The arithmetic of shapes: broadcasting, and the geometry of windows that slide over images.
 *
 * @packageDocumentation
 */

import { type Shape, sameShape, sizeOf } from "./tensor.ts";

/**
 * Refuses operands of a computation that do not have the shape it asks for; `null` stands for one left out.
 *
 * @throws RangeError that names the operand, the shape expected and the shape found
 */
export function expectShape(
  where: string,
  operands: Readonly<Record<string, { readonly shape: Shape } | null>>,
  shape: Shape,
): void {
  for (const [name, x] of Object.entries(operands))
    if (x !== null && !sameShape(x.shape, shape))
      throw new RangeError(`${where}: expected ${name} to be [${shape}], got [${x.shape}]`);
}

/** The shape that `a` and `b` broadcast to (NumPy's rules). */
export function broadcastShape(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const m = a[a.length - rank + i] ?? 1;
    const n = b[b.length - rank + i] ?? 1;
    if (m !== n && m !== 1 && n !== 1) throw new RangeError(`cannot broadcast [${a}] with [${b}]`);
    return m === 1 ? n : m;
  });
}

/** Loops over a shape, with the step that each operand takes along each loop. */
export interface Plan {
  readonly extents: readonly number[];
  /** For each operand, its stride along each loop; 0 where it is repeated. */
  readonly strides: readonly (readonly number[])[];
}

/** The extents, then the strides of each operand: as compiled kernels read them. */
export const flatPlan = ({ extents, strides }: Plan): number[] => [...extents, ...strides.flat()];

/**
 * How to walk over the shape `to` and over operands that broadcast to it: the axes of `to`, outermost first,
 * neighbours merged wherever every operand steps through both as through one.
 */
export function broadcastPlan(to: Shape, ...operands: readonly Shape[]): Plan {
  const extents: number[] = [];
  const strides: number[][] = operands.map(() => []);
  const next = operands.map(() => 1);
  for (const from of operands)
    if (!sameShape(broadcastShape(from, to), to))
      throw new RangeError(`cannot broadcast [${from}] to [${to}]`);
  for (let axis = to.length - 1; axis >= 0; axis--) {
    const extent = to[axis]!;
    if (extent === 1) continue;
    const steps = operands.map((from, k) => {
      const own = from[from.length - to.length + axis] ?? 1;
      const step = own === 1 ? 0 : next[k]!;
      next[k]! *= own;
      return step;
    });
    const inner = extents[0];
    if (inner !== undefined && steps.every((step, k) => step === strides[k]![0]! * inner))
      extents[0] = inner * extent;
    else {
      extents.unshift(extent);
      steps.forEach((step, k) => {
        strides[k]!.unshift(step);
      });
    }
  }
  return { extents, strides };
}

/**
 * How to walk over a tensor of shape `x` whose axes are put into another order: the axes of the result, outermost
 * first, with the stride of each in x, and neighbours merged wherever they are neighbours in x.
 *
 * @throws RangeError where `order` does not name every axis once
 */
export function permutationPlan(x: Shape, order: readonly number[]): Plan & { readonly shape: Shape } {
  if (order.length !== x.length || x.some((_, axis) => !order.includes(axis)))
    throw new RangeError(`permute: expected each axis of [${x}] once, got [${order}]`);
  const extents: number[] = [];
  const strides: number[] = [];
  for (const axis of order) {
    const [extent, stride] = [x[axis]!, sizeOf(x.slice(axis + 1))];
    if (extent === 1) continue;
    if (strides.at(-1) === extent * stride) {
      extents.push(extents.pop()! * extent);
      strides[strides.length - 1] = stride;
    } else {
      extents.push(extent);
      strides.push(stride);
    }
  }
  return { extents, strides: [strides], shape: order.map((axis) => x[axis]!) };
}

/**
 * The extents around an axis of x from which slices are taken, and the shape of what is taken.
 *
 * @throws RangeError where there is no such axis or slice
 */
export function takeDims(x: Shape, axis: number, indices: Int32Array) {
  const extent = x[axis];
  if (extent === undefined) throw new RangeError(`take: [${x}] has no axis ${axis}`);
  const wrong = indices.findIndex((index) => index < -1 || index >= extent);
  if (wrong >= 0)
    throw new RangeError(
      `take: index ${indices[wrong]} at ${wrong}, expected -1 to ${extent - 1} on axis ${axis} of [${x}]`,
    );
  return {
    outer: sizeOf(x.slice(0, axis)),
    extent,
    count: indices.length,
    inner: sizeOf(x.slice(axis + 1)),
    shape: x.map((own, i) => (i === axis ? indices.length : own)),
  };
}

/** How a window slides over an image. One number serves both axes, as in the networks of the paper. */
export interface Geometry {
  readonly stride: number;
  readonly padding: number;
}

export interface ConvGeometry extends Geometry {
  /** Input and output channels are cut into this many groups that do not mix. */
  readonly groups: number;
}

export interface PoolGeometry extends Geometry {
  /** Extent of the (square) window. */
  readonly size: number;
}

/** The number of places of a window of `size` on `extent` pixels. */
export const slide = (extent: number, size: number, { stride, padding }: Geometry): number =>
  Math.floor((extent + 2 * padding - size) / stride) + 1;

/** Every extent that a convolution needs, checked. */
export interface ConvDims {
  readonly n: number;
  /** Channels and pixels of the input. */
  readonly c: number;
  readonly h: number;
  readonly w: number;
  /** Channels and pixels of the output. */
  readonly o: number;
  readonly oh: number;
  readonly ow: number;
  /** The window. */
  readonly kh: number;
  readonly kw: number;
  readonly stride: number;
  readonly padding: number;
  readonly groups: number;
}

/**
 * @param x - shape of the input, [N, C, H, W]
 * @param w - shape of the weights, [O, C / groups, KH, KW]
 * @throws RangeError that names the extents which do not fit
 */
export function convDims(x: Shape, w: Shape, { stride, padding, groups }: ConvGeometry): ConvDims {
  const refuse = (why: string): never => {
    throw new RangeError(
      `conv2d: ${why} (x is [${x}], w is [${w}], stride ${stride}, padding ${padding}, groups ${groups})`,
    );
  };
  if (x.length !== 4) refuse("expected x to be [N, C, H, W]");
  if (w.length !== 4) refuse("expected w to be [O, C/groups, KH, KW]");
  if (!Number.isInteger(stride) || stride < 1) refuse("expected a stride of at least 1");
  if (!Number.isInteger(padding) || padding < 0) refuse("expected a padding of at least 0");
  const [n, c, h, width] = x as [number, number, number, number];
  const [o, perGroup, kh, kw] = w as [number, number, number, number];
  if (!Number.isInteger(groups) || groups < 1 || o % groups !== 0)
    refuse("the groups do not divide the output channels");
  if (perGroup * groups !== c) refuse(`expected ${perGroup * groups} input channels, got ${c}`);
  const oh = slide(h, kh, { stride, padding });
  const ow = slide(width, kw, { stride, padding });
  if (oh < 1 || ow < 1) refuse("the window is larger than the padded image");
  return { n, c, h, w: width, o, oh, ow, kh, kw, stride, padding, groups };
}

/** Every extent that pooling needs, checked. `x` is [N, C, H, W]. */
export function poolDims(x: Shape, { size, stride, padding }: PoolGeometry) {
  const refuse = (why: string): never => {
    throw new RangeError(`pool2d: ${why} (x is [${x}], size ${size}, stride ${stride}, padding ${padding})`);
  };
  if (x.length !== 4) refuse("expected x to be [N, C, H, W]");
  if (!Number.isInteger(size) || size < 1) refuse("expected a window of at least 1");
  if (!Number.isInteger(stride) || stride < 1) refuse("expected a stride of at least 1");
  if (!Number.isInteger(padding) || padding < 0) refuse("expected a padding of at least 0");
  if (2 * padding > size) refuse("expected a padding of at most half the window");
  const [n, c, h, w] = x as [number, number, number, number];
  const oh = slide(h, size, { stride, padding });
  const ow = slide(w, size, { stride, padding });
  if (oh < 1 || ow < 1) refuse("the window is larger than the padded image");
  return { planes: n * c, n, c, h, w, oh, ow, size, stride, padding };
}
export type PoolDims = ReturnType<typeof poolDims>;

/** Extents of products of matrices: `batch` times [m, k] · [k, n]. */
export interface GemmDims {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

export interface Transposes {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

/** The extents of a product, and the shape of its result. */
export function gemmDims(
  a: Shape,
  b: Shape,
  { transposeA = false, transposeB = false }: Transposes,
): GemmDims & { readonly shape: Shape } {
  const leading = a.slice(0, -2);
  if (a.length < 2 || b.length !== a.length || leading.some((extent, i) => extent !== b[i]))
    throw new RangeError(`gemm: expected two matrices, or equally many of each, got [${a}] and [${b}]`);
  const [rows, columns] = [a.slice(-2), b.slice(-2)] as unknown as (readonly [number, number])[];
  const [m, k] = transposeA ? [rows![1], rows![0]] : rows!;
  const [inner, n] = transposeB ? [columns![1], columns![0]] : columns!;
  if (k !== inner) {
    const t = (yes: boolean) => (yes ? "ᵀ" : "");
    throw new RangeError(`gemm: inner extents differ in [${a}]${t(transposeA)} · [${b}]${t(transposeB)}`);
  }
  return { batch: sizeOf(leading), m, n, k, shape: [...leading, m, n] };
}
