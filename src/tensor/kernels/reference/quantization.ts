import { roundHalfAway, roundHalfEven } from "../../math.ts";
import { expectShape } from "../../shape.ts";
import { item, type Tensor } from "../../tensor.ts";
import { kernelsOf, type Quantizer, type QuantizerGrad } from "../kernels.ts";
import { build, buildWith } from "./host.ts";

const clip = (x: number, low: number, high: number): number => Math.min(Math.max(x, low), high);

const rounder = ({ rounding }: Quantizer) => (rounding === "half-even" ? roundHalfEven : roundHalfAway);

/** v/s in the precision of v, so that ties fall alike in every implementation. */
function ratio(v: Tensor, s: Tensor): (i: number) => number {
  const step = item(s);
  if (!(step > 0)) throw new RangeError(`quantize: expected a step size above 0, got ${step}`);
  return v.dtype === "float32" ? (i) => Math.fround(v.data[i]! / step) : (i) => v.data[i]! / step;
}

export function quantize(v: Tensor, s: Tensor, q: Quantizer): Tensor {
  kernelsOf(v, s);
  const [x, round, step] = [ratio(v, s), rounder(q), item(s)];
  return build(v, v.shape, (i) => round(clip(x(i), -q.qn, q.qp)) * step);
}

export function quantizeGrad(g: Tensor, v: Tensor, s: Tensor, q: QuantizerGrad): readonly [Tensor, Tensor] {
  const kernels = kernelsOf(g, v, s);
  expectShape("quantizeGrad", { g }, v.shape);
  const [x, round] = [ratio(v, s), rounder(q)];
  const passes = (r: number): boolean => {
    switch (q.mask) {
      case "inside":
        return -q.qn <= r && r <= q.qp;
      case "strict":
        return -q.qn < r && r < q.qp;
      case "rounded":
        return -q.qn <= round(r) && round(r) <= q.qp;
    }
  };
  const single = v.dtype === "float32" ? Math.fround : (r: number) => r;
  let ds = 0;
  for (let i = 0; i < v.data.length; i++) {
    const r = x(i);
    ds += g.data[i]! * (passes(r) ? single(round(r) - r) : clip(r, -q.qn, q.qp));
  }
  return [
    build(v, v.shape, (i) => (passes(x(i)) ? g.data[i]! : 0)),
    buildWith(kernels, v.dtype, s.shape, (out) => out.set([ds * q.gradScale])),
  ];
}
