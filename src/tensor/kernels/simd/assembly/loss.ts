// Softmax cross-entropy of logits [n, k] with labels (i32), in float64.
import * as math from "../../../math";
import { bytes } from "./pack";

let most: f64 = 0;

/** Σ exp(z − max) of one row; leaves the maximum in `most`. */
function rowSum(row: usize, k: i32): f64 {
  most = -Infinity;
  for (let j = 0; j < k; j++) most = max(most, <f64>load<f32>(row + bytes(j)));
  let total: f64 = 0;
  for (let j = 0; j < k; j++) total += math.exp(<f64>load<f32>(row + bytes(j)) - most);
  return total;
}

export function crossEntropy(logits: usize, labels: usize, n: i32, k: i32): f64 {
  let total: f64 = 0;
  for (let i = 0; i < n; i++) {
    const row = logits + bytes(i * k),
      sum = rowSum(row, k);
    total += most + math.log(sum) - <f64>load<f32>(row + bytes(load<i32>(labels + bytes(i))));
  }
  return total / <f64>n;
}

export function crossEntropyGrad(logits: usize, labels: usize, out: usize, n: i32, k: i32): void {
  for (let i = 0; i < n; i++) {
    const row = logits + bytes(i * k),
      sum = rowSum(row, k),
      label = load<i32>(labels + bytes(i));
    for (let j = 0; j < k; j++) {
      const p = math.exp(<f64>load<f32>(row + bytes(j)) - most) / sum;
      store<f32>(out + bytes(i * k + j), <f32>((p - (j == label ? 1.0 : 0.0)) / <f64>n));
    }
  }
}
