import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { adam, adamw, type Optimizer, rmsprop, sgd } from "../../src/nn/optimizers.ts";
import { reference } from "../../src/tensor/kernels/reference/index.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { simd } from "../kernels.ts";

type Vector = readonly number[];
interface Precision {
  readonly tensor: (values: Vector) => Tensor;
  readonly tolerance: number;
}
const precisions: readonly (readonly [string, Precision])[] = [
  [
    "reference, float64",
    { tensor: (v) => reference.tensor(Float64Array.from(v), [v.length]), tolerance: 1e-13 },
  ],
  ["simd, float32", { tensor: (v) => simd.tensor(Float32Array.from(v), [v.length]), tolerance: 2e-5 }],
];

/** The parameter after each of the gradients. */
function path(
  rule: Optimizer,
  { tensor }: Precision,
  p: Vector,
  gradients: readonly Vector[],
  lr: number,
): number[][] {
  let params = { p: tensor(p) };
  let state = rule.init(params);
  return gradients.map((g) => {
    const next = rule.step(params, { p: tensor(g) }, state, lr);
    params = { p: next.params.p! };
    state = next.state;
    return Array.from(params.p.data);
  });
}

const number = fc.integer({ min: -2000, max: 2000 }).map((k) => k / 1000);
const vector = fc.array(number, { minLength: 3, maxLength: 3 });
const gradients = fc.array(vector, { minLength: 1, maxLength: 6 });
const rate = fc.constantFrom(0.1, 0.01, 0.5);
const factor = fc.constantFrom(0, 0.5, 0.9);
const decay = fc.constantFrom(0, 1e-2, 0.1);

/** The formula of one number: what is left of p after the step, given g; it may remember. */
type Rule = () => (p: number, g: number) => number;

describe.each(precisions)("optimizers (%s)", (_name, precision) => {
  function follows(rule: Optimizer, formula: Rule, p: Vector, gs: readonly Vector[], lr: number): void {
    const steps = path(rule, precision, p, gs, lr);
    p.forEach((start, i) => {
      const step = formula();
      let expected = start;
      gs.forEach((g, t) => {
        expected = step(expected, g[i]!);
        const size = precision.tolerance * (1 + Math.abs(expected));
        expect(Math.abs(steps[t]![i]! - expected), `number ${i} after step ${t + 1}`).toBeLessThanOrEqual(
          size,
        );
      });
    });
  }

  test("sgd: buf = g at first, then μ buf + (1 − dampening) g; p − lr buf, or p − lr (g + μ buf) by Nesterov", () => {
    const options = fc.tuple(rate, factor, fc.constantFrom(0, 0.25), decay, fc.boolean());
    fc.assert(
      fc.property(vector, gradients, options, (p, gs, [lr, momentum, dampening, weightDecay, nesterov]) => {
        const formula: Rule = () => {
          let buf: number | null = null;
          return (p, raw) => {
            const g = raw + weightDecay * p;
            buf = buf === null ? g : momentum * buf + (1 - dampening) * g;
            if (momentum === 0) return p - lr * g;
            return p - lr * (nesterov ? g + momentum * buf : buf);
          };
        };
        follows(sgd({ momentum, dampening, weightDecay, nesterov }), formula, p, gs, lr);
      }),
    );
  });

  test("adam: decay joins the gradient, and eps is added to the corrected root", () => {
    const options = fc.tuple(rate, decay, fc.constantFrom(1e-8, 0.1));
    fc.assert(
      fc.property(vector, gradients, options, (p, gs, [lr, weightDecay, eps]) => {
        const formula: Rule = () => {
          let [m, v, t] = [0, 0, 0];
          return (p, raw) => {
            const g = raw + weightDecay * p;
            t += 1;
            m = 0.9 * m + 0.1 * g;
            v = 0.99 * v + 0.01 * g * g;
            return p - (lr * (m / (1 - 0.9 ** t))) / (Math.sqrt(v / (1 - 0.99 ** t)) + eps);
          };
        };
        follows(adam({ beta2: 0.99, weightDecay, eps }), formula, p, gs.map(awayFromZero), lr);
      }),
    );
  });

  test("adamw: decay shrinks the parameter and never meets the gradient's moments", () => {
    const options = fc.tuple(rate, fc.constantFrom(0.01, 0.3), fc.constantFrom(1e-8, 0.1));
    fc.assert(
      fc.property(vector, gradients, options, (p, gs, [lr, weightDecay, eps]) => {
        const formula: Rule = () => {
          let [m, v, t] = [0, 0, 0];
          return (p, g) => {
            t += 1;
            m = 0.8 * m + 0.2 * g;
            v = 0.999 * v + 0.001 * g * g;
            const step = m / (1 - 0.8 ** t) / (Math.sqrt(v / (1 - 0.999 ** t)) + eps);
            return p * (1 - lr * weightDecay) - lr * step;
          };
        };
        follows(adamw({ beta1: 0.8, weightDecay, eps }), formula, p, gs.map(awayFromZero), lr);
      }),
    );
  });

  test("rmsprop: eps is outside the root, and momentum gathers the scaled gradients", () => {
    const options = fc.tuple(rate, factor, decay, fc.constantFrom(1e-8, 0.1));
    fc.assert(
      fc.property(vector, gradients, options, (p, gs, [lr, momentum, weightDecay, eps]) => {
        const formula: Rule = () => {
          let [v, buf] = [0, 0];
          return (p, raw) => {
            const g = raw + weightDecay * p;
            v = 0.9 * v + 0.1 * g * g;
            buf = momentum * buf + g / (Math.sqrt(v) + eps);
            return p - lr * buf;
          };
        };
        follows(rmsprop({ alpha: 0.9, momentum, weightDecay, eps }), formula, p, gs.map(awayFromZero), lr);
      }),
    );
  });

  test("the first momentum buffer is the gradient, undamped; the second is damped", () => {
    const rule = sgd({ momentum: 0.5, dampening: 0.75 });
    expect(path(rule, precision, [0], [[1], [1]], 1)).toEqual([[-1], [-1.75]]);
  });

  test("without options: sgd is p − lr g, adamw decays by 0.01, the others not at all", () => {
    const still = [[0, 0, 0]];
    const p = [1, -2, 0.5];
    expect(path(sgd(), precision, p, [[1, 1, 1]], 0.5)).toEqual([[0.5, -2.5, 0]]);
    for (const rule of [sgd(), adam(), rmsprop()]) expect(path(rule, precision, p, still, 0.5)).toEqual([p]);
    path(adamw(), precision, p, still, 0.5)[0]!.forEach((x, i) => {
      expect(x).toBeCloseTo(p[i]! * 0.995, 6);
    });
  });

  test("weight decay leaves alone the parameters that are exempt from it", () => {
    for (const rule of [sgd, adam, adamw, rmsprop].map((make) => make({ weightDecay: 0.5 }))) {
      const params = { w: precision.tensor([2]), step: precision.tensor([2]) };
      const still = { w: precision.tensor([0]), step: precision.tensor([0]) };
      const next = rule.step(params, still, rule.init(params), 0.1, (name) => name !== "step");
      expect(next.params.step!.data[0], rule.name).toBe(2);
      expect(next.params.w!.data[0], rule.name).toBeLessThan(2);
    }
  });

  test("an optimizer keeps a state for each parameter by name, counts its steps, and changes no tensor", () => {
    const rule = adam();
    const params = { a: precision.tensor([1, 2]), b: precision.tensor([3]) };
    const start = rule.init(params);
    expect(Object.keys(start.slots).sort()).toEqual(["mean/a", "mean/b", "square/a", "square/b"]);
    const grads = { a: precision.tensor([1, 1]), b: precision.tensor([1]) };
    const once = rule.step(params, grads, start, 0.1);
    const twice = rule.step(once.params, grads, once.state, 0.1);
    expect([start.step, once.state.step, twice.state.step]).toEqual([0, 1, 2]);
    expect(Array.from(params.a.data)).toEqual([1, 2]);
    expect(Array.from(start.slots["mean/a"]!.data)).toEqual([0, 0]);
    expect(Object.keys(sgd().step(params, grads, sgd().init(params), 0.1).state.slots)).toEqual([]);
    expect(() => rule.step(params, { a: grads.a }, start, 0.1)).toThrow('there is no "b" among a');
  });
});

/** A square below the smallest float32 would be lost there. */
const awayFromZero = (g: Vector): Vector => g.map((x) => (Math.abs(x) < 0.01 ? 0.25 : x));
