/** What the page and its worker say to each other. */
import type { DeviceInfo, DeviceName } from "../src/experiments/device.ts";
import type { Metrics } from "../src/nn/metrics.ts";

export interface Settings {
  /** Depth and width of NiN, as "2x1". */
  readonly model: string;
  /** Training pictures; there are half as many test pictures. */
  readonly images: number;
  readonly epochs: number;
}

export type Request =
  | { readonly type: "open"; readonly device: DeviceName }
  | { readonly type: "train"; readonly device: DeviceName; readonly settings: Settings }
  | { readonly type: "bench"; readonly device: DeviceName };

export type Answer =
  | { readonly type: "device"; readonly info: DeviceInfo }
  | { readonly type: "step"; readonly bits: Precision; readonly epoch: number; readonly done: number }
  | {
      readonly type: "epoch";
      readonly bits: Precision;
      readonly epoch: number;
      readonly train: Metrics;
      readonly test: Metrics;
    }
  | { readonly type: "rate"; readonly kernel: string; readonly device: string; readonly gflops: number }
  | { readonly type: "done"; readonly seconds: number }
  | { readonly type: "failed"; readonly sentence: string };

export const precisions = [32, 8, 4, 2] as const;
export type Precision = (typeof precisions)[number];
