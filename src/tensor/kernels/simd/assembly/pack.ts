// Packing: copying a matrix into panels, so that the tile reads memory in a straight line.
// A panel holds `width` lanes (4 rows of A, or 3 beside a zero, or 8 columns of B) side by side, for every depth. Lanes that
// are missing from a half of four are zero; a half that has none is left alone.

@inline export function bytes(floats: i32): usize {
  return <usize>floats << 2;
}

/** Rows that are multiplied at a time where `rest` are left: fours, then threes, so that no single row is left where there are many. */
@inline export function rowsOf(rest: i32): i32 {
  return min(rest, rest > 3 * (-rest & 3) ? 4 : 3);
}

/** Writes the transpose of the rows r0..r3 to out, out + pitch, … */
@inline export function storeTransposed(r0: v128, r1: v128, r2: v128, r3: v128, out: usize, pitch: usize): void {
  const t0 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5), t1 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
  const t2 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5), t3 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
  v128.store(out, v128.shuffle<f32>(t0, t2, 0, 1, 4, 5));
  v128.store(out + pitch, v128.shuffle<f32>(t0, t2, 2, 3, 6, 7));
  v128.store(out + 2 * pitch, v128.shuffle<f32>(t1, t3, 0, 1, 4, 5));
  v128.store(out + 3 * pitch, v128.shuffle<f32>(t1, t3, 2, 3, 6, 7));
}

/** Four lanes, `lane` bytes apart, whose depth is contiguous; `live` of them exist, the others are zero. */
function packDeep(src: usize, lane: usize, live: i32, depth: i32, out: usize, pitch: usize): void {
  const zero = f32x4.splat(0);
  let p = 0;
  for (; p + 4 <= depth; p += 4) {
    const r0 = v128.load(src), r1 = live > 1 ? v128.load(src + lane) : zero;
    const r2 = live > 2 ? v128.load(src + 2 * lane) : zero, r3 = live > 3 ? v128.load(src + 3 * lane) : zero;
    storeTransposed(r0, r1, r2, r3, out, pitch);
    src += 16;
    out += 4 * pitch;
  }
  for (; p < depth; p++) {
    for (let l = 0; l < 4; l++) store<f32>(out + bytes(l), l < live ? load<f32>(src + <usize>l * lane) : 0);
    src += 4;
    out += pitch;
  }
}

/** Four contiguous lanes, whose depth steps by `step` bytes; `live` of them exist. */
function packWide(src: usize, step: usize, live: i32, depth: i32, out: usize, pitch: usize): void {
  for (let p = 0; p < depth; p++) {
    if (live == 4) v128.store(out, v128.load(src));
    else for (let l = 0; l < 4; l++) store<f32>(out + bytes(l), l < live ? load<f32>(src + bytes(l)) : 0);
    src += step;
    out += pitch;
  }
}

/** Four lanes of any stride. */
function packAny(src: usize, lane: usize, step: usize, live: i32, depth: i32, out: usize, pitch: usize): void {
  for (let p = 0; p < depth; p++) {
    for (let l = 0; l < 4; l++)
      store<f32>(out + bytes(l), l < live ? load<f32>(src + <usize>l * lane) : 0);
    src += step;
    out += pitch;
  }
}

/**
 * Packs the matrix whose element (lane, depth) is at `src + lane * laneStride + depth * depthStride` (in floats)
 * into panels of `width` lanes. Returns the end of what it wrote.
 */
export function pack(src: usize, laneStride: i32, depthStride: i32, lanes: i32, depth: i32, width: i32, out: usize): usize {
  const pitch = bytes(width);
  for (let l = 0, own = 0; l < lanes; l += own) {
    own = width == 4 ? rowsOf(lanes - l) : min(width, lanes - l);
    for (let half = 0; half < width; half += 4) {
      const live = min(4, own - half);
      // Nobody reads a half without lanes: a tile of at most 4 columns has only one half.
      if (live <= 0) break;
      const from = src + bytes((l + half) * laneStride), to = out + bytes(half);
      if (depthStride == 1) packDeep(from, bytes(laneStride), live, depth, to, pitch);
      else if (laneStride == 1) packWide(from, bytes(depthStride), live, depth, to, pitch);
      else packAny(from, bytes(laneStride), bytes(depthStride), live, depth, to, pitch);
    }
    out += pitch * <usize>depth;
  }
  return out;
}
