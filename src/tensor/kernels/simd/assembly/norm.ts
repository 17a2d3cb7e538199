// Batch normalization of x [n, c, inner], for the channels [from, to): sums in float64, one pass over the images for each.
import { bytes } from "./pack";

let dot: f64 = 0;
let plain: f64 = 0;

/** plain = Σ (a − shiftA), dot = Σ (a − shiftA) (b − shiftB), over one run of n floats. */
function sums(a: usize, shiftA: f64, b: usize, shiftB: f64, n: i32): void {
  const sa = f64x2.splat(shiftA),
    sb = f64x2.splat(shiftB);
  let p0 = f64x2.splat(0),
    p1 = p0,
    d0 = p0,
    d1 = p0,
    i = 0;
  for (; i + 4 <= n; i += 4) {
    const va = v128.load(a + bytes(i)),
      vb = v128.load(b + bytes(i));
    const a0 = f64x2.sub(f64x2.promote_low_f32x4(va), sa),
      a1 = f64x2.sub(f64x2.promote_low_f32x4(v128.shuffle<f32>(va, va, 2, 3, 2, 3)), sa);
    const b0 = f64x2.sub(f64x2.promote_low_f32x4(vb), sb),
      b1 = f64x2.sub(f64x2.promote_low_f32x4(v128.shuffle<f32>(vb, vb, 2, 3, 2, 3)), sb);
    p0 = f64x2.add(p0, a0);
    p1 = f64x2.add(p1, a1);
    d0 = f64x2.add(d0, f64x2.mul(a0, b0));
    d1 = f64x2.add(d1, f64x2.mul(a1, b1));
  }
  p0 = f64x2.add(p0, p1);
  d0 = f64x2.add(d0, d1);
  plain = f64x2.extract_lane(p0, 0) + f64x2.extract_lane(p0, 1);
  dot = f64x2.extract_lane(d0, 0) + f64x2.extract_lane(d0, 1);
  for (; i < n; i++) {
    const v = <f64>load<f32>(a + bytes(i)) - shiftA;
    plain += v;
    dot += v * (<f64>load<f32>(b + bytes(i)) - shiftB);
  }
}

/**
 * Mean and biased variance of each channel. Deviations are taken from the channel's first value: none of n values lies
 * further than √(n − 1) standard deviations from the mean, so that little cancels however far the mean is from zero.
 */
export function moments(x: usize, mean: usize, variance: usize, n: i32, c: i32, inner: i32, from: i32, to: i32): void {
  const count = <f64>n * <f64>inner;
  for (let j = from; j < to; j++) {
    let first = <f64>load<f32>(x + bytes(j * inner));
    // Deviations from an infinity would hide it.
    if (!isFinite(first)) first = 0;
    let total: f64 = 0,
      square: f64 = 0;
    for (let i = 0; i < n; i++) {
      const at = x + bytes((i * c + j) * inner);
      sums(at, first, at, first, inner);
      total += plain;
      square += dot;
    }
    const d = total / count;
    store<f32>(mean + bytes(j), <f32>(first + d));
    store<f32>(variance + bytes(j), <f32>max(0, square / count - d * d));
  }
}

/** y = p x + q */
function affine(x: usize, y: usize, n: i32, p: f32, q: f32): void {
  const p4 = f32x4.splat(p),
    q4 = f32x4.splat(q);
  let i = 0;
  for (; i + 4 <= n; i += 4) v128.store(y + bytes(i), f32x4.add(f32x4.mul(v128.load(x + bytes(i)), p4), q4));
  for (; i < n; i++) store<f32>(y + bytes(i), load<f32>(x + bytes(i)) * p + q);
}

export function normalize(
  x: usize,
  mean: usize,
  variance: usize,
  gamma: usize,
  beta: usize,
  eps: f64,
  y: usize,
  n: i32,
  c: i32,
  inner: i32,
  from: i32,
  to: i32,
): void {
  for (let j = from; j < to; j++) {
    const p = <f64>load<f32>(gamma + bytes(j)) / Math.sqrt(<f64>load<f32>(variance + bytes(j)) + eps);
    const q = <f64>load<f32>(beta + bytes(j)) - p * <f64>load<f32>(mean + bytes(j));
    for (let i = 0; i < n; i++) {
      const at = bytes((i * c + j) * inner);
      affine(x + at, y + at, inner, <f32>p, <f32>q);
    }
  }
}

/** dx = p g + q x + r, where p, q and r are one number for each channel. */
export function batchNormGrad(
  g: usize,
  x: usize,
  mean: usize,
  variance: usize,
  gamma: usize,
  eps: f64,
  dx: usize,
  dgamma: usize,
  dbeta: usize,
  n: i32,
  c: i32,
  inner: i32,
  from: i32,
  to: i32,
): void {
  const count = <f64>n * <f64>inner;
  for (let j = from; j < to; j++) {
    const m = <f64>load<f32>(mean + bytes(j));
    const inverse = 1 / Math.sqrt(<f64>load<f32>(variance + bytes(j)) + eps);
    let total: f64 = 0,
      against: f64 = 0;
    for (let i = 0; i < n; i++) {
      const at = bytes((i * c + j) * inner);
      sums(g + at, 0, x + at, m, inner);
      total += plain;
      against += dot;
    }
    store<f32>(dbeta + bytes(j), <f32>total);
    store<f32>(dgamma + bytes(j), <f32>(against * inverse));
    const p = <f64>load<f32>(gamma + bytes(j)) * inverse;
    const q = (-p * inverse * inverse * against) / count;
    const r = (-p * total) / count - q * m;
    const p4 = f32x4.splat(<f32>p),
      q4 = f32x4.splat(<f32>q),
      r4 = f32x4.splat(<f32>r);
    for (let i = 0; i < n; i++) {
      const at = bytes((i * c + j) * inner);
      let k = 0;
      for (; k + 4 <= inner; k += 4) {
        const v = f32x4.add(
          f32x4.mul(v128.load(g + at + bytes(k)), p4),
          f32x4.add(f32x4.mul(v128.load(x + at + bytes(k)), q4), r4),
        );
        v128.store(dx + at + bytes(k), v);
      }
      for (; k < inner; k++)
        store<f32>(
          dx + at + bytes(k),
          load<f32>(g + at + bytes(k)) * <f32>p + (load<f32>(x + at + bytes(k)) * <f32>q + <f32>r),
        );
    }
  }
}
