/**
 * Which surfaces there are to compute: one or two for each run, with everything that decides their numbers.
 *
 * @packageDocumentation
 */

import { createHash } from "node:crypto";
import type { Normalization } from "../../measures/directions.ts";
import { displaced, type Grid, type Plane, planeOf } from "../../measures/landscape.ts";
import type { Images } from "../../nn/images.ts";
import type { Model, Weights } from "../../nn/model.ts";
import type { Tree } from "../../nn/tree.ts";
import { clippingOf } from "../../quant/inspect.ts";
import type { QuantizedModel } from "../../quant/prepare.ts";
import { createRng } from "../../tensor/random.ts";
import { sizeOf, type Tensor } from "../../tensor/tensor.ts";
import { buildImages, buildModel, isQuantized } from "../build.ts";
import { fingerprint } from "../checkpoint.ts";
import { canonicalJson } from "../config.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Device } from "../device.ts";
import { firstImages, folderName, loadWeights, plainNetwork, type TrainedRun } from "../trained.ts";

/**
 * Which weights are displaced. `float`: those of a float network. `dequantized`: what a quantized network computes
 * with, as if it were a float network. `latent`: what its training moves, quantized again at every point.
 */
export type On = "float" | "dequantized" | "latent";

export interface LandscapeOptions {
  readonly grid: Grid;
  /** Of the directions. */
  readonly seed: number;
  readonly normalization: Normalization;
  /** The first so many training images; `null`: all that the run was trained with. */
  readonly images: number | null;
  /** Of quantized networks. */
  readonly on: "dequantized" | "latent" | "both";
}

/** Everything that decides the points of a surface. It is the first line of their file. */
export interface SurfaceSettings {
  readonly run: string;
  /** SHA-256 of the weights of the run. */
  readonly weights: string;
  readonly on: On;
  readonly grid: Grid;
  readonly seed: number;
  readonly normalization: Normalization;
  /** Training images that the loss is the mean over. */
  readonly images: number;
  readonly batchSize: number;
  readonly kernels: string;
}

export interface SurfaceJob {
  readonly run: TrainedRun;
  readonly settings: SurfaceSettings;
  /** Where its points are, relative to the folder of the landscape. */
  readonly file: string;
  readonly model: Model;
  readonly weights: Weights;
  readonly plane: Plane;
  readonly images: Images;
  /** Share of the weights that are clipped, at the network itself and at the corners; `null` where nothing is clipped. */
  readonly clipped: Clipped | null;
}

export interface Clipped {
  readonly center: number;
  /** Mean over the four corners. */
  readonly corners: number;
}

/**
 * The surfaces of a run: one of a float network, one or two of a quantized one.
 *
 * @throws Complaint where there are fewer images than asked for, or the weights cannot be read
 */
export async function jobsOf(
  run: TrainedRun,
  dataset: Dataset,
  { kernels }: Device,
  options: LandscapeOptions,
): Promise<SurfaceJob[]> {
  const { config } = run;
  const { grid, seed, normalization, on } = options;
  const images = firstImages(buildImages(dataset).train, options.images, run);
  const weights = loadWeights(run, dataset, kernels);
  const model = buildModel(config, dataset);
  const settings = {
    run: run.result.id,
    weights: fingerprint(weights),
    grid,
    seed,
    normalization,
    images: images.count,
    batchSize: config.batchSize,
    kernels: kernels.name,
  };
  const job = (on: On, model: Model, weights: Weights): SurfaceJob => {
    const own: SurfaceSettings = { ...settings, on };
    const plane = planeOf(weights.params, createRng(`landscape/${seed}`), normalization);
    const hash = createHash("sha256").update(canonicalJson(own)).digest("hex").slice(0, 12);
    const file = `points/${folderName(run)}.${on}.${hash}.jsonl`;
    const clipped = on === "latent" && isQuantized(model) ? clippedShares(model, weights, plane, grid) : null;
    return { run, settings: own, file, model, weights, plane, images, clipped };
  };
  if (!isQuantized(model)) return [job("float", model, weights)];
  const plain = await plainNetwork(run, dataset, weights);
  return [
    ...(on === "latent" ? [] : [job("dequantized", plain.model, plain.weights)]),
    ...(on === "dequantized" ? [] : [job("latent", model, weights)]),
  ];
}

/** Share of all quantized weights that lie beyond the outermost levels by more than half a step. */
export function clippedShare({ quantizers, policy }: QuantizedModel, params: Tree<Tensor>): number {
  let [clipped, all] = [0, 0];
  for (const quantizer of quantizers) {
    const size = sizeOf(params[quantizer.weight]!.shape);
    clipped += clippingOf(quantizer, policy, params).clipped * size;
    all += size;
  }
  return all === 0 ? 0 : clipped / all;
}

function clippedShares(
  model: QuantizedModel,
  { params }: Weights,
  plane: Plane,
  { range, axes }: Grid,
): Clipped {
  const corners = [-range, range].flatMap((a) =>
    (axes === 1 ? [0] : [-range, range]).map((b) => [a, b] as const),
  );
  const shares = corners.map(([a, b]) => clippedShare(model, displaced(params, plane, a, b)));
  return {
    center: clippedShare(model, params),
    corners: shares.reduce((sum, share) => sum + share, 0) / shares.length,
  };
}
