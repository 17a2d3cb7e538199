import { describe, expect, test } from "vitest";
import { grad } from "../../src/autograd/grad.ts";
import { constant, type Var } from "../../src/autograd/op.ts";
import { mul, sum } from "../../src/autograd/ops/arithmetic.ts";
import { crossEntropy } from "../../src/autograd/ops/fused.ts";
import { avgPool2d, conv2d, conv2dBias, maxPool2d } from "../../src/autograd/ops/linear.ts";
import { batchNorm2d } from "../../src/nn/layers.ts";
import { adam, adamw, type Optimizer, rmsprop, sgd } from "../../src/nn/optimizers.ts";
import { codes, initialStep, lsq, signed, stepGradScale } from "../../src/quant/lsq.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { simd } from "../kernels.ts";
import { verifies } from "../spec.ts";
import { distance, f64 } from "../tensors.ts";
import { golden, type LayerCase, layers, type Trajectory, tensorsIn } from "./read.ts";

const float32 = (values: ArrayLike<number>, shape: readonly number[] = [values.length]): Tensor =>
  simd.tensor(Float32Array.from(values), shape);
const close = (found: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void => {
  expect(distance(found, expected)).toBeLessThanOrEqual(tolerance);
};

describe("LSQ against PyTorch's autograd", () => {
  const precisions = [
    ["reference, float64", f64, 1e-14],
    ["simd, float32", float32, 5e-7],
  ] as const;

  describe.each(precisions)("%s", (_name, tensor, tolerance) => {
    verifies("LSQ.eq.1", "codes and first steps of 2, 3, 4 and 8 bits", () => {
      expect(golden.lsq_autograd_composition.map(({ bits }) => bits)).toEqual([2, 3, 4, 8]);
      for (const c of golden.lsq_autograd_composition) {
        const levels = signed(c.bits);
        expect(levels).toEqual({ qn: -c.Qn, qp: c.Qp });
        expect(Array.from(codes(tensor(c.v), tensor([c.s], []), levels))).toEqual(c.codes);
        close([initialStep(tensor(c.v), levels)], [c.init_s], tolerance);
        close([stepGradScale(c.v.length, levels)], [c.grad_scale], 1e-15);
      }
    });

    verifies("LSQ.eq.3", "values and both gradients of 2, 3, 4 and 8 bits", () => {
      for (const c of golden.lsq_autograd_composition) {
        const levels = signed(c.bits);
        const [v, s] = [constant(tensor(c.v)), constant(tensor([c.s], []))];
        const y = lsq(levels, { gradScale: stepGradScale(c.v.length, levels) })(v, s);
        const [dv, ds] = grad(sum(mul(y, constant(tensor(c.upstream)))), [v, s]);
        close(y.value.data, c.vhat, tolerance);
        close(dv!.value.data, c.grad_v, tolerance);
        // 12 terms of a few hundredths of v/s ≤ 128, each known to half a unit in the last place of v/s.
        close(ds!.value.data, [c.grad_s], tolerance === 1e-14 ? 1e-13 : 1e-5);
      }
    });

    verifies("LSQ.eq.5", "values and both gradients at and around the clip limits and the ties", () => {
      expect(golden.lsq_boundary_unit_step_b4.map(({ v }) => v)).toEqual([
        -8.6, -8.5, -8.4, -8, -7.5, -0.5, 0.5, 1.5, 2.5, 6.5, 7, 7.4, 7.5, 7.6,
      ]);
      for (const c of golden.lsq_boundary_unit_step_b4) {
        const [v, s] = [constant(tensor([c.v])), constant(tensor([1], []))];
        const y = lsq(signed(4), { gradScale: stepGradScale(1, signed(4)) })(v, s);
        const [dv, ds] = grad(sum(y), [v, s]);
        expect(y.value.data[0]! + 0, `value at ${c.v}`).toBe(c.vhat[0]);
        expect(dv!.value.data[0], `gradient to v at ${c.v}`).toBe(c.grad_v[0]);
        close(ds!.value.data, [c.grad_s], tolerance);
        close([c.grad_s / stepGradScale(1, signed(4))], [c.grad_s_unscaled], 1e-14);
      }
    });
  });
});

describe("optimizers against torch.optim", () => {
  const rules: { readonly [Name in keyof typeof golden.optim]: (t: Trajectory["kwargs"]) => Optimizer } = {
    sgd_mom_wd: (k) => sgd({ momentum: k.momentum!, weightDecay: k.weight_decay! }),
    sgd_plain: () => sgd(),
    adam_wd: (k) => adam({ weightDecay: k.weight_decay! }),
    rmsprop_wd: (k) => rmsprop({ weightDecay: k.weight_decay! }),
    rmsprop_mom: (k) => rmsprop({ momentum: k.momentum! }),
    adamw: () => adamw(),
  };

  const names = Object.keys(rules) as (keyof typeof rules)[];
  test.each(names)("%s follows the whole trajectory", (name) => {
    const { kwargs, x0, grads, trajectory } = golden.optim[name];
    for (const [tensor, tolerance] of [
      [f64, 1e-14],
      [float32, 1e-6],
    ] as const) {
      const rule = rules[name](kwargs);
      let params = { p: tensor(x0) };
      let state = rule.init(params);
      expect(trajectory).toHaveLength(grads.length);
      grads.forEach((g, i) => {
        const next = rule.step(params, { p: tensor(g) }, state, kwargs.lr);
        params = { p: next.params.p! };
        state = next.state;
        close(params.p.data, trajectory[i]!, tolerance);
      });
    }
  });

  test("covers every trajectory of the file", () => {
    expect(Object.keys(golden.optim).sort()).toEqual(Object.keys(rules).sort());
  });
});

test("BatchNorm2d: training output, running statistics and evaluation output are PyTorch's", () => {
  const g = golden.batchnorm2d;
  for (const [tensor, tolerance] of [
    [f64, 1e-14],
    [float32, 1e-6],
  ] as const) {
    const params = { "bn.weight": constant(tensor(g.weight)), "bn.bias": constant(tensor(g.bias)) };
    const fresh = { "bn.running_mean": tensor([0, 0]), "bn.running_var": tensor([1, 1]) };
    const x = constant(tensor(g.x.flat(3), [2, 2, 2, 2]));
    const { y, buffers } = batchNorm2d(params, fresh, "bn", x, "train");
    close(y.value.data, g.train_out.flat(3), tolerance);
    close(buffers["bn.running_mean"]!.data, g.running_mean, tolerance);
    close(buffers["bn.running_var"]!.data, g.running_var, tolerance);
    close(batchNorm2d(params, buffers, "bn", x, "eval").y.value.data, g.eval_out.flat(3), tolerance);
  }
});

test("the cross-entropy is PyTorch's", () => {
  const { logits, target, mean } = golden.cross_entropy;
  const loss = (z: Tensor): number => crossEntropy(Int32Array.from(target))(constant(z)).value.data[0]!;
  close([loss(f64(logits.flat(), [3, 5]))], [mean], 1e-15);
  close([loss(float32(logits.flat(), [3, 5]))], [mean], 2e-7);
});

describe("layers against PyTorch, forward and gradients", () => {
  const stored = tensorsIn("layers.safetensors");

  /** The output of a case, and the gradients of Σ y gy to its inputs, under the names of the file. */
  function computed(c: LayerCase, read: (name: string) => Tensor): Record<string, Tensor> {
    const geometry = { stride: c.stride, padding: c.padding };
    const inputs: Record<string, Var> = { x: constant(read("x")) };
    if (c.op === "conv2d") inputs.w = constant(read("w"));
    if (c.bias !== undefined) inputs.bias = constant(read("bias"));
    const { x, w, bias } = inputs as { x: Var; w: Var; bias?: Var };
    const conv = { ...geometry, groups: c.groups };
    const pool = { ...geometry, size: c.size };
    const y = {
      conv2d: () => (bias === undefined ? conv2d(conv)(x, w) : conv2dBias(conv)(x, w, bias)),
      avg_pool2d: () => avgPool2d(pool)(x),
      max_pool2d: () => maxPool2d(pool)(x),
    }[c.op]();
    const names = Object.keys(inputs);
    const slopes = grad(sum(mul(y, constant(read("gy")))), Object.values(inputs));
    return { y: y.value, ...Object.fromEntries(names.map((name, i) => [`g${name}`, slopes[i]!.value])) };
  }

  test.each(layers)("$name", (c) => {
    const values = (part: string) => stored(`${c.name}/${part}`);
    const exact = computed(c, (part) => f64(values(part).values, values(part).shape));
    const single = computed(c, (part) => float32(values(part).values, values(part).shape));
    // Every number is a sum of products: the same sum of absolute values bounds what rounding can do to it.
    // A maximum is at most the sum over its window, which is size² means.
    const max = c.op === "max_pool2d";
    const absolute = computed({ ...c, op: max ? "avg_pool2d" : c.op }, (part) =>
      f64(values(part).values.map(Math.abs), values(part).shape),
    );
    // No sum here has more terms than that of 3 × 7 × 7 weights.
    const terms = 147;
    const gamma = ((terms * 2 ** -24) / (1 - terms * 2 ** -24)) * (max ? c.size ** 2 : 1);

    for (const part of Object.keys(exact)) {
      const expected = values(part);
      expect(exact[part]!.shape).toEqual(expected.shape);
      expect(single[part]!.shape).toEqual(expected.shape);
      close(exact[part]!.data, expected.values, 1e-14);
      expected.values.forEach((value, i) => {
        const error = Math.abs(single[part]!.data[i]! - value);
        expect(error, `${part} ${i}`).toBeLessThanOrEqual(gamma * absolute[part]!.data[i]!);
      });
    }
    const gradients = stored.names.filter((name) => name.startsWith(`${c.name}/g`) && !name.endsWith("/gy"));
    expect(Object.keys(exact)).toHaveLength(1 + gradients.length);
  });

  test("the list and the file name the same cases", () => {
    const named = new Set(stored.names.map((name) => name.slice(0, name.lastIndexOf("/"))));
    expect([...named].sort()).toEqual(layers.map(({ name }) => name).sort());
  });
});
