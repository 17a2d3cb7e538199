/**
 * How long a sweep will take, from steps that are measured here.
 *
 * @packageDocumentation
 */

import { evaluate } from "../../nn/evaluate.ts";
import { startOf, train } from "../../nn/train.ts";
import { createRng } from "../../tensor/random.ts";
import { buildImages, buildModel, buildRecipe } from "../build.ts";
import { canonicalJson, type RunConfig } from "../config.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Device } from "../device.ts";

/** What the time of a step depends on, nearly. */
const kindOf = ({ model, bits, batchSize, data }: RunConfig): string =>
  canonicalJson([model, bits === 32, batchSize, data]);

/**
 * Seconds of each run on a processor of its own, from a step and a batch of evaluation of each kind of network.
 *
 * @param dataset - any images of the right shape, at least a batch
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

/** Seconds that the processor has worked: what others do on it at the same time is not in them. A GPU works elsewhere. */
function clock({ info }: Device): number {
  if (info.renderer !== null) return performance.now() / 1000;
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

async function secondsOf(config: RunConfig, dataset: Dataset, device: Device): Promise<number> {
  const { batchSize, epochs } = config;
  /** The second time counts, since the first one compiles; but not where that makes no difference. */
  const timed = async (work: () => Promise<unknown>): Promise<number> => {
    const once = async (): Promise<number> => {
      const began = clock(device);
      await work();
      return clock(device) - began;
    };
    const first = await once();
    return first > 1 ? first : once();
  };
  const model = buildModel(config, dataset);
  const images = { ...buildImages(dataset).train, count: batchSize };
  const recipe = { ...buildRecipe(config), epochs: 1 };
  const rng = createRng(config.seed);
  const weights = model.init(device.kernels, rng.fork("init"));
  const step = await timed(async () => {
    const start = startOf(weights, recipe.optimizer);
    // One batch is an epoch. What comes after its step is left out.
    for await (const _ of train(model, { train: images, test: images }, recipe, start, rng)) break;
  });
  const batch = await timed(() => evaluate(model, weights, images, batchSize));
  const { train: n, test: m } = config.data;
  // The selected weights are evaluated once more at the end.
  return epochs * Math.floor(n / batchSize) * step + (epochs + 1) * ((n + m) / batchSize) * batch;
}
