/**
 * What is left of a quantized network after training: integers and their scales.
 *
 * @packageDocumentation
 */

import { member, type Tree } from "../nn/tree.ts";
import { bufferOf, item, sizeOf, type Tensor } from "../tensor/tensor.ts";
import { codes } from "./lsq.ts";
import type { QuantizedModel } from "./prepare.ts";

/** A layer as it is stored after training: integers and their scale. */
export interface IntegerLayer {
  readonly weight: string;
  readonly bits: number;
  readonly scale: number;
  readonly shape: readonly number[];
  /** One code each; `bits` bits of it carry information. */
  readonly codes: Int16Array;
  /** Bytes of the packed codes and the scale. */
  readonly bytes: number;
}

/**
 * What is left to store of the quantized layers. `scale · codes` is, number for number, what the network was
 * trained with; only the sign of a zero is lost.
 *
 * @implements QGen.eq.1
 */
export function convert({ quantizers, policy }: QuantizedModel, params: Tree<Tensor>): IntegerLayer[] {
  return quantizers.map(({ weight, step, bits, levels }) => {
    const [w, s] = [member(params, weight), member(params, step)];
    return {
      weight,
      bits,
      scale: item(s),
      shape: w.shape,
      codes: codes(w, s, levels, policy.rounding),
      bytes: Math.ceil((sizeOf(w.shape) * bits) / 8) + 4,
    };
  });
}

/** Weights from codes: scale · code, in the precision of the tensor they came from. */
export function restore({ codes, scale, shape }: IntegerLayer, like: Tensor): Tensor {
  const values = bufferOf(like.dtype, codes.length);
  codes.forEach((code, i) => {
    values[i] = code * scale;
  });
  return like.kernels.tensor(values, shape);
}
