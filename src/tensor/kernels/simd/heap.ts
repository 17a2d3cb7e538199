/**
 * The memory of the SIMD kernels: one WebAssembly memory, cut into blocks.
 *
 * @packageDocumentation
 */

const ALIGN = 64;
const PAGE = 65536;
/** 4 GB less one page, the most that 32-bit WebAssembly addresses. */
const MAX_PAGES = 65535;

interface Hole {
  start: number;
  size: number;
}

export interface Heap {
  readonly memory: WebAssembly.Memory;
  /**
   * The address of a new block. Its contents are what was left there.
   *
   * @param what - what it is for, to be said where it does not fit
   * @throws RangeError where it does not fit
   */
  allocate(bytes: number, what?: () => string): number;
  free(start: number, bytes: number): void;
  /** Memory at the disposal of one kernel call, overwritten by the next. */
  scratch(bytes: number): number;
  /** Bytes now in blocks, scratch memory aside, and the size of the whole memory. */
  usage(): { readonly used: number; readonly reserved: number };
}

const mb = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MB`;

/** First fit in the order of addresses; neighbouring holes are joined. */
export function createHeap(memory: WebAssembly.Memory, base: number): Heap {
  const round = (bytes: number): number => Math.max(ALIGN, Math.ceil(bytes / ALIGN) * ALIGN);
  const holes: Hole[] = [];
  let top = Math.ceil(base / ALIGN) * ALIGN;
  let used = 0;
  let scratchStart = 0;
  let scratchSize = 0;

  /** Makes the memory reach to an address, if it can. */
  function reaches(to: number): boolean {
    const pages = memory.buffer.byteLength / PAGE;
    const missing = Math.ceil(to / PAGE) - pages;
    if (missing <= 0) return true;
    // Growing in larger steps keeps the number of times that views of the memory become stale small.
    const generous = Math.min(Math.max(missing, 256), MAX_PAGES - pages);
    if (missing > generous) return false;
    for (const step of [generous, missing])
      try {
        memory.grow(step);
        return true;
      } catch {
        // The machine gives less than what is allowed.
      }
    return false;
  }

  function allocate(bytes: number, what = () => "scratch memory of a kernel"): number {
    const size = round(bytes);
    const i = holes.findIndex((hole) => hole.size >= size);
    if (i >= 0) {
      const hole = holes[i]!;
      const { start } = hole;
      hole.start += size;
      hole.size -= size;
      if (hole.size === 0) holes.splice(i, 1);
      used += size;
      return start;
    }
    const start = top;
    if (!reaches(start + size)) {
      const limit =
        start + size > MAX_PAGES * PAGE
          ? `WebAssembly of 32 bits addresses ${mb(MAX_PAGES * PAGE)}`
          : "this machine gives no more";
      throw new RangeError(
        `out of memory: ${what()} takes ${mb(size)}, the SIMD kernels hold ${mb(used)} already, and ${limit}. Use a smaller batch (--batch-size) or network, or pass each batch in parts (--accumulate).`,
      );
    }
    top = start + size;
    used += size;
    return start;
  }

  function free(start: number, bytes: number): void {
    const size = round(bytes);
    used -= size;
    let i = holes.findIndex((hole) => hole.start > start);
    if (i < 0) i = holes.length;
    const [before, after] = [holes[i - 1], holes[i]];
    const joinsBefore = before !== undefined && before.start + before.size === start;
    const joinsAfter = after !== undefined && start + size === after.start;
    if (joinsBefore && joinsAfter) {
      before.size += size + after.size;
      holes.splice(i, 1);
    } else if (joinsBefore) before.size += size;
    else if (joinsAfter) {
      after.start = start;
      after.size += size;
    } else holes.splice(i, 0, { start, size });
    const last = holes.at(-1);
    if (last !== undefined && last.start + last.size === top) {
      top = last.start;
      holes.pop();
    }
  }

  function scratch(bytes: number): number {
    if (bytes > scratchSize) {
      if (scratchSize > 0) free(scratchStart, scratchSize);
      scratchSize = 0;
      scratchStart = allocate(bytes);
      scratchSize = round(bytes);
    }
    return scratchStart;
  }

  return {
    memory,
    allocate,
    free,
    scratch,
    usage: () => ({ used: used - scratchSize, reserved: memory.buffer.byteLength }),
  };
}
