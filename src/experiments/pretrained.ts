/**
 * First weights from a file, as torchvision and timm publish them.
 *
 * @packageDocumentation
 */

import type { Model, Weights } from "../nn/model.ts";
import { mapTree, type Tree } from "../nn/tree.ts";
import type { Rng } from "../tensor/random.ts";
import { bufferOf, type Buffer as Numbers, sameShape, type Tensor } from "../tensor/tensor.ts";
import { Complaint } from "./complaint.ts";
import type { SafeTensor } from "./safetensors.ts";

/** A file of weights. */
export interface Pretrained {
  readonly path: string;
  /** The whole file. */
  readonly bytes: Uint8Array;
  readonly sha256: string;
  readonly tensors: Tree<SafeTensor>;
}

/** What PyTorch's state dicts have besides: counts of batches, and indices that follow from the shapes. */
const DERIVED = /(^|\.)(num_batches_tracked|relative_position_index|attn_mask)$/;
/** What only our networks keep: it begins as in any run. */
const OWN = /(^|\.)random_state$/;

const isReal = ({ dtype }: SafeTensor): boolean => dtype === "F32" || dtype === "F64";

/** The last layer, which tells the classes apart, and the batch norm after it where there is one: what begins their names. */
export function headOf({ weights, norms }: Model): readonly string[] {
  const weight = weights.at(-1)!;
  const norm = norms?.[weight];
  return [weight.replace(/\.weight$/, ""), ...(norm === undefined ? [] : [norm])];
}

const isOf = (head: readonly string[], name: string): boolean =>
  head.some((start) => name.startsWith(`${start}.`));

/**
 * The model, whose first weights are those of the file: its parameters and its running statistics.
 *
 * @param newHead - the last layer begins as in any run, whatever the file has of it
 * @throws Complaint, from `init`, with all that is missing, not expected, or of another shape
 */
export const pretrained = (model: Model, whole: Pretrained, newHead = false): Model => ({
  ...model,
  init(kernels, rng, dtype) {
    const head = headOf(model);
    const file = newHead ? without(whole, head) : whole;
    const drawn = model.init(kernels, drawingTheRest(rng, file), dtype);
    checkFit(model.name, drawn, file, head, newHead);
    const stored = (like: Tensor, name: string): Tensor => {
      const found = file.tensors[name];
      return found === undefined ? like : kernels.tensor(numbersOf(found, like), like.shape);
    };
    return { params: mapTree(drawn.params, stored), buffers: mapTree(drawn.buffers, stored) };
  },
});

const without = (file: Pretrained, head: readonly string[]): Pretrained => ({
  ...file,
  tensors: Object.fromEntries(Object.entries(file.tensors).filter(([name]) => !isOf(head, name))),
});

const still: Rng = {
  fork: () => still,
  uniform: () => 0,
  normal: () => 0,
  below: () => 0,
  key: () => [0, 0],
  permutation: (n) => Int32Array.from({ length: n }, (_, i) => i),
};

/** Numbers for what the file lacks, and none where they would be replaced: large networks draw for seconds. */
const drawingTheRest = (rng: Rng, { tensors }: Pretrained): Rng => ({
  ...rng,
  fork: (name) => (tensors[name] === undefined ? rng.fork(name) : still),
});

function numbersOf({ data }: SafeTensor, { dtype }: Tensor): Numbers {
  const values = bufferOf(dtype, data.length);
  values.set(data as Numbers);
  return values;
}

function checkFit(
  network: string,
  { params, buffers }: Weights,
  { path, tensors }: Pretrained,
  head: readonly string[],
  newHead: boolean,
): void {
  const expected = { ...params, ...buffers };
  const own = (name: string): boolean => OWN.test(name) || (newHead && isOf(head, name));
  const missing = Object.keys(expected).filter((name) => tensors[name] === undefined && !own(name));
  const unexpected = Object.keys(tensors).filter(
    (name) => expected[name] === undefined && !DERIVED.test(name),
  );
  const odd = Object.entries(expected).flatMap(([name, { shape }]) => {
    const found = tensors[name];
    if (found === undefined || (sameShape(found.shape, shape) && isReal(found))) return [];
    return [`${name} is ${found.dtype} [${found.shape}], expected F32 or F64 [${shape}]`];
  });
  const broken = Object.entries(expected).flatMap(([name]) => {
    const found = tensors[name];
    if (found === undefined || !isReal(found)) return [];
    const at = (found.data as Numbers).findIndex((x) => !Number.isFinite(x));
    return at < 0 ? [] : [`${name} has ${found.data[at]} at ${at} of ${found.data.length}`];
  });
  const complaints = [
    ["missing", missing],
    ["not expected", unexpected],
    ["of another shape or type", odd],
    ["not finite numbers", broken],
  ] as const;
  const lines = complaints.flatMap(([what, names]) =>
    names.length === 0 ? [] : [`\n  ${what} (${names.length}): ${names.join("; ")}`],
  );
  const ofHead = odd.length > 0 && odd.every((text) => isOf(head, text));
  if (lines.length > 0)
    throw new Complaint(
      `${path} does not hold the weights of ${network} for these images:${lines.join("")}${ofHead ? "\n  For other classes, --new-head begins the last layer anew." : ""}`,
      2,
    );
}
