/** Pieces of work one after the other in this process; with several processes, see test/e2e. */
import { describe, expect, test } from "vitest";
import { Complaint } from "../../src/experiments/complaint.ts";
import { type Piece, sideBySide } from "../../src/experiments/side-by-side.ts";

/** Pieces that say 0, 1, 2, …, and what was shown and said of them. */
function work(count: number, doing: (i: number) => void = () => {}) {
  const [shown, lines]: [[number, string][], string[]] = [[], []];
  const progress = {
    update: (share: number, text: string) => shown.push([share, text]),
    print: (text: string) => lines.push(text),
    end: () => {},
  };
  const pieces = Array.from(
    { length: count },
    (_, i): Piece<number> => ({
      label: `piece ${i}`,
      task: { type: "measure", folder: "nowhere", settings: {} as never, kernels: "simd" },
      done: () => false,
      here: async (show) => {
        show(0.5, "half");
        doing(i);
        return i;
      },
      said: (i) => `result ${i}`,
    }),
  );
  return { pieces, progress, shown, lines };
}

describe("sideBySide, in this process", () => {
  test("gives the results in order, tells of each, and shows the share of all that is done", async () => {
    const { pieces, progress, shown, lines } = work(4);
    expect(await sideBySide(pieces, { workers: 1, stop: () => false, progress })).toEqual([0, 1, 2, 3]);
    expect(lines).toEqual([0, 1, 2, 3].map((i) => `piece ${i}: result ${i}`));
    expect(shown).toEqual([0, 1, 2, 3].map((i) => [(i + 0.5) / 4, `piece ${i} · half`]));
  });
  test("of no pieces there are no results", async () => {
    const { pieces, progress } = work(0);
    expect(await sideBySide(pieces, { workers: 2, stop: () => false, progress })).toEqual([]);
  });
  test("one piece is done here, however many workers there could be", async () => {
    const { pieces, progress } = work(1);
    expect(await sideBySide(pieces, { workers: 2, stop: () => false, progress })).toEqual([0]);
  });
  test("begins no other piece after a stop, and says how to go on", async () => {
    let stopped = false;
    const { pieces, progress, lines } = work(3, (i) => {
      stopped = i === 1;
    });
    await expect(sideBySide(pieces, { workers: 1, stop: () => stopped, progress })).rejects.toMatchObject({
      name: "Interrupted",
      message: "stopped; what is complete is saved. To go on, give the same command again.",
    });
    expect(lines).toHaveLength(2);
  });
  test("a stop after the last piece comes too late", async () => {
    let stopped = false;
    const { pieces, progress } = work(2, (i) => {
      stopped = i === 1;
    });
    expect(await sideBySide(pieces, { workers: 1, stop: () => stopped, progress })).toEqual([0, 1]);
  });
  test("a piece that fails ends the others, with its own error", async () => {
    const { pieces, progress, lines } = work(3, (i) => {
      if (i === 1) throw new Complaint("no room");
    });
    await expect(sideBySide(pieces, { workers: 1, stop: () => false, progress })).rejects.toThrow("no room");
    expect(lines).toHaveLength(1);
  });
});
