import type { ImageSource } from "../nn/images.ts";
import type { Model, Weights } from "../nn/model.ts";
import { imagesFor } from "../nn/pass.ts";
import { scope } from "../tensor/scope.ts";
import { isQuantized } from "./build.ts";

/**
 * The weights with the first steps of all inputs, from the first images. Weights of a network whose activations stay
 * in float are what they are.
 *
 * @deviation VVTQ takes the first batch of training, which its augmentation has changed.
 */
export async function calibrated(
  model: Model,
  weights: Weights,
  images: ImageSource,
  batchSize: number,
): Promise<Weights> {
  if (!isQuantized(model) || model.inputQuantizers.length === 0) return weights;
  const count = Math.min(batchSize, images.count);
  const { images: pixels, labels } = await images.batch(Int32Array.from({ length: count }, (_, i) => i));
  return scope(() =>
    model.calibrate(weights, imagesFor(weights.params, pixels, labels.length, images.shape)),
  );
}
