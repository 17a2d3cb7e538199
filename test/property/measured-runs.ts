/** Two small trained runs, and short ways to measure them. */

import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { buildImages, buildModel } from "../../src/experiments/build.ts";
import { runSchema } from "../../src/experiments/config.ts";
import { syntheticDataset } from "../../src/experiments/data/synthetic.ts";
import {
  type MeasuredRun,
  type MeasureRequest,
  measureRun,
} from "../../src/experiments/measuring/measure.ts";
import { type RadiusName, radiusNames } from "../../src/experiments/measuring/radii.ts";
import { type MeasureSettings, settingsSchema } from "../../src/experiments/measuring/settings.ts";
import type { MeasuredValue } from "../../src/experiments/measuring/values.ts";
import { openDevice } from "../../src/experiments/node-device.ts";
import { run, runFolder } from "../../src/experiments/run.ts";
import { loadWeights, openRun, plainNetwork, type TrainedRun } from "../../src/experiments/trained.ts";
import type { SearchResult } from "../../src/measures/search/bisect.ts";
import { foldBatchNorm } from "../../src/nn/fold.ts";
import type { Model, Weights } from "../../src/nn/model.ts";

export const COUNT = 32;
/** Of the runs, and of what is measured. */
export const [SEED, MEASURING_SEED] = [3, 5];
export const dataset = syntheticDataset({ train: COUNT, test: 16, seed: 0 });
export const images = buildImages(dataset).train;
export const device = await openDevice("simd");
const root = mkdtempSync(join(tmpdir(), "qgen-"));

export const configOf = (bits: number) =>
  runSchema.parse({
    model: "nin:1x1",
    bits,
    data: { name: "synthetic", train: COUNT, test: 16 },
    epochs: 10,
    batchSize: 16,
    lr: 0.05,
    momentum: 0.9,
    weightDecay: 1e-4,
    milestones: [],
    seed: SEED,
  });

interface Net {
  readonly model: Model;
  readonly weights: Weights;
}
const networks = new Map<string, Net>();
/** A network as a search sees it. */
export const network = (bits: number, kind: "latent" | "dequantized" | "folded"): Net =>
  networks.get(`${bits} ${kind}`)!;

/** Trains FP32 and Int2 before the tests of a file. */
export function withRuns(): void {
  beforeAll(async () => {
    for (const bits of [32, 2]) {
      const config = configOf(bits);
      await run(config, { device, dataset, out: root, existing: "refuse" });
      const weights = loadWeights(opened(bits), dataset, device.kernels);
      const plain = await plainNetwork(opened(bits), dataset, weights);
      networks.set(`${bits} latent`, { model: buildModel(config, dataset), weights });
      networks.set(`${bits} dequantized`, plain);
      networks.set(`${bits} folded`, { ...plain, weights: foldBatchNorm(plain.model, plain.weights) });
    }
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));
}

export const opened = (bits: number): TrainedRun => openRun(runFolder(root, configOf(bits)).folder);

let copies = 0;
/** A copy of a run, with what has been measured or without. */
export function copyOf(bits: number, measured: "measured" | "bare"): string {
  const to = join(root, `copy-${copies++}`);
  cpSync(opened(bits).folder, to, { recursive: true });
  if (measured === "bare") rmSync(join(to, "measures"), { recursive: true, force: true });
  return to;
}

export type Changes = Partial<MeasureSettings>;
/** Little work, and not the defaults, so that it shows whether they are passed on. */
const settingsOf = (changes: Changes): MeasureSettings =>
  settingsSchema.parse({
    draws: 2,
    restarts: 2,
    ascentSteps: 1,
    ascentBatch: 16,
    curvatureImages: 0,
    seed: MEASURING_SEED,
    ...changes,
  });
export const measure = (
  bits: number,
  changes: Changes = {},
  more: Partial<MeasureRequest> = {},
): Promise<MeasuredRun> =>
  measureRun({ run: opened(bits), dataset, device, settings: settingsOf(changes), ...more });

export const filesOf = (folder: string): string[] =>
  existsSync(join(folder, "measures")) ? readdirSync(join(folder, "measures")).sort() : [];

export const searchesOf = ({ radii }: MeasuredRun) => radiusNames.map((name) => radii[name]);
export function searchOf({ radii }: MeasuredRun, name: RadiusName): SearchResult {
  const found = radii[name];
  if ("reason" in found) throw new Error(found.reason);
  return found;
}
export const radiiOf = (measured: MeasuredRun): number[] =>
  radiusNames.map((name) => searchOf(measured, name).radius);
export const measureOf = ({ measures }: MeasuredRun, id: string): MeasuredValue =>
  measures.find((found) => found.id === id)!;
