// The register tile: 4 rows by 8 columns of a product, from packed panels. Everything that multiplies ends here.
// 4x8 is the largest tile that fits the 16 vector registers; wider ones spill and run at half the speed.
import { affine1, affine4 } from "./norm";
import { rowsOf } from "./pack";

/** Rows of a panel of A, columns of a panel of B. */
export const MR: i32 = 4;
export const NR: i32 = 8;
/** Bytes from one depth of a panel of B to the next. */
export const PANEL: usize = 32;
/** Depth of a block: a panel of B of this depth (8 KB) stays in the first-level cache. */
export const KC: i32 = 256;
/** Rows of A that are packed at a time: 96 x 256 floats stay in the second-level cache. */
export const MC: i32 = 96;
/** Columns of B that are packed at a time. */
export const NC: i32 = 512;

/** What a tile does with what is already in C. */
export const STORE: i32 = 0;
export const ACCUMULATE: i32 = 1;

/** Where tiles go of which only a part exists. Each instance has its own: instances on one memory share nothing else that is written. */
let edge: usize = 0;

/** Bytes at the disposal of one instance. */
export function ownBytes(): i32 {
  return MR * NR * 4;
}

/** Gives this instance its `ownBytes`, before anything is multiplied. */
export function setOwn(at: usize): void {
  edge = at;
}

/**
 * C[rows, 4 halves] = (bias of each row) + A B (+ C), where a and b are panels, k deep, and
 * depths of b are `step` bytes apart: `PANEL` where it is packed. `ldc` is the distance of rows
 * of C in bytes; `bias` points at one float a row, or is 0; `pairs` at the p and q of each row, where max(0, p C + q) is
 * stored in the place of C, or is 0. `rows` and `halves` are constants wherever this is inlined.
 */
@inline function product(rows: i32, halves: i32, k: i32, a: usize, b: usize, step: usize, c: usize, ldc: usize, mode: i32, bias: usize, pairs: usize): void {
  let c00 = f32x4.splat(0), c10 = c00, c20 = c00, c30 = c00;
  if (bias) {
    c00 = v128.load_splat<f32>(bias);
    if (rows > 1) c10 = v128.load_splat<f32>(bias, 4);
    if (rows > 2) c20 = v128.load_splat<f32>(bias, 8);
    if (rows > 3) c30 = v128.load_splat<f32>(bias, 12);
  }
  let c01 = c00, c11 = c10, c21 = c20, c31 = c30;
  const end = a + (<usize>k << 4);
  while (a < end) {
    const b0 = v128.load(b), b1 = halves > 1 ? v128.load(b, 16) : b0;
    let ai = v128.load_splat<f32>(a);
    c00 = f32x4.add(c00, f32x4.mul(ai, b0));
    if (halves > 1) c01 = f32x4.add(c01, f32x4.mul(ai, b1));
    if (rows > 1) {
      ai = v128.load_splat<f32>(a, 4);
      c10 = f32x4.add(c10, f32x4.mul(ai, b0));
      if (halves > 1) c11 = f32x4.add(c11, f32x4.mul(ai, b1));
    }
    if (rows > 2) {
      ai = v128.load_splat<f32>(a, 8);
      c20 = f32x4.add(c20, f32x4.mul(ai, b0));
      if (halves > 1) c21 = f32x4.add(c21, f32x4.mul(ai, b1));
    }
    if (rows > 3) {
      ai = v128.load_splat<f32>(a, 12);
      c30 = f32x4.add(c30, f32x4.mul(ai, b0));
      if (halves > 1) c31 = f32x4.add(c31, f32x4.mul(ai, b1));
    }
    a += 16;
    b += step;
  }
  finish(halves, c, c00, c01, mode, pairs);
  if (rows > 1) finish(halves, c + ldc, c10, c11, mode, pairs ? pairs + 8 : 0);
  if (rows > 2) finish(halves, c + 2 * ldc, c20, c21, mode, pairs ? pairs + 16 : 0);
  if (rows > 3) finish(halves, c + 3 * ldc, c30, c31, mode, pairs ? pairs + 24 : 0);
}

@inline function finish(halves: i32, c: usize, lo: v128, hi: v128, mode: i32, pairs: usize): void {
  if (mode == ACCUMULATE) {
    lo = f32x4.add(v128.load(c), lo);
    if (halves > 1) hi = f32x4.add(v128.load(c, 16), hi);
  }
  if (pairs) {
    const p = v128.load_splat<f32>(pairs), q = v128.load_splat<f32>(pairs, 4);
    lo = affine4(true, lo, p, q);
    if (halves > 1) hi = affine4(true, hi, p, q);
  }
  v128.store(c, lo);
  if (halves > 1) v128.store(c, hi, 16);
}

/** Puts one number of a row into C, as `finish` does a vector. */
@inline export function put(at: usize, value: f32, mode: i32, pairs: usize): void {
  if (mode == ACCUMULATE) value = load<f32>(at) + value;
  store<f32>(at, pairs ? affine1(true, value, load<f32>(pairs), load<f32>(pairs, 4)) : value);
}

/** The whole tile. Inlined: in loops over panels, V8 compiles it a fifth faster than as a function of its own. */
@inline export function tile(k: i32, a: usize, b: usize, step: usize, c: usize, ldc: usize, mode: i32, bias: usize, pairs: usize): void {
  product(4, 2, k, a, b, step, c, ldc, mode, bias, pairs);
}

/** The tile of three rows. */
@inline export function tile3(k: i32, a: usize, b: usize, step: usize, c: usize, ldc: usize, mode: i32, bias: usize, pairs: usize): void {
  product(3, 2, k, a, b, step, c, ldc, mode, bias, pairs);
}

/** A tile of which only `rows` x `cols` exist, into memory of its own: what does not exist is computed where that is cheaper. */
export function partialTile(k: i32, a: usize, b: usize, step: usize, rows: i32, cols: i32, bias: usize): usize {
  if (cols > 4) {
    if (rows == 1) product(1, 2, k, a, b, step, edge, NR * 4, STORE, bias, 0);
    else if (rows == 2) product(2, 2, k, a, b, step, edge, NR * 4, STORE, bias, 0);
    else if (rows == 3) product(3, 2, k, a, b, step, edge, NR * 4, STORE, bias, 0);
    else product(4, 2, k, a, b, step, edge, NR * 4, STORE, bias, 0);
  } else if (rows == 1) product(1, 1, k, a, b, step, edge, NR * 4, STORE, bias, 0);
  else if (rows == 2) product(2, 1, k, a, b, step, edge, NR * 4, STORE, bias, 0);
  else if (rows == 3) product(3, 1, k, a, b, step, edge, NR * 4, STORE, bias, 0);
  else product(4, 1, k, a, b, step, edge, NR * 4, STORE, bias, 0);
  return edge;
}

/** As `tile`, where only `rows` x `cols` of C exist. */
export function edgeTile(k: i32, a: usize, b: usize, step: usize, c: usize, ldc: usize, mode: i32, bias: usize, pairs: usize, rows: i32, cols: i32): void {
  if (cols == NR && rows == 1) return product(1, 2, k, a, b, step, c, ldc, mode, bias, pairs);
  if (cols == NR && rows == 2) return product(2, 2, k, a, b, step, c, ldc, mode, bias, pairs);
  partialTile(k, a, b, step, rows, cols, bias);
  for (let i = 0; i < rows; i++) {
    const row = c + <usize>i * ldc;
    for (let j = 0; j < cols; j++) {
      const value = load<f32>(edge + (<usize>(i * NR + j) << 2));
      put(row + (<usize>j << 2), value, mode, pairs ? pairs + 8 * <usize>i : 0);
    }
  }
}

/** C[m,n] (+)= A B for packed A (panels of `rowsOf` rows, `k` deep) and packed B (panels of 8 columns). */
export function block(m: i32, n: i32, k: i32, a: usize, b: usize, c: usize, ldc: usize, mode: i32): void {
  for (let j = 0; j < n; j += NR) {
    const panel = b + ((<usize>(j * k)) << 2);
    let from = a;
    for (let i = 0, rows = 0; i < m; i += rows) {
      rows = rowsOf(m - i);
      const at = c + <usize>i * ldc + ((<usize>j) << 2), cols = n - j;
      if (rows == MR && cols >= NR) tile(k, from, panel, PANEL, at, ldc, mode, 0, 0);
      else if (rows == 3 && cols >= NR) tile3(k, from, panel, PANEL, at, ldc, mode, 0, 0);
      else edgeTile(k, from, panel, PANEL, at, ldc, mode, 0, 0, rows, min(cols, NR));
      from += <usize>k << 4;
    }
  }
}
