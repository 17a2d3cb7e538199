import { expect, test } from "vitest";
import { constant } from "../../src/autograd/op.ts";
import { measureAll, needsOf, registry } from "../../src/measures/registry/index.ts";
import type { Images } from "../../src/nn/images.ts";
import type { Weights } from "../../src/nn/model.ts";
import { mapTree } from "../../src/nn/tree.ts";
import { createRng } from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { f64 } from "../tensors.ts";
import { smallNet, smallWeights, someImages } from "./small-models.ts";

const [trained, start] = [smallWeights("rescaled"), smallWeights("start")];
const times = (x: Tensor, c: number): Tensor => x.kernels.unary("scale", x, c);

/** The same function: what comes before batch norm times c, and its statistics with it. */
const rescaled = ({ params, buffers }: Weights, c: number): Weights => ({
  params: {
    ...params,
    "conv.weight": times(params["conv.weight"]!, c),
    "conv.bias": times(params["conv.bias"]!, c),
  },
  buffers: {
    "bn.running_mean": times(buffers["bn.running_mean"]!, c),
    "bn.running_var": f64(buffers["bn.running_var"]!.data.map((x) => c * c * (x + 1e-5) - 1e-5)),
  },
});

const logits = ({ params, buffers }: Weights, images: Images): Tensor => {
  const { images: pixels } = images.batch(Int32Array.from({ length: images.count }, (_, i) => i));
  const x = constant(f64(pixels, [images.count, ...images.shape]));
  return smallNet.apply(mapTree(params, constant), buffers, x, "eval").y.value;
};

/** Images with the labels that the network gives them, so that it has a margin. */
function agreed(): Images {
  const images = someImages(20, [2, 1, 2], 2, "agreed");
  const { data } = logits(trained, images);
  const chosen = Int32Array.from({ length: images.count }, (_, i) => Number(data[2 * i + 1]! > data[2 * i]!));
  return {
    ...images,
    batch: (indices) => ({
      images: images.batch(indices).images,
      labels: Int32Array.from(indices, (i) => chosen[i]!),
    }),
  };
}

test("of networks that compute the same behind batch norm, only these measures are the same", async () => {
  const images = agreed();
  const found = async (c: number): Promise<number[]> => {
    const needs = needsOf(
      { model: smallNet, weights: rescaled(trained, c), initial: start, images },
      { batchSize: 20, rng: createRng(1), draws: 3, lanczosSteps: 18 },
      { sigma: () => 0.1, sigmaPrime: () => 0.2, alpha: () => 0.3, alphaPrime: () => 0.4 },
    );
    return (await measureAll(registry, needs)).map(({ reported }) => reported!.raw);
  };
  const [one, four] = [await found(1), await found(4)];
  const far = Math.max(
    ...logits(rescaled(trained, 4), images).data.map((y, i) =>
      Math.abs(y - logits(trained, images).data[i]!),
    ),
  );
  expect(far).toBeLessThan(1e-12);
  expect(one.every(Number.isFinite)).toBe(true);

  const same = (i: number): boolean => Math.abs(one[i]! - four[i]!) <= 1e-9 * Math.abs(one[i]!);
  expect(registry.flatMap(({ id }, i) => (same(i) ? [id] : []))).toEqual([
    // Of radii, which are given here.
    "pacbayes_flatness",
    "sharpness_flatness",
    "pacbayes_mag_flatness",
    "sharpness_mag_flatness",
    "params",
    "inverse_margin",
    "fro_over_spec",
    "fro_over_spec_fft",
    "path_norm",
    "path_norm_over_margin",
    "relative_flatness",
  ]);
  // The plain bounds are among those that differ, and so is every norm: precisions that train to other scales
  // cannot be compared by them.
  const orig = registry.findIndex(({ id }) => id === "pacbayes_orig");
  expect(four[orig]! / one[orig]!).toBeGreaterThan(1.5);
});
