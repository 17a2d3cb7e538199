import { exp, log } from "../tensor/math.ts";
import type { Buffer } from "../tensor/tensor.ts";

/** How well a network does on a set of images, in eval mode. */
export interface Metrics {
  /** Mean cross-entropy, in nats. */
  readonly loss: number;
  /** Share of images whose largest logit is that of their label, 0 to 1. */
  readonly accuracy: number;
}

/** Sums over a batch: to be added up over batches of any size, so that a last, smaller one weighs what it should. */
export interface Tally {
  readonly count: number;
  readonly loss: number;
  readonly correct: number;
}

/** Cross-entropy and hits of logits [N, K], in float64. */
export function tally(logits: Buffer, labels: Int32Array): Tally {
  const k = logits.length / labels.length;
  let [loss, correct] = [0, 0];
  labels.forEach((label, row) => {
    const at = row * k;
    let best = 0;
    for (let j = 1; j < k; j++) if (logits[at + j]! > logits[at + best]!) best = j;
    const max = logits[at + best]!;
    let sum = 0;
    for (let j = 0; j < k; j++) sum += exp(logits[at + j]! - max);
    loss += max + log(sum) - logits[at + label]!;
    correct += Number(best === label);
  });
  return { count: labels.length, loss, correct };
}

export function total(tallies: readonly Tally[]): Metrics {
  const sum = (of: (t: Tally) => number): number => tallies.reduce((a, t) => a + of(t), 0);
  const count = sum((t) => t.count);
  return { loss: sum((t) => t.loss) / count, accuracy: sum((t) => t.correct) / count };
}
