/**
 * Attention within windows of tokens at places [N, H, W, C] (Liu et al. 2021), as in torchvision.
 *
 * @packageDocumentation
 */

import { constant, type Var } from "../../autograd/op.ts";
import { add, reshape } from "../../autograd/ops/arithmetic.ts";
import { permute, take } from "../../autograd/ops/layout.ts";
import { square } from "../../tensor/math.ts";
import { bufferOf, type DType, type Shape, sizeOf } from "../../tensor/tensor.ts";
import { member } from "../tree.ts";
import { attend } from "./attention.ts";
import { linear } from "./convolutional.ts";
import { join, type Layer, partsOf } from "./layer.ts";

/** Along one axis: its extent, how far it is padded for whole windows, and how far the windows are shifted. */
interface Axis {
  readonly extent: number;
  readonly padded: number;
  readonly shift: number;
}

function axisOf(extent: number, window: number, shift: number): Axis {
  const padded = Math.ceil(extent / window) * window;
  return { extent, padded, shift: padded > window ? shift : 0 };
}

/** Where the windows find each token: padded with zeros, then rolled. */
const windowed = ({ extent, padded, shift }: Axis): Int32Array =>
  Int32Array.from({ length: padded }, (_, i) => {
    const from = (i + shift) % padded;
    return from < extent ? from : -1;
  });

/** The way back. */
const unwindowed = ({ extent, padded, shift }: Axis): Int32Array =>
  Int32Array.from({ length: extent }, (_, i) => (i - shift + padded) % padded);

/** Shifted windows at the edge hold tokens from both ends of the image. Which part of the axis is place i of? */
const region = ({ padded, shift }: Axis, window: number, i: number): number =>
  shift === 0 || i < padded - window ? 0 : i < padded - shift ? 1 : 2;

const isPlain = ({ extent, padded, shift }: Axis): boolean => shift === 0 && padded === extent;

/** Takes along both axes of places, where there is something to do. */
function takePlaces(x: Var, axes: readonly [Axis, Axis], indices: (axis: Axis) => Int32Array): Var {
  return axes.reduce((y, axis, i) => (isPlain(axis) ? y : take(1 + i, indices(axis))(y)), x);
}

/** −100 between tokens of one window that are no neighbours in the image, else 0: [windows, 1, T, T]. */
function maskOf(axes: readonly [Axis, Axis], window: number, dtype: DType) {
  const [down, across] = axes.map(({ padded }) => padded / window) as [number, number];
  const t = window * window;
  const shape: Shape = [down * across, 1, t, t];
  const values = bufferOf(dtype, sizeOf(shape));
  for (let w = 0; w < down * across; w++) {
    const corner = [Math.floor(w / across) * window, (w % across) * window] as const;
    const regions = Array.from({ length: t }, (_, i) => {
      const [row, column] = [corner[0] + Math.floor(i / window), corner[1] + (i % window)];
      return 3 * region(axes[0], window, row) + region(axes[1], window, column);
    });
    for (let i = 0; i < t; i++)
      for (let j = 0; j < t; j++) if (regions[i] !== regions[j]) values[(w * t + i) * t + j] = -100;
  }
  return { shape, values };
}

/** For each pair of tokens of a window, the row of the table that belongs to how far they are apart. */
function relativePlaces(window: number): Int32Array {
  const t = window * window;
  const span = 2 * window - 1;
  return Int32Array.from({ length: t * t }, (_, pair) => {
    const [i, j] = [Math.floor(pair / t), pair % t];
    const down = Math.floor(i / window) - Math.floor(j / window) + window - 1;
    const across = (i % window) - (j % window) + window - 1;
    return down * span + across;
  });
}

/**
 * Attention of the tokens of each `window` × `window` window to each other, with a learned bias for how far they are
 * apart. The windows are shifted by `shift` tokens, unless one window covers all.
 */
export function windowAttention(channels: number, heads: number, window: number, shift: number): Layer {
  const [qkv, proj] = [linear(channels, 3 * channels), linear(channels, channels)];
  const table = "relative_position_bias_table";
  const t = window * window;
  const pairs = relativePlaces(window);
  return {
    parts: [
      ...partsOf("qkv", qkv),
      { name: table, kind: "parameter", shape: [square(2 * window - 1), heads] },
      ...partsOf("proj", proj),
    ],
    apply(pass, name, x) {
      const [n, h, w, c] = x.value.shape as [number, number, number, number];
      const axes = [axisOf(h, window, shift), axisOf(w, window, shift)] as const;
      const [down, across] = [axes[0].padded / window, axes[1].padded / window];
      const windows = down * across;

      const placed = takePlaces(x, axes, windowed);
      const cut = permute([0, 1, 3, 2, 4, 5])(reshape([n, down, window, across, window, c])(placed));
      const rows = reshape([n * windows, t, c])(cut);

      const biases = take(0, pairs)(member(pass.params, join(name, table)));
      const bias = permute([2, 0, 1])(reshape([t, t, heads])(biases));
      const onScores = (scores: Var): Var => {
        const biased = add(scores, bias);
        if (axes.every((axis) => axis.shift === 0)) return biased;
        const { kernels, dtype, shape } = biased.value;
        const mask = maskOf(axes, window, dtype);
        const byWindow = reshape([n, windows, heads, t, t])(biased);
        return reshape(shape)(add(byWindow, constant(kernels.tensor(mask.values, mask.shape))));
      };
      const seen = attend(qkv.apply(pass, join(name, "qkv"), rows), heads, onScores);
      const y = proj.apply(pass, join(name, "proj"), seen);

      const whole = permute([0, 1, 3, 2, 4, 5])(reshape([n, down, across, window, window, c])(y));
      return takePlaces(reshape([n, axes[0].padded, axes[1].padded, c])(whole), axes, unwindowed);
    },
  };
}

/** Four neighbours become one token of 4 C numbers; an odd row or column has zeros for neighbours. */
export function neighbours(x: Var): Var {
  const [n, h, w, c] = x.value.shape as [number, number, number, number];
  const axes = [axisOf(h, 2, 0), axisOf(w, 2, 0)] as const;
  const [down, across] = [axes[0].padded / 2, axes[1].padded / 2];
  const even = reshape([n, down, 2, across, 2, c])(takePlaces(x, axes, windowed));
  return reshape([n, down, across, 4 * c])(permute([0, 1, 3, 4, 2, 5])(even));
}
