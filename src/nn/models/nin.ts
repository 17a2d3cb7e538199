import type { Tensor } from "../../tensor/tensor.ts";
import { initBatchNorm, initLayer } from "../init.ts";
import { batchNorm2d, conv2d, globalAvgPool, relu } from "../layers.ts";
import type { Model } from "../model.ts";

export interface NinConfig {
  /** Number of blocks. */
  readonly depth: number;
  /** Each block has 25 × width channels. */
  readonly width: number;
  readonly classes: number;
  /** Channels of the images. */
  readonly channels?: number;
}

interface Layer {
  readonly conv: string;
  readonly bn: string;
  readonly shape: readonly [outputs: number, inputs: number, kh: number, kw: number];
  readonly stride: number;
  readonly padding: number;
}

/** The layers, in order. Each is a convolution, a batch norm and a ReLU. */
function layersOf({ depth, width, classes, channels = 3 }: NinConfig): Layer[] {
  const c = 25 * width;
  const blocks = Array.from({ length: depth }, (_, i) => {
    const name = `blocks.${i}`;
    const pointwise = { shape: [c, c, 1, 1], stride: 1, padding: 0 } as const;
    return [
      {
        conv: `${name}.conv1`,
        bn: `${name}.bn1`,
        shape: [c, i === 0 ? channels : c, 3, 3],
        stride: 2,
        padding: 1,
      },
      { conv: `${name}.conv2`, bn: `${name}.bn2`, ...pointwise },
      { conv: `${name}.conv3`, bn: `${name}.bn3`, ...pointwise },
    ] as const;
  });
  return [...blocks.flat(), { conv: "conv", bn: "bn", shape: [classes, c, 1, 1], stride: 1, padding: 0 }];
}

/**
 * Network in network, d × w: `depth` blocks of a strided 3×3 and two 1×1 convolutions with 25 `width`
 * channels, then a 1×1 convolution to the classes and the mean over all pixels.
 *
 * @implements QGen.sec.B.1
 * @deviation The paper's caption calls 25 the base depth; only as the base width does it reproduce Table 3.
 * @deviation A ReLU follows the last batch norm too, as in the code the paper builds on, so that logits are
 *   means of numbers that are not negative.
 */
export function nin(config: NinConfig): Model {
  const layers = layersOf(config);
  const { depth, width } = config;
  return {
    name: `nin:${depth}x${width}`,
    weights: layers.map(({ conv }) => `${conv}.weight`),
    inputs: Object.fromEntries(layers.slice(1).map(({ conv }) => [`${conv}.weight`, "unsigned" as const])),
    norms: Object.fromEntries(layers.map(({ conv, bn }) => [`${conv}.weight`, bn])),

    init(kernels, rng, dtype = "float32") {
      const params: Record<string, Tensor> = {};
      const buffers: Record<string, Tensor> = {};
      for (const { conv, bn, shape } of layers) {
        const normalization = initBatchNorm(kernels, bn, shape[0], dtype);
        Object.assign(params, initLayer(kernels, rng, conv, shape, dtype), normalization.params);
        Object.assign(buffers, normalization.buffers);
      }
      return { params, buffers };
    },

    apply(params, buffers, x, mode) {
      for (const { conv, bn, stride, padding } of layers) {
        const normalized = batchNorm2d(
          params,
          buffers,
          bn,
          conv2d(params, conv, x, { stride, padding }),
          mode,
        );
        x = relu(normalized.y);
        buffers = normalized.buffers;
      }
      return { y: globalAvgPool(x), buffers };
    },
  };
}
