/**
 * Calls of kernels, cut into parts where there are threads.
 *
 * @packageDocumentation
 */

import type { Tensor } from "../../tensor.ts";
import type { Memory } from "./memory.ts";
import { pieces } from "./ranges.ts";
import type { Crew, Exports, Part } from "./team.ts";

/** What every family of kernels is made of. */
export interface Ground extends Memory {
  readonly wasm: Exports;
  readonly crew: Crew;
  /**
   * Runs a kernel on all of [0, n): in ranges of whole units, where there are threads and it is worth it. `cost` is that of one of
   * the n, in multiplications; `workspace` the bytes that a thread needs.
   */
  spread(
    kernel: string,
    n: number,
    cost: number,
    argumentsOf: (from: number, to: number) => Part,
    options?: { readonly unit?: number; readonly workspace?: number },
  ): void;
  /**
   * As `spread`, for a kernel that takes arrays of n items each, then their number; `before` and `behind` are its other arguments.
   */
  spreadMap(
    kernel: string,
    n: number,
    cost: number,
    before: Part,
    arrays: readonly (Tensor | null)[],
    behind: Part,
  ): void;
}

export function createGround(memory: Memory, wasm: Exports, crew: Crew): Ground {
  const { heap, addressOf } = memory;

  function spread(
    kernel: string,
    n: number,
    cost: number,
    argumentsOf: (from: number, to: number) => Part,
    { unit = 1, workspace = 0 } = {},
  ): void {
    if (n === 0) return;
    // More parts than threads, so that a thread which is held up leaves its share to the others.
    const most = Math.min(3 * crew.threads, (n * cost) / crew.grain);
    const pitch = Math.ceil(workspace / 64) * 64;
    const start = workspace === 0 ? 0 : heap.scratch(pitch * crew.threads);
    if (most < 2) {
      wasm[kernel]!(...argumentsOf(0, n), start);
      return;
    }
    const parts = pieces(n, most, unit).map(([from, to]) => argumentsOf(from, to));
    crew.run(kernel, parts, start, pitch);
  }

  function spreadMap(
    kernel: string,
    n: number,
    cost: number,
    before: Part,
    arrays: readonly (Tensor | null)[],
    behind: Part,
  ): void {
    // Kernels read numbers by the vector, and go beyond the last ones.
    spread(
      kernel,
      n,
      cost,
      (from, to) => [...before, ...arrays.map((x) => addressOf(x, from, n)), to - from, ...behind],
      { unit: 16 },
    );
  }

  return { ...memory, wasm, crew, spread, spreadMap };
}
