// Uniform quantization with a learned step, and its surrogate gradient.
import { bytes } from "./pack";

// The order of these is that of the tables in ../kernels.ts.
const HALF_AWAY = 1;
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

/** The four floats at `at`, or the first `live` of them and zeros. */
// @ts-ignore: decorator
@inline function load4(at: usize, live: i32): v128 {
  if (live >= 4) return v128.load(at);
  let x = v128.load32_zero(at);
  if (live > 1) x = f32x4.replace_lane(x, 1, load<f32>(at, 4));
  if (live > 2) x = f32x4.replace_lane(x, 2, load<f32>(at, 8));
  return x;
}

// @ts-ignore: decorator
@inline function store4(at: usize, x: v128, live: i32): void {
  if (live >= 4) return v128.store(at, x);
  store<f32>(at, f32x4.extract_lane(x, 0));
  if (live > 1) store<f32>(at, f32x4.extract_lane(x, 1), 4);
  if (live > 2) store<f32>(at, f32x4.extract_lane(x, 2), 8);
}

export function quantize(v: usize, step: f32, qn: f32, qp: f32, rounding: i32, y: usize, n: i32): void {
  const s = f32x4.splat(step), low = f32x4.splat(-qn), high = f32x4.splat(qp);
  for (let i = 0; i < n; i += 4) {
    const x = clip4(f32x4.div(load4(v + bytes(i), n - i), s), low, high);
    store4(y + bytes(i), f32x4.mul(round4(x, rounding), s), n - i);
  }
}

/** Writes dv and returns the gradient of the step, unscaled, summed in float64. */
export function quantizeGrad(g: usize, v: usize, step: f32, qn: f32, qp: f32, rounding: i32, mask: i32, dv: usize, n: i32): f64 {
  const s = f32x4.splat(step), low = f32x4.splat(-qn), high = f32x4.splat(qp);
  let ds = f64x2.splat(0);
  for (let i = 0; i < n; i += 4) {
    const gi = load4(g + bytes(i), n - i);
    const x = f32x4.div(load4(v + bytes(i), n - i), s), r = round4(x, rounding);
    const passes =
      mask == INSIDE ? v128.and(f32x4.ge(x, low), f32x4.le(x, high))
      : mask == STRICT ? v128.and(f32x4.gt(x, low), f32x4.lt(x, high))
      : v128.and(f32x4.ge(r, low), f32x4.le(r, high));
    store4(dv + bytes(i), v128.and(gi, passes), n - i);
    const slope = v128.bitselect(f32x4.sub(r, x), clip4(x, low, high), passes);
    ds = f64x2.add(ds, f64x2.mul(f64x2.promote_low_f32x4(gi), f64x2.promote_low_f32x4(slope)));
    const gh = v128.shuffle<f32>(gi, gi, 2, 3, 2, 3), sh = v128.shuffle<f32>(slope, slope, 2, 3, 2, 3);
    ds = f64x2.add(ds, f64x2.mul(f64x2.promote_low_f32x4(gh), f64x2.promote_low_f32x4(sh)));
  }
  return f64x2.extract_lane(ds, 0) + f64x2.extract_lane(ds, 1);
}
