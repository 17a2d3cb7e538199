/**
 * A network that an earlier run has trained, read back from its folder.
 *
 * @packageDocumentation
 */

import { existsSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import type { Model, Weights } from "../nn/model.ts";
import { mapTree, type Tree } from "../nn/tree.ts";
import { dequantized, type QuantizedModel } from "../quant/prepare.ts";
import type { Kernels } from "../tensor/kernels/kernels.ts";
import { createRng } from "../tensor/random.ts";
import { sameShape, type Tensor } from "../tensor/tensor.ts";
import { buildModel, isQuantized } from "./build.ts";
import { Complaint } from "./complaint.ts";
import { type RunConfig, runSchema } from "./config.ts";
import type { ImageKind } from "./data/dataset.ts";
import { readPretrained } from "./read-pretrained.ts";
import type { RunResult } from "./result.ts";
import { decodeSafetensors, type SafeTensor } from "./safetensors.ts";

export interface TrainedRun {
  readonly folder: string;
  readonly config: RunConfig;
  readonly result: RunResult;
}

/**
 * The run in a folder, without its weights.
 *
 * @throws Complaint where the folder is not that of a run, or the run is not complete
 */
export function openRun(folder: string): TrainedRun {
  const file = (name: string): string => join(folder, name);
  if (!existsSync(file("config.json")))
    throw new Complaint(
      `${folder} is not the folder of a run: there is no ${file("config.json")}. qgen train leaves such folders in "runs".`,
      2,
    );
  if (!existsSync(file("result.json")) || !existsSync(file("weights.safetensors")))
    throw new Complaint(
      `the run in ${folder} is not complete: there is no ${file(existsSync(file("result.json")) ? "weights.safetensors" : "result.json")}. Go on with it first (qgen train with --resume).`,
    );
  const parsed = runSchema.safeParse(readJson(file("config.json")));
  if (!parsed.success)
    throw new Complaint(
      `${file("config.json")} is not the configuration of a run: ${parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ")}`,
    );
  const result = readJson(file("result.json")) as RunResult;
  if (typeof result?.id !== "string")
    throw new Complaint(`${file("result.json")} is not the result of a run: it has no id`);
  return { folder, config: parsed.data, result };
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new Complaint(`${path} cannot be read: ${(error as Error).message}`);
  }
}

/** How a run is called where several are shown: the name of its folder. */
export const folderName = ({ folder }: TrainedRun): string => basename(resolve(folder));

/**
 * The selected weights of a run.
 *
 * @throws Complaint where the file is damaged, not of this network, or has a weight that is not a finite number
 */
export function loadWeights({ folder, config }: TrainedRun, dataset: ImageKind, kernels: Kernels): Weights {
  const path = join(folder, "weights.safetensors");
  let tensors: Tree<SafeTensor>;
  try {
    tensors = decodeSafetensors(readFileSync(path)).tensors;
  } catch (error) {
    throw new Complaint(`${path} cannot be read: ${(error as Error).message}`);
  }
  const { params, buffers } = buildModel(config, dataset).init(kernels, createRng(config.seed).fork("init"));
  const stored = (like: Tensor, name: string): Tensor => {
    const found = tensors[name];
    if (found === undefined || !sameShape(found.shape, like.shape) || found.dtype !== "F32")
      throw new Complaint(
        `${path} does not hold the weights of ${config.model}: "${name}" should be F32 [${like.shape}], but is ${found === undefined ? "missing" : `${found.dtype} [${found.shape}]`}`,
      );
    const data = found.data as Float32Array;
    const at = data.findIndex((x) => !Number.isFinite(x));
    if (at >= 0)
      throw new Complaint(
        `${path} holds a weight that is not a finite number: "${name}" has ${data[at]} at ${at} of ${data.length}`,
      );
    return kernels.tensor(data, found.shape);
  };
  return { params: mapTree(params, stored), buffers: mapTree(buffers, stored) };
}

/** The model of a run, in its own or in other bits. Its first weights are those that the run began with. */
export function modelOf(
  { folder, config }: TrainedRun,
  dataset: ImageKind,
  bits = config.bits,
): Model | QuantizedModel {
  const start =
    config.weights === undefined ? undefined : readPretrained(join(folder, "initial.safetensors"));
  return buildModel({ ...config, bits }, dataset, start);
}

export interface Network {
  readonly model: Model;
  readonly weights: Weights;
}

/**
 * The same function as a network of plain weights: of a quantized network, the float network with the weights that it
 * computes with, ŵ.
 */
export async function plainNetwork(run: TrainedRun, dataset: ImageKind, weights: Weights): Promise<Network> {
  const model = modelOf(run, dataset);
  if (!isQuantized(model)) return { model, weights };
  const hats: Record<string, Tensor> = {};
  for (const [name, x] of Object.entries(dequantized(model, weights.params)))
    hats[name] = x.kernels.tensor(await x.read(), x.shape);
  return { model: modelOf(run, dataset, 32), weights: { params: hats, buffers: weights.buffers } };
}

/** The first so many training images of a run; `null`: all. */
export function firstImages<T extends { readonly count: number }>(
  all: T,
  count: number | null,
  { folder }: TrainedRun,
): T {
  if (count === null) return all;
  if (!Number.isInteger(count) || count < 1)
    throw new Complaint(`--images ${count}: expected a whole number of at least 1`, 2);
  if (count > all.count)
    throw new Complaint(
      `--images ${count}: the run in ${folder} was trained with ${all.count} images, and no more are taken`,
      2,
    );
  return { ...all, count };
}
