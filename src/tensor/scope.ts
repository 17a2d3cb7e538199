/**
 * Scopes: how memory outside the JavaScript heap is reclaimed. The training and evaluation loops open them;
 * nobody else needs to know. A tensor made outside every scope lives until it is garbage.
 *
 * @packageDocumentation
 */

import type { Tensor } from "./tensor.ts";

/** A piece of memory that belongs to a scope. */
export interface Block {
  /** Gives it back; once it has been given back, does nothing. */
  release(): void;
}

/** Where a tensor keeps the blocks that its numbers lie in: on itself, since a map of weak keys costs the collector. */
const BLOCKS = Symbol("blocks");
type Held = Tensor & { [BLOCKS]?: readonly Block[] };

/** Only tensors outside the JavaScript heap have some. */
const blocksOf = (x: Held): readonly Block[] | undefined => x[BLOCKS];

type Scope = Set<Block>;
let current: Scope | null = null;

/** Called by kernels for each tensor they make. */
export function enter(x: Held, block: Block): void {
  x[BLOCKS] = [...(blocksOf(x) ?? []), block];
  current?.add(block);
}

/** `y` shares the memory of `x`. */
export function alias(y: Held, x: Held): void {
  y[BLOCKS] = [...(blocksOf(y) ?? []), ...(blocksOf(x) ?? [])];
}

/** The blocks of every tensor that can be reached from `value` through plain objects, arrays and maps. */
function blocksIn(value: unknown, found = new Set<Block>(), seen = new Set<unknown>()): Set<Block> {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value) || seen.has(value))
    return found;
  seen.add(value);
  const blocks = blocksOf(value as Held);
  if (blocks !== undefined) for (const block of blocks) found.add(block);
  else if (value instanceof Map || value instanceof Set || Array.isArray(value))
    for (const member of value instanceof Map ? value.values() : value) blocksIn(member, found, seen);
  else if ("kernels" in value && "shape" in value) return found;
  else for (const member of Object.values(value)) blocksIn(member, found, seen);
  return found;
}

/** Runs `body` in a new scope; hands back its result, the blocks that can be reached from it, and those of them that are new. */
function run<T>(body: () => T): { result: T; live: Set<Block>; kept: Block[] } {
  const outer = current;
  const mine: Scope = new Set();
  current = mine;
  let kept: Block[] = [];
  try {
    const result = body();
    const live = blocksIn(result);
    kept = [...mine].filter((block) => live.has(block));
    return { result, live, kept };
  } finally {
    current = outer;
    for (const block of kept) mine.delete(block);
    for (const block of mine) block.release();
  }
}

/**
 * Runs `body`, then releases every tensor made in it, except those in its result, which pass to the scope
 * around. `body` must not be asynchronous.
 */
export function scope<T>(body: () => T): T {
  const { result, kept } = run(body);
  for (const block of kept) current?.add(block);
  return result;
}

/** Releases everything made in the scope at hand, so far, except for these tensors. */
export function sweep(live: Iterable<Tensor>): void {
  if (current === null) return;
  const kept = new Set<Block>();
  for (const x of live) for (const block of blocksOf(x) ?? []) kept.add(block);
  for (const block of current)
    if (!kept.has(block)) {
      current.delete(block);
      block.release();
    }
}

/** Values that are needed for so long and no longer, in whatever scope they were made. */
export interface Holders {
  /** One more that needs the numbers of `x`. */
  hold(x: Tensor): void;
  /** One that does no longer. After the last, the memory is released, and with it every tensor that shares it. */
  letGo(x: Tensor): void;
}

export function holders(): Holders {
  const counts = new Map<Block, number>();
  const add = (x: Tensor, n: number): void => {
    for (const block of blocksOf(x) ?? []) {
      const count = (counts.get(block) ?? 0) + n;
      counts.set(block, count);
      if (count === 0) block.release();
    }
  };
  return { hold: (x) => add(x, 1), letGo: (x) => add(x, -1) };
}

/** Runs `body` outside every scope: tensors made in it live until they are garbage. */
export function unscoped<T>(body: () => T): T {
  const outer = current;
  current = null;
  try {
    return body();
  } finally {
    current = outer;
  }
}

/** A scope for a loop that carries a state from turn to turn. */
export interface LoopScope {
  /** Runs one turn. What it returns lives until a later turn returns without it. */
  turn<T>(body: () => T): T;
  /** Releases what the last turn returned. */
  end(): void;
}

export function loopScope(): LoopScope {
  let carried: Block[] = [];
  const replace = (next: Block[], live: Set<Block>): void => {
    for (const block of carried)
      if (live.has(block)) next.push(block);
      else block.release();
    carried = next;
  };
  return {
    turn(body) {
      const { result, live, kept } = run(body);
      replace(kept, live);
      return result;
    },
    end: () => replace([], new Set()),
  };
}
