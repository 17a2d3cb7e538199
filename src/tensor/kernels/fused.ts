import type { Kernels } from "./kernels.ts";

/** Kernels that do in one pass what others do in several. */
export type Fused = Pick<Kernels, "normalizeRelu" | "batchNormReluGrad" | "conv2dNormalizeRelu">;

/** The fused kernels by their definition, for `kernels` that have nothing faster. */
export const fusedFrom = (kernels: () => Omit<Kernels, keyof Fused>): Fused => ({
  normalizeRelu: (...xs) => kernels().unary("relu", kernels().normalize(...xs)),
  batchNormReluGrad(g, x, mean, variance, gamma, beta, eps) {
    const { binary, normalize, batchNormGrad } = kernels();
    const open = binary("gate", g, normalize(x, mean, variance, gamma, beta, eps));
    return batchNormGrad(open, x, mean, variance, gamma, eps);
  },
  conv2dNormalizeRelu(x, w, bias, geometry, ...norm) {
    const { conv2d, normalize, unary } = kernels();
    return unary("relu", normalize(conv2d(x, w, bias, geometry), ...norm));
  },
});
