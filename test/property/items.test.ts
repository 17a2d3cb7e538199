import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { editDistance, resolveItem } from "../../src/experiments/items.ts";
import { marksOf, traceability } from "../../src/experiments/traceability.ts";
import { paperItems } from "../../src/paper.ts";

const word = fc.string({ maxLength: 8 });

describe("the edit distance", () => {
  test("is a metric, 1 for one letter, and no larger than the longer word", () => {
    fc.assert(
      fc.property(word, word, word, (a, b, c) => {
        expect(editDistance(a, a)).toBe(0);
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, c)).toBeLessThanOrEqual(editDistance(a, b) + editDistance(b, c));
        expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
        expect(editDistance(a, `${a}x`)).toBe(1);
        if (a !== b) expect(editDistance(a, b)).toBeGreaterThan(0);
      }),
    );
    expect(editDistance("kitten", "sitting")).toBe(3);
  });
});

describe("an item", () => {
  test("is known by its id, without the name of the paper, by its number, and in any case", () => {
    for (const text of ["QGen.eq.7", "eq.7", "7", "qgen.EQ.7"]) expect(resolveItem(text)).toBe("QGen.eq.7");
    expect(resolveItem("h1")).toBe("QGen.H1");
    expect(resolveItem("lsq.eq.3")).toBe("LSQ.eq.3");
    for (const id of Object.keys(paperItems)) expect(resolveItem(id)).toBe(id);
  });

  test("that is not known is a complaint with exit code 2, which names the nearest one", () => {
    const known = ["QGen.eq.1", "QGen.eq.8", "QGen.eq.14", "QGen.H1", "LSQ.eq.2"];
    for (const [text, nearest] of [
      ["eq8", "QGen.eq.8"],
      ["QGen.eq.15", "QGen.eq.14"],
      ["QGen.eq.9", "QGen.eq.8"],
      ["LSQ.eq.9", "LSQ.eq.2"],
      ["H2", "QGen.H1"],
    ] as const)
      expect(() => resolveItem(text, known)).toThrow(
        `there is no item "${text}". The nearest is ${nearest}.`,
      );
    try {
      resolveItem("nothing");
    } catch (error) {
      expect(error).toMatchObject({ exitCode: 2 });
    }
    expect.assertions(6);
  });
});

describe("the tracer", () => {
  test("points at the line of the export and of the test", () => {
    const found = traceability();
    const { code, tests } = marksOf(found, "QGen.eq.4");
    const line = ({ file, line }: { file: string; line: number }): string =>
      readFileSync(file, "utf8").split("\n")[line - 1]!;
    expect(code.map(({ name }) => name)).toContain("squaredLoss");
    for (const mark of code) expect(line(mark)).toContain(` ${mark.name}`);
    for (const mark of tests) expect(line(mark)).toContain("verifies(");
    expect(found.adrift).toEqual([]);
  });
});
