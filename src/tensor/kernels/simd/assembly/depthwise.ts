// Depthwise convolution, one channel to a group: far too little work for a product of matrices. Each channel is framed with
// zeros, and its outputs are added up in registers, some neighbours at a time.
import { addTaps3x3, filter3x3, spread3x3, storeSome } from "./depthwise-3x3";
import { bytes } from "./pack";
import { clearFrames, copyRow, four, geo, paddedSize, padImage, pixelOffsets } from "./window";

/** Channels whose gradients to the weights are summed together, so that memory is read in longer lines. */
const TOGETHER: i32 = 16;

/** Floats of workspace for the geometry at hand, which is that of one channel. */
export function depthwiseWorkspace(): i32 {
  const spread = (geo.h + geo.kh) * (geo.w + geo.kw) + 16;
  return 2 * ((geo.pixels + 3) & -4) + max(paddedSize(), spread) + geo.oh * wide() + 4 * TOGETHER * geo.pixels + 32;
}

/** Floats from row to row of outputs that are kept by the vector. */
@inline function wide(): i32 {
  return (geo.ow + 3) & -4;
}

/** Is the window at hand one of 3x3? */
@inline function is3x3(): bool {
  return geo.kh == 3 && geo.kw == 3;
}

/** y = bias + Σ over the `taps` of the window of weight times pixel: y [h, w] is whole, `row` bytes of the frame are from output row to output row. */
@inline function filter(stride: i32, frame: usize, row: usize, offsets: usize, weights: usize, taps: i32, bias: f32, y: usize, h: i32, w: i32): void {
  const end = offsets + bytes(taps), start = f32x4.splat(bias);
  for (let i = 0; i < h; i++) {
    let j = 0, base = frame;
    for (; j + 8 <= w; j += 8) {
      let s0 = start, s1 = start, at = weights;
      for (let k = offsets; k < end; k += 4) {
        const from = base + load<i32>(k), weight = v128.load_splat<f32>(at);
        s0 = f32x4.add(s0, f32x4.mul(four(stride, from), weight));
        s1 = f32x4.add(s1, f32x4.mul(four(stride, from + 16 * stride), weight));
        at += 4;
      }
      v128.store(y, s0);
      v128.store(y, s1, 16);
      y += 32;
      base += 32 * stride;
    }
    for (; j < w; j += 4) {
      let s = start, at = weights;
      for (let k = offsets; k < end; k += 4) {
        s = f32x4.add(s, f32x4.mul(four(stride, base + load<i32>(k)), v128.load_splat<f32>(at)));
        at += 4;
      }
      const live = min(4, w - j);
      storeSome(y, s, live);
      y += bytes(live);
      base += 16 * stride;
    }
    frame += row;
  }
}

/** x [n, channels, h, w], w [channels, 1, kh, kw], bias [channels] or 0; y [n, channels, oh, ow]. The geometry is that of one channel. */
export function depthwise(x: usize, w: usize, bias: usize, y: usize, n: i32, channels: i32, ws: usize): void {
  const offsets = ws, frame = ws + bytes((geo.pixels + 3) & -4), row = bytes(geo.stride * geo.pw);
  pixelOffsets(offsets);
  clearFrames(frame, 1);
  for (let i = 0; i < n; i++)
    for (let c = 0; c < channels; c++) {
      padImage(x, frame);
      const b: f32 = bias ? load<f32>(bias + bytes(c)) : 0, weights = w + bytes(c * geo.pixels);
      if (is3x3() && geo.stride == 1) filter3x3(1, frame, bytes(geo.pw), weights, 4, b, y, geo.oh, geo.ow);
      else if (is3x3()) filter3x3(2, frame, bytes(geo.pw), weights, 4, b, y, geo.oh, geo.ow);
      else if (geo.stride == 1) filter(1, frame, row, offsets, weights, geo.pixels, b, y, geo.oh, geo.ow);
      else filter(2, frame, row, offsets, weights, geo.pixels, b, y, geo.oh, geo.ow);
      x += bytes(geo.h * geo.w);
      y += bytes(geo.positions);
    }
}

/**
 * The gradient to x: a filter of g, spread out by the stride in a frame of zeros, with the weights in their order and the window turned.
 * dx[y,x] = Σ w[ky,kx] g[(y + pad − ky)/stride, (x + pad − kx)/stride]
 */
export function depthwiseInputGrad(gy: usize, w: usize, dx: usize, n: i32, channels: i32, ws: usize): void {
  const kh = geo.kh, kw = geo.kw, fw = geo.w + kw - 1, size = bytes((geo.h + kh - 1) * fw + 16);
  const offsets = ws, frame = ws + bytes((geo.pixels + 3) & -4);
  for (let ky = 0, at = offsets; ky < kh; ky++)
    for (let kx = 0; kx < kw; kx++, at += 4) store<i32>(at, ((kh - 1 - ky) * fw + (kw - 1 - kx)) << 2);
  memory.fill(frame, 0, size);
  const halved = is3x3() && geo.stride == 2 && geo.pad == 1, beside = bytes(geo.ow + 1);
  for (let i = 0; i < n; i++)
    for (let c = 0; c < channels; c++) {
      const weights = w + bytes(c * geo.pixels);
      if (halved) {
        for (let y = 0; y < geo.oh; y++) copyRow(frame + <usize>y * beside, gy + bytes(y * geo.ow), geo.ow);
        spread3x3(frame, beside, weights, dx, geo.h, geo.w);
      } else {
        spread(gy, frame, fw);
        // The window is turned: its last weight comes first.
        if (is3x3()) filter3x3(1, frame, bytes(fw), weights + 32, -4, 0, dx, geo.h, geo.w);
        else filter(1, frame, bytes(fw), offsets, weights, geo.pixels, 0, dx, geo.h, geo.w);
      }
      gy += bytes(geo.positions);
      dx += bytes(geo.h * geo.w);
    }
}

/** Puts one channel of g where its windows begin, in a frame whose rows are fw floats; what only padding feels is left out. */
function spread(gy: usize, frame: usize, fw: i32): void {
  const top = geo.kh - 1 - geo.pad, left = geo.kw - 1 - geo.pad, height = geo.h + geo.kh - 1;
  for (let oy = 0; oy < geo.oh; oy++, gy += bytes(geo.ow)) {
    const y = oy * geo.stride + top;
    if (y < 0 || y >= height) continue;
    const to = frame + bytes(y * fw);
    if (geo.stride == 1 && left >= 0 && left + geo.ow <= fw) copyRow(to + bytes(left), gy, geo.ow);
    else
      for (let ox = 0; ox < geo.ow; ox++) {
        const x = ox * geo.stride + left;
        if (x >= 0 && x < fw) store<f32>(to + bytes(x), load<f32>(gy + bytes(ox)));
      }
  }
}

/** The gradient to the weights of channels [from, to): Σ over images and positions of g times the pixel. */
export function depthwiseWeightGrad(gy: usize, x: usize, dw: usize, n: i32, channels: i32, from: i32, to: i32, ws: usize): void {
  const pixels = geo.pixels, pitch = wide();
  const offsets = ws, frame = ws + bytes((pixels + 3) & -4);
  const rows = frame + bytes((paddedSize() + 3) & -4), sums = rows + bytes(geo.oh * pitch);
  pixelOffsets(offsets);
  memory.fill(rows, 0, bytes(geo.oh * pitch));
  clearFrames(frame, 1);
  const own = bytes(4 * pixels);
  for (let first = from; first < to; first += TOGETHER) {
    const last = min(to, first + TOGETHER);
    memory.fill(sums, 0, own * (last - first));
    for (let i = 0; i < n; i++)
      for (let c = first; c < last; c++) {
        padImage(x + bytes((i * channels + c) * geo.h * geo.w), frame);
        const g = gy + bytes((i * channels + c) * geo.positions);
        for (let y = 0; y < geo.oh; y++) copyRow(rows + bytes(y * pitch), g + bytes(y * geo.ow), geo.ow);
        const total = sums + own * (c - first);
        if (is3x3() && geo.stride == 1) addTaps3x3(1, rows, bytes(pitch), geo.oh, frame, bytes(geo.pw), total);
        else if (is3x3()) addTaps3x3(2, rows, bytes(pitch), geo.oh, frame, bytes(geo.pw), total);
        else if (geo.stride == 1) addTaps(1, rows, frame, offsets, total);
        else addTaps(2, rows, frame, offsets, total);
      }
    for (let k = 0; k < (last - first) * pixels; k++) {
      const v = v128.load(sums + (<usize>k << 4));
      const low = f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1), high = f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3);
      store<f32>(dw + bytes(first * pixels + k), low + high);
    }
  }
}

/** Adds, to the vector of sums of each pixel of the window, g times that pixel at every position of one channel. */
@inline function addTaps(stride: i32, rows: usize, frame: usize, offsets: usize, sums: usize): void {
  const width = bytes(wide()), row = bytes(geo.stride * geo.pw), end = offsets + bytes(geo.pixels);
  for (let k = offsets; k < end; k += 4, sums += 16) {
    let base = frame + load<i32>(k), g = rows, s0 = f32x4.splat(0), s1 = s0;
    for (let y = 0; y < geo.oh; y++) {
      let p: usize = 0;
      for (; p + 32 <= width; p += 32) {
        s0 = f32x4.add(s0, f32x4.mul(v128.load(g + p), four(stride, base + p * stride)));
        s1 = f32x4.add(s1, f32x4.mul(v128.load(g + p, 16), four(stride, base + (p + 16) * stride)));
      }
      if (p < width) s0 = f32x4.add(s0, f32x4.mul(v128.load(g + p), four(stride, base + p * stride)));
      g += width;
      base += row;
    }
    v128.store(sums, f32x4.add(v128.load(sums), f32x4.add(s0, s1)));
  }
}
