/**
 * A penalty that keeps weights from swinging between two levels: it draws each to its level, and the weights of one
 * level to their mean.
 *
 * @packageDocumentation
 */

import { constant, type Var } from "../autograd/op.ts";
import { add, mul, scale, square, sub, sum } from "../autograd/ops/arithmetic.ts";
import { halfWave } from "../nn/schedules.ts";
import { member, type Tree } from "../nn/tree.ts";
import type { Rounding } from "../tensor/kernels/kernels.ts";
import { bufferOf, item, type Tensor } from "../tensor/tensor.ts";
import { codes, type Levels, quantized } from "./lsq.ts";
import type { QuantizedModel } from "./prepare.ts";

/**
 * mean (ŵ − clip(w))² + Σₖ Var(w of level k), of one layer. The levels are held fixed, variances are unbiased, and a
 * level with one weight has none.
 *
 * @implements VVTQ.binReg
 * @deviation The step gets no gradient from it.
 */
export function binPenalty(w: Var, s: Tensor, levels: Levels, rounding: Rounding = "half-even"): Var {
  const { value } = w;
  const { data, shape, kernels, dtype } = value;
  const count = data.length;
  const step = item(s);
  const level = codes(value, s, levels, rounding);
  const hat = quantized(value, s, levels, rounding).data;

  const [sizes, sums] = [new Map<number, number>(), new Map<number, number>()];
  level.forEach((k, i) => {
    sizes.set(k, (sizes.get(k) ?? 0) + 1);
    sums.set(k, (sums.get(k) ?? 0) + data[i]!);
  });

  /** Σ cᵢ (wᵢ − tᵢ)². The mean of a level may be held fixed too: Σ (w − mean) is 0, and with it its gradient. */
  const squares = (t: (i: number) => number, c: (i: number) => number): Var => {
    const [targets, factors] = [bufferOf(dtype, count), bufferOf(dtype, count)];
    for (let i = 0; i < count; i++) {
      targets[i] = t(i);
      factors[i] = c(i);
    }
    const distance = square(sub(w, constant(kernels.tensor(targets, shape))));
    return sum(mul(constant(kernels.tensor(factors, shape)), distance));
  };
  const inside = (i: number): boolean => data[i]! >= -levels.qn * step && data[i]! <= levels.qp * step;
  const size = (i: number): number => sizes.get(level[i]!)!;
  return add(
    squares(
      (i) => hat[i]!,
      (i) => (inside(i) ? 1 / count : 0),
    ),
    squares(
      (i) => sums.get(level[i]!)! / size(i),
      (i) => (size(i) > 1 ? 1 / (size(i) - 1) : 0),
    ),
  );
}

/** λ Σ over layers of their penalty. */
export const binRegularization =
  ({ quantizers, policy }: QuantizedModel, lambda: number): ((params: Tree<Var>) => Var) =>
  (params) => {
    const penalties = quantizers.map(({ weight, step, levels }) =>
      binPenalty(member(params, weight), member(params, step).value, levels, policy.rounding),
    );
    const total = penalties.reduce((a, b) => add(a, b));
    return scale(lambda)(total);
  };

/**
 * λ in each epoch, counted from 0: none in the first quarter, then up to `lambda` along half a wave.
 *
 * @implements VVTQ.binReg
 */
export const binWeight = (lambda: number, epoch: number, epochs: number): number =>
  halfWave(0, lambda, (epoch / epochs - 0.25) / 0.75);
