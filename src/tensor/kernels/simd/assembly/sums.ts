// Sums: in float32 over a run of eight vectors, so that no sum is of more than eight numbers, and in float64 over the runs. A
// conversion for every vector would take longer than the sums themselves.

/** Bytes of eight vectors. */
export const RUN: usize = 128;

@inline function high(x: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<f32>(x, x, 2, 3, 2, 3));
}

/** Adds the four floats of x to the two numbers of a total. */
@inline export function addHalves(total: v128, x: v128): v128 {
  return f64x2.add(f64x2.add(total, f64x2.promote_low_f32x4(x)), high(x));
}

@inline export function lanes(x: v128): f64 {
  return f64x2.extract_lane(x, 0) + f64x2.extract_lane(x, 1);
}
