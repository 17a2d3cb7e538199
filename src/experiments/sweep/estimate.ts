/**
 * How long a sweep will take, from steps that are measured here.
 *
 * @packageDocumentation
 */

import { evaluate, startOf, train } from "../../nn/train.ts";
import { createRng } from "../../tensor/random.ts";
import { buildImages, buildModel, buildRecipe } from "../build.ts";
import { canonicalJson, type RunConfig } from "../config.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Device } from "../device.ts";

/** What the time of a step depends on. */
const kindOf = ({ model, bits, optimizer, batchSize, data }: RunConfig): string =>
  canonicalJson([model, bits === 32, optimizer, batchSize, data]);

/**
 * Seconds of one worker for each run, from one step and one batch of evaluation of each kind of network. Both are taken
 * twice, and the second time counts: the first one compiles.
 *
 * @param dataset - any images of the right shape, at least two batches
 */
export async function secondsOfRuns(
  configs: readonly RunConfig[],
  dataset: Dataset,
  device: Device,
  tell: (done: number, of: number) => void = () => {},
): Promise<readonly number[]> {
  const kinds = new Map(configs.map((config) => [kindOf(config), config]));
  const seconds = new Map<string, number>();
  for (const [kind, config] of kinds) {
    tell(seconds.size, kinds.size);
    seconds.set(kind, await secondsOf(config, dataset, device));
  }
  return configs.map((config) => seconds.get(kindOf(config))!);
}

async function secondsOf(config: RunConfig, dataset: Dataset, device: Device): Promise<number> {
  const { batchSize, epochs } = config;
  const model = buildModel(config, dataset);
  const images = buildImages(dataset);
  const two = { ...images.train, count: 2 * batchSize };
  const recipe = { ...buildRecipe(config), epochs: 1 };
  const rng = createRng(config.seed);
  const weights = model.init(device.kernels, rng.fork("init"));
  const marks: number[] = [];
  for await (const event of train(
    model,
    { train: two, test: two },
    recipe,
    startOf(weights, recipe.optimizer),
    rng,
  )) {
    marks.push(performance.now());
    if (event.type === "step" && event.step === 1) break;
  }
  const step = marks[1]! - marks[0]!;
  const one = { ...images.train, count: batchSize };
  await evaluate(model, weights, one, batchSize);
  const began = performance.now();
  await evaluate(model, weights, one, batchSize);
  const batch = performance.now() - began;
  const { train: n, test: m } = config.data;
  // The selected weights are evaluated once more at the end.
  return (epochs * Math.floor(n / batchSize) * step + (epochs + 1) * ((n + m) / batchSize) * batch) / 1000;
}
