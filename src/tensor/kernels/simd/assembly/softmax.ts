// Softmax of rows of k numbers, in float64.
import * as math from "../../../math";
import { bytes } from "./pack";

export function softmax(x: usize, y: usize, rows: i32, k: i32): void {
  for (let row = 0; row < rows; row++, x += bytes(k), y += bytes(k)) {
    let most: f64 = -Infinity, total: f64 = 0;
    for (let j = 0; j < k; j++) most = max(most, <f64>load<f32>(x + bytes(j)));
    for (let j = 0; j < k; j++) {
      const e = math.exp(<f64>load<f32>(x + bytes(j)) - most);
      total += e;
      store<f32>(y + bytes(j), <f32>e);
    }
    for (let j = 0; j < k; j++) store<f32>(y + bytes(j), <f32>(<f64>load<f32>(y + bytes(j)) / total));
  }
}
