/**
 * Kernels that are watched: the same computations, and somebody who is told of each.
 *
 * @packageDocumentation
 */

import { alias, enter } from "../scope.ts";
import { sizeOf, type Tensor } from "../tensor.ts";
import type { Kernels } from "./kernels.ts";

/** The memory of a tensor, and of all that share it. */
export interface Memory {
  readonly bytes: number;
}

/** One call of a kernel. */
export interface Call {
  /** The kernel, with its function where it is given one by name: "gemm", "unary exp". */
  readonly kernel: string;
  /** By the watcher's clock. */
  readonly time: number;
  /** The memory of its operands. */
  readonly read: readonly Memory[];
  /** The memory of its results, unless they share that of an operand. */
  readonly made: readonly Memory[];
}

export interface Watcher {
  /** The time on a clock. */
  now(): number;
  called(call: Call): void;
  /** Tensors made by a call are gone, with the scope that they were made in or before its end. */
  released(memory: Memory): void;
}

type Kernel = (...args: readonly unknown[]) => unknown;

const isTensor = (value: unknown): value is Tensor =>
  typeof value === "object" && value !== null && "kernels" in value && "shape" in value;

/** The same kernels under the eyes of a watcher. Their tensors are their own, and have the same bits. */
export function watched<K extends Kernels>(kernels: K, watcher: Watcher): K {
  /** What `kernels` know of each of our tensors. */
  const inner = new WeakMap<object, Tensor>();
  const memories = new WeakMap<object, Memory>();

  /** @param lies - a tensor whose memory it shares */
  function ours(x: Tensor, memory: Memory, lies: Tensor): Tensor {
    const { shape, dtype } = x;
    const y: Tensor = {
      ...{ shape, dtype, kernels: self },
      get data() {
        return x.data;
      },
      read: () => x.read(),
    };
    inner.set(y, x);
    memories.set(y, memory);
    alias(y, lies);
    return y;
  }

  function fresh(x: Tensor): Tensor {
    const memory = { bytes: sizeOf(x.shape) * (x.dtype === "float32" ? 4 : 8) };
    const y = ours(x, memory, x);
    let alive = true;
    const release = (): void => {
      if (alive) watcher.released(memory);
      alive = false;
    };
    enter(y, { release });
    return y;
  }

  const watching =
    (name: string, kernel: Kernel): Kernel =>
    (...args) => {
      const began = watcher.now();
      const result = kernel(...args.map((arg) => inner.get(arg as object) ?? arg));
      const time = watcher.now() - began;
      const results: readonly unknown[] = Array.isArray(result) ? result : [result];
      if (!results.some(isTensor)) return result;
      const operands = args.filter((arg) => memories.has(arg as object)) as Tensor[];
      const read = operands.map((x) => memories.get(x)!);
      // Of all kernels, only this one gives the memory of its operand another shape.
      const shares = name === "reshape";
      const outputs = results.map((x) =>
        isTensor(x) ? (shares ? ours(x, read[0]!, operands[0]!) : fresh(x)) : x,
      );
      const made = shares ? [] : outputs.flatMap((y) => memories.get(y as object) ?? []);
      const way = typeof args[0] === "string" ? ` ${args[0]}` : "";
      watcher.called({ kernel: name + way, time, read: shares ? [] : read, made });
      return Array.isArray(result) ? outputs : outputs[0];
    };

  const self = Object.fromEntries(
    Object.entries(kernels).map(([name, member]) => [
      name,
      typeof member === "function" ? watching(name, member as Kernel) : member,
    ]),
  ) as unknown as K;
  return self;
}
