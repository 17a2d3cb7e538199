// The gradient of a convolution to its weights.
import { CACHED, chunkOf, touch, up } from "./conv";
import { depthwiseWeightGrad } from "./depthwise";
import { addDots, canDot, dotSums, storeDots } from "./dots";
import { bytes, pack, rowsOf } from "./pack";
import { ACCUMULATE, block, MR, STORE } from "./tile";
import { clearFrames, geo, isDepthwise, isLine, packPixels, paddedSize, padImage, pixelOffsets, setGeometry } from "./window";

/** Up to so many weights, their vectors of sums stay in the cache. */
const FEW: i32 = 4096;
/** Positions that are added to a vector of sums at a time. */
const RUN: i32 = 1024;

/** Is it worth not to pack? `row` is the number of weights of an output channel. */
@inline function dotted(o: i32, row: i32): bool {
  return isLine() && geo.pad == 0 && canDot(o, geo.positions) && o * row <= FEW;
}

/** Floats of workspace for the geometry at hand, `images` of which are a chunk. */
export function weightGradWorkspace(images: i32, o: i32): i32 {
  const columns = images * geo.positions;
  const panels = up(columns, 8) * (up(o, 8) + up(geo.pixels, 8));
  const dots = dotted(o, geo.pixels) ? dotSums(o, geo.pixels) : 0;
  return up(geo.pixels, 4) + images * paddedSize() + max(panels, dots);
}

/** The gradient to w: Σ over images and positions of g times the pixels under the window. For the input channels [from, to) of all groups. */
export function conv2dWeightGrad(
  gy: usize, x: usize, dw: usize, n: i32, groups: i32, c: i32, h: i32, wd: i32, o: i32, oh: i32, ow: i32,
  kh: i32, kw: i32, stride: i32, pad: i32, from: i32, to: i32, ws: usize,
): void {
  setGeometry(c, h, wd, oh, ow, kh, kw, stride, pad);
  if (groups > 1 && isDepthwise(o)) return depthwiseWeightGrad(gy, x, dw, n, groups, from, to, ws);
  const xImage = groups * c * h * wd, gImage = groups * o * oh * ow;
  for (let g = from / c; g * c < to; g++) {
    const first = max(from, g * c), channels = min(to, (g + 1) * c) - first;
    setGeometry(channels, h, wd, oh, ow, kh, kw, stride, pad);
    const column = (first - g * c) * kh * kw, row = c * kh * kw;
    const g0 = gy + bytes(g * o * oh * ow), x0 = x + bytes(first * h * wd), dw0 = dw + bytes(g * o * row + column);
    if (dotted(o, row)) byDots(g0, gImage, x0, xImage, dw0, row, n, o, ws);
    else byPanels(g0, gImage, x0, xImage, dw0, row, n, o, ws);
  }
}

/** As a product of packed panels. dw steps by `row` floats from output channel to output channel. */
function byPanels(gy: usize, gImage: i32, x: usize, xImage: i32, dw: usize, row: i32, n: i32, o: i32, ws: usize): void {
  const positions = geo.positions, depth = geo.pixels, chunk = chunkOf(n);
  const far = n * gImage > CACHED;
  const offsets = ws;
  pixelOffsets(offsets);
  const padded = offsets + bytes(up(depth, 4));
  const framed = geo.pad > 0 || geo.stride == 2;
  const packedG = framed ? padded + bytes(chunk * paddedSize()) : padded;
  const packedX = packedG + bytes(up(o, MR) * chunk * positions);
  if (framed) clearFrames(padded, chunk);
  for (let i = 0; i < n; i += chunk) {
    const images = min(chunk, n - i), columns = images * positions;
    const first = x + bytes(i * xImage);
    if (far) for (let j = 0; j < images; j++) {
      touch(gy + bytes((i + j) * gImage), o * positions);
      if (!framed) touch(first + bytes(j * xImage), geo.c * geo.h * geo.w);
    }
    const pitch = framed ? bytes(paddedSize()) : bytes(xImage);
    if (framed) for (let j = 0; j < images; j++) padImage(first + bytes(j * xImage), padded + <usize>j * pitch);
    packRows(gy + bytes(i * gImage), gImage, images, o, packedG);
    packPixels(framed ? padded : first, pitch, images, offsets, packedX);
    block(o, depth, columns, packedG, packedX, dw, bytes(row), i == 0 ? STORE : ACCUMULATE);
  }
}

/** Packs g: lanes are its channels, depth is all positions of the `count` images. Panels of `rowsOf` lanes. */
function packRows(g: usize, gImage: i32, count: i32, o: i32, out: usize): void {
  const positions = geo.positions;
  for (let l = 0, lanes = 0; l < o; l += lanes) {
    lanes = rowsOf(o - l);
    for (let j = 0; j < count; j++) {
      pack(g + bytes(j * gImage + l * positions), positions, 1, lanes, positions, MR, out);
      out += bytes(MR * positions);
    }
  }
}

/** 1x1 windows without packing: on both sides, the positions of a channel lie in a line. */
function byDots(gy: usize, gImage: i32, x: usize, xImage: i32, dw: usize, row: i32, n: i32, o: i32, sums: usize): void {
  const positions = geo.positions, chunk = max(1, RUN / positions);
  memory.fill(sums, 0, bytes(dotSums(o, geo.c)));
  for (let i = 0; i < n; i += chunk)
    addDots(gy + bytes(i * gImage), positions, gImage, o, x + bytes(i * xImage), positions, xImage, geo.c, min(chunk, n - i), positions, sums);
  storeDots(sums, o, geo.c, dw, bytes(row));
}
