/**
 * A network with one weight that remembers every example it has seen and guesses all others: it reads its
 * answer to example i from the i-th binary digit of w. The sharpest minimum there is.
 *
 * @packageDocumentation
 */

import type { Point } from "../../measures/theory/balls.ts";
import type { Learning } from "../../measures/theory/bounds.ts";
import type { Rng } from "../../tensor/random.ts";
import type { Size } from "./learning.ts";

/** Digits of a double in [½, 1). */
const DIGITS = 53;
/** Digits, beyond the one of value σ, after which noise of width σ leaves nothing but coins: e^(−2π²4⁵) is 0. */
const MIXING = 6;

export interface Memorizer {
  readonly learning: Learning;
  /** The weight, cut to 53 digits. The losses read all digits of the weight itself. */
  readonly w: Point;
}

/** The first 53 binary digits of a number in [0, 1). */
function digitsOf(x: number): Uint8Array {
  const digits = new Uint8Array(DIGITS);
  let rest = x;
  for (let i = 0; i < DIGITS; i++) {
    rest *= 2;
    digits[i] = Math.floor(rest) & 1;
    rest -= Math.floor(rest);
  }
  return digits;
}

/**
 * `domain` different examples, each equally likely, with labels by the toss of a coin; n of them, drawn with
 * replacement, are learned by heart. The loss is 1 for a wrong answer and 0 for a right one: L_S(w) = 0, and
 * L_D(w) is about half the share that was not drawn. The first digit is 1, so that w ≥ ½.
 */
export function memorizer({ n, eta, domain }: Size & { readonly domain: number }, rng: Rng): Memorizer {
  const labels = Uint8Array.from({ length: domain }, (_, i) => (i === 0 ? 1 : rng.below(2)));
  const drawn = Array.from({ length: n }, () => rng.below(domain));
  const learned = Uint8Array.from({ length: domain }, () => rng.below(2));
  for (const i of [0, ...drawn]) learned[i] = labels[i]!;
  let w = 0;
  for (let i = DIGITS - 1; i >= 0; i--) w = (w + learned[i]!) / 2;

  const digits = ([x]: Point): Uint8Array => (x === w ? learned : digitsOf(x!));
  const wrong = (answers: Uint8Array, i: number): number => Number((answers[i] ?? 0) !== labels[i]);
  const onSample = (answers: Uint8Array): number =>
    drawn.reduce((total, i) => total + wrong(answers, i), 0) / n;
  return {
    w: [w],
    learning: {
      n,
      eta,
      largest: 1,
      population(v) {
        const answers = digits(v);
        return labels.reduce((total, _, i) => total + wrong(answers, i), 0) / domain;
      },
      // At least: noise turns all but the first digits into coins, which are wrong half of the time.
      smoothed: (_, sigma) => (0.5 * Math.max(0, domain + Math.floor(Math.log2(sigma)) - MIXING)) / domain,
      sample: {
        at: (v) => onSample(digits(v)),
        slope: () => [0],
        // At least: the digits that are worth less than ρ together are free, and all of them are turned.
        highest(_, v, rho) {
          const fixed = Math.ceil(-Math.log2(rho));
          return onSample(digits(v).map((digit, i) => (i < fixed ? digit : 1 - labels[i]!)));
        },
        exact: false,
      },
    },
  };
}
