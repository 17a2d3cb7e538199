// Convolution and its two transposes, as products over chunks of images.
import { ACCUMULATE, block, edgeTile, KC, MR, NC, NR, PANEL, partialTile, put, STORE, tile, tile3 } from "./tile";
import { depthwise, depthwiseInputGrad, depthwiseWorkspace } from "./depthwise";
import { normalize, normWorkspace, storeAffine } from "./norm";
import { bytes, pack, rowsOf } from "./pack";
import { addColumns, clearFrames, geo, isDepthwise, isLine, packColumns, paddedSize, padImage, pixelOffsets, setGeometry, unpadImage } from "./window";
import { weightGradWorkspace } from "./weight-grad";

/** Up to this depth, columns that lie in one line are read where they are: packing them would cost more than it gains. */
const DIRECT: i32 = 32;
/** Floats of packed columns that stay in the first-level cache while panels of weights pass by: 16 KB. */
const NEAR: i32 = 4096;
/** Columns that a chunk of images should have at least, where there are enough images. */
const CHUNK: i32 = 256;

@inline export function up(n: i32, to: i32): i32 {
  return (n + to - 1) / to * to;
}

/** Floats that may be in the second-level cache already: a megabyte. */
export const CACHED: i32 = 1 << 18;

/** What has been touched, so that touching is not optimized away. */
let touched: i32 = 0;

/**
 * Reads n floats in the order of memory, a line at a time: they come into the cache as one stream, as fast as memory gives
 * them. The kernels themselves hop from channel to channel, and would wait at each of them.
 */
export function touch(from: usize, n: i32): void {
  let any = 0;
  for (let at = from, end = from + bytes(n); at < end; at += 64) any |= load<i32>(at);
  touched |= any;
}

export function chunkOf(images: i32): i32 {
  return min(images, max(1, CHUNK / geo.positions));
}

/** Floats of workspace that any of the three needs. The geometry is that of one group. */
export function convWorkspace(n: i32, c: i32, h: i32, w: i32, o: i32, oh: i32, ow: i32, kh: i32, kw: i32, stride: i32, pad: i32): i32 {
  setGeometry(c, h, w, oh, ow, kh, kw, stride, pad);
  const images = chunkOf(n), columns = images * geo.positions;
  const weights = up(o, 8) * up(geo.pixels, 8), padded = images * paddedSize();
  const forward = weights + padded + 2 * geo.pixels + 8 + up(o, 8) // packed weights, padded images, offsets, bias
    + KC * NC // packed columns
    + max(geo.c * h * w, geo.pixels * columns); // columns before they are added up
  return max(max(forward, weightGradWorkspace(images, o)), depthwiseWorkspace());
}

/**
 * y[q] = A col(x)[q] for every column q, A given by its strides [rows, geo.pixels]. `x` and `y` step by xImage and yImage
 * floats from image to image. `bias` has one float a row, or is 0; of `pairs`, see `product`.
 */
function multiplyColumns(
  a: usize, ar: i32, ac: i32, rows: i32, x: usize, xImage: i32, n: i32, y: usize, yImage: i32, bias: usize, pairs: usize, ws: usize,
): void {
  const positions = geo.positions, depth = geo.pixels;
  // Weights are packed once: blocks of KC, panels of 4 rows in each.
  let free = ws;
  const packedA = free;
  for (let p = 0; p < depth; p += KC) free = pack(a + bytes(p * ac), ar, ac, rows, min(KC, depth - p), MR, free);
  const packedBias = bias ? free : 0;
  if (bias) {
    memory.fill(free, 0, bytes(up(rows, 8)));
    memory.copy(free, bias, bytes(rows));
    free += bytes(up(rows, 8));
  }
  const offsets = free;
  pixelOffsets(offsets);
  free += bytes(up(depth, 4));
  const padded = free, framed = geo.pad > 0 || geo.stride == 2;
  const chunk = chunkOf(n);
  if (framed) {
    clearFrames(padded, chunk);
    free += bytes(chunk * paddedSize());
  }
  const packedB = free;
  const direct = isLine() && positions % NR == 0 && depth <= DIRECT;

  for (let i = 0; i < n; i += chunk) {
    const images = min(chunk, n - i), columns = images * positions;
    const source = framed ? padded : x + bytes(i * xImage);
    const pitch = framed ? bytes(paddedSize()) : bytes(xImage);
    if (framed) for (let j = 0; j < images; j++) padImage(x + bytes((i + j) * xImage), padded + <usize>j * pitch);
    for (let first = 0; first < columns; first += NC) {
      const count = min(NC, columns - first);
      for (let p = 0; p < depth; p += KC) {
        const kc = min(KC, depth - p), mode = p == 0 ? STORE : ACCUMULATE, last = p + kc == depth;
        if (!direct) packColumns(source, pitch, offsets, first, count, p, kc, packedB);
        const panels = packedA + bytes(up(rows, MR) * p);
        const rowBias = p == 0 ? packedBias : 0, rowPairs = last ? pairs : 0, step = direct ? bytes(positions) : PANEL;
        for (let q = 0, wide = 0; q < count; q += wide) {
          const column = first + q, image = column / positions, position = column % positions;
          const from = direct ? source + <usize>image * pitch + bytes(position) : packedB + bytes(q * kc);
          wide = min(max(NR, NEAR / kc), min(positions - position, count - q)) / NR * NR;
          if (wide > 0)
            wholePanels(
              panels, from, step, direct ? PANEL : bytes(NR * kc), wide / NR, rows, kc,
              y + bytes((i + image) * yImage + position), bytes(positions), mode, rowBias, rowPairs,
            );
          else {
            wide = NR;
            columnPanel(panels, from, step, rows, kc, y, yImage, i, column, min(NR, count - q), mode, rowBias, rowPairs);
          }
        }
      }
    }
  }
}

/**
 * Multiplies `count` whole panels of columns of one image, `next` bytes apart: all of them by some rows, then by the next ones, so
 * that lines of y are filled one after the other.
 */
function wholePanels(
  a: usize, b: usize, step: usize, next: usize, count: i32, rows: i32, kc: i32, y: usize, row: usize, mode: i32, bias: usize, pairs: usize,
): void {
  for (let r = 0, live = 0; r < rows; r += live) {
    live = rowsOf(rows - r);
    let from = b, to = y;
    const end = to + PANEL * <usize>count;
    if (live == MR) for (; to < end; to += PANEL, from += next) tile(kc, a, from, step, to, row, mode, bias, pairs);
    else if (live == 3) for (; to < end; to += PANEL, from += next) tile3(kc, a, from, step, to, row, mode, bias, pairs);
    else for (; to < end; to += PANEL, from += next) edgeTile(kc, a, from, step, to, row, mode, bias, pairs, live, NR);
    a += bytes(MR * kc);
    y += <usize>live * row;
    bias += bias ? bytes(live) : 0;
    pairs += pairs ? bytes(2 * live) : 0;
  }
}

/** Multiplies one panel of columns and stores it where its positions are in y [N, rows, positions]. */
function columnPanel(
  a: usize, b: usize, step: usize, rows: i32, kc: i32, y: usize, yImage: i32, image: i32, column: i32, cols: i32, mode: i32, bias: usize, pairs: usize,
): void {
  const positions = geo.positions, position = column % positions;
  const row = bytes(positions);
  const at = y + bytes((image + column / positions) * yImage + position);
  const together = position + cols <= positions;
  let panel = a;
  for (let r = 0, live = 0; r < rows; r += live) {
    live = rowsOf(rows - r);
    const to = at + <usize>r * row, rowBias = bias ? bias + bytes(r) : 0, rowPairs = pairs ? pairs + bytes(2 * r) : 0;
    if (together) edgeTile(kc, panel, b, step, to, row, mode, rowBias, rowPairs, live, cols);
    else {
      const values = partialTile(kc, panel, b, step, live, cols, rowBias);
      for (let j = 0; j < cols; j++) {
        const q = column + j;
        const place = y + bytes((image + q / positions) * yImage + r * positions + q % positions);
        for (let k = 0; k < live; k++)
          put(place + <usize>k * row, load<f32>(values + bytes(k * NR + j)), mode, rowPairs ? rowPairs + bytes(2 * k) : 0);
      }
    }
    panel += bytes(MR * kc);
  }
}

/** x [n, groups c, h, w], w [groups o, c, kh, kw], bias [groups o] or 0; y [n, groups o, oh, ow]. c and o are of one group. */
export function conv2d(
  x: usize, w: usize, bias: usize, y: usize, n: i32, groups: i32, c: i32, h: i32, wd: i32, o: i32, oh: i32, ow: i32,
  kh: i32, kw: i32, stride: i32, pad: i32, ws: usize,
): void {
  setGeometry(c, h, wd, oh, ow, kh, kw, stride, pad);
  if (groups > 1 && isDepthwise(o)) return depthwise(x, w, bias, y, n, groups, ws);
  convolve(x, w, bias, 0, y, n, groups, o, ws);
}

/** max(0, γ (conv2d(…) − mean) / √(variance + eps) + β), while the results are still in registers. */
export function conv2dNormalizeRelu(
  x: usize, w: usize, bias: usize, mean: usize, variance: usize, gamma: usize, beta: usize, eps: f64, y: usize,
  n: i32, groups: i32, c: i32, h: i32, wd: i32, o: i32, oh: i32, ow: i32, kh: i32, kw: i32, stride: i32, pad: i32, ws: usize,
): void {
  setGeometry(c, h, wd, oh, ow, kh, kw, stride, pad);
  const outputs = groups * o;
  if (groups > 1 && isDepthwise(o)) {
    depthwise(x, w, bias, y, n, groups, ws);
    return normalize(y, mean, variance, gamma, beta, eps, true, y, n, outputs, geo.positions, 0, outputs, ws);
  }
  for (let j = 0; j < outputs; j++) storeAffine(ws + bytes(2 * j), mean, variance, gamma, beta, eps, j);
  convolve(x, w, bias, ws, y, n, groups, o, ws + bytes(normWorkspace(outputs)));
}

/** The geometry is that of one group, of which `o` are the outputs. */
function convolve(x: usize, w: usize, bias: usize, pairs: usize, y: usize, n: i32, groups: i32, o: i32, ws: usize): void {
  const plane = geo.c * geo.h * geo.w, out = o * geo.positions;
  for (let g = 0; g < groups; g++)
    multiplyColumns(
      w + bytes(g * o * geo.pixels), geo.pixels, 1, o, x + bytes(g * plane), groups * plane, n,
      y + bytes(g * out), groups * out, bias ? bias + bytes(g * o) : 0, pairs ? pairs + bytes(2 * g * o) : 0, ws,
    );
}

/** The gradient to x, from g in the place of y. */
export function conv2dInputGrad(
  gy: usize, w: usize, dx: usize, n: i32, groups: i32, c: i32, h: i32, wd: i32, o: i32, oh: i32, ow: i32,
  kh: i32, kw: i32, stride: i32, pad: i32, ws: usize,
): void {
  setGeometry(c, h, wd, oh, ow, kh, kw, stride, pad);
  if (groups > 1 && isDepthwise(o)) return depthwiseInputGrad(gy, w, dx, n, groups, ws);
  const plane = h * wd, positions = oh * ow, depth = c * kh * kw;
  for (let g = 0; g < groups; g++) {
    const weights = w + bytes(g * o * depth), from = gy + bytes(g * o * positions), to = dx + bytes(g * c * plane);
    if (kh == 1 && kw == 1 && stride == 1 && pad == 0) {
      setGeometry(o, oh, ow, oh, ow, 1, 1, 1, 0);
      multiplyColumns(weights, 1, depth, c, from, groups * o * positions, n, to, groups * c * plane, 0, 0, ws);
      continue;
    }
    setGeometry(c, h, wd, oh, ow, kh, kw, stride, pad);
    inputGradByColumns(weights, depth, o, from, groups * o * positions, n, to, groups * c * plane, ws);
  }
}

/** matrix[pixel][column] = Wᵀ g for a chunk of images, then every column is added to the pixels it was read from. */
function inputGradByColumns(w: usize, depth: i32, o: i32, gy: usize, gImage: i32, n: i32, dx: usize, xImage: i32, ws: usize): void {
  const positions = geo.positions, chunk = chunkOf(n);
  let free = ws;
  const packedA = free;
  for (let p = 0; p < o; p += KC) free = pack(w + bytes(p * depth), 1, depth, depth, min(KC, o - p), MR, free);
  const padded = free;
  free += bytes(paddedSize());
  const matrix = free;
  free += bytes(depth * chunk * positions);
  const packedB = free;
  for (let i = 0; i < n; i += chunk) {
    const images = min(chunk, n - i);
    const ld = bytes(images * positions);
    for (let j = 0; j < images; j++)
      for (let first = 0; first < positions; first += NC)
        for (let p = 0; p < o; p += KC) {
          const kc = min(KC, o - p), count = min(NC, positions - first);
          pack(gy + bytes((i + j) * gImage + p * positions + first), 1, positions, count, kc, NR, packedB);
          block(depth, count, kc, packedA + bytes(up(depth, MR) * p), packedB, matrix + bytes(j * positions + first), ld, p == 0 ? STORE : ACCUMULATE);
        }
    for (let j = 0; j < images; j++) {
      clearFrames(padded, 1);
      addColumns(matrix + bytes(j * positions), ld, padded);
      unpadImage(padded, dx + bytes((i + j) * xImage));
    }
  }
}
