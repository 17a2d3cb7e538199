import type { Metrics } from "../nn/metrics.ts";

/**
 * Test loss minus training loss, both in eval mode on clean images.
 *
 * @implements QGen.sec.4.2
 */
export const generalizationGap = (train: Metrics, test: Metrics): number => test.loss - train.loss;
