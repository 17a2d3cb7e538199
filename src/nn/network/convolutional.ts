/**
 * The layers of convolutional networks.
 *
 * @packageDocumentation
 */

import { atLeast, neg, reshape } from "../../autograd/ops/arithmetic.ts";
import { sizeOf } from "../../tensor/tensor.ts";
import * as f from "../layers.ts";
import { type Layer, map } from "./layer.ts";

export interface ConvOptions {
  readonly stride?: number;
  /** By default half of the window, so that stride 1 keeps the size of the image. */
  readonly padding?: number;
  readonly groups?: number;
  readonly bias?: boolean;
}

/** A convolution with a square window of `size` pixels. */
export function conv(
  inputs: number,
  outputs: number,
  size: number,
  { stride = 1, padding = Math.floor(size / 2), groups = 1, bias = true }: ConvOptions = {},
): Layer {
  const shape = [outputs, inputs / groups, size, size];
  const geometry = { stride, padding, groups };
  return {
    parts: [{ name: "", kind: "conv", shape, bias }],
    apply: ({ params }, name, x) => f.conv2d(params, name, x, geometry),
    withNormRelu: ({ params, buffers }, name, norm, x) =>
      f.convNormRelu2d(params, buffers, name, norm, x, geometry),
  };
}

/** y = x Wᵀ + b, along the last axis. */
export const linear = (inputs: number, outputs: number, { bias = true } = {}): Layer => ({
  parts: [{ name: "", kind: "linear", shape: [outputs, inputs], bias }],
  apply: ({ params }, name, x) => f.linear(params, name, x),
});

const normalizing =
  (batchNorm2d: f.BatchNormLayer): Layer["apply"] =>
  (pass, name, x) => {
    const { y, buffers } = batchNorm2d(pass.params, pass.buffers, name, x, pass.mode);
    pass.buffers = buffers;
    return y;
  };

export const batchNorm = (channels: number): Layer => ({
  parts: [{ name: "", kind: "batchNorm", channels }],
  apply: normalizing(f.batchNorm2d),
  withRelu: normalizing(f.batchNormRelu2d),
  isBatchNorm: true,
});

export const relu: Layer = { ...map(f.relu, "unsigned"), isRelu: true };

/** min(max(0, x), 6) */
export const relu6: Layer = map((x) => neg(atLeast(-6)(neg(f.relu(x)))), "unsigned");

export const maxPool = (size: number, { stride = size, padding = 0 } = {}): Layer =>
  map(f.maxPool2d({ size, stride, padding }), "same");

/** The mean over all pixels: [N, C, H, W] to [N, C]. */
export const globalAverage: Layer = map(f.globalAvgPool, "same");

/** [N, …] to [N, all the rest] */
export const flatten: Layer = map((x) => {
  const [n, ...rest] = x.value.shape as [number, ...number[]];
  return reshape([n, sizeOf(rest)])(x);
}, "same");
