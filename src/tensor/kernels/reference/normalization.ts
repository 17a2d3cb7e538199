import { square } from "../../math.ts";
import { expectShape } from "../../shape.ts";
import { type Shape, sizeOf, type Tensor } from "../../tensor.ts";
import { kernelsOf } from "../kernels.ts";
import { build, buildWith } from "./host.ts";

/** The channel of element i of a tensor [N, C, …]. */
function channelOf(shape: Shape): (i: number) => number {
  if (shape.length < 2) throw new RangeError(`batch norm: expected x to be [N, C, …], got [${shape}]`);
  const inner = sizeOf(shape.slice(2));
  const channels = shape[1]!;
  return (i) => Math.floor(i / inner) % channels;
}

/** Sums of `f(i)` over each channel, in float64. */
function perChannel(shape: Shape, f: (i: number, c: number) => number): Float64Array {
  const channel = channelOf(shape);
  const total = new Float64Array(shape[1]!);
  for (let i = 0; i < sizeOf(shape); i++) total[channel(i)]! += f(i, channel(i));
  return total;
}

export function moments(x: Tensor): readonly [Tensor, Tensor] {
  const count = sizeOf(x.shape) / x.shape[1]!;
  const mean = perChannel(x.shape, (i) => x.data[i]!).map((sum) => sum / count);
  const variance = perChannel(x.shape, (i, c) => square(x.data[i]! - mean[c]!)).map((sum) => sum / count);
  return [build(x, [mean.length], (c) => mean[c]!), build(x, [mean.length], (c) => variance[c]!)];
}

export function normalize(
  x: Tensor,
  mean: Tensor,
  variance: Tensor,
  gamma: Tensor,
  beta: Tensor,
  eps: number,
): Tensor {
  kernelsOf(x, mean, variance, gamma, beta);
  const channel = channelOf(x.shape);
  expectShape("normalize", { mean, variance, gamma, beta }, [x.shape[1]!]);
  return build(x, x.shape, (i) => {
    const c = channel(i);
    return (
      (gamma.data[c]! * (x.data[i]! - mean.data[c]!)) / Math.sqrt(variance.data[c]! + eps) + beta.data[c]!
    );
  });
}

/**
 * With x̂ the normalized x and m values per channel:
 * dβ = Σ g, dγ = Σ g x̂, dx = γ / √(variance + eps) · (g − dβ/m − x̂ dγ/m).
 */
export function batchNormGrad(
  g: Tensor,
  x: Tensor,
  mean: Tensor,
  variance: Tensor,
  gamma: Tensor,
  eps: number,
): readonly [Tensor, Tensor, Tensor] {
  const kernels = kernelsOf(g, x, mean, variance, gamma);
  const channel = channelOf(x.shape);
  expectShape("batchNormGrad", { g }, x.shape);
  expectShape("batchNormGrad", { mean, variance, gamma }, [x.shape[1]!]);
  const count = sizeOf(x.shape) / x.shape[1]!;
  const inverse = (c: number) => 1 / Math.sqrt(variance.data[c]! + eps);
  const hat = (i: number, c: number) => (x.data[i]! - mean.data[c]!) * inverse(c);
  const dbeta = perChannel(x.shape, (i) => g.data[i]!);
  const dgamma = perChannel(x.shape, (i, c) => g.data[i]! * hat(i, c));
  const dx = build(x, x.shape, (i) => {
    const c = channel(i);
    return gamma.data[c]! * inverse(c) * (g.data[i]! - dbeta[c]! / count - (hat(i, c) * dgamma[c]!) / count);
  });
  const vector = (v: Float64Array) => buildWith(kernels, x.dtype, [v.length], (out) => out.set(v));
  return [dx, vector(dgamma), vector(dbeta)];
}
