/**
 * exp, ln, tanh and erf from the four operations of arithmetic, so that no engine's own versions enter a result.
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

/** x² */
export function square(x: number): number {
  return x * x;
}

/** (2 / √π) ∫₀ˣ exp(−t²) dt, by the rational functions of FDLIBM. */
export function erf(x: number): number {
  if (x !== x) return x;
  const a: number = Math.abs(x);
  if (a < 0.84375) {
    const z: number = x * x;
    const p: number =
      0.12837916709551256 +
      z *
        (-0.3250421072470015 +
          z * (-0.02848174957559851 + z * (-0.005770270296489442 + z * -2.3763016656650163e-5)));
    const q: number =
      1 +
      z *
        (0.39791722395915535 +
          z *
            (0.0650222499887673 +
              z * (0.005081306281875766 + z * (0.00013249473800432164 + z * -3.960228278775368e-6))));
    return x + x * (p / q);
  }
  const y: number = a < 1.25 ? erfNearOne(a - 1) : a < 6 ? 1 - erfcBeyond(a) : 1;
  return x < 0 ? -y : y;
}

/** erf(1 + s) */
function erfNearOne(s: number): number {
  const p: number =
    -0.0023621185607526594 +
    s *
      (0.41485611868374833 +
        s *
          (-0.3722078760357013 +
            s *
              (0.31834661990116175 +
                s * (-0.11089469428239668 + s * (0.035478304325618236 + s * -0.002166375594868791)))));
  const q: number =
    1 +
    s *
      (0.10642088040084423 +
        s *
          (0.540397917702171 +
            s *
              (0.07182865441419627 +
                s * (0.12617121980876164 + s * (0.01363708391202905 + s * 0.011984499846799107)))));
  return 0.8450629115104675 + p / q;
}

/** 1 − erf(x) for x in [1.25, 28]. */
function erfcBeyond(x: number): number {
  const s: number = 1 / (x * x);
  const ratio: number = x < 2.857142857142857 ? erfcNear(s) : erfcFar(s);
  return exp(ratio - 0.5625 - x * x) / x;
}

function erfcNear(s: number): number {
  const p: number =
    -0.009864944034847148 +
    s *
      (-0.6938585727071818 +
        s *
          (-10.558626225323291 +
            s *
              (-62.375332450326006 +
                s *
                  (-162.39666946257347 +
                    s * (-184.60509290671104 + s * (-81.2874355063066 + s * -9.814329344169145))))));
  const q: number =
    1 +
    s *
      (19.651271667439257 +
        s *
          (137.65775414351904 +
            s *
              (434.56587747522923 +
                s *
                  (645.3872717332679 +
                    s *
                      (429.00814002756783 +
                        s * (108.63500554177944 + s * (6.570249770319282 + s * -0.0604244152148581)))))));
  return p / q;
}

function erfcFar(s: number): number {
  const p: number =
    -0.0098649429247001 +
    s *
      (-0.799283237680523 +
        s *
          (-17.757954917754752 +
            s *
              (-160.63638485582192 +
                s * (-637.5664433683896 + s * (-1025.0951316110772 + s * -483.5191916086514)))));
  const q: number =
    1 +
    s *
      (30.33806074348246 +
        s *
          (325.7925129965739 +
            s *
              (1536.729586084437 +
                s *
                  (3199.8582195085955 +
                    s * (2553.0504064331644 + s * (474.52854120695537 + s * -22.44095244658582))))));
  return p / q;
}

/** Φ(x), the normal distribution */
function distribution(x: number): number {
  return 0.5 + 0.5 * erf(x * 0.7071067811865476);
}

/** x Φ(x) */
export function gelu(x: number): number {
  return x < -40 ? -0 : x * distribution(x);
}

/** Φ(x) + x Φ'(x), the derivative of gelu */
export function geluSlope(x: number): number {
  const density: number = Math.abs(x) > 40 ? 0 : 0.3989422804014327 * exp(-0.5 * x * x);
  return density === 0 ? distribution(x) : distribution(x) + x * density;
}
