/**
 * A training state in one safetensors file, from which training goes on to the same bits.
 *
 * @packageDocumentation
 */

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import type { Metrics } from "../nn/metrics.ts";
import type { Weights } from "../nn/model.ts";
import type { TrainState } from "../nn/train.ts";
import { mapTree, prefixed, subtree, type Tree } from "../nn/tree.ts";
import type { Kernels } from "../tensor/kernels/kernels.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Complaint } from "./complaint.ts";
import { writeAtomic } from "./files.ts";
import { decodeSafetensors, encodeSafetensors, type SafeTensor } from "./safetensors.ts";

/** What a checkpoint says besides its tensors. */
interface Header {
  readonly run: string;
  readonly epoch: number;
  readonly optimizerStep: number;
  readonly best: { readonly epoch: number; readonly train: Metrics } | null;
  /** Seconds spent so far. */
  readonly seconds: number;
}

const stored = (tree: Tree<Tensor>): Tree<SafeTensor> =>
  mapTree(
    tree,
    ({ dtype, shape, data }): SafeTensor => ({ dtype: dtype === "float32" ? "F32" : "F64", shape, data }),
  );

const storedWeights = (prefix: string, { params, buffers }: Weights): Tree<SafeTensor> => ({
  ...prefixed(stored(params), `${prefix}params/`),
  ...prefixed(stored(buffers), `${prefix}buffers/`),
});

export function saveCheckpoint(path: string, run: string, state: TrainState, seconds: number): void {
  const header: Header = {
    run,
    epoch: state.epoch,
    optimizerStep: state.optimizer.step,
    best: state.best && { epoch: state.best.epoch, train: state.best.train },
    seconds,
  };
  const tensors = {
    ...storedWeights("", state.weights),
    ...prefixed(stored(state.optimizer.slots), "optimizer/"),
    ...(state.best === null ? {} : storedWeights("best/", state.best.weights)),
  };
  writeAtomic(path, encodeSafetensors(tensors, { qgen: JSON.stringify(header) }));
}

/**
 * The state saved in `path`, or `null` where there is none.
 *
 * @throws Complaint where the file is damaged or of another run
 */
export function loadCheckpoint(
  path: string,
  run: string,
  kernels: Kernels,
): { state: TrainState; seconds: number } | null {
  if (!existsSync(path)) return null;
  const { tensors, metadata } = decode(path);
  const header = JSON.parse(metadata.qgen ?? "null") as Header | null;
  if (header === null) throw new Complaint(`${path} is a safetensors file, but not a checkpoint of a run`);
  if (header.run !== run)
    throw new Complaint(`${path} is a checkpoint of the run ${header.run}, expected one of ${run}`);

  const made = (prefix: string): Tree<Tensor> =>
    mapTree(subtree(tensors, prefix), ({ data, shape }) => kernels.tensor(data as Float32Array, shape));
  const weights = (prefix: string): Weights => ({
    params: made(`${prefix}params/`),
    buffers: made(`${prefix}buffers/`),
  });
  const best = header.best && { ...header.best, weights: weights("best/") };
  const optimizer = { step: header.optimizerStep, slots: made("optimizer/") };
  return { state: { epoch: header.epoch, weights: weights(""), optimizer, best }, seconds: header.seconds };
}

function decode(path: string) {
  try {
    return decodeSafetensors(readFileSync(path));
  } catch (error) {
    throw new Complaint(
      `${path} cannot be read: ${(error as Error).message}. Delete it to begin the run again.`,
    );
  }
}

/** The weights alone, under the names that PyTorch would use. */
export const saveWeights = (path: string, { params, buffers }: Weights, metadata: Tree<string>): void =>
  writeAtomic(path, encodeSafetensors({ ...stored(params), ...stored(buffers) }, metadata));

/** SHA-256 over the names, shapes and bytes of all tensors, in the order of their names. */
export function fingerprint({ params, buffers }: Weights): string {
  const hash = createHash("sha256");
  const all = { ...params, ...buffers };
  for (const name of Object.keys(all).sort()) {
    const { shape, data } = all[name]!;
    hash.update(`${name} [${shape}]\n`).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest("hex");
}
