/**
 * Kernels on a GPU, through gpu.js. What a convolutional network does with its activations runs on the device and
 * stays there; weights, quantization, losses and optimizer steps are small, need exact rounding and logarithms, and
 * are left to the kernels of the host. A tensor lies on the host, on the device, or on both; it crosses when the
 * other side first needs it, and no second time.
 *
 * @packageDocumentation
 */

import { broadcastShape, expectShape, permutationPlan, takeDims } from "../../shape.ts";
import { type Shape, sameShape, sizeOf, type Tensor } from "../../tensor.ts";
import { fusedFrom } from "../fused.ts";
import { type Kernels, kernelsOf } from "../kernels.ts";
import { lastExtent } from "../reference/loss.ts";
import { createChannelSums, createImages } from "./images.ts";
import { type Extents, extentsOf } from "./layout.ts";
import { createPlaces } from "./places.ts";
import { createProducts } from "./products.ts";
import * as programs from "./programs/index.ts";
import type { Runtime } from "./runtime.ts";

export interface GpuKernels extends Kernels {
  readonly runtime: Runtime;
}

/**
 * @param host - the kernels that do what the device does not, float32
 */
export function createGpu(runtime: Runtime, host: Kernels): GpuKernels {
  const { lanes } = runtime;
  const places = createPlaces(() => gpu, runtime, host);
  const { onHost, onDevice, deviceOf, isAway, byHost, reshape, run } = places;
  const channelSums = createChannelSums(places, runtime);

  const text = (d: Extents): string => Object.values(d).join();
  /** One result of the host, of the shape of x. */
  const one = (shape: Shape, xs: readonly Tensor[], make: (...own: readonly Tensor[]) => Tensor): Tensor =>
    byHost(xs, [shape], (...own) => [make(...own)])[0]!;

  const gpu: GpuKernels = {
    name: runtime.mode,
    dtypes: ["float32"],
    runtime,

    tensor: (data, shape) => onHost(host.tensor(data, shape)),
    fill: (value, shape, dtype) => onHost(host.fill(value, shape, dtype)),
    reshape,

    ...createProducts(places, runtime, host),
    ...createImages(places, runtime, channelSums),
    ...fusedFrom(() => gpu),

    random: (law, key, shape, dtype) => onHost(host.random(law, key, shape, dtype)),
    displace(w, z, spread) {
      kernelsOf(w, z);
      return one(w.shape, [w, z], (w, z) => host.displace(w!, z!, spread));
    },
    unary(f, x, c = 0) {
      const d = extentsOf(x.shape);
      if (!isAway(x) || d === null || !programs.knowsUnary(f))
        return one(x.shape, [x], (x) => host.unary(f, x!, c));
      return onDevice(
        run(`${f} ${c} ${text(d)}`, () => programs.unary(f, c, d, lanes), deviceOf(x)),
        x.shape,
      );
    },
    binary(f, a, b) {
      kernelsOf(a, b);
      const d = extentsOf(a.shape);
      if (
        (!isAway(a) && !isAway(b)) ||
        d === null ||
        !sameShape(a.shape, b.shape) ||
        !programs.knowsBinary(f)
      )
        return one(broadcastShape(a.shape, b.shape), [a, b], (a, b) => host.binary(f, a!, b!));
      return onDevice(
        run(`${f} ${text(d)}`, () => programs.binary(f, d, lanes), deviceOf(a), deviceOf(b)),
        a.shape,
      );
    },
    broadcastTo(x, shape) {
      const [from, to] = [extentsOf(x.shape), extentsOf(shape)];
      const spreads =
        from !== null &&
        to !== null &&
        from.h * from.w === 1 &&
        from.c === to.c &&
        (from.n === 1 || from.n === to.n);
      // To the pixels of images: on the device even from the host, because the result is larger.
      if (!spreads || x.shape.length < 3 || shape.length !== 4 || sizeOf(shape) === 0)
        return one(shape, [x], (x) => host.broadcastTo(x!, shape));
      const key = `broadcast ${text(from)} ${text(to)}`;
      return onDevice(
        run(key, () => programs.broadcast(from, to, lanes), deviceOf(x)),
        shape,
      );
    },
    sumTo(x, shape) {
      const d = extentsOf(x.shape);
      const away = isAway(x) && d !== null && x.shape.length === 4;
      const [n, c] = x.shape as [number, number];
      if (away && sameShape(shape, [n, c, 1, 1]))
        return onDevice(
          run(`sum plain ${text(d)}`, () => programs.sumPixels("plain", d, lanes), deviceOf(x)),
          shape,
        );
      if (away && (sameShape(shape, [c, 1, 1]) || sameShape(shape, [1, c, 1, 1])))
        return onDevice(channelSums("plain", d, {}, deviceOf(x)), shape);
      return one(shape, [x], (x) => host.sumTo(x!, shape));
    },

    permute: (x, order) => one(permutationPlan(x.shape, order).shape, [x], (x) => host.permute(x!, order)),
    take: (x, axis, indices) =>
      one(takeDims(x.shape, axis, indices).shape, [x], (x) => host.take(x!, axis, indices)),
    takeGrad(g, x, axis, indices) {
      expectShape("takeGrad", { g }, takeDims(x, axis, indices).shape);
      return one(x, [g], (g) => host.takeGrad(g!, x, axis, indices));
    },
    softmax(x) {
      lastExtent("softmax", x.shape);
      return one(x.shape, [x], (x) => host.softmax(x!));
    },
    quantize(v, s, q) {
      kernelsOf(v, s);
      return one(v.shape, [v, s], (v, s) => host.quantize(v!, s!, q));
    },
    quantizeGrad(g, v, s, q) {
      kernelsOf(g, v, s);
      const [dv, ds] = byHost([g, v, s], [v.shape, s.shape], (g, v, s) => host.quantizeGrad(g!, v!, s!, q));
      return [dv!, ds!];
    },
    crossEntropy: (logits, labels) => one([], [logits], (x) => host.crossEntropy(x!, labels)),
    crossEntropyGrad: (logits, labels) =>
      one(logits.shape, [logits], (x) => host.crossEntropyGrad(x!, labels)),
    sgd(p, g, buf, step) {
      kernelsOf(p, g, buf ?? p);
      const [xs, shapes] = [buf === null ? [p, g] : [p, g, buf], [p.shape, p.shape]];
      const [next, nextBuf] = byHost(xs, shapes, (p, g, buf) => host.sgd(p!, g!, buf ?? null, step));
      return [next!, nextBuf!];
    },
    adam(p, g, m, v, step) {
      kernelsOf(p, g, m, v);
      const shapes = [p.shape, p.shape, p.shape];
      const [next, nextM, nextV] = byHost([p, g, m, v], shapes, (p, g, m, v) =>
        host.adam(p!, g!, m!, v!, step),
      );
      return [next!, nextM!, nextV!];
    },
    rmsprop(p, g, v, buf, step) {
      kernelsOf(p, g, v, buf ?? p);
      const [xs, shapes] = [buf === null ? [p, g, v] : [p, g, v, buf], [p.shape, p.shape, p.shape]];
      const [next, nextV, nextBuf] = byHost(xs, shapes, (p, g, v, buf) =>
        host.rmsprop(p!, g!, v!, buf ?? null, step).filter((x) => x !== null),
      );
      return [next!, nextV!, nextBuf ?? null];
    },
  };

  return gpu;
}
