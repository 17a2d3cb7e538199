/**
 * Quantization as noise: what rounding does to the weights, and the laws that stand in for it.
 *
 * @packageDocumentation
 */

import { mapTree, member, type Tree } from "../nn/tree.ts";
import { kernelsOf } from "../tensor/kernels/kernels.ts";
import type { Rng } from "../tensor/random.ts";
import { bufferOf, item, sameShape, sizeOf, type Tensor } from "../tensor/tensor.ts";
import type { Levels } from "./lsq.ts";

function minus(what: string, a: Tensor, b: Tensor): Tensor {
  if (!sameShape(a.shape, b.shape))
    throw new RangeError(
      `${what}: expected weights of one shape, got w and ŵ in shapes [${a.shape}], [${b.shape}]`,
    );
  return kernelsOf(a, b).binary("sub", a, b);
}

/**
 * Δ = w − ŵ, the quantization noise as the paper reports it.
 *
 * @implements QGen.eq.3
 */
export const quantizationNoise = (w: Tensor, wHat: Tensor): Tensor => minus("quantizationNoise", w, wHat);

/**
 * n = ŵ − w = −Δ, the noise that the weights receive: ŵ = w + n.
 *
 * @implements QGen.eq.3
 * @deviation The paper evaluates the quantized network at w + Δ (eq. 5), which is 2w − ŵ. The network that was
 *   quantized computes at ŵ = w − Δ. Only a noise whose law is symmetric hides the difference.
 */
export const appliedNoise = (w: Tensor, wHat: Tensor): Tensor => minus("appliedNoise", wHat, w);

/**
 * Which weights rounding alone has moved: 1 where −qn − ½ ≤ w/s ≤ qp + ½, else 0. Exactly there |Δ| ≤ s/2.
 *
 * @param s - the step, one element
 * @implements QGen.eq.3
 * @deviation The paper bounds every |Δ| by half a bin. A clipped weight lies |w| − s qp (below: |w| − s qn) from
 *   its level, which nothing bounds.
 */
export function unclipped(w: Tensor, s: Tensor, { qn, qp }: Levels): Uint8Array {
  const step = item(s);
  return Uint8Array.from(w.data, (x) => (-qn - 0.5 <= x / step && x / step <= qp + 0.5 ? 1 : 0));
}

/** The law of the noise on one weight. Its mean is 0. */
export interface NoiseLaw {
  readonly name: "uniform" | "rademacher" | "gaussian";
  /** E n² */
  readonly variance: number;
  sample(rng: Rng): number;
}

function nonNegative(law: string, scale: number): number {
  if (!(scale >= 0 && scale < Infinity))
    throw new RangeError(`${law} noise: expected a finite scale of at least 0, got ${scale}`);
  return scale;
}

/**
 * U[−δ/2, δ/2], of variance δ²/12: the law that rounding to bins of width δ = s is modelled by. Good where the
 * density of the weights is smooth, wide compared with s, and inside the levels (8 and 4 bits); rough at 2 bits.
 *
 * @implements QGen.eq.5
 */
export const uniform = (delta: number): NoiseLaw => ({
  name: "uniform",
  variance: (nonNegative("uniform", delta) * delta) / 12,
  sample: (rng) => delta * (rng.uniform() - 0.5),
});

/** −a or a, each with probability ½; variance a². */
export const rademacher = (a: number): NoiseLaw => ({
  name: "rademacher",
  variance: nonNegative("rademacher", a) * a,
  sample: (rng) => (rng.uniform() < 0.5 ? -a : a),
});

/** N(0, σ²) */
export const gaussian = (sigma: number): NoiseLaw => ({
  name: "gaussian",
  variance: nonNegative("gaussian", sigma) * sigma,
  sample: (rng) => sigma * rng.normal(),
});

/** What is added to the weights, by name. Weights that it does not name stay as they are. */
export type Noise = Tree<Tensor>;

/**
 * An endless supply of independent noises: one law for each layer, each layer on the stream of its own name, so
 * that its noise does not depend on which other layers there are.
 *
 * @returns a function that draws the next noise
 */
export function noiseSource(laws: Tree<NoiseLaw>, w: Tree<Tensor>, rng: Rng): () => Noise {
  const streams = mapTree(laws, (_, name) => rng.fork(name));
  return () =>
    mapTree(laws, (law, name) => {
      const { kernels, dtype, shape } = member(w, name);
      const values = bufferOf(dtype, sizeOf(shape));
      for (let i = 0; i < values.length; i++) values[i] = law.sample(streams[name]!);
      return kernels.tensor(values, shape);
    });
}

/** More weights than this have too many signs to list. */
const MAX_SIGNS = 16;

/**
 * All 2ᵖ choices of signs of ±a on the p weights named in `a`, equally likely: the Rademacher law, without
 * sampling. E n = 0 and E n nᵀ = diag(a²) hold exactly.
 *
 * @param a - the amplitude in each layer
 * @throws RangeError where p is above 16
 */
export function everySign(w: Tree<Tensor>, a: Tree<number>): Noise[] {
  const names = Object.keys(a);
  const p = names.reduce((total, name) => total + sizeOf(member(w, name).shape), 0);
  if (p > MAX_SIGNS)
    throw new RangeError(`everySign: expected at most ${MAX_SIGNS} weights, got ${p} (${names.join(", ")})`);
  return Array.from({ length: 2 ** p }, (_, signs) => {
    let bit = 0;
    return mapTree(a, (amplitude, name) => {
      const { kernels, dtype, shape } = member(w, name);
      const values = bufferOf(dtype, sizeOf(shape));
      for (let i = 0; i < values.length; i++) values[i] = (signs >> bit++) & 1 ? amplitude : -amplitude;
      return kernels.tensor(values, shape);
    });
  });
}
