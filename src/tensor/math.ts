/**
 * exp, ln and tanh from the four operations of arithmetic, so that no engine's own versions enter a result.
 * Relative error below 2⁻⁵¹. The method is that of FDLIBM: reduce by powers of two, then a short polynomial.
 *
 * This file is TypeScript and AssemblyScript at once: the SIMD kernels compile the same lines.
 *
 * @packageDocumentation
 */

const LN2_HI: number = 0.6931471803691238;
const LN2_LO: number = 1.9082149292705877e-10;
const INV_LN2: number = 1.4426950408889634;

/** baseⁿ for a whole n ≥ 0, by repeated squaring. */
export function power(base: number, n: number): number {
  let result: number = 1;
  for (; n > 0; n = Math.floor(n / 2)) {
    if (n % 2 > 0) result *= base;
    base *= base;
  }
  return result;
}

/** 2ᵏ for a whole k in [−1022, 1023], exactly. */
function pow2(k: number): number {
  return power(k < 0 ? 0.5 : 2, Math.abs(k));
}

/** eʳ − 1 for r = hi − lo, |r| ≤ ln2 / 2. */
function expm1Reduced(hi: number, lo: number): number {
  const r: number = hi - lo;
  const t: number = r * r;
  const c: number =
    r -
    t *
      (0.16666666666666602 +
        t *
          (-0.0027777777777015593 +
            t * (6.613756321437934e-5 + t * (-1.6533902205465252e-6 + t * 4.1381367970572385e-8))));
  return hi - (lo - (r * c) / (2 - c));
}

/** eˣ */
export function exp(x: number): number {
  if (x !== x) return x;
  if (x > 709.782712893384) return Infinity;
  if (x < -745.1332191019412) return 0;
  const k: number = Math.floor(x * INV_LN2 + 0.5);
  const y: number = 1 + expm1Reduced(x - k * LN2_HI, k * LN2_LO);
  const half: number = Math.floor(k / 2);
  return y * pow2(half) * pow2(k - half);
}

/** ln x; −∞ at 0, NaN below. */
export function log(x: number): number {
  if (x !== x || x < 0) return NaN;
  if (x === 0) return -Infinity;
  if (x === Infinity) return x;
  // A subnormal number is brought among the normal ones first.
  const tiny: boolean = x < 2.2250738585072014e-308;
  let m: number = tiny ? x * 18014398509481984 : x;
  let k: number = tiny ? -54 : 0;
  for (let e: number = 512; e >= 1; e /= 2) {
    if (m >= pow2(e)) {
      m *= pow2(-e);
      k += e;
    }
    if (m < pow2(-e)) {
      m *= pow2(e);
      k -= e;
    }
  }
  if (m > 1.4142135623730951) {
    m *= 0.5;
    k += 1;
  }
  if (m < 0.7071067811865476) {
    m *= 2;
    k -= 1;
  }
  const f: number = m - 1;
  const s: number = f / (2 + f);
  const z: number = s * s;
  const w: number = z * z;
  const odd: number =
    z * (0.6666666666666735 + w * (0.2857142874366239 + w * (0.1818357216161805 + w * 0.14798198605116586)));
  const even: number = w * (0.3999999999940942 + w * (0.22222198432149784 + w * 0.15313837699209373));
  const halfSq: number = 0.5 * f * f;
  return k * LN2_HI - (halfSq - (s * (halfSq + odd + even) + k * LN2_LO) - f);
}

/** tanh x, by the rational function of Cephes where e²ˣ − 1 would lose digits. */
export function tanh(x: number): number {
  const a: number = Math.abs(x);
  if (a === 0) return x;
  if (a > 22) return x > 0 ? 1 : -1;
  if (a > 0.625) {
    const y: number = 1 - 2 / (exp(2 * a) + 1);
    return x < 0 ? -y : y;
  }
  const z: number = x * x;
  const p: number = -1614.6876844170845 + z * (-99.28772310019185 + z * -0.9643991794250523);
  const q: number = 4844.063053251255 + z * (2235.4883906010045 + z * (112.81167849163293 + z));
  return x + x * ((z * p) / q);
}

/** x rounded to the nearest whole number, ties to the even one; −0 stays −0. (`Math.round` sends ties up.) */
export function roundHalfEven(x: number): number {
  const a: number = Math.abs(x);
  const down: number = Math.floor(a);
  if (down === a) return x;
  const rest: number = a - down;
  const nearest: number = rest < 0.5 || (rest === 0.5 && down % 2 === 0) ? down : down + 1;
  return x < 0 ? -nearest : nearest;
}

/** x rounded to the nearest whole number, ties away from zero; −0 stays −0. */
export function roundHalfAway(x: number): number {
  const a: number = Math.abs(x);
  const down: number = Math.floor(a);
  if (down === a) return x;
  const nearest: number = a - down < 0.5 ? down : down + 1;
  return x < 0 ? -nearest : nearest;
}
