// Uniform quantization with a learned step, and its surrogate gradient.
import { bytes } from "./pack";

// The order of these is that of the tables in ../kernels.ts.
const HALF_EVEN = 0, HALF_AWAY = 1;
const INSIDE = 0, STRICT = 1;

/** 8 units of roundoff. */
const SLACK: f32 = 4.76837158203125e-7;
/** 2⁻¹⁰⁰: of steps between it and its inverse, the inverse is an ordinary number. */
const TINY: f32 = 7.888609052210118e-31;

/** Nearest whole number: ties to even, or away from zero. */
@inline function round4(x: v128, rounding: i32): v128 {
  if (rounding != HALF_AWAY) return f32x4.nearest(x);
  const a = f32x4.abs(x), down = f32x4.trunc(a);
  const up = v128.and(f32x4.splat(1), f32x4.ge(f32x4.sub(a, down), f32x4.splat(0.5)));
  return v128.bitselect(x, f32x4.add(down, up), f32x4.splat(-0.0));
}

@inline function clip4(x: v128, low: v128, high: v128): v128 {
  // `pmax` and `pmin` are one instruction each. x comes first, so that a NaN stays.
  return f32x4.pmin(f32x4.pmax(x, low), high);
}

export function quantize(v: usize, step: f32, qn: f32, qp: f32, rounding: i32, y: usize, n: i32): void {
  // Where the rule is the usual one, no loop asks for it.
  if (rounding == HALF_EVEN) quantizeToEven(v, step, qn, qp, y, n);
  else quantizeBy(rounding, v, step, qn, qp, y, n);
}

// V8 compiles a loop badly where its function has many others.
function quantizeToEven(v: usize, step: f32, qn: f32, qp: f32, y: usize, n: i32): void {
  quantizeBy(HALF_EVEN, v, step, qn, qp, y, n);
}

@inline function quantizeBy(rounding: i32, v: usize, step: f32, qn: f32, qp: f32, y: usize, n: i32): void {
  const s = f32x4.splat(step), low = f32x4.splat(-qn), high = f32x4.splat(qp);
  // v (1/s) is off v/s by less than 4 units of roundoff: both are rounded to the same level, unless a tie is that near. Only
  // then, or where it is not a number, the division decides. Where 1/s may be no ordinary number, nothing is sure.
  const inverse = f32x4.splat(1 / step), ordinary = step > TINY && step < 1 / TINY;
  const clear = f32x4.splat(ordinary ? 0.5 - (max(qn, qp) + 1) * SLACK : 0);
  // Arrays are padded to whole lines of 64 bytes, so that there is no tail.
  for (const end = v + bytes(n); v < end; v += 64, y += 64) {
    let c = clip4(f32x4.mul(v128.load(v), inverse), low, high), r0 = round4(c, rounding), sure = within4(c, r0, clear);
    c = clip4(f32x4.mul(v128.load(v, 16), inverse), low, high);
    let r1 = round4(c, rounding);
    sure = v128.and(sure, within4(c, r1, clear));
    c = clip4(f32x4.mul(v128.load(v, 32), inverse), low, high);
    let r2 = round4(c, rounding);
    sure = v128.and(sure, within4(c, r2, clear));
    c = clip4(f32x4.mul(v128.load(v, 48), inverse), low, high);
    let r3 = round4(c, rounding);
    sure = v128.and(sure, within4(c, r3, clear));
    if (!i32x4.all_true(sure)) {
      r0 = round4(clip4(f32x4.div(v128.load(v), s), low, high), rounding);
      r1 = round4(clip4(f32x4.div(v128.load(v, 16), s), low, high), rounding);
      r2 = round4(clip4(f32x4.div(v128.load(v, 32), s), low, high), rounding);
      r3 = round4(clip4(f32x4.div(v128.load(v, 48), s), low, high), rounding);
    }
    v128.store(y, f32x4.mul(r0, s));
    v128.store(y, f32x4.mul(r1, s), 16);
    v128.store(y, f32x4.mul(r2, s), 32);
    v128.store(y, f32x4.mul(r3, s), 48);
  }
}

/** Is x nearer than `by` to r? */
@inline function within4(x: v128, r: v128, by: v128): v128 {
  return f32x4.lt(f32x4.abs(f32x4.sub(x, r)), by);
}

/** By how much the quantized weight moves with the step: c is the clipped x. */
@inline function slope4(mask: i32, x: v128, c: v128, passes: v128, rounding: i32): v128 {
  // Where c is x, ⌊x⌉ − x; where it is a level at an end of the range, that level.
  if (mask == INSIDE) return f32x4.sub(round4(c, rounding), v128.and(c, passes));
  return v128.bitselect(f32x4.sub(round4(x, rounding), x), c, passes);
}

/** Where the gradient passes. */
@inline function passes4(mask: i32, x: v128, c: v128, low: v128, high: v128, rounding: i32): v128 {
  const r = round4(x, rounding);
  return mask == INSIDE ? f32x4.eq(c, x)
    : mask == STRICT ? v128.and(f32x4.gt(x, low), f32x4.lt(x, high))
    : v128.and(f32x4.ge(r, low), f32x4.le(r, high));
}

@inline function upper(x: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<f32>(x, x, 2, 3, 2, 3));
}

/** Writes dv and returns the gradient of the step, unscaled, summed in float64. */
export function quantizeGrad(g: usize, v: usize, step: f32, qn: f32, qp: f32, rounding: i32, mask: i32, dv: usize, n: i32): f64 {
  if (rounding == HALF_EVEN && mask == INSIDE) return quantizeGradInside(g, v, step, qn, qp, dv, n);
  return quantizeGradBy(rounding, mask, g, v, step, qn, qp, dv, n);
}

function quantizeGradInside(g: usize, v: usize, step: f32, qn: f32, qp: f32, dv: usize, n: i32): f64 {
  return quantizeGradBy(HALF_EVEN, INSIDE, g, v, step, qn, qp, dv, n);
}

@inline function quantizeGradBy(rounding: i32, mask: i32, g: usize, v: usize, step: f32, qn: f32, qp: f32, dv: usize, n: i32): f64 {
  const s = f32x4.splat(step), low = f32x4.splat(-qn), high = f32x4.splat(qp);
  let d0 = f64x2.splat(0), d1 = d0, i: usize = 0;
  for (; i < bytes(n & -4); i += 16) {
    const u = v128.load(g + i), x = f32x4.div(v128.load(v + i), s), c = clip4(x, low, high);
    const passes = passes4(mask, x, c, low, high, rounding), slope = slope4(mask, x, c, passes, rounding);
    v128.store(dv + i, v128.and(u, passes));
    d0 = f64x2.add(d0, f64x2.mul(f64x2.promote_low_f32x4(u), f64x2.promote_low_f32x4(slope)));
    d1 = f64x2.add(d1, f64x2.mul(upper(u), upper(slope)));
  }
  d0 = f64x2.add(d0, d1);
  let ds = f64x2.extract_lane(d0, 0) + f64x2.extract_lane(d0, 1);
  for (; i < bytes(n); i += 4) {
    const u = v128.load32_zero(g + i), x = f32x4.div(v128.load32_zero(v + i), s), c = clip4(x, low, high);
    const passes = passes4(mask, x, c, low, high, rounding), slope = slope4(mask, x, c, passes, rounding);
    store<f32>(dv + i, f32x4.extract_lane(v128.and(u, passes), 0));
    ds += <f64>f32x4.extract_lane(u, 0) * <f64>f32x4.extract_lane(slope, 0);
  }
  return ds;
}
