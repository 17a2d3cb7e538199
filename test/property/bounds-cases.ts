/** The eight measures of appendix A as functions of the same things, so that one property can be held against all. */

import fc from "fast-check";
import { pacBayesInit, pacBayesOrig, sharpnessInit, sharpnessOrig } from "../../src/measures/bounds.ts";
import {
  type MagnitudeOptions,
  pacBayesMagInit,
  pacBayesMagOrig,
  sharpnessMagInit,
  sharpnessMagOrig,
} from "../../src/measures/bounds-magnitude.ts";
import type { PaperRef } from "../../src/paper.ts";
import { verifies } from "../spec.ts";
import { sumSq } from "./calculus.ts";

export interface Vectors {
  readonly w: number[];
  readonly w0: number[];
  readonly m: number;
}
export type Options = Partial<MagnitudeOptions>;

/** Every measure as a function of the same things, so that one property can be held against all. */
export interface Case {
  readonly ref: PaperRef;
  readonly origin: "init" | "orig";
  readonly at: (x: Vectors, radius: number, options?: Options) => number;
}
export const distanceSq = ({ w, w0 }: Vectors): number => sumSq(w.map((x, i) => x - w0[i]!));
export const normSq = ({ w }: Vectors): number => sumSq(w);
export const omega = ({ w }: Vectors): number => w.length;

export const plain: readonly Case[] = [
  {
    ref: "QGen.eq.15",
    origin: "init",
    at: (x, sigma, o) => pacBayesInit({ distanceSq: distanceSq(x), sigma, m: x.m }, o),
  },
  {
    ref: "QGen.eq.16",
    origin: "orig",
    at: (x, sigma, o) => pacBayesOrig({ normSq: normSq(x), sigma, m: x.m }, o),
  },
  {
    ref: "QGen.eq.17",
    origin: "init",
    at: (x, alpha, o) => sharpnessInit({ distanceSq: distanceSq(x), omega: omega(x), alpha, m: x.m }, o),
  },
  {
    ref: "QGen.eq.18",
    origin: "orig",
    at: (x, alpha, o) => sharpnessOrig({ normSq: normSq(x), omega: omega(x), alpha, m: x.m }, o),
  },
];
export const magnitude: readonly Case[] = [
  { ref: "QGen.eq.19", origin: "init", at: (x, sigma, o) => pacBayesMagInit({ ...x, sigma }, o) },
  { ref: "QGen.eq.20", origin: "orig", at: (x, sigma, o) => pacBayesMagOrig({ ...x, sigma }, o) },
  { ref: "QGen.eq.21", origin: "init", at: (x, alpha, o) => sharpnessMagInit({ ...x, alpha }, o) },
  { ref: "QGen.eq.22", origin: "orig", at: (x, alpha, o) => sharpnessMagOrig({ ...x, alpha }, o) },
];
export const all = [...plain, ...magnitude];
export const named = (ref: PaperRef): Case => all.find((c) => c.ref === ref)!;

export const weight = fc.integer({ min: -2000, max: 2000 }).map((k) => k / 1000);
export const radius = fc.integer({ min: 1, max: 1024 }).map((k) => k / 512);
export const vectors: fc.Arbitrary<Vectors> = fc
  .tuple(
    fc.array(fc.tuple(weight, weight), { minLength: 1, maxLength: 12 }),
    fc.integer({ min: 1, max: 100_000 }),
  )
  .map(([pairs, m]) => ({ w: pairs.map(([x]) => x), w0: pairs.map(([, y]) => y), m }));
export const orderOf = (n: number): fc.Arbitrary<number[]> =>
  fc.shuffledSubarray(
    Array.from({ length: n }, (_, i) => i),
    { minLength: n, maxLength: n },
  );

/** One test for each of `cases`, under the name of its equation. */
export function each(cases: readonly Case[], statement: string, body: (c: Case) => void): void {
  for (const c of cases) verifies(c.ref, statement, () => body(c));
}
