// A convolution as a product: the columns are the positions of the window on all images of a chunk, the depth is the
// pixels under the window. This file reads the images in that order, without ever writing the whole matrix out.
import { bytes, pack, storeTransposed } from "./pack";

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
@inline export function paddedSize(): i32 {
  return geo.c * geo.ph * geo.pw + 8;
}

/** Copies a row of n floats. For rows as short as those of images, `memory.copy` would take longer to be called than to copy. */
@inline export function copyRow(to: usize, from: usize, n: i32): void {
  const end = from + bytes(n);
  for (; from + 16 <= end; from += 16, to += 16) v128.store(to, v128.load(from));
  for (; from < end; from += 4, to += 4) store<f32>(to, load<f32>(from));
}

/** Frames for `images` images, all zeros. */
export function clearFrames(out: usize, images: i32): void {
  memory.fill(out, 0, bytes(images * paddedSize()));
}

/** Copies one image into a frame, whose margin stays as it is. */
export function padImage(x: usize, out: usize): void {
  out += bytes(geo.pad * geo.pw + geo.pad);
  for (let c = 0; c < geo.c; c++) {
    for (let y = 0; y < geo.h; y++) {
      copyRow(out + bytes(y * geo.pw), x, geo.w);
      x += bytes(geo.w);
    }
    out += bytes(geo.ph * geo.pw);
  }
}

/** Copies one image out of its frame. */
export function unpadImage(padded: usize, x: usize): void {
  padded += bytes(geo.pad * geo.pw + geo.pad);
  for (let c = 0; c < geo.c; c++) {
    for (let y = 0; y < geo.h; y++) {
      copyRow(x, padded + bytes(y * geo.pw), geo.w);
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

/** 1x1 windows without gaps: the positions of an image lie in one line. */
@inline export function isLine(): bool {
  return geo.pw == geo.ow && geo.ph == geo.oh && geo.stride == 1;
}

/** Is every channel convolved on its own, with a stride that is read by the vector? */
@inline export function isDepthwise(o: i32): bool {
  return geo.c == 1 && o == 1 && geo.stride <= 2;
}

/** Offset of the corner of window `position` in a padded image. */
@inline export function corner(position: i32): usize {
  return bytes(((position / geo.ow) * geo.pw + (position % geo.ow)) * geo.stride);
}

/** Do the `n` windows from `position` on lie side by side, so that `four` may read them together? */
@inline function sideBySide(n: i32, position: i32): bool {
  return geo.stride <= 2 && (position % geo.ow) + n <= geo.ow;
}

/** The same pixel of four windows that lie side by side, `stride` (1 or 2) pixels apart. */
@inline export function four(stride: i32, at: usize): v128 {
  return stride == 1 ? v128.load(at) : v128.shuffle<f32>(v128.load(at), v128.load(at, 16), 0, 2, 4, 6);
}

/** One panel of eight windows that lie side by side. `stride` is a constant: 1 or 2. */
@inline function packEight(stride: i32, base: usize, table: usize, end: usize, to: usize): void {
  for (let k = table; k < end; k += 4) {
    const at = base + load<i32>(k);
    v128.store(to, four(stride, at));
    v128.store(to, four(stride, at + 16 * stride), 16);
    to += 32;
  }
}

/** Packs positions that lie in one line, 8 to a panel: every channel is read in one go, not 8 pixels here and 8 there. */
function packLine(base: usize, table: usize, end: usize, panels: i32, panel: usize, out: usize): void {
  for (let k = table; k < end; k += 4) {
    let at = base + load<i32>(k), to = out;
    for (let j = 0; j < panels; j++) {
      v128.store(to, v128.load(at));
      v128.store(to, v128.load(at, 16), 16);
      at += 32;
      to += panel;
    }
    out += 32;
  }
}

/**
 * Packs columns [first, first + count) of a chunk, pixels [from, from + depth), into panels of 8 columns.
 * Image i of the chunk is at images + i * pitch.
 */
export function packColumns(images: usize, pitch: usize, offsets: usize, first: i32, count: i32, from: i32, depth: i32, out: usize): void {
  const table = offsets + bytes(from), end = table + bytes(depth);
  const line = isLine();
  for (let q = first; q < first + count; q += 8) {
    const start = q % geo.positions;
    if (line && start + 8 <= geo.positions && q + 8 <= first + count) {
      const panels = min(8, min(geo.positions - start, first + count - q) >> 3);
      const base = images + <usize>(q / geo.positions) * pitch + bytes(start);
      packLine(base, table, end, panels, bytes(8 * depth), out);
      out += bytes(8 * depth) * panels;
      q += 8 * (panels - 1);
      continue;
    }
    if (q + 8 <= first + count && sideBySide(8, start)) {
      const base = images + <usize>(q / geo.positions) * pitch + corner(start);
      if (geo.stride == 1) packEight(1, base, table, end, out);
      else packEight(2, base, table, end, out);
      out += bytes(8 * depth);
      continue;
    }
    for (let half = 0; half < 8; half += 4) {
      const column = q + half, live = min(4, first + count - column);
      let to = out + bytes(half);
      const position = column % geo.positions;
      if (live == 4 && sideBySide(4, position)) {
        const base = images + <usize>(column / geo.positions) * pitch + corner(position);
        if (geo.stride == 1)
          for (let k = table; k < end; k += 4) {
            v128.store(to, four(1, base + load<i32>(k)));
            to += 32;
          }
        else
          for (let k = table; k < end; k += 4) {
            v128.store(to, four(2, base + load<i32>(k)));
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
 * Packs the transpose: lanes are the pixels under the window, depth is all positions of the `count` images.
 * Panels of 8 lanes.
 */
export function packPixels(images: usize, pitch: usize, count: i32, offsets: usize, out: usize): void {
  const lanes = geo.pixels, positions = geo.positions;
  if (isLine()) {
    // Pixel l of the window is channel l.
    for (let l = 0; l < lanes; l += 8)
      for (let i = 0; i < count; i++)
        out = pack(images + <usize>i * pitch + bytes(l * positions), positions, 1, min(8, lanes - l), positions, 8, out);
    return;
  }
  for (let l = 0; l < lanes; l += 8) {
    for (let half = 0; half < 8; half += 4) {
      const live = lanes - l - half, to = out + bytes(half), table = offsets + bytes(l + half);
      for (let i = 0; i < count; i++) {
        const image = images + <usize>i * pitch, at = to + bytes(8 * i * positions);
        if (live < 4) packFew(image, table, live, at);
        else if (geo.stride == 1) packFour(1, image, table, at);
        else if (geo.stride == 2) packFour(2, image, table, at);
        else packFour(0, image, table, at);
      }
    }
    out += bytes(8 * count * positions);
  }
}

/** Four pixels of the window at every position of one image. `stride` is a constant: 1, 2, or 0 for any. */
@inline function packFour(stride: i32, image: usize, table: usize, to: usize): void {
  const o0 = load<i32>(table), o1 = load<i32>(table, 4), o2 = load<i32>(table, 8), o3 = load<i32>(table, 12);
  const ow = geo.ow, row = bytes(geo.stride * geo.pw), step = bytes(geo.stride);
  for (let y = 0; y < geo.oh; y++) {
    let base = image, x = 0;
    if (stride > 0)
      for (; x + 4 <= ow; x += 4) {
        storeTransposed(four(stride, base + o0), four(stride, base + o1), four(stride, base + o2), four(stride, base + o3), to, 32);
        base += 16 * stride;
        to += 128;
      }
    for (; x < ow; x++) {
      v128.store(to, f32x4(load<f32>(base + o0), load<f32>(base + o1), load<f32>(base + o2), load<f32>(base + o3)));
      base += step;
      to += 32;
    }
    image += row;
  }
}

/** As `packFour`, where fewer than four pixels are left; the others are zero. */
function packFew(image: usize, table: usize, live: i32, to: usize): void {
  if (live <= 0) return;
  const o0 = load<i32>(table), o1 = live > 1 ? load<i32>(table, 4) : 0, o2 = live > 2 ? load<i32>(table, 8) : 0;
  for (let p = 0; p < geo.positions; p++) {
    const base = image + corner(p);
    v128.store(to, f32x4(load<f32>(base + o0), live > 1 ? load<f32>(base + o1) : 0, live > 2 ? load<f32>(base + o2) : 0, 0));
    to += 32;
  }
}

/** Adds the columns of one image, matrix[pixel][position], to the padded image they were read from. */
export function addColumns(matrix: usize, ld: usize, padded: usize): void {
  const paired = geo.stride == 2;
  for (let c = 0; c < geo.c; c++)
    for (let ky = 0; ky < geo.kh; ky++)
      for (let kx = 0; kx < geo.kw; kx += paired ? 2 : 1) {
        const to = padded + bytes((c * geo.ph + ky) * geo.pw + kx);
        const from = matrix + <usize>((c * geo.kh + ky) * geo.kw + kx) * ld;
        if (geo.stride == 1) addApart(1, from, 0, to);
        else if (!paired) addApart(0, from, 0, to);
        else addApart(2, from, kx + 1 < geo.kw ? from + ld : 0, to);
      }
}

/**
 * Adds one pixel of the window at every position, `stride` (a constant: 1, 2, or 0 for any) pixels apart. At stride 2 two
 * pixels that are neighbours fill each other's gaps, so they go together; `next` is the second, or 0.
 */
@inline function addApart(stride: i32, from: usize, next: usize, to: usize): void {
  const ow = geo.ow, row = bytes(geo.stride * geo.pw), step = bytes(geo.stride), zero = f32x4.splat(0);
  for (let y = 0; y < geo.oh; y++) {
    let x = 0, at = to;
    if (stride == 1)
      for (; x + 4 <= ow; x += 4) {
        v128.store(at, f32x4.add(v128.load(at), v128.load(from)));
        at += 16; from += 16;
      }
    else if (stride == 2)
      for (; x + 4 <= ow; x += 4) {
        const even = v128.load(from), odd = next ? v128.load(next) : zero;
        v128.store(at, f32x4.add(v128.load(at), v128.shuffle<f32>(even, odd, 0, 4, 1, 5)));
        v128.store(at, f32x4.add(v128.load(at, 16), v128.shuffle<f32>(even, odd, 2, 6, 3, 7)), 16);
        at += 32; from += 16; next += next ? 16 : 0;
      }
    for (; x < ow; x++) {
      store<f32>(at, load<f32>(at) + load<f32>(from));
      if (stride == 2 && next) {
        store<f32>(at, load<f32>(at, 4) + load<f32>(next), 4);
        next += 4;
      }
      at += step; from += 4;
    }
    to += row;
  }
}
