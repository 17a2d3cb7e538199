/**
 * All measures of a run, kept in its folder: `measures/HASH.json`, and `HASH.steps.jsonl` with every step of the searches.
 * Settings that differ only in what is made of the radii share the steps.
 *
 * @packageDocumentation
 */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Measured, measureAll, measuresWith, needsOf } from "../../measures/registry/index.ts";
import { foldBatchNorm } from "../../nn/fold.ts";
import type { Images } from "../../nn/images.ts";
import type { Model, Weights } from "../../nn/model.ts";
import type { Kernels } from "../../tensor/kernels/kernels.ts";
import { createRng } from "../../tensor/random.ts";
import { type AloneOptions, alone } from "../alone.ts";
import { buildImages, isQuantized } from "../build.ts";
import { fingerprint } from "../checkpoint.ts";
import { Complaint } from "../complaint.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Device } from "../device.ts";
import { type Environment, environment } from "../environment.ts";
import { writeAtomic } from "../files.ts";
import { openSimd } from "../node-device.ts";
import { Interrupted } from "../run.ts";
import {
  firstImages,
  loadWeights,
  modelOf,
  type Network,
  plainNetwork,
  type TrainedRun,
} from "../trained.ts";
import { type Following, type Radii, type RadiusName, radiusNames, searchRadii } from "./radii.ts";
import { hashOf, type MeasureSettings, searchSettings } from "./settings.ts";
import { inJson, type MeasuredValue } from "./values.ts";

export interface MeasuredRun {
  /** Id of the run. */
  readonly run: string;
  readonly settings: MeasureSettings;
  /** m, the training images that were used. */
  readonly images: number;
  readonly radii: Radii;
  readonly measures: readonly MeasuredValue[];
  readonly seconds: number;
  readonly environment: Environment;
}

/** A run, and the device and the images to measure it with. */
export interface MeasureRequest extends Following, Pick<AloneOptions, "onWait"> {
  readonly run: TrainedRun;
  readonly dataset: Dataset;
  readonly device: Device;
  readonly settings: MeasureSettings;
}

/** Where the measures of a run are kept, and the steps of the searches behind them. */
function filesOf({ run, dataset, device: { kernels }, settings }: MeasureRequest) {
  const identity = {
    run: run.result.id,
    weights: fingerprint(loadWeights(run, dataset, kernels)),
    kernels: kernels.name,
  };
  const file = (settings: object, ending: string): string =>
    join(run.folder, "measures", `${hashOf({ ...identity, settings })}.${ending}`);
  return { path: file(settings, "json"), steps: file(searchSettings(settings), "steps.jsonl"), identity };
}

/** Has it been measured already, with the same settings? */
export const isMeasured = (request: MeasureRequest): boolean => existsSync(filesOf(request).path);

/**
 * The measures of a run. What has been measured already with the same settings is not measured again.
 *
 * @throws Interrupted where `stop` said so; Complaint where the weights cannot be read or nothing can be written
 */
export async function measureRun(request: MeasureRequest): Promise<MeasuredRun> {
  const { run, settings } = request;
  checkMeasurable(run, settings);
  const { path, steps, identity } = filesOf(request);
  const known = (): MeasuredRun | null =>
    existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as MeasuredRun) : null;
  // Two processes that searched at once would write their steps into one file. The second one finds what the first has found.
  const measured =
    known() ??
    (await alone(
      join(run.folder, "measures", "work"),
      hashOf({ ...identity, settings: searchSettings(settings) }),
      async () => known() ?? (await measureAlone(request, path, { path: steps, identity })),
      request,
    ));
  if (measured === null) throw new Interrupted("stopped, while another process was measuring the same run.");
  return measured;
}

async function measureAlone(
  request: MeasureRequest,
  path: string,
  journal: { readonly path: string; readonly identity: object },
): Promise<MeasuredRun> {
  const { run, dataset, device, settings } = request;
  const began = performance.now();
  const images = firstImages(buildImages(dataset).train, settings.images, run);
  const { model, weights: trained } = await networkOf(request, device.kernels);
  const rng = createRng(`measures/${settings.seed}`);
  const radii = await searchRadii(model, trained, images, rng, searchSettings(settings), journal, request);
  const measured = await measuresOf(request, images, radii);
  const result: MeasuredRun = {
    run: run.result.id,
    settings,
    images: images.count,
    radii,
    measures: measured.map(inJson),
    seconds: Math.round((performance.now() - began) / 10) / 100,
    environment: environment(device),
  };
  writeAtomic(path, `${JSON.stringify(result, null, 2)}\n`);
  return result;
}

/** @throws Complaint where the settings do not fit the run */
export function checkMeasurable(run: TrainedRun, { images, on, fold }: MeasureSettings): void {
  const { bits, data } = run.config;
  firstImages({ count: data.train }, images, run);
  if (fold && on === "latent" && bits !== 32)
    throw new Complaint(
      `--fold: the latent weights of ${run.folder} cannot be folded, since a layer has one step for all its channels. Add --on dequantized.`,
      2,
    );
}

/** The network whose weights are perturbed, and where they began. */
async function networkOf(
  { run, dataset, settings: { on, fold } }: MeasureRequest,
  kernels: Kernels,
): Promise<Network & { readonly initial: Weights }> {
  const { config } = run;
  const weights = loadWeights(run, dataset, kernels);
  const model = modelOf(run, dataset);
  const initialOf = (model: Model): Weights => model.init(kernels, createRng(config.seed).fork("init"));
  if (isQuantized(model) && on === "latent") return { model, weights, initial: initialOf(model) };
  const plain = await plainNetwork(run, dataset, weights);
  const folded = (weights: Weights): Weights => (fold ? foldBatchNorm(plain.model, weights) : weights);
  return { model: plain.model, weights: folded(plain.weights), initial: folded(initialOf(plain.model)) };
}

/** Everything but the radii is computed by the processor, whose numbers are at hand. */
async function measuresOf(
  request: MeasureRequest,
  images: Images,
  radii: Radii,
): Promise<readonly Measured[]> {
  const { run, dataset, settings } = request;
  const { m, curvatureImages, referenceCompat, seed, constant, delta, form, denominators } = settings;
  const { kernels } = request.device;
  const network = await networkOf(request, kernels.name === "simd" ? kernels : openSimd());
  const plain = isQuantized(network.model) ? await plainNetwork(run, dataset, network.weights) : network;
  const radius = (name: RadiusName) => (): number => {
    const found = radii[name];
    if ("reason" in found) throw new RangeError(found.reason);
    return found.radius;
  };
  const needs = needsOf(
    { ...network, plain, images },
    {
      batchSize: run.config.batchSize,
      rng: createRng(`curvature/${seed}`),
      curvatureImages: { ...images, count: Math.min(images.count, curvatureImages) },
      referenceCompat,
    },
    {
      ...Object.fromEntries(radiusNames.map((name) => [name, radius(name)])),
      ...(m === null ? {} : { m: () => m }),
      ...withoutPaths(run.config.policy.activations),
    },
  );
  const measures = measuresWith({ constant, delta, form, denominators });
  return measureAll(
    curvatureImages > 0
      ? measures
      : measures.filter(({ needs }) => !needs.some((need) => curvature.has(need))),
    needs,
  );
}

/**
 * A network whose inputs of layers are quantized has no path norm: an image of ones through squared weights would be rounded
 * to steps that belong to other numbers.
 */
const withoutPaths = (activations: number | undefined) =>
  activations === undefined
    ? {}
    : {
        pathNorm: (): number => {
          throw new RangeError(
            `the path norm is a sum over paths of weights, and here what arrives at a layer is rounded, to ${activations} bits`,
          );
        },
      };

const curvature: ReadonlySet<string> = new Set([
  "hessian",
  "trace",
  "relativeFlatness",
  "worstL2",
  "worstLinf",
]);
