/**
 * Angles, sines and cosines from the four operations of arithmetic, as `math.ts` has the exponential: no engine's own versions
 * enter a result. Error of at most 1 unit in the last place.
 *
 * @packageDocumentation
 */

/** The angle in (−π/2, π/2) whose tangent is x, by FDLIBM: reduced to an angle of at most 1/4, then a polynomial. */
export function atan(x: number): number {
  const a: number = Math.abs(x);
  if (Number.isNaN(x) || a === 0) return x;
  let t: number = a;
  let high: number = 0;
  if (a >= 2.4375) {
    t = -1 / a;
    high = 1.5707963267948966;
  } else if (a >= 1.1875) {
    t = (a - 1.5) / (1 + 1.5 * a);
    high = 0.982793723247329;
  } else if (a >= 0.6875) {
    t = (a - 1) / (a + 1);
    high = 0.7853981633974483;
  } else if (a >= 0.4375) {
    t = (2 * a - 1) / (2 + a);
    high = 0.4636476090008061;
  }
  const z: number = t * t;
  const w: number = z * z;
  const even: number =
    z *
    (0.3333333333333293 +
      w *
        (0.14285714272503466 +
          w *
            (0.09090887133436507 +
              w * (0.06661073137387531 + w * (0.049768779946159324 + w * 0.016285820115365782)))));
  const odd: number =
    w *
    (-0.19999999999876483 +
      w *
        (-0.11111110405462356 +
          w * (-0.0769187620504483 + w * (-0.058335701337905735 + w * -0.036531572744216916))));
  const y: number = high === 0 ? t - t * (even + odd) : high - (t * (even + odd) - t);
  return x < 0 ? -y : y;
}

/** sin 2πt and cos 2πt: of a part of a turn, which can be reduced without error. */
export function sinTurn(t: number): number {
  return wave(t, 0);
}
export function cosTurn(t: number): number {
  return wave(t, 1);
}

/** sin 2π(t + quarters / 4) */
function wave(t: number, quarters: number): number {
  const nearest: number = Math.floor(4 * t + 0.5);
  const x: number = 6.283185307179586 * (t - nearest / 4);
  const z: number = x * x;
  const quadrant: number = (((nearest + quarters) % 4) + 4) % 4;
  const value: number =
    quadrant % 2 === 0
      ? x +
        x *
          z *
          (-0.16666666666666632 +
            z *
              (0.00833333333332249 +
                z *
                  (-0.0001984126982985795 +
                    z * (2.7557313707070068e-6 + z * (-2.5050760253406863e-8 + z * 1.58969099521155e-10)))))
      : 1 -
        (0.5 * z -
          z *
            z *
            (0.0416666666666666 +
              z *
                (-0.001388888888887411 +
                  z *
                    (2.480158728947673e-5 +
                      z *
                        (-2.7557314351390663e-7 +
                          z * (2.087572321298175e-9 + z * -1.1359647557788195e-11))))));
  return quadrant < 2 ? value : -value;
}
