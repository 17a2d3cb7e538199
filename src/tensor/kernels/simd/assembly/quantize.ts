// Uniform quantization with a learned step, and its surrogate gradient.
import { bytes } from "./pack";

// The order of these is that of the tables in ../kernels.ts.
const HALF_EVEN = 0, HALF_AWAY = 1;
const INSIDE = 0, STRICT = 1;

/** Nearest whole number: ties to even, or away from zero. */
// @ts-ignore: decorator
@inline function round4(x: v128, rounding: i32): v128 {
  if (rounding != HALF_AWAY) return f32x4.nearest(x);
  const a = f32x4.abs(x), down = f32x4.trunc(a);
  const up = v128.and(f32x4.splat(1), f32x4.ge(f32x4.sub(a, down), f32x4.splat(0.5)));
  return v128.bitselect(x, f32x4.add(down, up), f32x4.splat(-0.0));
}

// @ts-ignore: decorator
@inline function clip4(x: v128, low: v128, high: v128): v128 {
  return f32x4.min(f32x4.max(x, low), high);
}

export function quantize(v: usize, step: f32, qn: f32, qp: f32, rounding: i32, y: usize, n: i32): void {
  // Where the rule is the usual one, no loop asks for it.
  if (rounding == HALF_EVEN) quantizeBy(HALF_EVEN, v, step, qn, qp, y, n);
  else quantizeBy(rounding, v, step, qn, qp, y, n);
}

// @ts-ignore: decorator
@inline function quantizeBy(rounding: i32, v: usize, step: f32, qn: f32, qp: f32, y: usize, n: i32): void {
  const s = f32x4.splat(step), low = f32x4.splat(-qn), high = f32x4.splat(qp);
  // Arrays are padded to whole vectors, so that there is no tail.
  for (let i: usize = 0; i < bytes(n); i += 16)
    v128.store(y + i, f32x4.mul(round4(clip4(f32x4.div(v128.load(v + i), s), low, high), rounding), s));
}

/** By how much the quantized weight moves with the step. */
// @ts-ignore: decorator
@inline function slope4(x: v128, r: v128, low: v128, high: v128, passes: v128): v128 {
  return v128.bitselect(f32x4.sub(r, x), clip4(x, low, high), passes);
}

/** Where the gradient passes. */
// @ts-ignore: decorator
@inline function passes4(mask: i32, x: v128, r: v128, low: v128, high: v128): v128 {
  return mask == INSIDE ? v128.and(f32x4.ge(x, low), f32x4.le(x, high))
    : mask == STRICT ? v128.and(f32x4.gt(x, low), f32x4.lt(x, high))
    : v128.and(f32x4.ge(r, low), f32x4.le(r, high));
}

// @ts-ignore: decorator
@inline function upper(x: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<f32>(x, x, 2, 3, 2, 3));
}

/** Writes dv and returns the gradient of the step, unscaled, summed in float64. */
export function quantizeGrad(g: usize, v: usize, step: f32, qn: f32, qp: f32, rounding: i32, mask: i32, dv: usize, n: i32): f64 {
  if (rounding == HALF_EVEN && mask == INSIDE) return quantizeGradBy(HALF_EVEN, INSIDE, g, v, step, qn, qp, dv, n);
  return quantizeGradBy(rounding, mask, g, v, step, qn, qp, dv, n);
}

// @ts-ignore: decorator
@inline function quantizeGradBy(rounding: i32, mask: i32, g: usize, v: usize, step: f32, qn: f32, qp: f32, dv: usize, n: i32): f64 {
  const s = f32x4.splat(step), low = f32x4.splat(-qn), high = f32x4.splat(qp);
  let d0 = f64x2.splat(0), d1 = d0, i: usize = 0;
  for (; i < bytes(n & -4); i += 16) {
    const u = v128.load(g + i), x = f32x4.div(v128.load(v + i), s), r = round4(x, rounding);
    const passes = passes4(mask, x, r, low, high), slope = slope4(x, r, low, high, passes);
    v128.store(dv + i, v128.and(u, passes));
    d0 = f64x2.add(d0, f64x2.mul(f64x2.promote_low_f32x4(u), f64x2.promote_low_f32x4(slope)));
    d1 = f64x2.add(d1, f64x2.mul(upper(u), upper(slope)));
  }
  d0 = f64x2.add(d0, d1);
  let ds = f64x2.extract_lane(d0, 0) + f64x2.extract_lane(d0, 1);
  for (; i < bytes(n); i += 4) {
    const u = v128.load32_zero(g + i), x = f32x4.div(v128.load32_zero(v + i), s), r = round4(x, rounding);
    const passes = passes4(mask, x, r, low, high), slope = slope4(x, r, low, high, passes);
    store<f32>(dv + i, f32x4.extract_lane(v128.and(u, passes), 0));
    ds += <f64>f32x4.extract_lane(u, 0) * <f64>f32x4.extract_lane(slope, 0);
  }
  return ds;
}
