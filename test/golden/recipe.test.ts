import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { grad } from "../../src/autograd/grad.ts";
import { constant } from "../../src/autograd/op.ts";
import { type Objective, smoothed, toTargets } from "../../src/nn/objectives.ts";
import { cosine, multiStep } from "../../src/nn/schedules.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { simd } from "../kernels.ts";
import { verifies } from "../spec.ts";
import { distance, f64 } from "../tensors.ts";

interface LossCase {
  readonly loss: number;
  readonly grad: readonly number[];
}
interface RecipeFile {
  readonly multi_step: { lr: number; milestones: number[]; gamma: number; rates: number[] };
  readonly cosine: readonly {
    lr: number;
    epochs: number;
    warmup: number;
    start: number;
    floor: number;
    rates: number[];
  }[];
  readonly logits: number[][];
  readonly labels: number[];
  readonly targets: number[][];
  readonly label_smoothing: readonly (LossCase & { readonly epsilon: number })[];
  readonly soft_targets: LossCase;
}

const file = new URL("recipe.json", import.meta.url);
const golden = JSON.parse(readFileSync(file, "utf8")) as RecipeFile;
const relative = (found: number, expected: number): number => Math.abs(found / expected - 1);

verifies(
  "QGen.sec.C.1",
  "the rates of 120 epochs with steps at 30, 60 and 90 are PyTorch's, to the bit",
  () => {
    const { lr, milestones, gamma, rates } = golden.multi_step;
    expect(rates.map((_, epoch) => multiStep(lr, milestones, gamma)(epoch))).toEqual(rates);
  },
);

verifies("VVTQ.recipe", "the rates of a cosine, with and without a warm-up, are PyTorch's", () => {
  expect(golden.cosine).toHaveLength(3);
  for (const { lr, epochs, rates, ...options } of golden.cosine)
    rates.forEach((rate, epoch) => {
      expect(relative(cosine(lr, epochs, options)(epoch), rate), `epoch ${epoch}`).toBeLessThan(1e-12);
    });
});

describe.each([
  ["reference, float64", f64, 1e-15],
  [
    "simd, float32",
    (values: ArrayLike<number>, shape: readonly number[]): Tensor =>
      simd.tensor(Float32Array.from(values), shape),
    2e-7,
  ],
] as const)("%s", (_name, tensor, tolerance) => {
  const labels = Int32Array.from(golden.labels);
  function agrees(objective: Objective, expected: LossCase): void {
    const z = constant(tensor(golden.logits.flat(), [3, 4]));
    const loss = objective.loss(z, labels);
    expect(distance(loss.value.data, [expected.loss])).toBeLessThanOrEqual(tolerance);
    expect(distance(grad(loss, [z])[0]!.value.data, expected.grad)).toBeLessThanOrEqual(tolerance);
  }

  test("label smoothing has PyTorch's loss and gradient, where a softmax without a guard would overflow too", () => {
    for (const c of golden.label_smoothing) agrees(smoothed(c.epsilon), c);
  });

  test("the cross-entropy to soft targets has PyTorch's loss and gradient, whatever the labels", () => {
    agrees(toTargets(Float64Array.from(golden.targets.flat())), golden.soft_targets);
  });
});
