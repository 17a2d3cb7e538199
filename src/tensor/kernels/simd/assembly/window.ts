// A convolution as a product: the columns are the positions of the window on all images of a chunk, the depth is the
// pixels under the window. This file reads the images in that order, without ever writing the whole matrix out.
import { bytes, storeTransposed } from "./pack";

/** The convolution at hand. One at a time: kernels do not call each other. */
export namespace geo {
  export let c: i32 = 0; // channels of one group
  export let h: i32 = 0;
  export let w: i32 = 0;
  export let oh: i32 = 0;
  export let ow: i32 = 0;
  export let kh: i32 = 0;
  export let kw: i32 = 0;
  export let stride: i32 = 0;
  export let pad: i32 = 0;
  /** Positions of the window on one image, pixels under it. */
  export let positions: i32 = 0;
  export let pixels: i32 = 0;
  /** Height and width of a channel with its padding. */
  export let ph: i32 = 0;
  export let pw: i32 = 0;
}

export function setGeometry(c: i32, h: i32, w: i32, oh: i32, ow: i32, kh: i32, kw: i32, stride: i32, pad: i32): void {
  geo.c = c; geo.h = h; geo.w = w; geo.oh = oh; geo.ow = ow; geo.kh = kh; geo.kw = kw;
  geo.stride = stride; geo.pad = pad;
  geo.positions = oh * ow;
  geo.pixels = c * kh * kw;
  geo.ph = h + 2 * pad;
  geo.pw = w + 2 * pad;
}

/** Floats of one padded image; a little more, because rows are read in whole vectors. */
// @ts-ignore: decorator
@inline export function paddedSize(): i32 {
  return geo.c * geo.ph * geo.pw + 8;
}

/** Copies one image into a frame of zeros. */
export function padImage(x: usize, out: usize): void {
  memory.fill(out, 0, bytes(paddedSize()));
  out += bytes(geo.pad * geo.pw + geo.pad);
  for (let c = 0; c < geo.c; c++) {
    for (let y = 0; y < geo.h; y++) {
      memory.copy(out + bytes(y * geo.pw), x, bytes(geo.w));
      x += bytes(geo.w);
    }
    out += bytes(geo.ph * geo.pw);
  }
}

/** Adds the inside of the frame to nothing: copies one image out of its frame. */
export function unpadImage(padded: usize, x: usize): void {
  padded += bytes(geo.pad * geo.pw + geo.pad);
  for (let c = 0; c < geo.c; c++) {
    for (let y = 0; y < geo.h; y++) {
      memory.copy(x, padded + bytes(y * geo.pw), bytes(geo.w));
      x += bytes(geo.w);
    }
    padded += bytes(geo.ph * geo.pw);
  }
}

/** Offset of pixel k of the window from its corner, in a padded image. */
export function pixelOffsets(out: usize): void {
  for (let c = 0; c < geo.c; c++)
    for (let ky = 0; ky < geo.kh; ky++)
      for (let kx = 0; kx < geo.kw; kx++) {
        store<i32>(out, ((c * geo.ph + ky) * geo.pw + kx) << 2);
        out += 4;
      }
}

/** Offset of the corner of window `position` in a padded image. */
// @ts-ignore: decorator
@inline export function corner(position: i32): usize {
  return bytes(((position / geo.ow) * geo.pw + (position % geo.ow)) * geo.stride);
}

/** Do the four windows from `position` on lie side by side, so that `four` may read them together? */
// @ts-ignore: decorator
@inline export function sideBySide(position: i32): bool {
  return geo.stride <= 2 && (position % geo.ow) + 4 <= geo.ow;
}

/** The same pixel of four windows that lie side by side. */
// @ts-ignore: decorator
@inline export function four(at: usize): v128 {
  return geo.stride == 1 ? v128.load(at) : v128.shuffle<f32>(v128.load(at), v128.load(at, 16), 0, 2, 4, 6);
}

/**
 * Packs columns [first, first + count) of a chunk, pixels [from, from + depth), into panels of 8 columns.
 * Image i of the chunk is at images + i * pitch.
 */
export function packColumns(images: usize, pitch: usize, offsets: usize, first: i32, count: i32, from: i32, depth: i32, out: usize): void {
  const table = offsets + bytes(from), end = table + bytes(depth);
  for (let q = first; q < first + count; q += 8) {
    for (let half = 0; half < 8; half += 4) {
      const column = q + half, live = min(4, first + count - column);
      let to = out + bytes(half);
      const position = column % geo.positions;
      if (live == 4 && sideBySide(position)) {
        const base = images + <usize>(column / geo.positions) * pitch + corner(position);
        if (geo.stride == 1)
          for (let k = table; k < end; k += 4) {
            v128.store(to, v128.load(base + load<i32>(k)));
            to += 32;
          }
        else
          for (let k = table; k < end; k += 4) {
            const at = base + load<i32>(k);
            v128.store(to, v128.shuffle<f32>(v128.load(at), v128.load(at, 16), 0, 2, 4, 6));
            to += 32;
          }
      } else
        for (let l = 0; l < 4; l++) {
          let lane = to + bytes(l);
          if (l >= live)
            for (let k = 0; k < depth; k++) { store<f32>(lane, 0); lane += 32; }
          else {
            const base = images + <usize>((column + l) / geo.positions) * pitch + corner((column + l) % geo.positions);
            for (let k = table; k < end; k += 4) { store<f32>(lane, load<f32>(base + load<i32>(k))); lane += 32; }
          }
        }
    }
    out += bytes(8 * depth);
  }
}

/**
 * Packs the transpose: lanes are the pixels [from, from + lanes), depth is all positions of the `count` images.
 * Panels of 8 lanes.
 */
export function packPixels(images: usize, pitch: usize, count: i32, offsets: usize, from: i32, lanes: i32, out: usize): void {
  for (let l = 0; l < lanes; l += 8)
    for (let half = 0; half < 8; half += 4) {
      const live = max(0, min(4, lanes - l - half));
      const table = offsets + bytes(from + l + half);
      let to = out + bytes(l * count * geo.positions + half);
      if (live < 4) {
        for (let i = 0; i < count; i++)
          for (let p = 0; p < geo.positions; p++) {
            const base = images + <usize>i * pitch + corner(p);
            for (let j = 0; j < 4; j++) store<f32>(to + bytes(j), j < live ? load<f32>(base + load<i32>(table + bytes(j))) : 0);
            to += 32;
          }
        continue;
      }
      const o0 = load<i32>(table), o1 = load<i32>(table, 4), o2 = load<i32>(table, 8), o3 = load<i32>(table, 12);
      for (let i = 0; i < count; i++) {
        const image = images + <usize>i * pitch;
        for (let y = 0; y < geo.oh; y++) {
          let base = image + bytes(y * geo.stride * geo.pw), x = 0;
          if (geo.stride <= 2)
            for (; x + 4 <= geo.ow; x += 4) {
              storeTransposed(four(base + o0), four(base + o1), four(base + o2), four(base + o3), to, 32);
              base += bytes(4 * geo.stride);
              to += 128;
            }
          for (; x < geo.ow; x++) {
            v128.store(to, f32x4(load<f32>(base + o0), load<f32>(base + o1), load<f32>(base + o2), load<f32>(base + o3)));
            base += bytes(geo.stride);
            to += 32;
          }
        }
      }
    }
}

/** Adds the columns of one image, matrix[pixel][position], to the padded image they were read from. */
export function addColumns(matrix: usize, ld: usize, padded: usize): void {
  const row = bytes(geo.stride * geo.pw), step = bytes(geo.stride);
  for (let c = 0; c < geo.c; c++)
    for (let ky = 0; ky < geo.kh; ky++)
      for (let kx = 0; kx < geo.kw; kx++) {
        let to = padded + bytes((c * geo.ph + ky) * geo.pw + kx), from = matrix;
        for (let y = 0; y < geo.oh; y++) {
          let x = 0, at = to;
          if (geo.stride == 1)
            for (; x + 4 <= geo.ow; x += 4) {
              v128.store(at, f32x4.add(v128.load(at), v128.load(from)));
              at += 16; from += 16;
            }
          for (; x < geo.ow; x++) {
            store<f32>(at, load<f32>(at) + load<f32>(from));
            at += step; from += 4;
          }
          to += row;
        }
        matrix += ld;
      }
}
