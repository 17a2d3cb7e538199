/**
 * Where the time and the memory of a run go.
 *
 * @packageDocumentation
 */

import type { ImageSource } from "../nn/images.ts";
import type { Model } from "../nn/model.ts";
import { backward, forward } from "../nn/pass.ts";
import type { Kernels } from "../tensor/kernels/kernels.ts";
import { type Call, type Memory, watched } from "../tensor/kernels/watched.ts";
import { createRng } from "../tensor/random.ts";
import { loopScope } from "../tensor/scope.ts";
import { inColumns } from "./report/columns.ts";

/** All calls of one kernel. */
export interface KernelUse {
  readonly kernel: string;
  readonly calls: number;
  readonly ms: number;
  /** Bytes of operands, and of results. */
  readonly read: number;
  readonly written: number;
}

export interface Profile {
  /** Milliseconds from the start of the profiler to its end. */
  readonly ms: number;
  /** The slowest first. */
  readonly kernels: readonly KernelUse[];
  readonly memory: {
    /** The most bytes of tensors that were alive at a time, and the kernel that made the last of them. */
    readonly peak: number;
    readonly peakIn: string;
    /** Bytes of what the forward pass of one batch makes and its backward pass reads: no training can do with less. */
    readonly needed: number;
    /** Bytes that the kernels have taken from the system; `null` where they do not say. */
    readonly reserved: number | null;
  };
}

export interface Profiler {
  /** The kernels to compute with. */
  readonly kernels: Kernels;
  /** Counts from now on. */
  start(): void;
  /** Bytes of everything that `first` makes and `second` reads. */
  passedOn<T>(first: () => Promise<T>, second: (value: T) => Promise<void>): Promise<number>;
  profile(needed: number): Profile;
}

const sum = (memories: Iterable<Memory>): number =>
  [...memories].reduce((total, { bytes }) => total + bytes, 0);

/** @param now - the time in milliseconds */
export function createProfiler(kernels: Kernels, now: () => number): Profiler {
  let uses = new Map<string, KernelUse>();
  let began = now();
  let [alive, peak, peakIn] = [0, 0, ""];
  let notice: (call: Call) => void = () => undefined;
  const own = watched(kernels, {
    now,
    called(call) {
      const { kernel, time, read, made } = call;
      const before = uses.get(kernel) ?? { kernel, calls: 0, ms: 0, read: 0, written: 0 };
      uses.set(kernel, {
        kernel,
        calls: before.calls + 1,
        ms: before.ms + time,
        read: before.read + sum(read),
        written: before.written + sum(made),
      });
      alive += sum(made);
      if (alive > peak) [peak, peakIn] = [alive, kernel];
      notice(call);
    },
    released({ bytes }) {
      alive -= bytes;
    },
  });
  return {
    kernels: own,
    start() {
      uses = new Map();
      began = now();
      [peak, peakIn] = [alive, ""];
    },
    async passedOn(first, second) {
      const made = new Set<Memory>();
      const passed = new Set<Memory>();
      notice = (call) => {
        for (const memory of call.made) made.add(memory);
      };
      const value = await first();
      notice = (call) => {
        for (const memory of call.read) if (made.has(memory)) passed.add(memory);
      };
      await second(value);
      notice = () => undefined;
      return sum(passed);
    },
    profile: (needed) => ({
      ms: now() - began,
      kernels: [...uses.values()].sort((a, b) => b.ms - a.ms),
      memory: {
        ...{ peak, peakIn, needed },
        reserved: "memoryUsage" in kernels ? (kernels as SaysMemory).memoryUsage().reserved : null,
      },
    }),
  };
}

interface SaysMemory {
  memoryUsage(): { readonly reserved: number };
}

/** Bytes that the backward pass of a batch of the first images needs of its forward pass: activations, and their images. */
export async function activationsOf(
  profiler: Profiler,
  model: Model,
  images: ImageSource,
  count: number,
): Promise<number> {
  const memory = loopScope();
  const batch = await images.batch(Int32Array.from({ length: Math.min(count, images.count) }, (_, i) => i));
  const weights = memory.turn(() => model.init(profiler.kernels, createRng(0)));
  try {
    return await profiler.passedOn(
      async () => memory.turn(() => ({ weights, pass: forward(model, weights, batch, images.shape) })),
      async ({ pass }) => {
        const logits = await pass.y.value.read();
        memory.turn(() => void backward(pass, logits, batch.labels));
      },
    );
  } finally {
    memory.end();
  }
}

const MB = 2 ** 20;
const mb = (bytes: number): string => `${(bytes / MB).toFixed(bytes < 10 * MB ? 1 : 0)} MB`;

/** A profile as a table and two sentences. */
export function profileText({ ms, kernels, memory }: Profile): string {
  const inside = kernels.reduce((total, use) => total + use.ms, 0);
  const cells = (name: string, calls: string, time: number, moved: number | null): string[] => [
    name,
    calls,
    time.toFixed(1),
    `${((100 * time) / ms).toFixed(1)} %`,
    moved === null ? "" : (moved / MB).toFixed(1),
    moved === null || time === 0 ? "" : (moved / time / 1e6).toFixed(1),
  ];
  const { peak, peakIn, needed, reserved } = memory;
  return [
    inColumns([
      ["kernel", "calls", "ms", "share", "MB", "GB/s"],
      ...kernels.map((use) => cells(use.kernel, String(use.calls), use.ms, use.read + use.written)),
      cells("outside the kernels", "", ms - inside, null),
      cells("together", "", ms, null),
    ]),
    "",
    `At most ${mb(peak)} of tensors were alive at a time (${peakIn}); the backward pass needs ${mb(needed)} of activations: ${(peak / needed).toFixed(2)} times as much.`,
    ...(reserved === null ? [] : [`The kernels hold ${mb(reserved)} of WebAssembly memory.`]),
  ].join("\n");
}
