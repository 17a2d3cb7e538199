import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { grad } from "../../src/autograd/grad.ts";
import { constant } from "../../src/autograd/op.ts";
import { sum } from "../../src/autograd/ops/arithmetic.ts";
import { marginallySmoothed, softLabels, softmax } from "../../src/nn/distill.ts";
import type { Batch } from "../../src/nn/images.ts";
import { linear, withInput } from "../../src/nn/layers.ts";
import type { InputRange } from "../../src/nn/model.ts";
import { nin } from "../../src/nn/models/nin.ts";
import { type Objective, smoothed, softCrossEntropy, toLabels, toTargets } from "../../src/nn/objectives.ts";
import { sgd } from "../../src/nn/optimizers.ts";
import { backward, forward } from "../../src/nn/pass.ts";
import { trainStep } from "../../src/nn/step.ts";
import { startOf } from "../../src/nn/train.ts";
import { mapTree, member } from "../../src/nn/tree.ts";
import { firstInput, inputQuantizer, quantizedInput } from "../../src/quant/activation.ts";
import { binPenalty } from "../../src/quant/bin-regularization.ts";
import { inputGradScale, weightGradScale } from "../../src/quant/grad-scale.ts";
import { initialStep, type Levels, quantized, signed, stepGradScale } from "../../src/quant/lsq.ts";
import { mseStep } from "../../src/quant/mse-step.ts";
import { dequantized, prepare } from "../../src/quant/prepare.ts";
import { reference } from "../../src/tensor/kernels/reference/index.ts";
import { createRng } from "../../src/tensor/random.ts";
import { loopScope } from "../../src/tensor/scope.ts";
import { sizeOf, type Tensor } from "../../src/tensor/tensor.ts";
import { verifies } from "../spec.ts";
import { distance, dot, f64, filled, move, scalar } from "../tensors.ts";
import { linearWeights, someImages, twoLinear } from "./small-models.ts";

const levels = fc.integer({ min: 2, max: 8 }).map(signed);
const weights = fc.integer({ min: 1, max: 40 }).chain((n) => filled([n]));
const squaredError = (v: Tensor, s: number, l: Levels): number => {
  const hat = quantized(v, scalar(s), l).data;
  return Array.from(v.data).reduce((total, x, i) => total + (x - hat[i]!) ** 2, 0);
};

describe("the first step of least error", () => {
  verifies("VVTQ.init", "has no larger squared error than the step that leaves nothing clipped", () => {
    fc.assert(
      fc.property(weights, levels, (w, l) => {
        const widest = Math.max(...w.data.map(Math.abs)) / l.qp;
        if (widest < 1e-6) return;
        const error = squaredError(w, mseStep(w, l), l);
        expect(error).toBeLessThanOrEqual(squaredError(w, widest, l) * (1 + 1e-9) + 1e-15);
      }),
    );
  });

  verifies("VVTQ.init", "is found again, for weights that are on a grid", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -7, max: 7 }), { minLength: 1 }), (codes) => {
        const s = 0.125;
        const w = f64([7, ...codes].map((code) => s * code));
        expect(mseStep(w, signed(4))).toBe(s);
      }),
    );
  });

  verifies("VVTQ.init", "of a real layer is not the one of LSQ, and has a smaller error", () => {
    const rng = createRng("layer");
    const w = f64(Array.from({ length: 500 }, () => rng.normal()));
    for (const bits of [2, 3, 4, 8]) {
      const l = signed(bits);
      expect(squaredError(w, mseStep(w, l), l)).toBeLessThan(0.95 * squaredError(w, initialStep(w, l), l));
    }
  });

  verifies("VVTQ.init", "clips what few large weights would widen it for", () => {
    const w = f64([1, ...Array<number>(20).fill(0.55)]);
    // The largest is clipped to the level 1, where the others are: the step is the mean of all.
    expect(mseStep(w, signed(2))).toBeCloseTo(12 / 21, 12);
  });

  test("of zeros is a step all the same", () => {
    expect(mseStep(f64([0, 0]), signed(4))).toBeGreaterThan(0);
  });
});

verifies(
  "VVTQ.gradScale",
  "the scale of a layer of n weights ±1 is LSQ's, and falls with the root of their size",
  () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), levels, (n, l) => {
        const ones = f64(Array.from({ length: n }, (_, i) => (i % 2 === 0 ? 1 : -1)));
        expect(weightGradScale("l1", ones, l)).toBe(stepGradScale(n, l));
        const quarter = f64(ones.data.map((x) => x / 4));
        expect(weightGradScale("l1", quarter, l)).toBeCloseTo(2 * stepGradScale(n, l), 12);
        expect(weightGradScale("lsq", quarter, l)).toBe(stepGradScale(n, l));
        expect([weightGradScale("none", ones, l), inputGradScale("none", n, l)]).toEqual([1, 1]);
        expect(inputGradScale("l1", n, l) * Math.sqrt(l.qp)).toBeCloseTo(inputGradScale("lsq", n, l), 12);
      }),
    );
  },
);

describe("bin regularization", () => {
  verifies("VVTQ.binReg", "is 0, with its gradient, where every weight is on its level", () => {
    fc.assert(
      fc.property(levels, fc.array(fc.integer({ min: -2, max: 1 }), { minLength: 1 }), (l, codes) => {
        const w = constant(f64(codes.map((code) => code * 0.5)));
        const penalty = binPenalty(w, scalar(0.5), l);
        expect(penalty.value.data[0]).toBe(0);
        for (const g of grad(penalty, [w])[0]!.value.data) expect(Math.abs(g)).toBe(0);
      }),
    );
  });

  verifies(
    "VVTQ.binReg",
    "has the gradient of its differences, as long as no weight changes its level",
    () => {
      const w = f64([0.1, 0.2, -0.3, 0.9, 0.35, -1.9, 5, 4]);
      const s = scalar(0.5);
      for (const bits of [2, 3, 4]) {
        const at = constant(w);
        const slope = grad(binPenalty(at, s, signed(bits)), [at])[0]!.value;
        w.data.forEach((_, i) => {
          const e = f64(Array.from({ length: 8 }, (_, j) => Number(i === j)));
          const value = (t: number): number =>
            binPenalty(constant(move(w, e, t)), s, signed(bits)).value.data[0]!;
          expect((value(1e-6) - value(-1e-6)) / 2e-6).toBeCloseTo(dot(slope, e), 8);
        });
      }
    },
  );
});

describe("soft labels", () => {
  const z = filled([3, 4], { min: -5, max: 5 });

  verifies("VVTQ.distill", "that keep the largest probabilities are probabilities, in the same order", () => {
    fc.assert(
      fc.property(z, fc.integer({ min: 1, max: 6 }), (logits, top) => {
        const p = softmax(logits.data, 4);
        const kept = marginallySmoothed(p, 4, top);
        for (let row = 0; row < 3; row++) {
          const [before, after] = [p, kept].map((all) => Array.from(all.subarray(4 * row, 4 * row + 4)));
          expect(after!.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
          const order = [0, 1, 2, 3].sort((a, b) => before![b]! - before![a]! || a - b);
          order.slice(0, top).forEach((j) => {
            expect(after![j]).toBe(before![j]);
          });
          const rest = order.slice(top).map((j) => after![j]!);
          expect(new Set(rest).size).toBe(Math.min(rest.length, 1));
        }
      }),
    );
  });

  verifies("VVTQ.distill", "of the network itself are its minimum: the gradient is 0", () => {
    fc.assert(
      fc.property(z, (logits) => {
        const at = constant(logits);
        const loss = toTargets(softmax(logits.data, 4)).loss(at, Int32Array.of(0, 1, 2));
        for (const g of grad(loss, [at])[0]!.value.data) expect(Math.abs(g)).toBeLessThan(1e-12);
      }),
    );
  });

  test("of certainty, and no smoothing at all, are the cross-entropy", () => {
    fc.assert(
      fc.property(z, (logits) => {
        const labels = Int32Array.of(3, 0, 3);
        const certain = Float64Array.of(0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 1);
        const [at] = [constant(logits)];
        const plain = toLabels.loss(at, labels).value.data[0]!;
        expect(softCrossEntropy(at, labels, certain).value.data[0]).toBe(plain);
        expect(softCrossEntropy(at, Int32Array.of(1, 1, 1), certain).value.data[0]).toBeCloseTo(plain, 12);
        expect(smoothed(0).loss(at, labels).value.data[0]).toBe(plain);
      }),
    );
  });

  test("of another number of classes are refused in a sentence", () => {
    expect(() =>
      toTargets(new Float64Array(15)).loss(constant(f64(new Float64Array(12), [3, 4])), new Int32Array(3)),
    ).toThrow("expected the probabilities of 4 classes for each of 3 images, got 15 numbers");
  });
});

describe("a network with quantized activations", () => {
  const images = someImages(6, [2, 1, 1], 3, "x");
  const batch = images.batch([0, 1, 2, 3, 4, 5]);
  const x = constant(f64(batch.images, [6, 2, 1, 1]));
  const start = linearWeights("w");
  const float = { ...twoLinear, init: () => start };
  const calibrated = (activations: number) => {
    const model = prepare(float, { bits: 32, activations });
    return { model, weights: model.calibrate(model.init(reference, createRng(0), "float64"), x) };
  };
  const logits = ({ model, weights: { params } }: ReturnType<typeof calibrated>): Float64Array =>
    model.apply(mapTree(params, constant), {}, x, "train").y.value.data as Float64Array;

  verifies(
    "VVTQ.activations",
    "comes closer to the float one with every bit, and has the same weights",
    () => {
      const exact = twoLinear.apply(mapTree(start.params, constant), {}, x, "train").y.value.data;
      const errors = [2, 4, 6, 8].map((bits) => {
        const own = calibrated(bits);
        expect(own.model.quantizers).toEqual([]);
        expect(Object.keys(own.weights.params)).toEqual([
          "a.weight",
          "b.weight",
          "a.input.step",
          "b.input.step",
        ]);
        expect(dequantized(own.model, own.weights.params)["a.weight"]).toBe(start.params["a.weight"]);
        return logits(own).reduce((total, y, i) => total + (y - exact[i]!) ** 2, 0);
      });
      expect([...errors].sort((a, b) => b - a)).toEqual(errors);
      expect(errors[3]).toBeLessThan(errors[0]! / 100);
    },
  );

  verifies(
    "VVTQ.activations",
    "sees nothing but whole steps from its offset, as many as its bits allow",
    () => {
      const how = { mask: "inside", rounding: "half-even", gradScale: "l1" } as const;
      const ranges = fc.constantFrom<InputRange>("signed", "unsigned", "offset");
      fc.assert(
        fc.property(filled([12]), ranges, fc.integer({ min: 2, max: 8 }), (arriving, range, bits) => {
          const q = inputQuantizer("fc.weight", bits, range);
          const first = firstInput(q, arriving);
          const [s, beta] = [q.step, q.offset].map((name) => (name === null ? 0 : first[name]!.data[0]!));
          const seen = quantizedInput(q, how, mapTree(first, constant), constant(arriving)).value.data;
          for (const value of seen) {
            const code = (value - beta!) / s!;
            expect(code).toBeCloseTo(Math.round(code), 6);
            expect(Math.round(code)).toBeGreaterThanOrEqual(-q.levels.qn);
            expect(Math.round(code)).toBeLessThanOrEqual(q.levels.qp);
          }
          // The least number lies on its offset.
          if (range === "offset") expect(Math.min(...seen)).toBeCloseTo(Math.min(...arriving.data), 12);
        }),
      );
    },
  );

  test("learns its steps, but leaves none where 32 bits of both are asked for", () => {
    const { model, weights } = calibrated(3);
    const pass = forward(model, weights, batch, [2, 1, 1]);
    const { grads } = backward(pass, pass.y.value.data, batch.labels);
    for (const name of ["a.input.step", "b.input.step"]) expect(member(grads, name).data[0]).not.toBe(0);
    expect(() => prepare(float, { bits: 32 })).toThrow("expected 2 to 16 whole bits, got 32");
  });

  test("keeps the first and the last layer at 8 bits where the policy says so, inputs too", () => {
    const model = prepare(nin({ depth: 1, width: 1, classes: 3 }), {
      bits: 4,
      activations: 4,
      firstLast: "8bit",
    });
    expect(model.inputQuantizers.map(({ bits, levels: { qn, qp } }) => [bits, qn, qp])).toEqual([
      [8, 128, 127],
      [4, 0, 15],
      [4, 0, 15],
      [8, 0, 255],
    ]);
  });
});

test("a layer does to its input what its weights bring along, and no other layer does", () => {
  const w = { "a.weight": constant(f64([1, 2], [1, 2])), "b.weight": constant(f64([1, 2], [1, 2])) };
  const twice = {
    ...w,
    "a.weight": withInput(constant(f64([1, 2], [1, 2])), (x) => constant(move(x.value, x.value, 1))),
  };
  const x = constant(f64([3, 4], [1, 2]));
  expect(linear(twice, "a", x).value.data[0]).toBe(22);
  expect(linear(twice, "b", x).value.data[0]).toBe(11);
  expect(linear(w, "a", x).value.data[0]).toBe(11);
});

test("a penalty is added to the loss, and its gradient to that of the parameters", () => {
  const images = someImages(4, [2, 1, 1], 3, "x").batch([0, 1, 2, 3]);
  const pass = forward(twoLinear, linearWeights("w"), images, [2, 1, 1]);
  const plain = backward(pass, pass.y.value.data, images.labels);
  const penalized = backward(pass, pass.y.value.data, images.labels, {
    ...toLabels,
    penalty: (params) => sum(member(params, "a.weight")),
  });
  const total = Array.from(member(pass.leaves, "a.weight").value.data).reduce((a, b) => a + b, 0);
  expect(penalized.loss.data[0]! - plain.loss.data[0]!).toBeCloseTo(total, 12);
  for (const [name, { data, shape }] of Object.entries(penalized.grads))
    expect(Array.from(data, (g, i) => g - member(plain.grads, name).data[i]!)).toEqual(
      Array.from({ length: sizeOf(shape) }, () => expect.closeTo(name === "a.weight" ? 1 : 0, 12)),
    );
});

test("a student learns the same from a batch in one piece and in parts, each with the labels of its own images", async () => {
  const shape = [2, 1, 1];
  const teacher = { model: twoLinear, weights: linearWeights("teacher"), shape };
  const batch = someImages(7, shape, 3, "x").batch([0, 1, 2, 3, 4, 5, 6]);
  const rule = sgd();
  const stepped = async (accumulate: number): Promise<number[]> => {
    const objective = async (part: Batch): Promise<Objective> => ({
      ...toTargets(await softLabels(teacher, part)),
      penalty: (params) => sum(member(params, "b.weight")),
    });
    const start = startOf(linearWeights("w"), rule);
    const how = { accumulate, objective };
    const { state } = await trainStep(loopScope(), twoLinear, rule, start, batch, shape, 0.5, how);
    return Object.values(state.weights.params).flatMap(({ data }) => Array.from(data));
  };
  const whole = await stepped(1);
  for (const parts of [2, 3, 7]) expect(distance(await stepped(parts), whole)).toBeLessThan(1e-13);
});
