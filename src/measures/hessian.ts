/**
 * Curvature of the loss, from products of its Hessian with vectors.
 *
 * @packageDocumentation
 */

import type { Tree } from "../nn/tree.ts";
import { square } from "../tensor/math.ts";
import type { Rng } from "../tensor/random.ts";
import { sizeOf, type Tensor } from "../tensor/tensor.ts";
import { type LanczosOptions, lanczosAsync, type Spectrum } from "./lanczos.ts";
import type { LossSurface } from "./loss-surface.ts";
import { dot } from "./vectors.ts";

/** The largest and the smallest eigenvalue of the Hessian of the loss. */
export const hessianSpectrum = (surface: LossSurface, options: LanczosOptions): Promise<Spectrum> =>
  lanczosAsync((v) => surface.hessianTimes(v), surface.at.length, options);

/** The mean of independent draws. */
export interface Estimate {
  readonly mean: number;
  /** Standard deviation of `mean`, from the spread of the draws. */
  readonly standardError: number;
}

export interface CurvatureEstimate extends Estimate {
  /** The part of each layer; their sum is `mean`. */
  readonly layers: Tree<Estimate>;
}

export interface DrawOptions {
  readonly rng: Rng;
  /** At least 2; each is one product with the Hessian. */
  readonly draws?: number;
}

function estimate(draws: readonly number[]): Estimate {
  const mean = draws.reduce((a, b) => a + b, 0) / draws.length;
  const spread = draws.reduce((total, x) => total + square(x - mean), 0) / (draws.length - 1);
  return { mean, standardError: Math.sqrt(spread / draws.length) };
}

/**
 * E Σ_l v_lᵀ (H v)_l over the layers l, for random directions whose layers are independent and of mean 0, so that
 * layers do not mix: one product with H serves all.
 */
async function meanCurvature(
  { weights, hessianTimes }: LossSurface,
  direction: (w: Tensor, rng: Rng) => Float64Array,
  { rng, draws = 10 }: DrawOptions,
): Promise<CurvatureEstimate> {
  if (!Number.isInteger(draws) || draws < 2)
    throw new RangeError(`curvature: expected at least 2 draws, got ${draws}`);
  const layers = Object.entries(weights).map(([name, w]) => ({
    name,
    w,
    rng: rng.fork(name),
    parts: [] as number[],
  }));
  for (let draw = 0; draw < draws; draw++) {
    const directions = layers.map((layer) => direction(layer.w, layer.rng));
    const all = new Float64Array(directions.reduce((n, v) => n + v.length, 0));
    let at = 0;
    for (const v of directions) {
      all.set(v, at);
      at += v.length;
    }
    const product = await hessianTimes(all);
    at = 0;
    directions.forEach((v, l) => {
      layers[l]!.parts.push(dot(v, product.subarray(at, at + v.length)));
      at += v.length;
    });
  }
  const totals = Array.from({ length: draws }, (_, draw) =>
    layers.reduce((total, { parts }) => total + parts[draw]!, 0),
  );
  return {
    ...estimate(totals),
    layers: Object.fromEntries(layers.map(({ name, parts }) => [name, estimate(parts)])),
  };
}

const signs = (n: number, rng: Rng): Float64Array =>
  Float64Array.from({ length: n }, () => (rng.uniform() < 0.5 ? -1 : 1));

/** tr H, by Hutchinson's method: E zᵀ H z for independent signs z. */
export const hessianTrace = (surface: LossSurface, options: DrawOptions): Promise<CurvatureEstimate> =>
  meanCurvature(surface, ({ shape }, rng) => signs(sizeOf(shape), rng), options);

/**
 * κ_l = Σ_{s,s'} ⟨w_s, w_s'⟩ tr H_{s,s'} for each layer l (Petzka et al. 2021), where w_s are the weights of output s
 * and H_{s,s'} is the second derivative of the loss in w_s and w_s'. Unlike the Hessian itself, it is the same for
 * all networks that compute the same by layers scaled against each other.
 *
 * Estimated as E vᵀ H v for v = (W a) bᵀ with independent signs a and b: E v_sj v_s'j' = ⟨w_s, w_s'⟩ for j = j',
 * else 0.
 */
export const relativeFlatness = (surface: LossSurface, options: DrawOptions): Promise<CurvatureEstimate> =>
  meanCurvature(
    surface,
    ({ data, shape }, rng) => {
      const rows = shape[0]!;
      const columns = data.length / rows;
      const [a, b] = [signs(columns, rng), signs(columns, rng)];
      const v = new Float64Array(data.length);
      for (let s = 0; s < rows; s++) {
        let along = 0;
        for (let j = 0; j < columns; j++) along += data[s * columns + j]! * a[j]!;
        for (let j = 0; j < columns; j++) v[s * columns + j] = along * b[j]!;
      }
      return v;
    },
    options,
  );
