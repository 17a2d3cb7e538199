import { readFileSync } from "node:fs";
import { describe, expect } from "vitest";
import { grad } from "../../src/autograd/grad.ts";
import { constant, type Var } from "../../src/autograd/op.ts";
import { add, mul, scale, shift, sum, tanh } from "../../src/autograd/ops/arithmetic.ts";
import { marginallySmoothed, softLabels, softmax } from "../../src/nn/distill.ts";
import { linear } from "../../src/nn/layers.ts";
import type { InputRange, Model } from "../../src/nn/model.ts";
import { toTargets } from "../../src/nn/objectives.ts";
import { mapTree, member } from "../../src/nn/tree.ts";
import { firstInput, inputQuantizer, quantizedInput } from "../../src/quant/activation.ts";
import { binPenalty, binRegularization, binWeight } from "../../src/quant/bin-regularization.ts";
import { weightGradScale } from "../../src/quant/grad-scale.ts";
import { lsq, signed } from "../../src/quant/lsq.ts";
import { mseStep } from "../../src/quant/mse-step.ts";
import { prepare } from "../../src/quant/prepare.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { simd } from "../kernels.ts";
import { verifies } from "../spec.ts";
import { distance, f64 } from "../tensors.ts";

type Numbers = readonly number[];
interface VvtqFile {
  readonly weights: readonly ({
    readonly bits: number;
    readonly mse_step: number;
    readonly penalty: number;
  } & {
    readonly [K in "w" | "s" | "upstream" | "hat" | "grad_w" | "grad_s" | "grad_penalty"]: Numbers;
  })[];
  readonly inputs: readonly ({
    readonly bits: number;
    readonly range: InputRange;
    readonly first_step: number;
    readonly first_offset: number | null;
    readonly beta?: Numbers;
    readonly grad_beta?: Numbers;
  } & { readonly [K in "x" | "s" | "upstream" | "hat" | "grad_x" | "grad_s"]: Numbers })[];
  readonly ramp: { readonly largest: number; readonly epochs: number; readonly weights: Numbers };
  readonly distill: { readonly loss: number } & {
    readonly [K in "logits" | "p" | "smooth" | "student" | "grad"]: Numbers;
  };
  readonly network: {
    readonly params: Readonly<Record<string, Numbers>>;
    readonly shapes: Readonly<Record<string, Numbers>>;
    readonly grads: Readonly<Record<string, Numbers>>;
    readonly x: Numbers;
    readonly teacher: Numbers;
    readonly logits: Numbers;
    readonly loss: number;
  };
}

const golden = JSON.parse(readFileSync(new URL("vvtq.json", import.meta.url), "utf8")) as VvtqFile;
const close = (found: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void => {
  expect(distance(found, expected)).toBeLessThanOrEqual(tolerance);
};
const single = (values: ArrayLike<number>, shape: readonly number[] = [values.length]): Tensor =>
  simd.tensor(Float32Array.from(values), shape);

describe.each([
  ["reference, float64", f64, 1e-14],
  // v/s is up to 200 and known to half a unit in the last place; 24 such terms are added.
  ["simd, float32", single, 2e-5],
] as const)("VVTQ against PyTorch (%s)", (_name, tensor, tolerance) => {
  verifies("VVTQ.init", "the first step of 2, 3, 4 and 8 bits is that of the alternating fit", () => {
    expect(golden.weights.map(({ bits }) => bits)).toEqual([2, 3, 4, 8]);
    for (const { bits, w, mse_step } of golden.weights)
      close([mseStep(tensor(w), signed(bits))], [mse_step], tolerance);
  });

  verifies("VVTQ.gradScale", "weights, and the gradients of w and s, with the scale by ‖w‖₁", () => {
    for (const c of golden.weights) {
      const [w, s] = [constant(tensor(c.w)), constant(tensor(c.s, []))];
      const gradScale = weightGradScale("l1", w.value, signed(c.bits));
      const hat = lsq(signed(c.bits), { gradScale })(w, s);
      const [dw, ds] = grad(sum(mul(hat, constant(tensor(c.upstream)))), [w, s]);
      close(hat.value.data, c.hat, tolerance);
      close(dw!.value.data, c.grad_w, tolerance);
      close(ds!.value.data, c.grad_s, tolerance);
    }
  });

  verifies(
    "VVTQ.activations",
    "what arrives, signed, unsigned and with an offset, and every gradient",
    () => {
      expect(golden.inputs).toHaveLength(9);
      for (const c of golden.inputs) {
        const q = inputQuantizer("fc.weight", c.bits, c.range);
        const x = constant(tensor(c.x, [3, 8]));
        const first = firstInput(q, x.value);
        close(member(first, q.step).data, [c.first_step], tolerance);
        if (q.offset !== null) close(member(first, q.offset).data, [c.first_offset!], tolerance);

        const leaves: Record<string, Var> = { [q.step]: constant(tensor(c.s, [])) };
        if (q.offset !== null) leaves[q.offset] = constant(tensor(c.beta!, []));
        const how = { mask: "inside", rounding: "half-even", gradScale: "l1" } as const;
        const hat = quantizedInput(q, how, leaves, x);
        const loss = sum(mul(hat, constant(tensor(c.upstream, [3, 8]))));
        const [dx, ds, dbeta] = grad(loss, [x, ...Object.values(leaves)]);
        close(hat.value.data, c.hat, tolerance);
        close(dx!.value.data, c.grad_x, tolerance);
        close(ds!.value.data, c.grad_s, tolerance);
        if (c.grad_beta !== undefined) close(dbeta!.value.data, c.grad_beta, tolerance);
      }
    },
  );

  verifies("VVTQ.binReg", "the penalty of a layer, and its gradient", () => {
    for (const c of golden.weights) {
      const w = constant(tensor(c.w));
      const penalty = binPenalty(w, tensor(c.s, []), signed(c.bits));
      close(penalty.value.data, [c.penalty], tolerance);
      close(grad(penalty, [w])[0]!.value.data, c.grad_penalty, tolerance);
    }
  });

  verifies("VVTQ.distill", "the loss to a teacher's two largest probabilities, and its gradient", () => {
    const { logits, p, smooth, student, loss, grad: slope } = golden.distill;
    const found = softmax(tensor(logits).data, 6);
    close(found, p, tolerance);
    close(marginallySmoothed(found, 6, 2), smooth, tolerance);
    const z = constant(tensor(student, [4, 6]));
    const value = toTargets(Float64Array.from(smooth)).loss(z, Int32Array.of(0, 5, 3, 1));
    close(value.value.data, [loss], tolerance);
    close(grad(value, [z])[0]!.value.data, slope, tolerance);
  });
});

verifies("VVTQ.binReg", "λ is 0 in the first quarter of the epochs, and then rises along half a wave", () => {
  const { largest, epochs, weights } = golden.ramp;
  close(
    weights.map((_, epoch) => binWeight(largest, epoch, epochs)),
    weights,
    1e-16,
  );
  expect(binWeight(0.5, 20, 20)).toBe(0.5);
});

/** ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))) */
const gelu = (x: Var): Var => {
  const inner = scale(Math.sqrt(2 / Math.PI))(add(x, scale(0.044715)(mul(x, mul(x, x)))));
  return scale(0.5)(mul(x, shift(1)(tanh(inner))));
};
const { network } = golden;
const shapeOf = (name: string): readonly number[] => network.shapes[name]!;
const twoLayers: Model = {
  name: "two-layers",
  weights: ["a.weight", "b.weight"],
  inputs: { "b.weight": "offset" },
  init: () => ({
    params: Object.fromEntries(
      ["a.weight", "a.bias", "b.weight", "b.bias"].map((name) => [
        name,
        f64(network.params[name]!, shapeOf(name)),
      ]),
    ),
    buffers: {},
  }),
  apply: (params, buffers, x) => ({ y: linear(params, "b", gelu(linear(params, "a", x))), buffers }),
};

describe("a W4A4 network with bin regularization and a teacher", () => {
  const model = prepare(twoLayers, { bits: 4, activations: 4, gradScale: "l1", firstStep: "mse" });
  const x = constant(f64(network.x, [6, 5]));
  const start = model.calibrate(model.init(x.value.kernels, undefined as never, "float64"), x);

  verifies(
    "VVTQ.activations",
    "starts with PyTorch's steps: each from what the layers before make of them",
    () => {
      expect(Object.keys(start.params).sort()).toEqual(Object.keys(network.params).sort());
      for (const [name, { data, shape }] of Object.entries(start.params)) {
        close(data, network.params[name]!, 1e-13);
        expect(shape).toEqual(shapeOf(name));
      }
    },
  );

  verifies("VVTQ.distill", "has PyTorch's logits, loss, and gradients of all parameters", () => {
    const params = mapTree(network.params, (values, name) => constant(f64(values, shapeOf(name))));
    const { y } = model.apply(params, {}, x, "train");
    close(y.value.data, network.logits, 1e-14);
    const targets = softmax(Float64Array.from(network.teacher), 3);
    const loss = add(toTargets(targets).loss(y, new Int32Array(6)), binRegularization(model, 0.01)(params));
    close(loss.value.data, [network.loss], 1e-14);
    const slopes = grad(loss, Object.values(params));
    Object.keys(params).forEach((name, i) => {
      close(slopes[i]!.value.data, network.grads[name]!, 1e-13);
    });
  });

  verifies("VVTQ.distill", "a teacher's labels are the softmax of its logits, in eval mode", async () => {
    const teacher = { model, weights: start, shape: [5] };
    const batch = { images: Float32Array.from(network.x), labels: new Int32Array(6) };
    close(await softLabels(teacher, batch), softmax(Float64Array.from(network.logits), 3), 1e-14);
    const top = await softLabels({ ...teacher, top: 1 }, batch);
    for (let row = 0; row < 6; row++) expect(new Set(top.slice(3 * row, 3 * row + 3)).size).toBe(2);
  });
});
