/**
 * What a run leaves behind. Reports are made from these and from nothing else.
 *
 * @packageDocumentation
 */

import type { Metrics } from "../nn/metrics.ts";
import type { RunConfig } from "./config.ts";
import type { Unreadable } from "./data/folder-images.ts";
import type { Environment } from "./environment.ts";

/** One layer's quantizer after training. */
export interface LayerStep {
  /** Name of the weights. */
  readonly weight: string;
  readonly bits: number;
  /** The learned step s: the width of the quantization bin. */
  readonly step: number;
  /** The step before training. */
  readonly initialStep: number;
  /** Share of weights outside the range of the levels by more than half a step, 0 to 1. */
  readonly clipped: number;
  /** max |w − ŵ| over the weights that are not clipped, in steps; at most 0.5. */
  readonly largestError: number;
}

/** One epoch of a run. */
export interface EpochRecord {
  readonly epoch: number;
  readonly lr: number;
  readonly stepLoss: number;
  readonly train: Metrics;
  readonly test: Metrics;
  /** Files that could not be read and were left out, where they were met first; absent where there were none. */
  readonly unreadable?: readonly string[];
}

export interface RunResult {
  readonly id: string;
  readonly config: RunConfig;
  /** `diverged`: `reason` says where; the numbers are those of the selected epoch before it, if there was one. */
  readonly status: "complete" | "diverged";
  readonly reason?: string;
  /** The epoch with the lowest training loss, from 1. All that follows is of that epoch. */
  readonly selectedEpoch: number;
  readonly train: Metrics;
  readonly test: Metrics;
  /** test.loss − train.loss */
  readonly gap: number;
  readonly norms: {
    /** ‖w‖ of the (latent) weights of all convolutions and linear layers. */
    readonly weights: number;
    /** ‖ŵ‖; equal to `weights` for a float network. */
    readonly quantized: number;
    /** ‖w − w₀‖ */
    readonly distance: number;
    /** ‖w₀‖ */
    readonly initial: number;
  };
  /** Empty for a float network. */
  readonly steps: readonly LayerStep[];
  readonly curve: readonly EpochRecord[];
  /** Where the images came from, in a sentence. */
  readonly dataSource: string;
  /** Files that could not be read and were left out; absent where there were none. */
  readonly unreadable?: readonly Unreadable[];
  /** SHA-256 over names, shapes and bytes of the selected weights. */
  readonly weightsSha256: string;
  /** Wall time of training and evaluation, in seconds, all starts together. */
  readonly seconds: number;
  readonly environment: Environment;
}
