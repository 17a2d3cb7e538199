/**
 * Pooling and batch normalization on the device.
 *
 * @packageDocumentation
 */

import { expectShape, type PoolGeometry, poolDims } from "../../shape.ts";
import { type Shape, sizeOf, type Tensor } from "../../tensor.ts";
import { type Kernels, kernelsOf } from "../kernels.ts";
import type { Extents } from "./layout.ts";
import type { Places } from "./places.ts";
import * as programs from "./programs/index.ts";
import { type Resident, type Runtime, using } from "./runtime.ts";

type OfImages = Pick<
  Kernels,
  "avgPool2d" | "avgPool2dGrad" | "maxPool2d" | "maxPool2dGrad" | "moments" | "normalize" | "batchNormGrad"
>;

const text = (d: Extents): string => Object.values(d).join();
const channels = (d: Extents): Extents => ({ n: 1, c: d.c, h: 1, w: 1 });
const onePixel = (d: Extents): Extents => ({ n: d.n, c: d.c, h: 1, w: 1 });

/** Sums over pixels and images, for each channel. */
export type ChannelSums = (
  what: programs.Summand,
  d: Extents,
  options: { readonly count?: number; readonly offset?: Resident },
  ...args: readonly Resident[]
) => Resident;

export function createChannelSums({ run }: Places, runtime: Runtime): ChannelSums {
  const { lanes } = runtime;
  return (what, d, { count = 1, offset }, ...args) => {
    const pixels = run(`sum ${what} ${text(d)}`, () => programs.sumPixels(what, d, lanes), ...args);
    const [flat, given] = [onePixel(d), offset === undefined ? [] : [offset]];
    const key = `images ${text(flat)} ${count} ${given.length}`;
    const make = () => programs.sumImages(flat, count, given.length > 0, lanes);
    return using(runtime)([pixels], () => run(key, make, pixels, ...given));
  };
}

/** x [N, C, …] as images, which for other ranks than 4 are one row of pixels. */
function imagesOf(what: string, x: Shape): Extents {
  if (x.length < 2) throw new RangeError(`${what}: expected x to be [N, C, …], got [${x}]`);
  return {
    n: x[0]!,
    c: x[1]!,
    h: 1,
    w: sizeOf(x.slice(2)),
    ...(x.length === 4 ? { h: x[2]!, w: x[3]! } : {}),
  };
}

export function createImages(places: Places, runtime: Runtime, channelSums: ChannelSums): OfImages {
  const { onDevice, deviceOf, reshape, run } = places;
  const { lanes } = runtime;
  const inUse = using(runtime);

  const deviceAs = (x: Tensor, { n, c, h, w }: Extents): Resident => deviceOf(reshape(x, [n, c, h, w]));
  const imagesAs = (x: Resident, { n, c, h, w }: Extents, shape: Shape): Tensor =>
    reshape(onDevice(x, [n, c, h, w]), shape);

  return {
    avgPool2d(x, geometry: PoolGeometry) {
      const d = poolDims(x.shape, geometry);
      const key = `avgPool ${Object.values(d).join()}`;
      return onDevice(
        run(key, () => programs.avgPool2d(d, lanes), deviceOf(x)),
        [d.n, d.c, d.oh, d.ow],
      );
    },
    avgPool2dGrad(g, x, geometry) {
      const d = poolDims(x, geometry);
      expectShape("avgPool2dGrad", { g }, [d.n, d.c, d.oh, d.ow]);
      const key = `avgPoolGrad ${Object.values(d).join()}`;
      return onDevice(
        run(key, () => programs.avgPool2dGrad(d, lanes), deviceOf(g)),
        x,
      );
    },
    maxPool2d(v, x, geometry) {
      kernelsOf(v, x);
      const d = poolDims(x.shape, geometry);
      expectShape("maxPool2d", { v }, x.shape);
      const key = `maxPool ${Object.values(d).join()}`;
      const shape = [d.n, d.c, d.oh, d.ow];
      return onDevice(
        run(key, () => programs.maxPool2d(d, lanes), deviceOf(v), deviceOf(x)),
        shape,
      );
    },
    maxPool2dGrad(g, x, geometry) {
      kernelsOf(g, x);
      const d = poolDims(x.shape, geometry);
      expectShape("maxPool2dGrad", { g }, [d.n, d.c, d.oh, d.ow]);
      const key = `maxPoolGrad ${Object.values(d).join()}`;
      return onDevice(
        run(key, () => programs.maxPool2dGrad(d, lanes), deviceOf(g), deviceOf(x)),
        x.shape,
      );
    },

    moments(x) {
      const d = imagesOf("batch norm", x.shape);
      const [a, count] = [deviceAs(x, d), d.n * d.h * d.w];
      const first = run(`first ${text(d)}`, () => programs.firstOf(d, lanes), a);
      const mean = inUse([first], () => channelSums("fromFirst", d, { count, offset: first }, a, first));
      const variance = channelSums("square", d, { count }, a, mean);
      return [onDevice(mean, [d.c]), onDevice(variance, [d.c])];
    },
    normalize(x, mean, variance, gamma, beta, eps) {
      kernelsOf(x, mean, variance, gamma, beta);
      const d = imagesOf("batch norm", x.shape);
      expectShape("normalize", { mean, variance, gamma, beta }, [d.c]);
      const vectors = [mean, variance, gamma, beta].map(deviceOf);
      const key = `normalize ${text(d)} ${eps}`;
      const y = run(key, () => programs.normalize(d, eps, lanes), deviceAs(x, d), ...vectors);
      return imagesAs(y, d, x.shape);
    },
    batchNormGrad(g, x, mean, variance, gamma, eps) {
      kernelsOf(g, x, mean, variance, gamma);
      const d = imagesOf("batch norm", x.shape);
      expectShape("batchNormGrad", { g }, x.shape);
      expectShape("batchNormGrad", { mean, variance, gamma }, [d.c]);
      const [u, a] = [deviceAs(g, d), deviceAs(x, d)];
      const [m, v, p] = [mean, variance, gamma].map(deviceOf) as [Resident, Resident, Resident];
      const total = channelSums("plain", d, {}, u);
      const against = channelSums("against", d, {}, a, m, u);
      const one = channels(d);
      const slope = run(
        `deviation ${text(one)} ${eps}`,
        () => programs.overDeviation(one, eps, lanes),
        against,
        v,
      );
      const key = `batchNormInput ${text(d)} ${eps}`;
      const dx = inUse([against], () =>
        run(key, () => programs.batchNormInput(d, eps, lanes), u, a, m, v, p, total, against),
      );
      return [imagesAs(dx, d, x.shape), onDevice(slope, [d.c]), onDevice(total, [d.c])];
    },
  };
}
