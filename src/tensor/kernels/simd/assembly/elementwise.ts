// Maps of one and of two numbers. The function is a constant wherever a loop is inlined, so that no loop branches on it.
import * as math from "../../../math";
import { bytes } from "./pack";
import { addHalves, lanes, RUN } from "./sums";

// The order of these is that of the tables in ../kernels.ts.
const NEG = 0, EXP = 1, LOG = 2, SQRT = 3, TANH = 4, ABS = 5, RELU = 6, POSITIVE = 7, SCALE = 8, SHIFT = 9, AT_LEAST = 10, GELU = 11, GELU_SLOPE = 12;
const ADD = 0, SUB = 1, MUL = 2, DIV = 3, GATE = 4;

@inline function unary4(f: i32, x: v128, c: v128): v128 {
  const zero = f32x4.splat(0);
  if (f == NEG) return f32x4.neg(x);
  if (f == SQRT) return f32x4.sqrt(x);
  if (f == ABS) return f32x4.abs(x);
  // max(0, x) would lose a NaN: keep x where it is not below zero.
  if (f == RELU) return v128.andnot(x, f32x4.le(x, zero));
  if (f == POSITIVE) return v128.and(f32x4.splat(1), f32x4.gt(x, zero));
  if (f == SCALE) return f32x4.mul(x, c);
  if (f == SHIFT) return f32x4.add(x, c);
  return v128.bitselect(c, x, f32x4.lt(x, c));
}

@inline function map(f: i32, x: usize, y: usize, n: i32, c: f32): void {
  const c4 = f32x4.splat(c), end = x + bytes(n);
  // Four vectors a turn: a loop of less would keep its own books more than it computes.
  for (; x + 64 <= end; x += 64, y += 64) {
    v128.store(y, unary4(f, v128.load(x), c4));
    v128.store(y, unary4(f, v128.load(x, 16), c4), 16);
    v128.store(y, unary4(f, v128.load(x, 32), c4), 32);
    v128.store(y, unary4(f, v128.load(x, 48), c4), 48);
  }
  for (; x + 16 <= end; x += 16, y += 16) v128.store(y, unary4(f, v128.load(x), c4));
  for (; x < end; x += 4, y += 4) store<f32>(y, f32x4.extract_lane(unary4(f, v128.load32_zero(x), c4), 0));
}

@inline function inDoubles(f: i32, x: f64): f64 {
  if (f == EXP) return math.exp(x);
  if (f == LOG) return math.log(x);
  if (f == TANH) return math.tanh(x);
  return f == GELU ? math.gelu(x) : math.geluSlope(x);
}

// A function for each map: V8 compiles a loop badly where its function has many others.
function neg(x: usize, y: usize, n: i32, c: f32): void { map(NEG, x, y, n, c); }
function sqrt(x: usize, y: usize, n: i32, c: f32): void { map(SQRT, x, y, n, c); }
function abs(x: usize, y: usize, n: i32, c: f32): void { map(ABS, x, y, n, c); }
function relu(x: usize, y: usize, n: i32, c: f32): void { map(RELU, x, y, n, c); }
function positive(x: usize, y: usize, n: i32, c: f32): void { map(POSITIVE, x, y, n, c); }
function scale(x: usize, y: usize, n: i32, c: f32): void { map(SCALE, x, y, n, c); }
function shift(x: usize, y: usize, n: i32, c: f32): void { map(SHIFT, x, y, n, c); }
function atLeast(x: usize, y: usize, n: i32, c: f32): void { map(AT_LEAST, x, y, n, c); }

export function unary(f: i32, x: usize, y: usize, n: i32, c: f32): void {
  switch (f) {
    case NEG: return neg(x, y, n, c);
    case SQRT: return sqrt(x, y, n, c);
    case ABS: return abs(x, y, n, c);
    case RELU: return relu(x, y, n, c);
    case POSITIVE: return positive(x, y, n, c);
    case SCALE: return scale(x, y, n, c);
    case SHIFT: return shift(x, y, n, c);
    case AT_LEAST: return atLeast(x, y, n, c);
  }
  for (const end = x + bytes(n); x < end; x += 4, y += 4) {
    const v = <f64>load<f32>(x);
    store<f32>(y, <f32>inDoubles(f, v));
  }
}

@inline function binary4(f: i32, a: v128, b: v128): v128 {
  if (f == ADD) return f32x4.add(a, b);
  if (f == SUB) return f32x4.sub(a, b);
  if (f == MUL) return f32x4.mul(a, b);
  if (f == DIV) return f32x4.div(a, b);
  return v128.and(a, f32x4.gt(b, f32x4.splat(0)));
}

/** One run of n elements; sa and sb are the steps of a and b, in floats. */
@inline function run(f: i32, a: usize, sa: i32, b: usize, sb: i32, y: usize, n: i32): void {
  let i = 0;
  if (sa == 1 && sb == 1) {
    for (; i + 16 <= n; i += 16) {
      const from = a + bytes(i), other = b + bytes(i), to = y + bytes(i);
      v128.store(to, binary4(f, v128.load(from), v128.load(other)));
      v128.store(to, binary4(f, v128.load(from, 16), v128.load(other, 16)), 16);
      v128.store(to, binary4(f, v128.load(from, 32), v128.load(other, 32)), 32);
      v128.store(to, binary4(f, v128.load(from, 48), v128.load(other, 48)), 48);
    }
    for (; i + 4 <= n; i += 4) v128.store(y + bytes(i), binary4(f, v128.load(a + bytes(i)), v128.load(b + bytes(i))));
  } else if (sa == 1 && sb == 0) {
    const b4 = v128.load32_splat(b);
    for (; i + 16 <= n; i += 16) {
      const from = a + bytes(i), to = y + bytes(i);
      v128.store(to, binary4(f, v128.load(from), b4));
      v128.store(to, binary4(f, v128.load(from, 16), b4), 16);
      v128.store(to, binary4(f, v128.load(from, 32), b4), 32);
      v128.store(to, binary4(f, v128.load(from, 48), b4), 48);
    }
    for (; i + 4 <= n; i += 4) v128.store(y + bytes(i), binary4(f, v128.load(a + bytes(i)), b4));
  } else if (sa == 0 && sb == 1) {
    const a4 = v128.load32_splat(a);
    for (; i + 4 <= n; i += 4) v128.store(y + bytes(i), binary4(f, a4, v128.load(b + bytes(i))));
  } else if (sa == 0 && sb == 0) {
    const y4 = binary4(f, v128.load32_splat(a), v128.load32_splat(b));
    for (; i + 4 <= n; i += 4) v128.store(y + bytes(i), y4);
  }
  for (; i < n; i++)
    store<f32>(y + bytes(i), f32x4.extract_lane(binary4(f, v128.load32_zero(a + bytes(i * sa)), v128.load32_zero(b + bytes(i * sb))), 0));
}

function add(a: usize, sa: i32, b: usize, sb: i32, y: usize, n: i32): void { run(ADD, a, sa, b, sb, y, n); }
function sub(a: usize, sa: i32, b: usize, sb: i32, y: usize, n: i32): void { run(SUB, a, sa, b, sb, y, n); }
function mul(a: usize, sa: i32, b: usize, sb: i32, y: usize, n: i32): void { run(MUL, a, sa, b, sb, y, n); }
function div(a: usize, sa: i32, b: usize, sb: i32, y: usize, n: i32): void { run(DIV, a, sa, b, sb, y, n); }
function gate(a: usize, sa: i32, b: usize, sb: i32, y: usize, n: i32): void { run(GATE, a, sa, b, sb, y, n); }

function runOf(f: i32, a: usize, sa: i32, b: usize, sb: i32, y: usize, n: i32): void {
  switch (f) {
    case ADD: return add(a, sa, b, sb, y, n);
    case SUB: return sub(a, sa, b, sb, y, n);
    case MUL: return mul(a, sa, b, sb, y, n);
    case DIV: return div(a, sa, b, sb, y, n);
    default: return gate(a, sa, b, sb, y, n);
  }
}

/**
 * The plan lies in memory as `rank` extents, then `rank` strides of a, then `rank` strides of b (see broadcastPlan). Of the first
 * extent, [from, to) is computed.
 */
export function binary(f: i32, a: usize, b: usize, y: usize, rank: i32, plan: usize, from: i32, to: i32): void {
  if (rank == 0) return runOf(f, a, 0, b, 0, y, 1);
  let items = 1;
  for (let axis = 1; axis < rank; axis++) items *= load<i32>(plan + bytes(axis));
  a += bytes(from * load<i32>(plan + bytes(rank)));
  b += bytes(from * load<i32>(plan + bytes(2 * rank)));
  binaryLoop(f, a, b, y + bytes(from * items), 0, to - from, rank, plan);
}

function binaryLoop(f: i32, a: usize, b: usize, y: usize, axis: i32, extent: i32, rank: i32, plan: usize): usize {
  const sa = load<i32>(plan + bytes(rank + axis)), sb = load<i32>(plan + bytes(2 * rank + axis));
  if (axis == rank - 1) {
    runOf(f, a, sa, b, sb, y, extent);
    return y + bytes(extent);
  }
  const inner = load<i32>(plan + bytes(axis + 1));
  for (let i = 0; i < extent; i++) y = binaryLoop(f, a + bytes(i * sa), b + bytes(i * sb), y, axis + 1, inner, rank, plan);
  return y;
}

/** Sums x, walked in order, into `total` (float64), which starts at zeros; the plan holds extents and strides of the total. */
export function sumInto(x: usize, total: usize, rank: i32, plan: usize): void {
  if (rank == 0) store<f64>(total, load<f64>(total) + <f64>load<f32>(x));
  else sumLoop(x, total, 0, rank, plan);
}

function sumLoop(x: usize, total: usize, axis: i32, rank: i32, plan: usize): usize {
  const extent = load<i32>(plan + bytes(axis)), stride = load<i32>(plan + bytes(rank + axis));
  if (axis < rank - 1) {
    for (let i = 0; i < extent; i++) x = sumLoop(x, total + (<usize>(i * stride) << 3), axis + 1, rank, plan);
    return x;
  }
  if (stride == 0) store<f64>(total, load<f64>(total) + sum(x, extent));
  else
    for (let i = 0; i < extent; i++) {
      const at = total + (<usize>(i * stride) << 3);
      store<f64>(at, load<f64>(at) + <f64>load<f32>(x + bytes(i)));
    }
  return x + bytes(extent);
}

/** The sum of n floats. */
export function sum(x: usize, n: i32): f64 {
  const end = x + bytes(n);
  let total = f64x2.splat(0);
  for (; x + RUN <= end; x += RUN) {
    const a = f32x4.add(f32x4.add(v128.load(x), v128.load(x, 16)), f32x4.add(v128.load(x, 32), v128.load(x, 48)));
    const b = f32x4.add(f32x4.add(v128.load(x, 64), v128.load(x, 80)), f32x4.add(v128.load(x, 96), v128.load(x, 112)));
    total = addHalves(total, f32x4.add(a, b));
  }
  for (; x + 16 <= end; x += 16) total = addHalves(total, v128.load(x));
  let all = lanes(total);
  for (; x < end; x += 4) all += <f64>load<f32>(x);
  return all;
}

/** y = x, from float64 to float32. */
export function demote(x: usize, y: usize, n: i32): void {
  for (let i = 0; i < n; i++) store<f32>(y + bytes(i), <f32>load<f64>(x + (<usize>i << 3)));
}
