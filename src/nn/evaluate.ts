import { constant } from "../autograd/op.ts";
import { loopScope } from "../tensor/scope.ts";
import { batchesOf, blocksInOrder, type ImageSource } from "./images.ts";
import { type Metrics, type Tally, tally, total } from "./metrics.ts";
import type { Model, Weights } from "./model.ts";
import { imagesFor } from "./pass.ts";
import { mapTree } from "./tree.ts";

/** Mean loss and accuracy over all images, in eval mode. */
export async function evaluate(
  model: Model,
  weights: Weights,
  images: ImageSource,
  batchSize: number,
): Promise<Metrics> {
  const memory = loopScope();
  const tallies: Tally[] = [];
  const params = mapTree(weights.params, constant);
  try {
    for await (const { images: pixels, labels } of batchesOf(
      images,
      blocksInOrder(images.count, batchSize),
    )) {
      const logits = memory.turn(() => {
        const x = imagesFor(weights.params, pixels, labels.length, images.shape);
        return model.apply(params, weights.buffers, x, "eval").y.value;
      });
      tallies.push(tally(await logits.read(), labels));
    }
    return total(tallies);
  } finally {
    memory.end();
  }
}
