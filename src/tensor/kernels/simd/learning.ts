/** What training needs of weights and of logits: quantizers, losses and optimizers. */
import { power } from "../../math.ts";
import { expectShape } from "../../shape.ts";
import { sizeOf, type Tensor } from "../../tensor.ts";
import { type Kernels, kernelsOf, type Quantizer } from "../kernels.ts";
import { checkLabels, lastExtent } from "../reference/loss.ts";
import type { Ground } from "./ground.ts";
import { type Range, ranges } from "./ranges.ts";
import type { Part } from "./team.ts";

const MASK = ["inside", "strict", "rounded"] as const;
const ROUNDING = ["half-even", "half-away"] as const;

/** Numbers that are summed in one go: a longer sum is that of the sums of so many. */
const SUMMED = 2 ** 16;

export type Learning = Pick<
  Kernels,
  "quantize" | "quantizeGrad" | "softmax" | "crossEntropy" | "crossEntropyGrad" | "sgd" | "adam" | "rmsprop"
>;

export function createLearning(ground: Ground): Learning {
  const { wasm, crew, at, addressOf, empty, filled, integers, spread, spreadMap } = ground;

  function stepOf(s: Tensor): number {
    const step = s.data[0]!;
    if (sizeOf(s.shape) !== 1)
      throw new RangeError(`quantize: expected one step size, got shape [${s.shape}]`);
    if (!(step > 0)) throw new RangeError(`quantize: expected a step size above 0, got ${step}`);
    return step;
  }
  const levels = (q: Quantizer): number[] => [q.qn, q.qp, ROUNDING.indexOf(q.rounding)];

  return {
    quantize(v, s, q) {
      kernelsOf(v, s);
      const y = empty(v.shape);
      const [size, given] = [sizeOf(v.shape), [stepOf(s), ...levels(q)]];
      spread(
        "quantize",
        size,
        8,
        (from, to) => [addressOf(v, from, size), ...given, addressOf(y, from, size), to - from],
        { unit: 16 },
      );
      return y;
    },
    quantizeGrad(g, v, s, q) {
      kernelsOf(g, v, s);
      expectShape("quantizeGrad", { g }, v.shape);
      const dv = empty(v.shape);
      const [size, given] = [sizeOf(v.shape), [stepOf(s), ...levels(q), MASK.indexOf(q.mask)]];
      const part = ([from, to]: Range): Part => [
        addressOf(g, from, size),
        addressOf(v, from, size),
        ...given,
        addressOf(dv, from, size),
        to - from,
      ];
      // A sum over all of them: its parts depend on the problem alone, as the order of summation must.
      const ds = size === 0 ? [] : crew.run("quantizeGrad", ranges(size, SUMMED).map(part), 0, 0);
      const total = ds.reduce((sum, x) => sum + x, 0);
      return [dv, filled(total * q.gradScale, s.shape)];
    },

    softmax(x) {
      const k = lastExtent("softmax", x.shape);
      const y = empty(x.shape);
      spreadMap("softmax", sizeOf(x.shape) / k, 200 * k, [], [x, y], [k]);
      return y;
    },

    crossEntropy(logits, labels) {
      const { n, k } = checkLabels(logits, labels);
      return filled(wasm.crossEntropy!(at(logits), integers(labels), n, k), []);
    },
    crossEntropyGrad(logits, labels) {
      const { n, k } = checkLabels(logits, labels);
      const dz = empty([n, k]);
      wasm.crossEntropyGrad!(at(logits), integers(labels), at(dz), n, k);
      return dz;
    },

    sgd(p, g, buf, h) {
      kernelsOf(p, g, buf ?? p);
      expectShape("sgd", { g, buf }, p.shape);
      const [next, nextBuf] = [empty(p.shape), empty(p.shape)];
      const hyper = [h.lr, h.momentum, 1 - h.dampening, Number(h.nesterov), h.weightDecay];
      spreadMap("sgd", sizeOf(p.shape), 16, [], [p, g, buf, next, nextBuf], hyper);
      return [next, nextBuf];
    },
    adam(p, g, m, v, h) {
      kernelsOf(p, g, m, v);
      expectShape("adam", { g, m, v }, p.shape);
      const [next, nextM, nextV] = [empty(p.shape), empty(p.shape), empty(p.shape)];
      const [rate, root] = [h.lr / (1 - power(h.beta1, h.step)), Math.sqrt(1 - power(h.beta2, h.step))];
      const moments = [h.beta1, 1 - h.beta1, h.beta2, 1 - h.beta2, h.eps];
      const decay = h.decoupled ? [0, 1 - h.lr * h.weightDecay] : [h.weightDecay, 1];
      const hyper = [rate, root, ...moments, ...decay];
      spreadMap("adam", sizeOf(p.shape), 24, [], [p, g, m, v, next, nextM, nextV], hyper);
      return [next, nextM, nextV];
    },
    rmsprop(p, g, v, buf, h) {
      kernelsOf(p, g, v, buf ?? p);
      expectShape("rmsprop", { g, v, buf }, p.shape);
      const [next, nextV] = [empty(p.shape), empty(p.shape)];
      const nextBuf = h.momentum === 0 ? null : empty(p.shape);
      const hyper = [h.lr, h.alpha, 1 - h.alpha, h.eps, h.momentum, h.weightDecay];
      spreadMap("rmsprop", sizeOf(p.shape), 24, [], [p, g, v, buf, next, nextV, nextBuf], hyper);
      return [next, nextV, nextBuf];
    },
  };
}
