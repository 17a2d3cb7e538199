/**
 * Weights as one vector of float64, and back.
 *
 * @packageDocumentation
 */

import { mapTree, member, type Tree } from "../nn/tree.ts";
import { reference } from "../tensor/kernels/reference/index.ts";
import { bufferOf, sizeOf, type Tensor } from "../tensor/tensor.ts";

/** The members of these names, in this order. */
export const pick = <T>(tree: Tree<T>, names: readonly string[]): Tree<T> =>
  Object.fromEntries(names.map((name) => [name, member(tree, name)]));

/** All numbers of a tree in one vector, member after member. */
export function flatten(tree: Tree<Tensor>): Float64Array {
  const members = Object.values(tree);
  const flat = new Float64Array(members.reduce((total, { shape }) => total + sizeOf(shape), 0));
  let at = 0;
  for (const { data } of members) {
    flat.set(data, at);
    at += data.length;
  }
  return flat;
}

/** The inverse of `flatten`: members of the shapes, the precision and the kernels of `like`. */
export function unflatten(flat: Float64Array, like: Tree<Tensor>): Tree<Tensor> {
  const total = Object.values(like).reduce((n, { shape }) => n + sizeOf(shape), 0);
  if (flat.length !== total) throw new RangeError(`unflatten: expected ${total} numbers, got ${flat.length}`);
  let at = 0;
  return mapTree(like, ({ kernels, dtype, shape }) => {
    const values = bufferOf(dtype, sizeOf(shape));
    values.set(flat.subarray(at, at + values.length));
    at += values.length;
    return kernels.tensor(values, shape);
  });
}

/** The same numbers in float64, on the reference kernels. */
export const inDoubles = (tree: Tree<Tensor>): Tree<Tensor> =>
  mapTree(tree, ({ data, shape }) => reference.tensor(Float64Array.from(data), shape));

export function dot(a: Float64Array, b: Float64Array): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i]! * b[i]!;
  return total;
}

export const length = (a: Float64Array): number => Math.sqrt(dot(a, a));

/** a + t b */
export const plus = (a: Float64Array, t: number, b: Float64Array): Float64Array =>
  a.map((x, i) => x + t * b[i]!);

export const times = (a: Float64Array, t: number): Float64Array => a.map((x) => t * x);
