// Windows of 3x3 on one channel, as depthwise convolutions mostly have them: the loops over the window are written out, so that
// its nine weights stay in registers. `frame` is the channel in a frame of zeros, whose rows are `pitch` bytes.
import { bytes } from "./pack";
import { four } from "./window";

/** Stores the first `live` of four floats. */
@inline export function storeSome(at: usize, v: v128, live: i32): void {
  if (live >= 4) return v128.store(at, v);
  if (live <= 0) return;
  store<f32>(at, f32x4.extract_lane(v, 0));
  if (live > 1) store<f32>(at, f32x4.extract_lane(v, 1), 4);
  if (live > 2) store<f32>(at, f32x4.extract_lane(v, 2), 8);
}

/** The same pixel of four windows, `kx` (a constant) from their left. */
@inline function at3(stride: i32, row: usize, kx: i32): v128 {
  return four(stride, row + 4 * kx);
}

@inline function mulAdd(s: v128, a: v128, b: v128): v128 {
  return f32x4.add(s, f32x4.mul(a, b));
}

/** y [h, w] = bias + Σ weight times pixel. The weights lie `step` bytes apart, so that a window can be turned. */
@inline export function filter3x3(stride: i32, frame: usize, pitch: usize, weights: usize, step: usize, bias: f32, y: usize, h: i32, w: i32): void {
  const start = f32x4.splat(bias);
  const w0 = v128.load_splat<f32>(weights), w1 = v128.load_splat<f32>(weights + step), w2 = v128.load_splat<f32>(weights + 2 * step);
  const w3 = v128.load_splat<f32>(weights + 3 * step), w4 = v128.load_splat<f32>(weights + 4 * step), w5 = v128.load_splat<f32>(weights + 5 * step);
  const w6 = v128.load_splat<f32>(weights + 6 * step), w7 = v128.load_splat<f32>(weights + 7 * step), w8 = v128.load_splat<f32>(weights + 8 * step);
  const row = bytes(w);
  for (let j = 0; j < w; j += 4) {
    const live = min(4, w - j);
    let at = frame, to = y;
    let a = at3(stride, at, 0), b = at3(stride, at, 1), c = at3(stride, at, 2);
    // Sums of the row that a window ends in, and of the next one.
    let ending = mulAdd(mulAdd(mulAdd(start, a, w0), b, w1), c, w2), begun = ending;
    at += pitch;
    if (stride == 1) {
      a = at3(1, at, 0); b = at3(1, at, 1); c = at3(1, at, 2);
      ending = mulAdd(mulAdd(mulAdd(ending, a, w3), b, w4), c, w5);
      begun = mulAdd(mulAdd(mulAdd(start, a, w0), b, w1), c, w2);
      at += pitch;
    }
    for (let i = 0; i < h; i++) {
      if (stride == 2) {
        a = at3(2, at, 0); b = at3(2, at, 1); c = at3(2, at, 2);
        ending = mulAdd(mulAdd(mulAdd(ending, a, w3), b, w4), c, w5);
        at += pitch;
      }
      a = at3(stride, at, 0); b = at3(stride, at, 1); c = at3(stride, at, 2);
      at += pitch;
      ending = mulAdd(mulAdd(mulAdd(ending, a, w6), b, w7), c, w8);
      storeSome(to, ending, live);
      to += row;
      if (stride == 1) {
        ending = mulAdd(mulAdd(mulAdd(begun, a, w3), b, w4), c, w5);
        begun = mulAdd(mulAdd(mulAdd(start, a, w0), b, w1), c, w2);
      } else ending = mulAdd(mulAdd(mulAdd(start, a, w0), b, w1), c, w2);
    }
    y += 16;
    frame += 16 * stride;
  }
}

/** Adds g [oh, width] times the pixels under the window to the nine vectors at `sums`. Rows of g are whole vectors, `width` bytes long. */
@inline export function addTaps3x3(stride: i32, g: usize, width: usize, oh: i32, frame: usize, pitch: usize, sums: usize): void {
  let s0 = v128.load(sums), s1 = v128.load(sums, 16), s2 = v128.load(sums, 32), s3 = v128.load(sums, 48), s4 = v128.load(sums, 64);
  let s5 = v128.load(sums, 80), s6 = v128.load(sums, 96), s7 = v128.load(sums, 112), s8 = v128.load(sums, 128);
  for (let j: usize = 0; j < width; j += 16) {
    // One row of pixels after the other: it lies under the top of window i, and under lower rows of those before it.
    let x = frame + j * stride, at = g + j;
    for (let i = 0; i <= oh + (stride == 1 ? 1 : 0); i++) {
      let a = at3(stride, x, 0), b = at3(stride, x, 1), c = at3(stride, x, 2);
      x += pitch;
      if (i < oh) {
        const here = v128.load(at);
        s0 = mulAdd(s0, here, a);
        s1 = mulAdd(s1, here, b);
        s2 = mulAdd(s2, here, c);
      }
      if (stride == 1) {
        if (i > 0 && i <= oh) {
          const before = v128.load(at - width);
          s3 = mulAdd(s3, before, a);
          s4 = mulAdd(s4, before, b);
          s5 = mulAdd(s5, before, c);
        }
        if (i > 1) {
          const earlier = v128.load(at - 2 * width);
          s6 = mulAdd(s6, earlier, a);
          s7 = mulAdd(s7, earlier, b);
          s8 = mulAdd(s8, earlier, c);
        }
      } else {
        if (i > 0) {
          const before = v128.load(at - width);
          s6 = mulAdd(s6, before, a);
          s7 = mulAdd(s7, before, b);
          s8 = mulAdd(s8, before, c);
        }
        if (i < oh) {
          const here = v128.load(at);
          a = at3(2, x, 0); b = at3(2, x, 1); c = at3(2, x, 2);
          x += pitch;
          s3 = mulAdd(s3, here, a);
          s4 = mulAdd(s4, here, b);
          s5 = mulAdd(s5, here, c);
        }
      }
      at += width;
    }
  }
  v128.store(sums, s0);
  v128.store(sums, s1, 16);
  v128.store(sums, s2, 32);
  v128.store(sums, s3, 48);
  v128.store(sums, s4, 64);
  v128.store(sums, s5, 80);
  v128.store(sums, s6, 96);
  v128.store(sums, s7, 112);
  v128.store(sums, s8, 128);
}

/**
 * The gradient to x [h, w] at stride 2 and padding 1. Even rows and columns of x lie under the middle of windows, odd ones under two
 * neighbours: dx[2a + 1, 2b + 1] = w₀ g[a+1, b+1] + w₂ g[a+1, b] + w₆ g[a, b+1] + w₈ g[a, b]. `frame` is g with zeros on its right and below.
 */
export function spread3x3(frame: usize, pitch: usize, weights: usize, dx: usize, h: i32, w: i32): void {
  const w0 = v128.load_splat<f32>(weights), w1 = v128.load_splat<f32>(weights, 4), w2 = v128.load_splat<f32>(weights, 8);
  const w3 = v128.load_splat<f32>(weights, 12), w4 = v128.load_splat<f32>(weights, 16), w5 = v128.load_splat<f32>(weights, 20);
  const w6 = v128.load_splat<f32>(weights, 24), w7 = v128.load_splat<f32>(weights, 28), w8 = v128.load_splat<f32>(weights, 32);
  const row = bytes(w);
  for (let y = 0; y < h; y += 2) {
    let at = frame, to = dx;
    for (let x = 0; x < w; x += 8) {
      const here = v128.load(at), right = v128.load(at, 4), below = v128.load(at + pitch), across = v128.load(at + pitch, 4);
      storePairs(to, f32x4.mul(here, w4), mulAdd(f32x4.mul(right, w3), here, w5), w - x);
      if (y + 1 < h) {
        const odd = f32x4.add(mulAdd(f32x4.mul(across, w0), below, w2), mulAdd(f32x4.mul(right, w6), here, w8));
        storePairs(to + row, mulAdd(f32x4.mul(below, w1), here, w7), odd, w - x);
      }
      at += 16;
      to += 32;
    }
    frame += pitch;
    dx += 2 * row;
  }
}

/** Stores the first `live` of eight floats: even[0], odd[0], even[1], … */
@inline function storePairs(at: usize, even: v128, odd: v128, live: i32): void {
  storeSome(at, v128.shuffle<f32>(even, odd, 0, 4, 1, 5), live);
  storeSome(at + 16, v128.shuffle<f32>(even, odd, 2, 6, 3, 7), live - 4);
}
