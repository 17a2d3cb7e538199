/**
 * One run: a configuration in, a folder out. The folder is complete, or can be resumed.
 *
 *   config.json  events.jsonl  checkpoint.safetensors  weights.safetensors  result.json
 *   initial.safetensors: a copy of the file of first weights, if they are from a file
 *
 * @packageDocumentation
 */

import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { generalizationGap } from "../measures/gap.ts";
import { l2Distance, l2Norm } from "../measures/norms.ts";
import type { Teacher } from "../nn/distill.ts";
import { evaluate } from "../nn/evaluate.ts";
import type { Model, Weights } from "../nn/model.ts";
import { partSize } from "../nn/parts.ts";
import { Diverged, startOf, type TrainEvent, train } from "../nn/train.ts";
import type { Tree } from "../nn/tree.ts";
import { clippingOf } from "../quant/inspect.ts";
import { dequantized, type QuantizedModel } from "../quant/prepare.ts";
import { createRng } from "../tensor/random.ts";
import { item, type Tensor } from "../tensor/tensor.ts";
import { buildModel, buildRecipe, isQuantized } from "./build.ts";
import { calibrated } from "./calibrated.ts";
import { fingerprint, loadCheckpoint, saveCheckpoint, saveWeights } from "./checkpoint.ts";
import { Complaint } from "./complaint.ts";
import { type RunConfig, runId } from "./config.ts";
import type { Dataset } from "./data/dataset.ts";
import type { Unreadable } from "./data/folder-images.ts";
import type { FolderDataset } from "./data/image-folder.ts";
import type { Device } from "./device.ts";
import { environment } from "./environment.ts";
import { appendLine, removeLeftovers, writeAtomic } from "./files.ts";
import type { Pretrained } from "./pretrained.ts";
import type { EpochRecord, LayerStep, RunResult } from "./result.ts";
import { openSources, type Sources } from "./sources.ts";

export interface RunOptions {
  readonly device: Device;
  readonly dataset: Dataset | FolderDataset;
  /** The file of first weights, where the configuration names one. */
  readonly weights?: Pretrained | undefined;
  /** Whom the network learns from, where its configuration names somebody. */
  readonly teacher?: Teacher | undefined;
  /** Folder of all runs; this one gets a folder of its own in it. */
  readonly out: string;
  /** What to do where the run has begun already: refuse, go on, or begin again. */
  readonly existing: "refuse" | "resume" | "restart";
  /** Told once of each file that cannot be read and is left out. */
  readonly onUnreadable?: (found: Unreadable) => void;
  readonly onEvent?: (event: TrainEvent) => void;
  /** Asked after every event; `true` stops the run between two steps. */
  readonly stop?: () => boolean;
}

/** The run was stopped from outside. What it had saved is kept. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

export const stoppedText = (folder: string): string =>
  `stopped; every complete epoch is saved in ${folder}. To go on, give the same command again (qgen train: with --resume).`;

export function runFolder(out: string, config: RunConfig) {
  const folder = join(out, runId(config));
  const file = (name: string): string => join(folder, name);
  return {
    folder,
    config: file("config.json"),
    events: file("events.jsonl"),
    checkpoint: file("checkpoint.safetensors"),
    weights: file("weights.safetensors"),
    result: file("result.json"),
    initial: file("initial.safetensors"),
  };
}

export const readResult = (path: string): RunResult => JSON.parse(readFileSync(path, "utf8")) as RunResult;

/**
 * Trains, or goes on where an earlier start was stopped, and returns the result. A run that is complete is
 * not run again.
 *
 * @throws Complaint where the run has begun and `existing` is "refuse"; Interrupted where `stop` said so
 */
export async function run(config: RunConfig, options: RunOptions): Promise<RunResult> {
  const { dataset, out, existing } = options;
  const files = runFolder(out, config);
  if (existing === "restart") rmSync(files.folder, { recursive: true, force: true });
  if (existsSync(files.result)) return readResult(files.result);

  const unreadable: Unreadable[] = [];
  const images = openSources(dataset, config.augment, (found) => {
    unreadable.push(found);
    options.onUnreadable?.(found);
  });
  try {
    return await trained(config, options, images, unreadable);
  } finally {
    await images.close();
  }
}

/** @param unreadable - grows while images are read */
async function trained(
  config: RunConfig,
  options: RunOptions,
  images: Sources,
  unreadable: readonly Unreadable[],
): Promise<RunResult> {
  const { device, dataset, out, existing } = options;
  const id = runId(config);
  const files = runFolder(out, config);
  if (options.weights?.sha256 !== config.weights)
    throw new RangeError(
      `run ${id}: its first weights are ${config.weights ?? "drawn"}, but were given otherwise`,
    );
  const model = buildModel(config, dataset, options.weights);
  const rng = createRng(config.seed);
  const recipe = buildRecipe(config, model, options.teacher);
  const drawn = model.init(device.kernels, rng.fork("init"));
  const initial = await calibrated(model, drawn, images.train, config.batchSize);
  const begin = { state: startOf(initial, recipe.optimizer), seconds: 0 };
  const last = () => loadCheckpoint(files.checkpoint, id, device.kernels) ?? begin;

  const start = last();
  if (start !== begin && existing === "refuse")
    throw new Complaint(
      `this run has begun already and is complete up to epoch ${start.state.epoch} of ${config.epochs} (${files.folder}). Add --resume to go on, or --restart to begin again.`,
    );
  removeLeftovers(files.folder);
  if (options.weights !== undefined) writeAtomic(files.initial, options.weights.bytes);
  writeAtomic(files.config, `${JSON.stringify(config, null, 2)}\n`);
  const records = readEvents(files.events).filter(({ epoch }) => epoch <= start.state.epoch);
  writeAtomic(files.events, records.map((record) => `${JSON.stringify(record)}\n`).join(""));

  const began = performance.now();
  const seconds = (): number => start.seconds + (performance.now() - began) / 1000;
  let divergence: Diverged | undefined;
  let told = 0;
  try {
    for await (const event of train(model, images, recipe, start.state, rng)) {
      if (event.type === "epoch") {
        const { epoch, lr, stepLoss, train, test } = event;
        const missing = unreadable.slice(told).map(({ file }) => file);
        told = unreadable.length;
        const record: EpochRecord = {
          ...{ epoch, lr, stepLoss, train, test },
          ...(missing.length === 0 ? {} : { unreadable: missing }),
        };
        appendLine(files.events, JSON.stringify(record));
        saveCheckpoint(files.checkpoint, id, event.state, seconds());
      }
      options.onEvent?.(event);
      // Signals are only heard between two turns of the event loop.
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (options.stop?.()) throw new Interrupted(stoppedText(files.folder));
    }
  } catch (error) {
    if (!(error instanceof Diverged)) throw error;
    divergence = error;
  }

  // The tensors of the loop are gone with it: what was saved is what is left.
  const { best } = last().state;
  const selected = best?.weights ?? initial;
  saveWeights(files.weights, selected, { run: id });
  const result: RunResult = {
    id,
    config,
    status: divergence === undefined ? "complete" : "diverged",
    ...(divergence === undefined ? {} : { reason: divergence.message }),
    selectedEpoch: best?.epoch ?? 0,
    ...(await describe(model, initial, selected, images, partSize(config.batchSize, config.accumulate))),
    curve: readEvents(files.events),
    dataSource: dataset.source,
    ...(unreadable.length === 0 ? {} : { unreadable }),
    weightsSha256: fingerprint(selected),
    seconds: Math.round(seconds() * 100) / 100,
    environment: environment(device),
  };
  writeAtomic(files.result, `${JSON.stringify(result, null, 2)}\n`);
  return result;
}

/** The records of complete epochs; a line that was cut short by a crash is dropped. */
function readEvents(path: string): EpochRecord[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, "utf8")
    .split("\n")
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as EpochRecord];
      } catch {
        return [];
      }
    });
}

/** Everything a report wants to know about the selected weights. */
async function describe(
  model: Model | QuantizedModel,
  initial: Weights,
  selected: Weights,
  images: Sources,
  batchSize: number,
): Promise<Pick<RunResult, "train" | "test" | "gap" | "norms" | "steps">> {
  const train = await evaluate(model, selected, images.train, batchSize);
  const test = await evaluate(model, selected, images.test, batchSize);
  const quantized = isQuantized(model) ? dequantized(model, selected.params) : selected.params;
  const pick = (params: Tree<Tensor>): Tree<Tensor> =>
    Object.fromEntries(model.weights.map((name) => [name, params[name]!]));
  const [w, w0, wHat] = [pick(selected.params), pick(initial.params), pick(quantized)];
  return {
    train,
    test,
    gap: generalizationGap(train, test),
    norms: { weights: l2Norm(w), quantized: l2Norm(wHat), distance: l2Distance(w, w0), initial: l2Norm(w0) },
    steps: isQuantized(model) ? stepsOf(model, initial, selected) : [],
  };
}

const stepsOf = (model: QuantizedModel, initial: Weights, selected: Weights): LayerStep[] =>
  model.quantizers.map((quantizer) => ({
    weight: quantizer.weight,
    bits: quantizer.bits,
    step: item(selected.params[quantizer.step]!),
    initialStep: item(initial.params[quantizer.step]!),
    ...clippingOf(quantizer, model.policy, selected.params),
  }));
