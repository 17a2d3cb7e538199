// One update of one parameter. Arrays are padded to whole vectors, so that there is no tail.
import { bytes } from "./pack";

/** `rest` is 1 − dampening. */
export function sgd(
  p: usize,
  g: usize,
  buf: usize,
  next: usize,
  nextBuf: usize,
  n: i32,
  lr: f32,
  momentum: f32,
  rest: f32,
  nesterov: bool,
  decay: f32,
): void {
  // What does not change from weight to weight is decided once.
  if (buf == 0) sgdOn(0, nesterov, momentum, p, g, buf, next, nextBuf, n, lr, rest, decay);
  else if (nesterov) sgdOn(1, true, momentum, p, g, buf, next, nextBuf, n, lr, rest, decay);
  else sgdOn(1, false, momentum, p, g, buf, next, nextBuf, n, lr, rest, decay);
}

/** `later` is a constant: is there a buffer? */
@inline function sgdOn(
  later: i32, nesterov: bool, momentum: f32, p: usize, g: usize, buf: usize, next: usize, nextBuf: usize, n: i32, lr: f32, rest: f32, decay: f32,
): void {
  const wd = f32x4.splat(decay), mu = f32x4.splat(momentum), damp = f32x4.splat(rest), rate = f32x4.splat(lr);
  const plain = momentum == 0;
  for (let i: usize = 0; i < bytes(n); i += 16) {
    const w = v128.load(p + i), d = f32x4.add(v128.load(g + i), f32x4.mul(w, wd));
    const b = later ? f32x4.add(f32x4.mul(v128.load(buf + i), mu), f32x4.mul(d, damp)) : d;
    const move = plain ? d : nesterov ? f32x4.add(d, f32x4.mul(b, mu)) : b;
    v128.store(nextBuf + i, b);
    v128.store(next + i, f32x4.sub(w, f32x4.mul(move, rate)));
  }
}

/** `shrink` is the factor of decoupled decay, `rate` is lr / (1 − β₁ᵗ), `root` is √(1 − β₂ᵗ). */
export function adam(
  p: usize,
  g: usize,
  m: usize,
  v: usize,
  next: usize,
  nextM: usize,
  nextV: usize,
  n: i32,
  rate: f32,
  root: f32,
  beta1: f32,
  rest1: f32,
  beta2: f32,
  rest2: f32,
  eps: f32,
  decay: f32,
  shrink: f32,
): void {
  const wd = f32x4.splat(decay),
    shrink4 = f32x4.splat(shrink),
    e = f32x4.splat(eps),
    lr = f32x4.splat(rate),
    c = f32x4.splat(root);
  const b1 = f32x4.splat(beta1),
    r1 = f32x4.splat(rest1),
    b2 = f32x4.splat(beta2),
    r2 = f32x4.splat(rest2);
  for (let i: usize = 0; i < bytes(n); i += 16) {
    const w = f32x4.mul(v128.load(p + i), shrink4),
      d = f32x4.add(v128.load(g + i), f32x4.mul(w, wd));
    const mi = f32x4.add(f32x4.mul(v128.load(m + i), b1), f32x4.mul(d, r1));
    const vi = f32x4.add(f32x4.mul(v128.load(v + i), b2), f32x4.mul(f32x4.mul(d, d), r2));
    v128.store(nextM + i, mi);
    v128.store(nextV + i, vi);
    const size = f32x4.add(f32x4.div(f32x4.sqrt(vi), c), e);
    v128.store(next + i, f32x4.sub(w, f32x4.div(f32x4.mul(mi, lr), size)));
  }
}

/** `nextBuf` is 0 where there is no momentum. */
export function rmsprop(
  p: usize,
  g: usize,
  v: usize,
  buf: usize,
  next: usize,
  nextV: usize,
  nextBuf: usize,
  n: i32,
  lr: f32,
  alpha: f32,
  rest: f32,
  eps: f32,
  momentum: f32,
  decay: f32,
): void {
  const wd = f32x4.splat(decay),
    a = f32x4.splat(alpha),
    r = f32x4.splat(rest),
    e = f32x4.splat(eps),
    rate = f32x4.splat(lr);
  const mu = f32x4.splat(momentum);
  for (let i: usize = 0; i < bytes(n); i += 16) {
    const w = v128.load(p + i),
      d = f32x4.add(v128.load(g + i), f32x4.mul(w, wd));
    const vi = f32x4.add(f32x4.mul(v128.load(v + i), a), f32x4.mul(f32x4.mul(d, d), r));
    let move = f32x4.div(d, f32x4.add(f32x4.sqrt(vi), e));
    if (buf) move = f32x4.add(move, f32x4.mul(v128.load(buf + i), mu));
    v128.store(nextV + i, vi);
    if (nextBuf) v128.store(nextBuf + i, move);
    v128.store(next + i, f32x4.sub(w, f32x4.mul(move, rate)));
  }
}
