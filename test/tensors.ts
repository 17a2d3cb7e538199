import fc from "fast-check";
import { reference } from "../src/tensor/kernels/reference/index.ts";
import { type Shape, sizeOf, type Tensor } from "../src/tensor/tensor.ts";

/** A float64 tensor of the reference kernels, which a failing property prints in one line. */
export function f64(values: ArrayLike<number>, shape: Shape = [values.length]): Tensor {
  const data = Float64Array.from(values);
  const print = { [fc.toStringMethod]: () => `f64([${data}], [${shape}])` };
  return Object.assign(reference.tensor(data, shape), print);
}

/** A single float64 number, of shape []. */
export const scalar = (value: number): Tensor => f64([value], []);

export interface Interval {
  readonly min: number;
  readonly max: number;
}

export const filled = (shape: Shape, { min, max }: Interval = { min: -1, max: 1 }): fc.Arbitrary<Tensor> => {
  const n = sizeOf(shape);
  return fc
    .float64Array({ minLength: n, maxLength: n, min, max, noNaN: true })
    .map((data) => f64(data, shape));
};

/** x + t v */
export const move = (x: Tensor, v: Tensor, t: number): Tensor =>
  f64(
    Array.from(x.data, (a, i) => a + t * v.data[i]!),
    x.shape,
  );

export const dot = (a: Tensor, b: Tensor): number => {
  let total = 0;
  for (let i = 0; i < a.data.length; i++) total += a.data[i]! * b.data[i]!;
  return total;
};

/** ⟨a, b⟩ of two lists of tensors, taken together. */
export const dots = (as: readonly Tensor[], bs: readonly Tensor[]): number =>
  as.reduce((total, a, i) => total + dot(a, bs[i]!), 0);

/** max |aᵢ − bᵢ| / max(1, max |bᵢ|) */
export function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [far, size] = [0, 1];
  for (let i = 0; i < b.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    far = Number.isNaN(difference) ? Infinity : Math.max(far, difference);
    size = Math.max(size, Math.abs(b[i]!));
  }
  return a.length === b.length ? far / size : Infinity;
}
