/**
 * Schedules: functions from the epoch, counted from 0, to what holds during it, with PyTorch's semantics.
 *
 * @packageDocumentation
 */

import { cosTurn } from "../tensor/angles.ts";

/** From `from` at t = 0 to `to` at t = 1, along half a wave: to + ½ (from − to) (1 + cos π t). */
export const halfWave = (from: number, to: number, t: number): number =>
  to + 0.5 * (from - to) * (1 + cosTurn(Math.min(Math.max(t, 0), 1) / 2));

/**
 * The learning rate of each epoch: multiplied by `gamma` at the start of every milestone.
 * A product of floats, as in PyTorch: 0.1 · 0.1 is 0.010000000000000002.
 */
export const multiStep =
  (lr: number, milestones: readonly number[], gamma = 0.1) =>
  (epoch: number): number =>
    milestones.filter((milestone) => epoch >= milestone).reduce((rate) => rate * gamma, lr);

export interface Cosine {
  /** Epochs in which the rate rises along a line, before it falls. */
  readonly warmup: number;
  /** The share of the rate that the first of them has. */
  readonly start: number;
  /** Where the rate would be after the last epoch. */
  readonly floor: number;
}

/** The learning rate of each epoch: up along a line during the warm-up, then down along half a wave. */
export const cosine =
  (lr: number, epochs: number, { warmup, start, floor }: Cosine) =>
  (epoch: number): number =>
    epoch < warmup
      ? lr * (start + ((1 - start) * epoch) / warmup)
      : halfWave(lr, floor, (epoch - warmup) / (epochs - warmup));
