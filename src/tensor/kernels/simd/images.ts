/** Pooling and batch normalization. */
import { expectShape, type PoolGeometry, poolDims } from "../../shape.ts";
import { type Shape, sizeOf, type Tensor } from "../../tensor.ts";
import { type Kernels, kernelsOf } from "../kernels.ts";
import type { Ground } from "./ground.ts";
import type { Part } from "./team.ts";

export type Images = Pick<
  Kernels,
  | "avgPool2d"
  | "avgPool2dGrad"
  | "maxPool2d"
  | "maxPool2dGrad"
  | "moments"
  | "normalize"
  | "normalizeRelu"
  | "batchNormGrad"
  | "batchNormReluGrad"
>;

export function createImages(ground: Ground): Images {
  const { wasm, at, addressOf, empty, zeros, spread, spreadMap } = ground;

  /** Runs a kernel that is given by x [N, C, …] as n, c and the rest. */
  function channels(x: Shape): readonly [n: number, c: number, inner: number] {
    if (x.length < 2) throw new RangeError(`batch norm: expected x to be [N, C, …], got [${x}]`);
    return [x[0]!, x[1]!, sizeOf(x.slice(2))];
  }

  /** Runs a kernel of batch normalization, whose last arguments are n, c, the rest, and a range of channels. */
  function spreadChannels(kernel: string, x: Shape, cost: number, args: Part): void {
    const [n, c, inner] = channels(x);
    spread(kernel, c, cost * n * inner, (from, to) => [...args, n, c, inner, from, to], {
      workspace: wasm.normWorkspace!(c) * 4,
    });
  }

  function normalized(
    relu: boolean,
    ...[x, mean, variance, gamma, beta, eps]: Parameters<Kernels["normalize"]>
  ): Tensor {
    kernelsOf(x, mean, variance, gamma, beta);
    expectShape("normalize", { mean, variance, gamma, beta }, [channels(x.shape)[1]]);
    const y = empty(x.shape);
    const read = [x, mean, variance, gamma, beta].map(at);
    spreadChannels("normalize", x.shape, 8, [...read, eps, Number(relu), at(y)]);
    return y;
  }

  /** With `beta`, through a ReLU after the normalization. */
  function batchNormSlopes(
    g: Tensor,
    x: Tensor,
    mean: Tensor,
    variance: Tensor,
    gamma: Tensor,
    beta: Tensor | null,
    eps: number,
  ): readonly [Tensor, Tensor, Tensor] {
    kernelsOf(g, x, mean, variance, gamma, beta ?? gamma);
    const [, c] = channels(x.shape);
    expectShape("batchNormGrad", { g }, x.shape);
    expectShape("batchNormGrad", { mean, variance, gamma, beta }, [c]);
    const made = [empty(x.shape), empty([c]), empty([c])] as const;
    const read = [g, x, mean, variance, gamma].map(at);
    const args = [...read, addressOf(beta, 0, 1), eps, ...made.map(at)];
    spreadChannels("batchNormGrad", x.shape, 16, args);
    return made;
  }

  function poolArguments(x: Shape, geometry: PoolGeometry) {
    const d = poolDims(x, geometry);
    const [y, one] = [
      [d.n, d.c, d.oh, d.ow],
      [d.h, d.w, d.oh, d.ow, d.size, d.stride, d.padding],
    ];
    const run = (kernel: string, ...arrays: readonly Tensor[]): void =>
      spreadMap(kernel, d.planes, 8 * d.oh * d.ow * d.size * d.size, [], arrays, one);
    return { y, run };
  }

  return {
    avgPool2d(x, geometry) {
      const { y, run } = poolArguments(x.shape, geometry);
      const out = empty(y);
      run("avgPool2d", x, out);
      return out;
    },
    avgPool2dGrad(g, x, geometry) {
      const { y, run } = poolArguments(x, geometry);
      expectShape("avgPool2dGrad", { g }, y);
      const dx = zeros(x);
      run("avgPool2dGrad", g, dx);
      return dx;
    },
    maxPool2d(v, x, geometry) {
      kernelsOf(v, x);
      const { y, run } = poolArguments(x.shape, geometry);
      expectShape("maxPool2d", { v }, x.shape);
      const out = empty(y);
      run("maxPool2d", v, x, out);
      return out;
    },
    maxPool2dGrad(g, x, geometry) {
      kernelsOf(g, x);
      const { y, run } = poolArguments(x.shape, geometry);
      expectShape("maxPool2dGrad", { g }, y);
      const dx = zeros(x.shape);
      run("maxPool2dGrad", g, x, dx);
      return dx;
    },

    moments(x) {
      const [, c] = channels(x.shape);
      const [mean, variance] = [empty([c]), empty([c])];
      spreadChannels("moments", x.shape, 8, [x, mean, variance].map(at));
      return [mean, variance];
    },
    normalize: (...xs) => normalized(false, ...xs),
    normalizeRelu: (...xs) => normalized(true, ...xs),
    batchNormGrad: (g, x, mean, variance, gamma, eps) =>
      batchNormSlopes(g, x, mean, variance, gamma, null, eps),
    batchNormReluGrad: (g, x, mean, variance, gamma, beta, eps) =>
      batchNormSlopes(g, x, mean, variance, gamma, beta, eps),
  };
}
