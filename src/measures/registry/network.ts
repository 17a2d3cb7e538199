import type { Images } from "../../nn/images.ts";
import type { Model, Weights } from "../../nn/model.ts";
import type { Tree } from "../../nn/tree.ts";
import { square } from "../../tensor/math.ts";
import type { Rng } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { hessianSpectrum, hessianTrace, relativeFlatness } from "../hessian.ts";
import { type LossSurface, lossSurface } from "../loss-surface.ts";
import { marginOf } from "../margin.ts";
import { differences, frobeniusSquares } from "../norm-measures.ts";
import { pathNorm } from "../path-norm.ts";
import { circularSpectralNorm, spectralNorm } from "../spectral.ts";
import { dot, flatten, pick } from "../vectors.ts";
import { worstCase } from "../worst-case.ts";
import { lazily, Missing, type Needs, type Suppliers } from "./needs.ts";

export interface Network {
  readonly model: Model;
  /** As trained: of a quantized network, the latent weights and the steps. */
  readonly weights: Weights;
  /** The weights that training began with, if they are known. */
  readonly initial?: Weights;
  /**
   * The same function as a network of plain weights, for its curvature and path norm: of a quantized network, the
   * float model with dequantized weights. The network itself, unless given.
   */
  readonly plain?: { readonly model: Model; readonly weights: Weights };
  /** All training images; their number is m. */
  readonly images: Images;
}

export interface NeedOptions {
  readonly batchSize: number;
  /** Draws directions for curvature. */
  readonly rng: Rng;
  /** The images that curvature and worst cases are computed from: all, unless given. */
  readonly curvatureImages?: Images;
  /** Products with the Hessian: at most for its eigenvalues, and exactly for each estimate. */
  readonly lanczosSteps?: number;
  readonly draws?: number;
  /** Radii of the worst cases: ‖u‖₂ ≤ l2, and |uᵢ| ≤ linf. */
  readonly radii?: { readonly l2: number; readonly linf: number };
  /** Awaited before each batch of curvature and worst cases: a place to hear signals, or to stop by throwing. */
  readonly pause?: () => Promise<void>;
  /** As in the code of Dziugaite et al.: |γ|, kernels larger than an image cut off, parameters alone squared. */
  readonly referenceCompat?: boolean;
}

/**
 * Everything that measures need of a network, computed when asked for.
 *
 * @param suppliers - what this does not know: the radii σ, σ', α and α' come from a search; and what shall be
 *   computed otherwise
 * @deviation w are the latent weights at every precision, and w₀ is where training began.
 */
export function needsOf(network: Network, options: NeedOptions, suppliers: Suppliers = {}): Needs {
  const { model, weights, initial, images, plain = { model, weights } } = network;
  const { batchSize, rng, curvatureImages = images, lanczosSteps, draws, referenceCompat = false } = options;
  const { l2, linf } = options.radii ?? { l2: 0.05, linf: 0.001 };
  const compat = referenceCompat;

  const layers = pick(weights.params, model.weights);
  const start = (): Tree<Tensor> => {
    if (initial === undefined)
      throw new Missing("the weights at initialization w₀ are not known: the run has not kept them");
    return pick(initial.params, model.weights);
  };
  const distances = (): Tree<Tensor> => differences(layers, start());
  const size = images.shape.slice(1) as [number, number];
  const matrixSq = (w: Tree<Tensor>): number[] => Object.values(w).map((x) => square(spectralNorm(x)));
  const circularSq = (w: Tree<Tensor>): number[] =>
    Object.values(w).map((x) =>
      square(circularSpectralNorm(x, size, { overhang: compat ? "crop" : "wrap" })),
    );
  let surface: LossSurface | undefined;
  const loss = (): LossSurface => {
    surface ??= lossSurface(plain.model, plain.weights, curvatureImages, {
      batchSize,
      ...(options.pause === undefined ? {} : { pause: options.pause }),
    });
    return surface;
  };
  const estimate = (stream: string) => ({ rng: rng.fork(stream), ...(draws === undefined ? {} : { draws }) });

  return lazily({
    m: () => images.count,
    w: () => flatten(layers),
    w0: () => flatten(start()),
    omega: async (needs) => (await needs.w()).length,
    normSq: async (needs) => dot(await needs.w(), await needs.w()),
    distanceSq: async (needs) => (await needs.frobeniusDistance()).reduce((a, b) => a + b, 0),
    margin: async () => {
      const margin = await marginOf(model, weights, images, batchSize);
      return compat ? Math.abs(margin) : margin;
    },
    frobenius: () => frobeniusSquares(layers),
    frobeniusDistance: () => frobeniusSquares(distances()),
    spectral: () => matrixSq(layers),
    spectralDistance: () => matrixSq(distances()),
    circular: () => circularSq(layers),
    circularDistance: () => circularSq(distances()),
    pathNorm: () =>
      pathNorm(plain.model, plain.weights, images.shape, { square: compat ? "parameters" : "paths" }),
    hessian: () =>
      hessianSpectrum(loss(), {
        rng: rng.fork("lanczos"),
        ...(lanczosSteps === undefined ? {} : { steps: lanczosSteps }),
      }),
    trace: () => hessianTrace(loss(), estimate("trace")),
    relativeFlatness: () => relativeFlatness(loss(), estimate("relative flatness")),
    worstL2: () => worstCase(loss(), { ball: "l2", radius: l2 }),
    worstLinf: () => worstCase(loss(), { ball: "linf", radius: linf }),
    ...suppliers,
  });
}
