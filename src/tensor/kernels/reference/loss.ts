import { exp, log } from "../../math.ts";
import type { Shape, Tensor } from "../../tensor.ts";
import { build, buildWith } from "./host.ts";

/** @throws RangeError where the labels do not fit the logits */
export function checkLabels(logits: Tensor, labels: Int32Array): { n: number; k: number } {
  const [n, k] = logits.shape;
  if (logits.shape.length !== 2 || n === undefined || k === undefined)
    throw new RangeError(`cross-entropy: expected logits to be [N, K], got [${logits.shape}]`);
  if (labels.length !== n)
    throw new RangeError(`cross-entropy: ${n} rows of logits but ${labels.length} labels`);
  const wrong = labels.findIndex((label) => label < 0 || label >= k);
  if (wrong >= 0)
    throw new RangeError(`cross-entropy: label ${labels[wrong]} at row ${wrong}, expected 0 to ${k - 1}`);
  return { n, k };
}

/** The maximum and Σ exp(z − max) of each row. */
function rowSums(logits: Tensor, k: number): (row: number) => { max: number; sum: number } {
  return (row) => {
    let max = -Infinity;
    for (let j = 0; j < k; j++) max = Math.max(max, logits.data[row * k + j]!);
    let sum = 0;
    for (let j = 0; j < k; j++) sum += exp(logits.data[row * k + j]! - max);
    return { max, sum };
  };
}

/** The rows of the last axis. */
export function softmax(x: Tensor): Tensor {
  const k = lastExtent("softmax", x.shape);
  const sums = rowSums(x, k);
  return buildWith(x.kernels, x.dtype, x.shape, (out) => {
    for (let row = 0; row * k < out.length; row++) {
      const { max, sum } = sums(row);
      for (let i = row * k; i < (row + 1) * k; i++) out[i] = exp(x.data[i]! - max) / sum;
    }
  });
}

/** @throws RangeError where there is none, or nothing in it */
export function lastExtent(where: string, shape: Shape): number {
  const k = shape.at(-1);
  if (k === undefined || k < 1)
    throw new RangeError(`${where}: expected a last axis of at least 1, got [${shape}]`);
  return k;
}

export function crossEntropy(logits: Tensor, labels: Int32Array): Tensor {
  const { n, k } = checkLabels(logits, labels);
  const sums = rowSums(logits, k);
  let total = 0;
  for (let row = 0; row < n; row++) {
    const { max, sum } = sums(row);
    total += max + log(sum) - logits.data[row * k + labels[row]!]!;
  }
  return build(logits, [], () => total / n);
}

export function crossEntropyGrad(logits: Tensor, labels: Int32Array): Tensor {
  const { n, k } = checkLabels(logits, labels);
  const sums = rowSums(logits, k);
  return buildWith(logits.kernels, logits.dtype, [n, k], (out) => {
    for (let row = 0; row < n; row++) {
      const { max, sum } = sums(row);
      for (let j = 0; j < k; j++)
        out[row * k + j] = (exp(logits.data[row * k + j]! - max) / sum - Number(j === labels[row])) / n;
    }
  });
}
