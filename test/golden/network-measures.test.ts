import { describe, expect, test } from "vitest";
import { hessianSpectrum } from "../../src/measures/hessian.ts";
import { lossSurface } from "../../src/measures/loss-surface.ts";
import { type Network, needsOf, registry } from "../../src/measures/registry/index.ts";
import { reported } from "../../src/measures/reported.ts";
import { batchNorm2d, conv2d, globalAvgPool, linear, relu } from "../../src/nn/layers.ts";
import type { Model } from "../../src/nn/model.ts";
import { mapTree } from "../../src/nn/tree.ts";
import { createRng } from "../../src/tensor/random.ts";
import { sizeOf } from "../../src/tensor/tensor.ts";
import { f64 } from "../tensors.ts";
import { networkMeasures as golden } from "./read.ts";

/** The network of README.md, its images and labels. */
function network(): Network {
  let state = golden.seed;
  const draw = (shape: readonly number[], low = -1, high = 1) =>
    f64(
      Array.from({ length: sizeOf(shape) }, () => {
        state = (1664525 * state + 1013904223) % 2 ** 32;
        return low + (high - low) * (state / 2 ** 32);
      }),
      shape,
    );
  const params = mapTree(golden.shapes, (shape) => draw(shape));
  const initial = Object.fromEntries(golden.weights.map((name) => [name, draw(golden.shapes[name]!)]));
  const buffers = { "bn.running_mean": draw([3]), "bn.running_var": draw([3], 0.25, 2) };
  const size = sizeOf(golden.image);
  const pixels = Float32Array.from(draw([golden.m, size], -2, 2).data);
  const model: Model = {
    name: "golden",
    weights: golden.weights,
    init: () => {
      throw new Error("its weights are given");
    },
    apply(p, b, x, mode) {
      const z = batchNorm2d(p, b, "bn", conv2d(p, "conv1", x, { stride: 2, padding: 1 }), mode);
      const y = globalAvgPool(relu(conv2d(p, "conv2", relu(z.y))));
      return { y: linear(p, "fc", y), buffers: z.buffers };
    },
  };
  return {
    model,
    weights: { params, buffers },
    initial: { params: initial, buffers: {} },
    images: {
      count: golden.m,
      shape: golden.image,
      batch: (indices) => ({
        images: Float32Array.from(
          Array.from(indices).flatMap((i) => Array.from(pixels.subarray(i * size, (i + 1) * size))),
        ),
        labels: Int32Array.from(indices, (i) => golden.labels[i]!),
      }),
    },
  };
}

const close = (found: number, expected: number, tolerance: number): void => {
  expect(Math.abs(found - expected)).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(expected)));
};
const needs = needsOf(network(), {
  batchSize: 12,
  rng: createRng(0),
  referenceCompat: true,
  radii: golden.radius,
  lanczosSteps: 60,
  draws: 100,
});
const found = (id: string) => registry.find((measure) => measure.id === id)!;

describe("the measures of a network against PyTorch and NumPy", () => {
  test.each(Object.keys(golden.raw))("%s", async (id) => {
    const raw = await found(id).compute(needs);
    // Spectral norms are iterated to a relative residual of 1e-9; the rest are sums.
    close(raw, golden.raw[id]!, id.includes("spec") ? 1e-9 : 1e-12);
    close(reported(raw, golden.m, found(id).scale).value!, golden.reported[id]!, 1e-9);
  });

  test("the margin, with its sign", async () => {
    close(await needs.margin(), golden.margin, 1e-12);
  });

  test("the ends of the Hessian's spectrum", async () => {
    const { largest, residual } = await needs.hessian();
    expect(Math.abs(largest - golden.eigenvalues[1])).toBeLessThanOrEqual(residual);
    const { model, weights, images } = network();
    const surface = lossSurface(model, weights, images, { batchSize: 23 });
    const exact = await hessianSpectrum(surface, { rng: createRng(1), steps: 89, tolerance: 0 });
    close(exact.largest, golden.eigenvalues[1], 1e-10);
    close(exact.smallest, golden.eigenvalues[0], 1e-10);
  });

  test("the trace and the relative flatness of each layer, within four standard errors", async () => {
    const within = ({ mean, standardError }: { mean: number; standardError: number }, value: number) => {
      expect(Math.abs(mean - value)).toBeLessThan(4 * standardError);
    };
    within(await needs.trace(), golden.trace);
    const { layers } = await needs.relativeFlatness();
    for (const name of golden.weights) within(layers[name]!, golden.relative_flatness[name]!);
  });

  test("the loss, and the loss after one step in either ball", async () => {
    const [l2, linf] = [await needs.worstL2(), await needs.worstLinf()];
    for (const { loss } of [l2, linf]) close(loss, golden.loss, 1e-12);
    close(l2.oneStep, golden.one_step.l2, 1e-12);
    close(linf.oneStep, golden.one_step.linf, 1e-12);
  });
});
