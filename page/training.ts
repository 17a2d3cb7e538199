/** All precisions side by side: the same first weights, the same pictures in the same order. */
import { buildImages, buildRecipe } from "../src/experiments/build.ts";
import { syntheticDataset } from "../src/experiments/data/synthetic.ts";
import { paperRecipe } from "../src/experiments/scales.ts";
import { nin } from "../src/nn/models/nin.ts";
import { startOf, type TrainEvent, train } from "../src/nn/train.ts";
import { prepare } from "../src/quant/prepare.ts";
import type { Kernels } from "../src/tensor/kernels/kernels.ts";
import { createRng } from "../src/tensor/random.ts";
import { type Answer, type Precision, precisions, type Settings } from "./messages.ts";

/** Pictures in a step: few, so that a small number of pictures makes some steps. */
const BATCH = 64;
const SEED = 0;

/** An epoch of each precision in turn, told step by step. */
export async function* trainAll(kernels: Kernels, settings: Settings): AsyncGenerator<Answer> {
  const { images: count, epochs } = settings;
  const images = buildImages(syntheticDataset({ train: count, test: Math.ceil(count / 2), seed: SEED }));
  const runs = precisions.map((bits) => ({ bits, events: eventsOf(bits, kernels, settings, images) }));
  for (let epoch = 1; epoch <= epochs; epoch++)
    for (const { bits, events } of runs)
      for (;;) {
        const { value: event, done } = await events.next();
        if (done) break;
        if (event.type === "epoch") {
          yield { type: "epoch", bits, epoch, train: event.train, test: event.test };
          break;
        }
        yield { type: "step", bits, epoch, done: (event.step + 1) / event.steps };
      }
}

function eventsOf(
  bits: Precision,
  kernels: Kernels,
  { model, epochs }: Settings,
  images: ReturnType<typeof buildImages>,
): AsyncGenerator<TrainEvent, unknown> {
  const [depth, width] = model.split("x").map(Number) as [number, number];
  const float = nin({ depth, width, classes: 10, channels: 3 });
  const network = bits === 32 ? float : prepare(float, { bits });
  const recipe = buildRecipe({ ...paperRecipe(epochs), batchSize: BATCH });
  const rng = createRng(SEED);
  return train(
    network,
    images,
    recipe,
    startOf(network.init(kernels, rng.fork("init")), recipe.optimizer),
    rng,
  );
}
