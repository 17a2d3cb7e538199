/**
 * Decoding of pictures in threads of their own, while the network computes.
 *
 * @packageDocumentation
 */

import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { ViewDraws } from "./view.ts";

/** What is asked of a thread. */
export interface Question {
  readonly id: number;
  readonly path: string;
  /** Pixels of a side. */
  readonly size: number;
  readonly draws: ViewDraws;
}

export type Decoded =
  /** `size × size` pixels of red, green and blue. */
  | { readonly pixels: Uint8Array }
  /** Why the file cannot be read. */
  | { readonly reason: string };

export type Answer = Decoded & { readonly id: number };

export interface Decoder {
  decode(question: Omit<Question, "id">): Promise<Decoded>;
  /** Ends the threads. */
  close(): Promise<void>;
}

interface Thread {
  readonly worker: Worker;
  readonly waiting: Map<number, { resolve(found: Decoded): void; reject(error: Error): void }>;
}

/** @param ended - told when the thread is no more */
function startThread(ended: (thread: Thread) => void): Thread {
  const worker = new Worker(new URL("./decoder-thread.mjs", import.meta.url), { execArgv: [] });
  const waiting: Thread["waiting"] = new Map();
  const thread = { worker, waiting };
  const fail = (why: string): void => {
    ended(thread);
    for (const { reject } of waiting.values()) reject(new Error(`a thread that decodes images ${why}`));
    waiting.clear();
  };
  worker.on("message", ({ id, ...found }: Answer) => {
    waiting.get(id)?.resolve(found as Decoded);
    waiting.delete(id);
    if (waiting.size === 0) worker.unref();
  });
  worker.on("error", (error) => fail(`failed: ${(error as Error).message}`));
  worker.on("exit", (code) => fail(`has ended with exit code ${code}`));
  worker.unref();
  return thread;
}

/** Threads that decode; each is started when it is first needed, and none keeps the process alive while it waits. */
export function createDecoder(count = Math.min(4, availableParallelism())): Decoder {
  const threads: Thread[] = [];
  let next = 0;
  return {
    decode(question) {
      const idle = threads.find(({ waiting }) => waiting.size === 0);
      const thread =
        idle ??
        (threads.length < count
          ? startThread((ended) => threads.splice(threads.indexOf(ended) >>> 0, 1))
          : threads.reduce((a, b) => (b.waiting.size < a.waiting.size ? b : a)));
      if (!threads.includes(thread)) threads.push(thread);
      const id = next++;
      return new Promise((resolve, reject) => {
        thread.waiting.set(id, { resolve, reject });
        thread.worker.ref();
        thread.worker.postMessage({ id, ...question });
      });
    },
    async close() {
      await Promise.all(threads.splice(0).map(({ worker }) => worker.terminate()));
    },
  };
}
