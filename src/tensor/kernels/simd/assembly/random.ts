// Random numbers by counters (Threefry-2x32-20), four counters at a time, and weights with such numbers added.
import { bytes } from "./pack";

// The order of these is that of the table in ../index.ts.
const NORMAL = 0;

@inline function rotate(x: v128, by: i32): v128 {
  return v128.or(i32x4.shl(x, by), i32x4.shr_u(x, 32 - by));
}

/** The half of a round that mixes: y rotated, and x. */
@inline function mix(y: v128, by: i32, x: v128): v128 {
  return v128.xor(rotate(y, by), x);
}

/** The middle of one of 2^23 equal parts of (0, 1), times `width`: exact. */
@inline function middle(word: v128, width: f32): v128 {
  const whole = f32x4.convert_i32x4_u(i32x4.shr_u(word, 9));
  return f32x4.mul(f32x4.add(whole, f32x4.splat(0.5)), f32x4.splat(width * 1.1920928955078125e-7));
}

/** ln u for ordinary u in (0, 1): u = 2^e m with m around 1, and the polynomial of Cephes. */
@inline function log4(u: v128): v128 {
  // Bits of m start again at those of √½, so that e counts from there.
  const shifted = i32x4.sub(u, i32x4.splat(0x3f3504f3));
  const e = f32x4.convert_i32x4_s(i32x4.shr_s(shifted, 23));
  const m = i32x4.add(v128.and(shifted, i32x4.splat(0x007fffff)), i32x4.splat(0x3f3504f3));
  const f = f32x4.sub(m, f32x4.splat(1)), z = f32x4.mul(f, f);
  let p = f32x4.splat(7.0376836292e-2);
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(-1.1514610310e-1));
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(1.1676998740e-1));
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(-1.2420140846e-1));
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(1.4249322787e-1));
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(-1.6668057665e-1));
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(2.0000714765e-1));
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(-2.4999993993e-1));
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(3.3333331174e-1));
  let y = f32x4.mul(f32x4.mul(p, f), z);
  y = f32x4.add(y, f32x4.mul(e, f32x4.splat(-2.12194440e-4)));
  y = f32x4.sub(y, f32x4.mul(z, f32x4.splat(0.5)));
  return f32x4.add(f32x4.add(f, y), f32x4.mul(e, f32x4.splat(0.693359375)));
}

/** Two arrays of numbers in turn: x0 y0 x1 y1 …; at most `live` of the eight. */
@inline function interleave(x: v128, y: v128, to: usize, live: i32): void {
  const low = v128.shuffle<f32>(x, y, 0, 4, 1, 5), high = v128.shuffle<f32>(x, y, 2, 6, 3, 7);
  if (live > 0) v128.store(to, low);
  if (live > 4) v128.store(to, high, 16);
}

/** Box and Muller: the radius from u, the angle from v of a whole turn. */
@inline function normals(a: v128, b: v128, to: usize, live: i32): void {
  const radius = f32x4.sqrt(f32x4.mul(log4(middle(a, 1)), f32x4.splat(-2)));
  // Quarters of a turn, and what is left: at most half a quarter to either side.
  const turn = middle(b, 4), quarter = f32x4.floor(f32x4.add(turn, f32x4.splat(0.5)));
  const x = f32x4.mul(f32x4.sub(turn, quarter), f32x4.splat(<f32>1.5707963267948966)), z = f32x4.mul(x, x);
  let s = f32x4.splat(-1.9515295891e-4);
  s = f32x4.add(f32x4.mul(s, z), f32x4.splat(8.3321608736e-3));
  s = f32x4.add(f32x4.mul(s, z), f32x4.splat(-1.6666654611e-1));
  s = f32x4.add(f32x4.mul(f32x4.mul(s, z), x), x);
  let c = f32x4.splat(2.443315711809948e-5);
  c = f32x4.add(f32x4.mul(c, z), f32x4.splat(-1.388731625493765e-3));
  c = f32x4.add(f32x4.mul(c, z), f32x4.splat(4.166664568298827e-2));
  c = f32x4.add(f32x4.mul(f32x4.mul(c, z), z), f32x4.sub(f32x4.splat(1), f32x4.mul(z, f32x4.splat(0.5))));
  // cos(x + q π/2): cos, −sin, −cos, sin; sin(x + q π/2): sin, cos, −sin, −cos.
  const q = i32x4.trunc_sat_f32x4_s(quarter);
  const odd = i32x4.eq(v128.and(q, i32x4.splat(1)), i32x4.splat(1));
  const cosine = v128.xor(v128.bitselect(s, c, odd), i32x4.shl(v128.and(i32x4.add(q, i32x4.splat(1)), i32x4.splat(2)), 30));
  const sine = v128.xor(v128.bitselect(c, s, odd), i32x4.shl(v128.and(q, i32x4.splat(2)), 30));
  interleave(f32x4.mul(radius, cosine), f32x4.mul(radius, sine), to, live);
}

/** What two words for each of four counters become; at most `live` of the eight numbers. */
@inline function put(law: i32, a: v128, b: v128, to: usize, live: i32): void {
  if (law == NORMAL) return normals(a, b, to, live);
  const one = f32x4.splat(1);
  interleave(f32x4.sub(middle(a, 2), one), f32x4.sub(middle(b, 2), one), to, live);
}

/** Eight counters at a time, in two chains that do not wait for each other. `law` is a constant. */
@inline function fill(law: i32, k0: i32, k1: i32, y: usize, from: i32, to: i32): void {
  let counter = i32x4.add(i32x4(0, 1, 2, 3), i32x4.splat(from / 2));
  y += bytes(from);
  for (let i = from; i < to; i += 16) {
    let p = k0, q = k1, r = 0x1bd11bda ^ k0 ^ k1;
    let a = i32x4.add(counter, i32x4.splat(p)), c = i32x4.add(a, i32x4.splat(4)), b = i32x4.splat(q), d = b;
    for (let group = 1; group <= 5; group++) {
      if (group & 1) {
        a = i32x4.add(a, b); c = i32x4.add(c, d); b = mix(b, 13, a); d = mix(d, 13, c);
        a = i32x4.add(a, b); c = i32x4.add(c, d); b = mix(b, 15, a); d = mix(d, 15, c);
        a = i32x4.add(a, b); c = i32x4.add(c, d); b = mix(b, 26, a); d = mix(d, 26, c);
        a = i32x4.add(a, b); c = i32x4.add(c, d); b = mix(b, 6, a); d = mix(d, 6, c);
      } else {
        a = i32x4.add(a, b); c = i32x4.add(c, d); b = mix(b, 17, a); d = mix(d, 17, c);
        a = i32x4.add(a, b); c = i32x4.add(c, d); b = mix(b, 29, a); d = mix(d, 29, c);
        a = i32x4.add(a, b); c = i32x4.add(c, d); b = mix(b, 16, a); d = mix(d, 16, c);
        a = i32x4.add(a, b); c = i32x4.add(c, d); b = mix(b, 24, a); d = mix(d, 24, c);
      }
      const first = p;
      p = q; q = r; r = first;
      a = i32x4.add(a, i32x4.splat(p)); c = i32x4.add(c, i32x4.splat(p));
      b = i32x4.add(b, i32x4.splat(q + group)); d = i32x4.add(d, i32x4.splat(q + group));
    }
    put(law, a, b, y, to - i);
    put(law, c, d, y + 32, to - i - 8);
    counter = i32x4.add(counter, i32x4.splat(8));
    y += 64;
  }
}

/** The numbers [from, to) of y, where `from` is a multiple of 16. Arrays are padded to whole vectors, so that there is no tail. */
export function random(law: i32, k0: i32, k1: i32, y: usize, from: i32, to: i32): void {
  if (law == NORMAL) fill(NORMAL, k0, k1, y, from, to);
  else fill(1 - NORMAL, k0, k1, y, from, to);
}

/** y = w + spread(w) z in float64, rounded once. */
export function displace(w: usize, z: usize, y: usize, n: i32, square: f64, constant: f64, root: bool): void {
  for (let i = 0; i < n; i++) {
    const x = <f64>load<f32>(w + bytes(i)), variance = square * x * x + constant;
    store<f32>(y + bytes(i), <f32>(x + (root ? Math.sqrt(variance) : variance) * <f64>load<f32>(z + bytes(i))));
  }
}
