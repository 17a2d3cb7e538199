/**
 * What measures are made of. Each need is computed when it is first asked for, and once.
 *
 * @packageDocumentation
 */

import type { CurvatureEstimate } from "../hessian.ts";
import type { Spectrum } from "../lanczos.ts";
import type { WorstCase } from "../worst-case.ts";

export interface Values {
  /** The weights of all layers, one after the other, and the same at initialization. */
  readonly w: Float64Array;
  readonly w0: Float64Array;
  /** ‖w‖² and ‖w − w₀‖² */
  readonly normSq: number;
  readonly distanceSq: number;
  /** ω, the number of weights, and m, the number of training images. */
  readonly omega: number;
  readonly m: number;
  /** The largest noise that costs at most 0.1 of training accuracy: Gaussian, and in proportion to each weight. */
  readonly sigma: number;
  readonly sigmaPrime: number;
  /** The same for the worst change of the weights. */
  readonly alpha: number;
  readonly alphaPrime: number;
  /** γ, the 10th percentile of the margins of the training images. */
  readonly margin: number;
  /** Of each layer: ‖w_l‖_F², and that of w_l − w₀_l. */
  readonly frobenius: readonly number[];
  readonly frobeniusDistance: readonly number[];
  /** Of each layer as a matrix: σ_max², and that of w_l − w₀_l. */
  readonly spectral: readonly number[];
  readonly spectralDistance: readonly number[];
  /** The same, as convolutions of images that go on around their edges. */
  readonly circular: readonly number[];
  readonly circularDistance: readonly number[];
  readonly pathNorm: number;
  /** Of the training loss in the weights. */
  readonly hessian: Spectrum;
  readonly trace: CurvatureEstimate;
  readonly relativeFlatness: CurvatureEstimate;
  readonly worstL2: WorstCase;
  readonly worstLinf: WorstCase;
}

export type NeedName = keyof Values;

export type Needs = { readonly [Name in NeedName]: () => Promise<Values[Name]> };

/** How needs are computed, from other needs if one likes. */
export type Suppliers = {
  readonly [Name in NeedName]?: (needs: Needs) => Values[Name] | Promise<Values[Name]>;
};

/** What each need is called in a sentence. */
export const needNames: Readonly<Record<NeedName, string>> = {
  w: "the weights w",
  w0: "the weights at initialization w₀",
  normSq: "‖w‖²",
  distanceSq: "‖w − w₀‖²",
  omega: "the number of weights ω",
  m: "the number of training images m",
  sigma: "the radius σ of Gaussian noise",
  sigmaPrime: "the radius σ' of Gaussian noise in proportion to the weights",
  alpha: "the radius α of the worst case",
  alphaPrime: "the radius α' of the worst case in proportion to the weights",
  margin: "the margin γ",
  frobenius: "the Frobenius norms of the layers",
  frobeniusDistance: "the Frobenius norms of the layers' distances",
  spectral: "the spectral norms of the layers",
  spectralDistance: "the spectral norms of the layers' distances",
  circular: "the spectral norms of the layers as convolutions",
  circularDistance: "the spectral norms of the layers' distances as convolutions",
  pathNorm: "the path norm",
  hessian: "the eigenvalues of the Hessian",
  trace: "the trace of the Hessian",
  relativeFlatness: "the relative flatness",
  worstL2: "the worst loss in a ball",
  worstLinf: "the worst loss in a box",
};

/** Something that a measure needs is not there. */
export class Missing extends Error {
  override readonly name = "Missing";
}

/**
 * Needs that are computed when they are first asked for. Whoever asks again gets the same promise, also where it
 * was rejected.
 */
export function lazily(suppliers: Suppliers): Needs {
  const asked = new Map<NeedName, Promise<unknown>>();
  const need =
    <Name extends NeedName>(name: Name) =>
    (): Promise<Values[Name]> => {
      const before = asked.get(name) as Promise<Values[Name]> | undefined;
      if (before !== undefined) return before;
      const value = (async () => {
        const supply = suppliers[name];
        if (supply === undefined) throw new Missing(`${needNames[name]} is not known`);
        return supply(needs);
      })();
      asked.set(name, value);
      return value;
    };
  const needs = Object.fromEntries(
    (Object.keys(needNames) as NeedName[]).map((name) => [name, need(name)]),
  ) as unknown as Needs;
  return needs;
}
