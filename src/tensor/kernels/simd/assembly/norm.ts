// Batch normalization of channels [from, to) of x [n, c, inner]. Every pass goes through memory in a straight line, image
// by image: channel by channel, it would wait for memory at each image. What is known of a channel is kept in a workspace,
// which starts with channel `from`.
import { bytes } from "./pack";
import { addHalves, lanes, RUN } from "./sums";

/** Float64 numbers of workspace for each channel. */
const ROW: i32 = 4;

/** Floats of workspace that any of the kernels needs for `channels` channels. */
export function normWorkspace(channels: i32): i32 {
  return 2 * ROW * channels;
}

@inline function row(ws: usize, channel: i32): usize {
  return ws + ((<usize>(ROW * channel)) << 3);
}

@inline function increase(total: usize, by: f64): void {
  store<f64>(total, load<f64>(total) + by);
}

/** Adds Σ (x − shift) and Σ (x − shift)² of n floats to the first two numbers of a row; the shift is the third. */
function addDeviations(x: usize, n: i32, sums: usize): void {
  const shift = <f32>load<f64>(sums, 16), s = f32x4.splat(shift), end = x + bytes(n);
  let plain = f64x2.splat(0), squares = plain;
  for (; x + RUN <= end; x += RUN) {
    let v = f32x4.sub(v128.load(x), s), p = v, d = f32x4.mul(v, v);
    for (let k = 1; k < 8; k++) {
      v = f32x4.sub(v128.load(x + 16 * k), s);
      p = f32x4.add(p, v);
      d = f32x4.add(d, f32x4.mul(v, v));
    }
    plain = addHalves(plain, p);
    squares = addHalves(squares, d);
  }
  for (; x + 16 <= end; x += 16) {
    const a = f32x4.sub(v128.load(x), s);
    plain = addHalves(plain, a);
    squares = addHalves(squares, f32x4.mul(a, a));
  }
  let sum = lanes(plain), dot = lanes(squares);
  for (; x < end; x += 4) {
    const v = load<f32>(x) - shift;
    sum += <f64>v;
    dot += <f64>(v * v);
  }
  increase(sums, sum);
  increase(sums + 8, dot);
}

/**
 * Mean and biased variance of each channel. Deviations are taken from the channel's first value: none of n values lies
 * further than √(n − 1) standard deviations from the mean, so that little cancels however far the mean is from zero.
 */
export function moments(x: usize, mean: usize, variance: usize, n: i32, c: i32, inner: i32, from: i32, to: i32, ws: usize): void {
  for (let j = from; j < to; j++) {
    const sums = row(ws, j - from), first = <f64>load<f32>(x + bytes(j * inner));
    store<f64>(sums, 0);
    store<f64>(sums, 0, 8);
    // Deviations from an infinity would hide it.
    store<f64>(sums, isFinite(first) ? first : 0, 16);
  }
  for (let i = 0; i < n; i++)
    for (let j = from; j < to; j++) addDeviations(x + bytes((i * c + j) * inner), inner, row(ws, j - from));
  const count = <f64>n * <f64>inner;
  for (let j = from; j < to; j++) {
    const sums = row(ws, j - from), d = load<f64>(sums) / count;
    store<f32>(mean + bytes(j), <f32>(load<f64>(sums, 16) + d));
    store<f32>(variance + bytes(j), <f32>max(0, load<f64>(sums, 8) / count - d * d));
  }
}

@inline function inverseOf(variance: usize, eps: f64, j: i32): f64 {
  return 1 / Math.sqrt(<f64>load<f32>(variance + bytes(j)) + eps);
}

/** Stores p and q with p x + q = γ (x − mean) / √(variance + eps) + β, as floats. */
@inline export function storeAffine(at: usize, mean: usize, variance: usize, gamma: usize, beta: usize, eps: f64, j: i32): void {
  const p = <f64>load<f32>(gamma + bytes(j)) / Math.sqrt(<f64>load<f32>(variance + bytes(j)) + eps);
  store<f32>(at, <f32>p);
  store<f32>(at, <f32>(<f64>load<f32>(beta + bytes(j)) - p * <f64>load<f32>(mean + bytes(j))), 4);
}

/** x, or 0 where it is below: a NaN stays. */
@inline function relu4(x: v128): v128 {
  return v128.andnot(x, f32x4.le(x, f32x4.splat(0)));
}

@inline export function affine4(relu: bool, x: v128, p: v128, q: v128): v128 {
  const v = f32x4.add(f32x4.mul(x, p), q);
  return relu ? relu4(v) : v;
}

@inline export function affine1(relu: bool, x: f32, p: f32, q: f32): f32 {
  const v = x * p + q;
  return relu && v <= 0 ? 0 : v;
}

/** y = p x + q, or its ReLU. `relu` is a constant. */
@inline function affine(relu: bool, x: usize, y: usize, n: i32, p: f32, q: f32): void {
  const p4 = f32x4.splat(p), q4 = f32x4.splat(q), end = x + bytes(n);
  for (; x + 64 <= end; x += 64, y += 64) {
    v128.store(y, affine4(relu, v128.load(x), p4, q4));
    v128.store(y, affine4(relu, v128.load(x, 16), p4, q4), 16);
    v128.store(y, affine4(relu, v128.load(x, 32), p4, q4), 32);
    v128.store(y, affine4(relu, v128.load(x, 48), p4, q4), 48);
  }
  for (; x + 16 <= end; x += 16, y += 16) v128.store(y, affine4(relu, v128.load(x), p4, q4));
  for (; x < end; x += 4, y += 4) {
    store<f32>(y, affine1(relu, load<f32>(x), p, q));
  }
}

export function normalize(
  x: usize, mean: usize, variance: usize, gamma: usize, beta: usize, eps: f64, relu: bool, y: usize,
  n: i32, c: i32, inner: i32, from: i32, to: i32, ws: usize,
): void {
  for (let j = from; j < to; j++) storeAffine(row(ws, j - from), mean, variance, gamma, beta, eps, j);
  for (let i = 0; i < n; i++)
    for (let j = from; j < to; j++) {
      const at = bytes((i * c + j) * inner), own = row(ws, j - from);
      if (relu) affine(true, x + at, y + at, inner, load<f32>(own), load<f32>(own, 4));
      else affine(false, x + at, y + at, inner, load<f32>(own), load<f32>(own, 4));
    }
}

/** g where p x + q > 0, else 0; g itself where it is not gated. `gated` is a constant. */
@inline function gate4(gated: bool, g: v128, x: v128, p: v128, q: v128): v128 {
  return gated ? v128.and(g, f32x4.gt(f32x4.add(f32x4.mul(x, p), q), f32x4.splat(0))) : g;
}

@inline function gate1(gated: bool, g: f32, x: f32, p: f32, q: f32): f32 {
  return gated && !(x * p + q > 0) ? 0 : g;
}

/** Adds Σ g and Σ g (x − mean) of n floats to the second and third number of a row, which starts with the floats of the gate. */
@inline function addSlopes(gated: bool, g: usize, x: usize, n: i32, mean: f32, own: usize): void {
  const m = f32x4.splat(mean), p = load<f32>(own), q = load<f32>(own, 4), p4 = f32x4.splat(p), q4 = f32x4.splat(q);
  const end = x + bytes(n);
  let plain = f64x2.splat(0), against = plain;
  for (; x + RUN <= end; x += RUN, g += RUN) {
    let v = v128.load(x), s = gate4(gated, v128.load(g), v, p4, q4), d = f32x4.mul(s, f32x4.sub(v, m));
    for (let k = 1; k < 8; k++) {
      v = v128.load(x + 16 * k);
      const u = gate4(gated, v128.load(g + 16 * k), v, p4, q4);
      s = f32x4.add(s, u);
      d = f32x4.add(d, f32x4.mul(u, f32x4.sub(v, m)));
    }
    plain = addHalves(plain, s);
    against = addHalves(against, d);
  }
  for (; x + 16 <= end; x += 16, g += 16) {
    const v = v128.load(x), u = gate4(gated, v128.load(g), v, p4, q4);
    plain = addHalves(plain, u);
    against = addHalves(against, f32x4.mul(u, f32x4.sub(v, m)));
  }
  let sum = lanes(plain), dot = lanes(against);
  for (; x < end; x += 4, g += 4) {
    const v = load<f32>(x), u = gate1(gated, load<f32>(g), v, p, q);
    sum += <f64>u;
    dot += <f64>(u * (v - mean));
  }
  increase(own + 8, sum);
  increase(own + 16, dot);
}

/** dx = a g + (b x + r), where a, b and r are floats of a row. */
@inline function slopes(gated: bool, g: usize, x: usize, dx: usize, n: i32, own: usize): void {
  const p = load<f32>(own), q = load<f32>(own, 4), p4 = f32x4.splat(p), q4 = f32x4.splat(q);
  const a = load<f32>(own, 8), b = load<f32>(own, 12), r = load<f32>(own, 16);
  const a4 = f32x4.splat(a), b4 = f32x4.splat(b), r4 = f32x4.splat(r);
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    const v = v128.load(x + bytes(i)), u = gate4(gated, v128.load(g + bytes(i)), v, p4, q4);
    v128.store(dx + bytes(i), f32x4.add(f32x4.mul(u, a4), f32x4.add(f32x4.mul(v, b4), r4)));
  }
  for (; i < n; i++) {
    const v = load<f32>(x + bytes(i)), u = gate1(gated, load<f32>(g + bytes(i)), v, p, q);
    store<f32>(dx + bytes(i), u * a + (v * b + r));
  }
}

/** dx = a g + b x + r, where a, b and r are one number for each channel. With `beta`, g counts only where the normalized x is above 0. */
export function batchNormGrad(
  g: usize, x: usize, mean: usize, variance: usize, gamma: usize, beta: usize, eps: f64, dx: usize, dgamma: usize, dbeta: usize,
  n: i32, c: i32, inner: i32, from: i32, to: i32, ws: usize,
): void {
  for (let j = from; j < to; j++) {
    const own = row(ws, j - from);
    if (beta) storeAffine(own, mean, variance, gamma, beta, eps, j);
    store<f64>(own, 0, 8);
    store<f64>(own, 0, 16);
  }
  for (let i = 0; i < n; i++)
    for (let j = from; j < to; j++) {
      const at = bytes((i * c + j) * inner), m = load<f32>(mean + bytes(j)), own = row(ws, j - from);
      if (beta) addSlopes(true, g + at, x + at, inner, m, own);
      else addSlopes(false, g + at, x + at, inner, m, own);
    }
  const count = <f64>n * <f64>inner;
  for (let j = from; j < to; j++) {
    const own = row(ws, j - from), inverse = inverseOf(variance, eps, j);
    const total = load<f64>(own, 8), against = load<f64>(own, 16);
    store<f32>(dbeta + bytes(j), <f32>total);
    store<f32>(dgamma + bytes(j), <f32>(against * inverse));
    const a = <f64>load<f32>(gamma + bytes(j)) * inverse, b = (-a * inverse * inverse * against) / count;
    store<f32>(own, <f32>a, 8);
    store<f32>(own, <f32>b, 12);
    store<f32>(own, <f32>((-a * total) / count - b * <f64>load<f32>(mean + bytes(j))), 16);
  }
  for (let i = 0; i < n; i++)
    for (let j = from; j < to; j++) {
      const at = bytes((i * c + j) * inner), own = row(ws, j - from);
      if (beta) slopes(true, g + at, x + at, dx + at, inner, own);
      else slopes(false, g + at, x + at, dx + at, inner, own);
    }
}
