import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createHeap } from "../../src/tensor/kernels/simd/heap.ts";
import { loopScope, scope } from "../../src/tensor/scope.ts";
import type { Shape, Tensor } from "../../src/tensor/tensor.ts";
import { freshSimd } from "../kernels.ts";

/** Kernels of one's own, so that nobody else's tensors are counted. */
function setUp() {
  const kernels = freshSimd();
  const used = (): number => kernels.memoryUsage().used;
  const filled = (value: number, ...shape: Shape): Tensor => kernels.fill(value, shape, "float32");
  return { kernels, used, filled };
}

const GONE = /was used after its scope had ended: return it from the scope to keep it/;

describe("scope", () => {
  test("everything made in it is released when it ends", () => {
    const { kernels, used, filled } = setUp();
    filled(1, 7);
    const before = used();
    for (let i = 0; i < 10; i++) {
      const during = scope(() => {
        const x = filled(1, 40, 40);
        kernels.unary("exp", kernels.gemm(x, x));
        return used();
      });
      expect([during - before, used() - before]).toEqual([3 * 6400, 0]);
    }
  });

  test("what it returns survives, in objects, arrays, maps and sets, however deep", () => {
    const { used, filled } = setUp();
    const before = used();
    const kept = scope(() => {
      const [a, b, c, d] = [filled(1, 4), filled(2, 4), filled(3, 4), filled(4, 4)];
      filled(9, 1000);
      return {
        a,
        list: [[b], null, 7, "text"],
        map: new Map([["c", { c }]]),
        set: new Set([d]),
        none: undefined,
      };
    });
    // Four blocks of 64 bytes, and nothing of the thousand.
    expect(used() - before).toBe(4 * 64);
    filled(5, 4);
    expect([...kept.a.data]).toEqual([1, 1, 1, 1]);
    expect([...(kept.list as Tensor[][])[0]![0]!.data]).toEqual([2, 2, 2, 2]);
    expect([...kept.map.get("c")!.c.data]).toEqual([3, 3, 3, 3]);
    expect([...[...kept.set][0]!.data]).toEqual([4, 4, 4, 4]);
  });

  test("a result that refers to itself is walked once", () => {
    const { filled } = setUp();
    const kept = scope(() => {
      const node: { x: Tensor; self?: unknown } = { x: filled(3, 2) };
      node.self = [node];
      return node;
    });
    expect([...kept.x.data]).toEqual([3, 3]);
  });

  test("a tensor is kept by any reshaped form of it", () => {
    const { kernels, used, filled } = setUp();
    const before = used();
    const y = scope(() => kernels.reshape(kernels.reshape(filled(2, 4, 3), [12]), [2, 6]));
    expect([...y.data]).toEqual(Array(12).fill(2));
    expect(used() - before).toBe(64);
    const outer = filled(1, 6);
    const alias = scope(() => kernels.reshape(outer, [2, 3]));
    expect([[...alias.data], [...outer.data]]).toEqual([Array(6).fill(1), Array(6).fill(1)]);
  });

  test("tensors from outside live on", () => {
    const { kernels, filled } = setUp();
    const x = filled(5, 3);
    scope(() => kernels.unary("neg", x));
    expect([...x.data]).toEqual([5, 5, 5]);
  });

  test("what an inner scope keeps belongs to the scope around it", () => {
    const { used, filled } = setUp();
    const before = used();
    const escaped = scope(() => {
      const inner = scope(() => filled(1, 10));
      expect([...inner.data]).toEqual(Array(10).fill(1));
      return { shape: inner.shape, secretly: () => inner };
    });
    expect(used()).toBe(before);
    expect(() => escaped.secretly().data).toThrow(GONE);
  });

  test("using a tensor after its scope throws a sentence, from every kernel and from read", async () => {
    const { kernels, filled } = setUp();
    const stolen: Tensor[] = [];
    scope(() => {
      const x = filled(1, 2, 3);
      stolen.push(x, kernels.reshape(x, [6]));
    });
    const [x, alias] = stolen as [Tensor, Tensor];
    const fresh = filled(1, 2, 3);
    expect(() => x.data).toThrow(`a tensor of shape [2,3] was used after its scope had ended`);
    expect(() => alias.data).toThrow(GONE);
    await expect(x.read()).rejects.toThrow(GONE);
    expect(() => kernels.unary("neg", x)).toThrow(GONE);
    expect(() => kernels.binary("add", fresh, x)).toThrow(GONE);
    expect(() => kernels.reshape(x, [6])).toThrow(GONE);
    expect(() => kernels.gemm(x, fresh, { transposeB: true })).toThrow(GONE);
  });

  test("an exception releases what was made, and leaves the scope around as it was", () => {
    const { used, filled } = setUp();
    const before = used();
    scope(() => {
      const x = filled(1, 100);
      const inside = used();
      expect(() =>
        scope(() => {
          filled(1, 1000);
          throw new Error("on purpose");
        }),
      ).toThrow("on purpose");
      expect(used()).toBe(inside);
      expect(x.data[99]).toBe(1);
    });
    expect(used()).toBe(before);
  });

  test("random nesting never loses a kept tensor, and never keeps another", () => {
    /** What to do in a scope: make a tensor and keep it or not, or open a scope within. */
    type Plan = readonly (readonly [keep: boolean, size: number] | { readonly inner: Plan })[];
    const plans = fc.letrec<{ plan: Plan }>((tie) => ({
      plan: fc.array(
        fc.oneof(
          { maxDepth: 3 },
          fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 200 })),
          fc.record({ inner: tie("plan") }),
        ),
        { maxLength: 5 },
      ),
    })).plan;
    const { used, filled } = setUp();
    fc.assert(
      fc.property(plans, (plan) => {
        const before = used();
        let id = 0;
        const run = (steps: Plan): Tensor[] =>
          scope(() =>
            steps.flatMap((step) => {
              if ("inner" in step) return run(step.inner);
              const x = filled(++id, step[1]);
              return step[0] ? [x] : [];
            }),
          );
        scope(() => {
          const kept = run(plan);
          const bytes = kept.reduce((sum, x) => sum + Math.ceil((x.shape[0]! * 4) / 64) * 64, 0);
          expect(used() - before).toBe(bytes);
          const ids = kept.map((x) => x.data[0]!);
          for (const [i, x] of kept.entries()) expect(x.data.every((value) => value === ids[i])).toBe(true);
          expect(new Set(ids).size).toBe(ids.length);
        });
        expect(used()).toBe(before);
      }),
    );
  });
});

describe("loopScope", () => {
  test("memory stays flat over a thousand turns that carry a state", () => {
    const { kernels, used, filled } = setUp();
    const start = used();
    const loop = loopScope();
    let state = loop.turn(() => ({ w: filled(0, 64, 33), steps: [filled(1, 7)] }));
    const levels = new Set<number>();
    for (let i = 1; i <= 1000; i++) {
      state = loop.turn(() => {
        const noise = kernels.unary("tanh", state.w);
        return {
          w: kernels.unary("shift", kernels.binary("sub", state.w, kernels.binary("sub", noise, noise)), 1),
          steps: [kernels.unary("shift", state.steps[0]!, 1)],
        };
      });
      if (i >= 2) levels.add(used());
    }
    expect([...levels]).toHaveLength(1);
    expect([state.w.data[0], state.w.data[64 * 33 - 1], state.steps[0]!.data[6]]).toEqual([1000, 1000, 1001]);
    loop.end();
    expect(used()).toBe(start);
    expect(() => state.w.data).toThrow(GONE);
  });

  test("a part that a turn hands on unchanged is carried, reshaped or not", () => {
    const { kernels, used, filled } = setUp();
    const start = used();
    const loop = loopScope();
    let [w, extra] = loop.turn(() => [filled(3, 4, 4), filled(1, 100)]) as [Tensor, Tensor | null];
    const full = used();
    for (let i = 0; i < 5; i++)
      [w, extra] = loop.turn(() => [kernels.reshape(w, i % 2 ? [16] : [2, 8]), extra]);
    expect(used()).toBe(full);
    [w, extra] = loop.turn(() => [w, null]);
    expect(used()).toBe(start + 64);
    expect([...w.data]).toEqual(Array(16).fill(3));
    loop.end();
    expect(used()).toBe(start);
  });

  test("a turn that throws releases what it made, and the state before it lives", () => {
    const { used, filled } = setUp();
    const loop = loopScope();
    const state = loop.turn(() => filled(2, 50));
    const before = used();
    expect(() =>
      loop.turn(() => {
        filled(1, 5000);
        throw new Error("on purpose");
      }),
    ).toThrow("on purpose");
    expect(used()).toBe(before);
    expect(state.data[49]).toBe(2);
    expect(loop.turn(() => state)).toBe(state);
    expect(state.data[49]).toBe(2);
  });

  test("tensors from outside are not the loop's to release", () => {
    const { filled } = setUp();
    const outer = filled(4, 4);
    const loop = loopScope();
    loop.turn(() => outer);
    loop.turn(() => null);
    loop.end();
    expect([...outer.data]).toEqual([4, 4, 4, 4]);
  });

  test("two loops, one within the other's turns, keep apart", () => {
    const { kernels, used, filled } = setUp();
    const start = used();
    const outer = loopScope();
    let total = outer.turn(() => filled(0, 3));
    for (let i = 0; i < 4; i++)
      total = outer.turn(() => {
        const inner = loopScope();
        let x = inner.turn(() => filled(1, 3));
        for (let j = 0; j < 3; j++) x = inner.turn(() => kernels.binary("add", x, x));
        const next = kernels.binary("add", total, x);
        inner.end();
        return next;
      });
    expect([...total.data]).toEqual([32, 32, 32]);
    outer.end();
    expect(used()).toBe(start);
  });
});

describe("the heap", () => {
  const BASE = 100;
  const heapOf = (maximum = 4000) => createHeap(new WebAssembly.Memory({ initial: 1, maximum }), BASE);
  const sizes = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 200_000 }));

  test("blocks never overlap, lie in the memory, and join to nothing when all are freed", () => {
    /** Allocate so many bytes, or free one of the blocks. */
    const actions = fc.array(fc.oneof(sizes, fc.record({ free: fc.nat() })), { maxLength: 120, size: "max" });
    fc.assert(
      fc.property(actions, (sequence) => {
        const heap = heapOf();
        const first = heap.allocate(1);
        heap.free(first, 1);
        const blocks: { start: number; bytes: number }[] = [];
        for (const action of sequence) {
          if (typeof action === "number") {
            const start = heap.allocate(action);
            const end = start + Math.max(1, action);
            expect(start % 64).toBe(0);
            expect(start).toBeGreaterThanOrEqual(BASE);
            expect(end).toBeLessThanOrEqual(heap.usage().reserved);
            for (const b of blocks)
              expect(end <= b.start || b.start + Math.max(1, b.bytes) <= start).toBe(true);
            blocks.push({ start, bytes: action });
          } else if (blocks.length > 0) {
            const [gone] = blocks.splice(action.free % blocks.length, 1);
            heap.free(gone!.start, gone!.bytes);
          }
          const held = blocks.reduce((sum, b) => sum + Math.max(64, Math.ceil(b.bytes / 64) * 64), 0);
          expect(heap.usage().used).toBe(held);
        }
        for (const { start, bytes } of blocks) heap.free(start, bytes);
        expect(heap.usage().used).toBe(0);
        // With every hole joined, the whole reserve is one block again, from the first address on.
        const { reserved } = heap.usage();
        expect(heap.allocate(reserved - first)).toBe(first);
        expect(heap.usage().reserved).toBe(reserved);
      }),
    );
  });

  test("a hole is filled before the memory grows", () => {
    const heap = heapOf();
    const [a, b, c] = [heap.allocate(6400), heap.allocate(640), heap.allocate(64)];
    heap.free(b, 640);
    expect([heap.allocate(320), heap.allocate(320)]).toEqual([b, b + 320]);
    heap.free(a, 6400);
    expect(heap.allocate(6401)).toBeGreaterThan(c);
    expect(heap.allocate(6400)).toBe(a);
  });

  test("scratch memory overlaps no block, and is one block however often it is asked for", () => {
    fc.assert(
      fc.property(fc.array(sizes, { minLength: 1, maxLength: 20 }), (sequence) => {
        const heap = heapOf();
        const blocks: { start: number; bytes: number }[] = [];
        for (const bytes of sequence) {
          blocks.push({ start: heap.allocate(bytes), bytes });
          const start = heap.scratch(bytes);
          for (const b of blocks) expect(start + bytes <= b.start || b.start + b.bytes <= start).toBe(true);
        }
        const whole = heap.scratch(Math.max(...sequence));
        for (const bytes of sequence) expect(heap.scratch(bytes)).toBe(whole);
        for (const { start, bytes } of blocks) heap.free(start, bytes);
        expect(heap.usage().used).toBe(0);
      }),
    );
  });

  test("when memory runs out, a sentence says so and nothing is lost", () => {
    const heap = heapOf(4);
    const block = heap.allocate(1000);
    heap.scratch(1000);
    const { used } = heap.usage();
    expect(() => heap.allocate(2 ** 20, () => "a tensor of shape [4,65536]")).toThrow(
      "out of memory: a tensor of shape [4,65536] takes 1 MB, the SIMD kernels hold 1 MB already, and this machine gives no more. Use a smaller batch (--batch-size) or network, or pass each batch in parts (--accumulate).",
    );
    expect(heap.usage().used).toBe(used);
    expect(() => heap.scratch(2 ** 20)).toThrow("out of memory: scratch memory of a kernel takes 1 MB");
    const again = heap.allocate(1024);
    const scratch = heap.scratch(500);
    expect(scratch >= again + 1024 || scratch + 500 <= again).toBe(true);
    expect(scratch >= block + 1000 || scratch + 500 <= block).toBe(true);
  });

  test("the last page is had, though it is less than the memory likes to grow by", () => {
    const heap = heapOf(4);
    heap.allocate(4 * 65536 - 1024);
    expect(heap.usage().reserved).toBe(4 * 65536);
  });

  test("more than 32 bits address is refused with its shape, and nothing is lost", () => {
    const { kernels, used, filled } = setUp();
    filled(1, 4);
    const before = used();
    expect(() => filled(0, 128, 512, 128, 129)).toThrow(
      "out of memory: a tensor of shape [128,512,128,129] takes 4128 MB, the SIMD kernels hold 1 MB already, and WebAssembly of 32 bits addresses 4096 MB. Use a smaller batch",
    );
    expect(used()).toBe(before);
    expect([...kernels.unary("neg", filled(2, 2)).data]).toEqual([-2, -2]);
  });
});
