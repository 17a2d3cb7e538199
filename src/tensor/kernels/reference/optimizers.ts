/**
 * One update of one parameter, with PyTorch's semantics.
 *
 * @packageDocumentation
 */

import { power } from "../../math.ts";
import { expectShape } from "../../shape.ts";
import { bufferOf, type Tensor } from "../../tensor.ts";
import { type AdamStep, kernelsOf, type RmspropStep, type SgdStep } from "../kernels.ts";
import { hostTensor } from "./host.ts";

const like = (x: Tensor): Tensor => hostTensor(x.kernels, bufferOf(x.dtype, x.data.length), x.shape);

export function sgd(p: Tensor, g: Tensor, buf: Tensor | null, h: SgdStep): readonly [Tensor, Tensor] {
  kernelsOf(p, g, buf ?? p);
  expectShape("sgd", { g, buf }, p.shape);
  const [next, nextBuf] = [like(p), like(p)];
  for (let i = 0; i < p.data.length; i++) {
    const d = g.data[i]! + h.weightDecay * p.data[i]!;
    // The first buffer is the gradient itself: it is not damped.
    const b = buf === null ? d : h.momentum * buf.data[i]! + (1 - h.dampening) * d;
    nextBuf.data[i] = b;
    next.data[i] = p.data[i]! - h.lr * (h.momentum === 0 ? d : h.nesterov ? d + h.momentum * b : b);
  }
  return [next, nextBuf];
}

export function adam(
  p: Tensor,
  g: Tensor,
  m: Tensor,
  v: Tensor,
  h: AdamStep,
): readonly [Tensor, Tensor, Tensor] {
  kernelsOf(p, g, m, v);
  expectShape("adam", { g, m, v }, p.shape);
  const [next, nextM, nextV] = [like(p), like(p), like(p)];
  const correct1 = 1 - power(h.beta1, h.step);
  const correct2 = Math.sqrt(1 - power(h.beta2, h.step));
  for (let i = 0; i < p.data.length; i++) {
    const w = h.decoupled ? p.data[i]! * (1 - h.lr * h.weightDecay) : p.data[i]!;
    const d = h.decoupled ? g.data[i]! : g.data[i]! + h.weightDecay * w;
    const mi = h.beta1 * m.data[i]! + (1 - h.beta1) * d;
    const vi = h.beta2 * v.data[i]! + (1 - h.beta2) * d * d;
    nextM.data[i] = mi;
    nextV.data[i] = vi;
    next.data[i] = w - (h.lr * (mi / correct1)) / (Math.sqrt(vi) / correct2 + h.eps);
  }
  return [next, nextM, nextV];
}

export function rmsprop(
  p: Tensor,
  g: Tensor,
  v: Tensor,
  buf: Tensor | null,
  h: RmspropStep,
): readonly [Tensor, Tensor, Tensor | null] {
  kernelsOf(p, g, v, buf ?? p);
  expectShape("rmsprop", { g, v, buf }, p.shape);
  const [next, nextV] = [like(p), like(p)];
  const nextBuf = h.momentum === 0 ? null : like(p);
  for (let i = 0; i < p.data.length; i++) {
    const d = g.data[i]! + h.weightDecay * p.data[i]!;
    const vi = h.alpha * v.data[i]! + (1 - h.alpha) * d * d;
    const scaled = d / (Math.sqrt(vi) + h.eps);
    const move = h.momentum * (buf?.data[i] ?? 0) + scaled;
    nextV.data[i] = vi;
    if (nextBuf !== null) nextBuf.data[i] = move;
    next.data[i] = p.data[i]! - h.lr * move;
  }
  return [next, nextV, nextBuf];
}
