// Uniform quantization with a learned step, and its surrogate gradient.
import { bytes } from "./pack";
import { addHalves, lanes } from "./sums";

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
  // then the division decides. Where 1/s may be no ordinary number, nothing is sure. A NaN stays one either way.
  const inverse = f32x4.splat(1 / step), ordinary = step > TINY && step < 1 / TINY;
  const clear = f32x4.splat(ordinary ? 0.5 - (max(qn, qp) + 1) * SLACK : 0);
  // Arrays are padded to whole lines of 64 bytes, so that there is no tail.
  for (const end = v + bytes(n); v < end; v += 64, y += 64) {
    let c = clip4(f32x4.mul(v128.load(v), inverse), low, high), r0 = round4(c, rounding), far = distance4(c, r0);
    c = clip4(f32x4.mul(v128.load(v, 16), inverse), low, high);
    let r1 = round4(c, rounding);
    far = f32x4.pmax(far, distance4(c, r1));
    c = clip4(f32x4.mul(v128.load(v, 32), inverse), low, high);
    let r2 = round4(c, rounding);
    far = f32x4.pmax(far, distance4(c, r2));
    c = clip4(f32x4.mul(v128.load(v, 48), inverse), low, high);
    let r3 = round4(c, rounding);
    far = f32x4.pmax(far, distance4(c, r3));
    if (!i32x4.all_true(f32x4.lt(far, clear))) {
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

@inline function distance4(x: v128, r: v128): v128 {
  return f32x4.abs(f32x4.sub(x, r));
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

/** Writes dv and returns the gradient of the step, unscaled. */
export function quantizeGrad(g: usize, v: usize, step: f32, qn: f32, qp: f32, rounding: i32, mask: i32, dv: usize, n: i32): f64 {
  if (rounding == HALF_EVEN && mask == INSIDE) return quantizeGradInside(g, v, step, qn, qp, dv, n);
  return quantizeGradBy(rounding, mask, g, v, step, qn, qp, dv, n);
}

function quantizeGradInside(g: usize, v: usize, step: f32, qn: f32, qp: f32, dv: usize, n: i32): f64 {
  return quantizeGradBy(HALF_EVEN, INSIDE, g, v, step, qn, qp, dv, n);
}

@inline function quantizeGradBy(rounding: i32, mask: i32, g: usize, v: usize, step: f32, qn: f32, qp: f32, dv: usize, n: i32): f64 {
  const s = f32x4.splat(step), low = f32x4.splat(-qn), high = f32x4.splat(qp);
  const end = v + bytes(n);
  let total = f64x2.splat(0);
  for (; v + 64 <= end; v += 64, g += 64, dv += 64) {
    const a = gradient4(v128.load(g), v128.load(v), s, low, high, rounding, mask, dv);
    const b = gradient4(v128.load(g, 16), v128.load(v, 16), s, low, high, rounding, mask, dv + 16);
    const c = gradient4(v128.load(g, 32), v128.load(v, 32), s, low, high, rounding, mask, dv + 32);
    const d = gradient4(v128.load(g, 48), v128.load(v, 48), s, low, high, rounding, mask, dv + 48);
    total = addHalves(total, f32x4.add(f32x4.add(a, b), f32x4.add(c, d)));
  }
  for (; v + 16 <= end; v += 16, g += 16, dv += 16)
    total = addHalves(total, gradient4(v128.load(g), v128.load(v), s, low, high, rounding, mask, dv));
  let ds = lanes(total);
  const rest = (end - v) >> 2;
  if (rest > 0) {
    // The padding of arrays has room for the others of the last four.
    const last = gradient4(v128.load(g), v128.load(v), s, low, high, rounding, mask, dv);
    ds += <f64>f32x4.extract_lane(last, 0);
    if (rest > 1) ds += <f64>f32x4.extract_lane(last, 1);
    if (rest > 2) ds += <f64>f32x4.extract_lane(last, 2);
  }
  return ds;
}

/** Stores the gradient to four numbers at dv, and returns what they add to that of the step. */
@inline function gradient4(g: v128, v: v128, s: v128, low: v128, high: v128, rounding: i32, mask: i32, dv: usize): v128 {
  const x = f32x4.div(v, s), c = clip4(x, low, high), passes = passes4(mask, x, c, low, high, rounding);
  v128.store(dv, v128.and(g, passes));
  return f32x4.mul(g, slope4(mask, x, c, passes, rounding));
}
