/**
 * Threads that share the memory of the SIMD kernels. The work of a kernel is cut into parts; whoever is free takes the next
 * one, the calling thread as well, so that nobody waits for a thread that has not begun. What a part computes does not
 * depend on who computes it: the bits are the same with any number of threads.
 *
 * @packageDocumentation
 */

export type Exports = Record<string, (...args: number[]) => number>;

/** The arguments of a kernel for one part. */
export type Part = readonly number[];

/** The threads of a platform: those of Node are not those of a browser. */
export interface Team {
  /** How many compute, the calling one included. */
  readonly threads: number;
  /** The least work of a part, in multiplications: for less it is not worth to wake a thread. */
  readonly grain?: number;
  /** Seconds without a finished part after which a thread is given up for lost. */
  readonly patience?: number;
  /** Starts a thread that calls the function whose text is `program` with `duty`. `lost` is to be told if it ends with an error. */
  start(program: string, duty: Duty, lost: (why: string) => void): void;
}

/** What a thread has to know. All of it can be sent. */
export interface Duty {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly board: Board;
  /** Which thread this is; the calling one is 0. */
  readonly me: number;
  /** Memory of this instance alone (see `setOwn` in assembly/tile.ts). */
  readonly own: number;
}

/** The job at hand, in memory that all threads see. It stays as it is until all its parts are finished. */
export interface Board {
  /** Parts that nobody has taken; below zero, nothing will ever come. */
  readonly left: Int32Array;
  readonly unfinished: Int32Array;
  /** Which kernel, how many arguments; where the workspaces are, and bytes from one thread's to the next one's. */
  readonly job: Float64Array;
  /** Of each part. */
  readonly args: Float64Array;
  readonly results: Float64Array;
  /** Parts that each thread has computed since it began. */
  readonly taken: Int32Array;
  /** Why a part has failed, as a text with its length. */
  readonly why: Uint16Array;
  readonly failed: Int32Array;
}

const MOST_PARTS = 64;
const MOST_ARGUMENTS = 32;

function createBoard(threads: number): Board {
  let end = 0;
  const block = (bytes: number): number => {
    end += bytes;
    return end - bytes;
  };
  // Words that are waited for lie apart, each in a line of the cache.
  const [left, unfinished, failed, job] = [block(64), block(64), block(64), block(64)];
  const [args, results] = [block(8 * MOST_PARTS * MOST_ARGUMENTS), block(8 * MOST_PARTS)];
  const [taken, why] = [block(4 * threads), block(800)];
  const shared = new SharedArrayBuffer(end);
  return {
    left: new Int32Array(shared, left, 1),
    unfinished: new Int32Array(shared, unfinished, 1),
    failed: new Int32Array(shared, failed, 1),
    job: new Float64Array(shared, job, 4),
    args: new Float64Array(shared, args, MOST_PARTS * MOST_ARGUMENTS),
    results: new Float64Array(shared, results, MOST_PARTS),
    taken: new Int32Array(shared, taken, threads),
    why: new Uint16Array(shared, why, 400),
  };
}

/**
 * Takes parts until none is left. Who brings `left` down by one owns the part of that number.
 *
 * The text of this function and of the next is sent to threads: they use no name from outside but those of the language.
 */
function takeParts(kernels: readonly Exports[string][], board: Board, me: number): void {
  const { left, unfinished, job, args, results } = board;
  const room = args.length / results.length;
  for (let n = Atomics.load(left, 0); n > 0; n = Atomics.load(left, 0)) {
    if (Atomics.compareExchange(left, 0, n, n - 1) !== n) continue;
    const part = n - 1;
    board.taken[me]!++;
    try {
      const [kernel, arity, workspace, pitch] = job as unknown as [number, number, number, number];
      const given = args.subarray(part * room, part * room + arity);
      results[part] = kernels[kernel]!(...given, workspace + me * pitch);
    } catch (error) {
      const text = String(error).slice(0, board.why.length);
      for (let i = 0; i < text.length; i++) board.why[i] = text.charCodeAt(i);
      Atomics.store(board.failed, 0, text.length);
    }
    if (Atomics.sub(unfinished, 0, 1) === 1) Atomics.notify(unfinished, 0);
  }
}

/** What a thread does all its life. */
function serve(take: typeof takeParts, { module, memory, board, me, own }: Duty): void {
  const env = {
    memory,
    abort() {
      throw new Error("a SIMD kernel stopped: this is a defect of the kernels");
    },
  };
  const exports = new WebAssembly.Instance(module, { env }).exports as unknown as Exports;
  exports.setOwn!(own);
  const kernels = Object.values(exports);
  while (Atomics.load(board.left, 0) >= 0) {
    take(kernels, board, me);
    // The next job often comes soon: look for it a little before falling asleep.
    for (let i = 0; i < 1000 && Atomics.load(board.left, 0) === 0; i++);
    Atomics.wait(board.left, 0, 0);
  }
}

/** Threads at work. */
export interface Crew {
  readonly threads: number;
  readonly grain: number;
  /**
   * Calls a kernel with the arguments of every part and, last, with the workspace of the thread that calls it. Tells what it has
   * returned for each.
   */
  run(kernel: string, parts: readonly Part[], workspace: number, pitch: number): readonly number[];
  /** How many parts each thread has computed, the calling one first. */
  taken(): readonly number[];
  /** Ends the threads. */
  close(): void;
}

/** The calling thread alone. */
export const alone = (exports: Exports): Crew => ({
  threads: 1,
  grain: Infinity,
  run: (kernel, parts, workspace) => parts.map((part) => exports[kernel]!(...part, workspace)),
  taken: () => [0],
  close() {},
});

/**
 * Starts the threads of a team.
 *
 * @param exports - the instance of the calling thread
 * @param owns - for each thread, where its own memory is
 */
export function gather(
  team: Team,
  exports: Exports,
  { module, memory }: Pick<Duty, "module" | "memory">,
  owns: readonly number[],
): Crew {
  const [names, kernels] = [Object.keys(exports), Object.values(exports)];
  const { threads, grain = 2 ** 19, patience = 60 } = team;
  const board = createBoard(threads);
  const program = `(duty) => (${serve})(${takeParts}, duty)`;
  let lost: string | undefined;
  const lose = (why: string): void => {
    lost ??= `a thread of the SIMD kernels is lost: ${why}. Start again, or compute with one thread.`;
  };
  for (let me = 1; me < threads; me++)
    team.start(program, { module, memory, board, me, own: owns[me]! }, lose);

  /** Waits until every part is finished: a little by looking, then asleep. */
  function join(): void {
    const { unfinished, failed } = board;
    for (let i = 0; i < 1000 && Atomics.load(unfinished, 0) > 0; i++);
    for (let n = Atomics.load(unfinished, 0); n > 0 && lost === undefined; n = Atomics.load(unfinished, 0))
      if (
        Atomics.wait(unfinished, 0, n, 1000 * patience) === "timed-out" &&
        Atomics.load(unfinished, 0) === n
      )
        lose(`${n} parts are unfinished for ${patience} s`);
    const length = Atomics.load(failed, 0);
    if (length > 0) lose(String.fromCharCode(...board.why.subarray(0, length)));
    if (lost !== undefined) throw new Error(lost);
  }

  function batch(
    kernel: number,
    parts: readonly Part[],
    workspace: number,
    pitch: number,
  ): readonly number[] {
    board.job.set([kernel, parts[0]!.length, workspace, pitch]);
    parts.forEach((part, i) => {
      board.args.set(part, i * MOST_ARGUMENTS);
    });
    Atomics.store(board.unfinished, 0, parts.length);
    Atomics.store(board.left, 0, parts.length);
    Atomics.notify(board.left, 0, parts.length - 1);
    takeParts(kernels, board, 0);
    join();
    return Array.from(board.results.subarray(0, parts.length));
  }

  return {
    threads,
    grain,
    run(kernel, parts, workspace, pitch) {
      if (lost !== undefined) throw new Error(lost);
      if (parts.length === 1) return [exports[kernel]!(...parts[0]!, workspace)];
      const results: number[] = [];
      for (let i = 0; i < parts.length; i += MOST_PARTS)
        results.push(...batch(names.indexOf(kernel), parts.slice(i, i + MOST_PARTS), workspace, pitch));
      return results;
    },
    taken: () => [...board.taken],
    close() {
      Atomics.store(board.left, 0, -1);
      Atomics.notify(board.left, 0);
    },
  };
}
