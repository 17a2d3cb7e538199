import { bufferOf, sizeOf, type Tensor } from "../tensor/tensor.ts";
import { EPS } from "./layers.ts";
import type { Model, Weights } from "./model.ts";
import { member } from "./tree.ts";

/**
 * The same function in eval mode, with each batch norm multiplied into the layer before it:
 *
 *   w ← w γ/√(σ² + eps),  b ← (b − μ) γ/√(σ² + eps) + β,  and γ = 1, β = 0, μ = 0, σ² = 1 − eps
 *
 * Measures of w are others after it: plain norms grow with γ/σ, although the network is the same.
 *
 * A layer without a bias gets one.
 *
 * @param weights - of a float network, on the host
 * @deviation The code that the paper builds on leaves σ² = 1, which divides once more by √(1 + eps).
 */
export function foldBatchNorm({ norms = {} }: Model, { params, buffers }: Weights): Weights {
  const folded = { params: { ...params }, buffers: { ...buffers } };
  for (const [name, norm] of Object.entries(norms)) {
    const biasName = name.replace(/weight$/, "bias");
    const w = member(params, name);
    const beta = member(params, `${norm}.bias`);
    const b = params[biasName] ?? mapped(beta, () => 0);
    const gamma = member(params, `${norm}.weight`).data;
    const [mean, variance] = [
      member(buffers, `${norm}.running_mean`).data,
      member(buffers, `${norm}.running_var`).data,
    ];
    const factor = (channel: number): number => gamma[channel]! / Math.sqrt(variance[channel]! + EPS);
    const filter = sizeOf(w.shape.slice(1));
    folded.params[name] = mapped(w, (x, i) => x * factor(Math.floor(i / filter)));
    folded.params[biasName] = mapped(b, (x, i) => (x - mean[i]!) * factor(i) + beta.data[i]!);
    folded.params[`${norm}.weight`] = mapped(b, () => 1);
    folded.params[`${norm}.bias`] = mapped(b, () => 0);
    folded.buffers[`${norm}.running_mean`] = mapped(b, () => 0);
    folded.buffers[`${norm}.running_var`] = mapped(b, () => 1 - EPS);
  }
  return folded;
}

function mapped({ kernels, data, shape, dtype }: Tensor, f: (x: number, i: number) => number): Tensor {
  const values = bufferOf(dtype, data.length);
  for (let i = 0; i < values.length; i++) values[i] = f(data[i]!, i);
  return kernels.tensor(values, shape);
}
