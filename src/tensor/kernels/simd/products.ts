/** Matrix products and convolutions. */
import { type ConvGeometry, convDims, expectShape, gemmDims } from "../../shape.ts";
import { type Shape, sizeOf, type Tensor } from "../../tensor.ts";
import { type Kernels, kernelsOf } from "../kernels.ts";
import type { Ground } from "./ground.ts";
import type { Part } from "./team.ts";

export type Products = Pick<
  Kernels,
  "gemm" | "conv2d" | "conv2dNormalizeRelu" | "conv2dInputGrad" | "conv2dWeightGrad"
>;

export function createProducts(ground: Ground): Products {
  const { wasm, at, addressOf, empty, zeros, spread } = ground;

  /** The arguments that the three convolution kernels share, workspace last. */
  function convArguments(x: Shape, w: Shape, geometry: ConvGeometry) {
    const d = convDims(x, w, geometry);
    const [c, o] = [d.c / d.groups, d.o / d.groups];
    const one = [c, d.h, d.w, o, d.oh, d.ow, d.kh, d.kw, d.stride, d.padding];
    // A part has enough images for panels of columns to be full.
    const unit = Math.ceil(64 / (d.oh * d.ow));
    const options = { unit, workspace: wasm.convWorkspace!(d.n, ...one) * 4 };
    const y = [d.n, d.o, d.oh, d.ow];
    return { d, y, one, cost: sizeOf(y.slice(1)) * c * d.kh * d.kw, options };
  }

  /** @param behind - arguments of the kernel that follow on the bias */
  function convolved(
    kernel: "conv2d" | "conv2dNormalizeRelu",
    x: Tensor,
    w: Tensor,
    bias: Tensor | null,
    geometry: ConvGeometry,
    behind: Part = [],
  ): Tensor {
    kernelsOf(x, w, bias ?? x);
    const { d, y, one, cost, options } = convArguments(x.shape, w.shape, geometry);
    expectShape("conv2d", { bias }, [d.o]);
    const out = empty(y);
    const before = [at(w), addressOf(bias, 0, 1), ...behind];
    const argumentsOf = (from: number, to: number): Part => [
      addressOf(x, from, d.n),
      ...before,
      addressOf(out, from, d.n),
      to - from,
      d.groups,
      ...one,
    ];
    const workspace = options.workspace + 4 * wasm.normWorkspace!(d.o);
    spread(kernel, d.n, cost, argumentsOf, { ...options, workspace });
    return out;
  }

  return {
    gemm(a, b, transposes = {}) {
      kernelsOf(a, b);
      const { batch, m, n, k, shape } = gemmDims(a.shape, b.shape, transposes);
      const c = empty(shape);
      const [ar, ac] = transposes.transposeA ? [1, m] : [k, 1];
      const [br, bc] = transposes.transposeB ? [1, k] : [n, 1];
      const args = [at(a), ar!, ac!, at(b), br!, bc!, at(c), m, n, k];
      // Every part packs the whole B, so that it should have some rows.
      const options = { unit: 32, workspace: wasm.gemmWorkspace!() * 4 };
      spread("gemm", batch * m, n * k, (from, to) => [...args, from, to], options);
      return c;
    },

    conv2d: (x, w, bias, geometry) => convolved("conv2d", x, w, bias, geometry),
    conv2dNormalizeRelu(x, w, bias, geometry, mean, variance, gamma, beta, eps) {
      const vectors = { mean, variance, gamma, beta };
      kernelsOf(x, ...Object.values(vectors));
      expectShape("normalize", vectors, [w.shape[0]!]);
      return convolved("conv2dNormalizeRelu", x, w, bias, geometry, [...Object.values(vectors).map(at), eps]);
    },
    conv2dInputGrad(g, w, x, geometry) {
      kernelsOf(g, w);
      const { d, y, one, cost, options } = convArguments(x, w.shape, geometry);
      expectShape("conv2dInputGrad", { g }, y);
      const dx = empty(x);
      spread(
        "conv2dInputGrad",
        d.n,
        cost,
        (from, to) => [addressOf(g, from, d.n), at(w), addressOf(dx, from, d.n), to - from, d.groups, ...one],
        options,
      );
      return dx;
    },
    conv2dWeightGrad(g, x, w, geometry) {
      kernelsOf(g, x);
      const { d, y, one, cost, options } = convArguments(x.shape, w, geometry);
      expectShape("conv2dWeightGrad", { g }, y);
      if (d.n === 0) return zeros(w);
      const dw = empty(w);
      const args = [at(g), at(x), at(dw), d.n, d.groups, ...one];
      // Over input channels: what each adds up, it adds up over all images.
      spread("conv2dWeightGrad", d.c, (cost * d.n) / d.c, (from, to) => [...args, from, to], {
        ...options,
        unit: 1,
      });
      return dw;
    },
  };
}
