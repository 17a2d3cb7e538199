import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { plainGemm } from "../../bench/baseline/plain.ts";
import { changesBetween, compareText } from "../../bench/compare.ts";
import { type Box, placeLabels } from "../../bench/labels.ts";
import { reportFiles } from "../../bench/report.ts";
import { type Results, type Row, resultsFolder } from "../../bench/results.ts";
import { noiseOf, takeTurns } from "../../bench/timing.ts";
import { reference } from "../../src/tensor/kernels/reference/index.ts";
import { distance } from "../tensors.ts";

const bench = (args: readonly string[], env = {}) => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--import", "tsx", "bench/run.ts", ...args],
    { encoding: "utf8", env: { ...process.env, ...env } },
  );
  return { status, stdout, stderr };
};

describe("the report of the benches", () => {
  test("is what the results beside it give", () => {
    for (const [name, content] of Object.entries(reportFiles()))
      expect(readFileSync(join(resultsFolder, name), "utf8"), `${name}: npm run bench -- report`).toBe(
        content,
      );
  });
});

describe("labels", () => {
  test("lie in the frame, on no mark, on no line and not on each other", () => {
    const frame: Box = { left: 0, top: 0, right: 800, bottom: 450 };
    const marks = fc.record({ x: fc.integer({ min: 20, max: 780 }), y: fc.integer({ min: 20, max: 430 }) });
    const overlap = (a: Box, b: Box) =>
      a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
    fc.assert(
      fc.property(fc.array(marks, { minLength: 1, maxLength: 12 }), (points) => {
        const line: Box = { left: 0, right: 800, top: 100, bottom: 104 };
        const labels = points.map((mark, i) => ({ text: `kernel ${i}`, marks: [mark] }));
        const placed = placeLabels(labels, frame, { lines: [line] });
        placed.forEach(({ text, box }, i) => {
          expect(text).toBe(`kernel ${i}`);
          expect(box.left >= 0 && box.right <= 800 && box.top >= 0 && box.bottom <= 450).toBe(true);
          expect(overlap(box, line)).toBe(false);
          expect(placed.slice(0, i).some((other) => overlap(box, other.box))).toBe(false);
          const on = points.some(
            ({ x, y }) => x > box.left && x < box.right && y > box.top && y < box.bottom,
          );
          expect(on).toBe(false);
        });
      }),
      { numRuns: 100 },
    );
  });

  test("without room are refused by name", () => {
    const frame: Box = { left: 0, top: 0, right: 30, bottom: 30 };
    expect(() => placeLabels([{ text: "much too long", marks: [{ x: 10, y: 10 }] }], frame)).toThrow(
      'there is no room for the label "much too long"',
    );
  });
});

describe("a comparison", () => {
  const row = (name: string, numbers: Partial<Row>): Row => ({ name, ...numbers }) as Row;

  test("counts less time and a higher rate as faster, and nothing else as speed", () => {
    const before = [row("a", { ms: 10, gflops: 50, bytes: 1, noise: 0.01 })];
    const after = [row("a", { ms: 5, gflops: 100, bytes: 2, noise: 0.02 })];
    const changes = changesBetween(before, after);
    expect(changes.map(({ key, factor, verdict }) => [key, factor, verdict])).toEqual([
      ["ms", 2, "faster"],
      ["gflops", 2, "faster"],
    ]);
    expect(changesBetween(after, before).map(({ factor, verdict }) => [factor, verdict])).toEqual([
      [0.5, "slower"],
      [0.5, "slower"],
    ]);
  });

  test("calls a change one only where it is more than the noise of both", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.5, max: 2, noNaN: true }),
        fc.double({ min: 0, max: 0.5, noNaN: true }),
        fc.double({ min: 0, max: 0.5, noNaN: true }),
        (factor, a, b) => {
          const [change] = changesBetween(
            [row("x", { ms: factor, noise: a })],
            [row("x", { ms: 1, noise: b })],
          );
          expect(change!.verdict === "the same").toBe(Math.abs(Math.log(factor)) <= a + b);
          expect(change!.verdict === "faster").toBe(Math.log(factor) > a + b);
        },
      ),
    );
    expect(changesBetween([row("x", { ms: 1 })], [row("x", { ms: 2 })])[0]!.verdict).toBe("unclear");
  });

  test("compares rows of one name and one device, and tells which are not in both", () => {
    const results = (cpu: string, rows: readonly Row[]): Results =>
      ({ about: "", environment: { commit: "c0ffee", node: "v20", cpu }, rows }) as unknown as Results;
    const before = results("one", [
      row("a", { device: "x", ms: 1 }),
      row("a", { device: "y", ms: 8 }),
      row("old", { ms: 1 }),
    ]);
    const after = results("two", [row("a", { device: "y", ms: 4 }), row("new", { ms: 1 })]);
    const text = compareText(before, after);
    expect(text).toContain("The machines differ: only shares and ratios can be compared.");
    expect(text).toMatch(/a, y +ms +8 +4 +\+100\.0 % +– +unclear/);
    expect(text).toContain("only before: a, x; old\nonly after: new");
    expect(compareText(before, before)).not.toContain("The machines differ");
  });
});

describe("timing", () => {
  test("the noise is half the range of the middle half, as a share of the median", () => {
    expect(noiseOf([4, 1, 2, 3, 100, 5, 6, 0])).toBeCloseTo((5 - 2) / 2 / 3.5, 12);
    expect(noiseOf([7])).toBe(0);
  });

  test("cases take turns by the clock they are given, the first as the measure of the others", async () => {
    let clock = 0;
    const takes = (seconds: number) => () => {
      clock += seconds;
    };
    const [a, b] = await takeTurns(
      [
        { name: "a", run: takes(2) },
        { name: "b", run: takes(0.5) },
      ],
      { rounds: 5, now: () => clock },
    );
    expect(a).toEqual({ name: "a", seconds: 2, noise: 0, speed: 1 });
    expect(b).toEqual({ name: "b", seconds: 0.5, noise: 0, speed: 4 });
  });
});

test("the product in plain TypeScript is that of the reference", () => {
  const numbers = (n: number, seed: number) => Float32Array.from({ length: n }, (_, i) => Math.sin(seed + i));
  const [m, n, k] = [8, 12, 7];
  const [a, b] = [numbers(m * k, 1), numbers(k * n, 2)];
  const { data } = reference.gemm(reference.tensor(a, [m, k]), reference.tensor(b, [k, n]));
  expect(distance(plainGemm(a, b, m, n, k), data)).toBeLessThan(1e-6);
});

describe("npm run bench", () => {
  test("says which suites there are, and what is wrong with a file", () => {
    const unknown = bench(["kernel"]);
    expect([unknown.status, unknown.stderr]).toEqual([
      2,
      expect.stringMatching(/no suite "kernel", .*kernels/),
    ]);
    const broken = bench(["compare", "package.json", "package.json"]);
    expect([broken.status, broken.stderr]).toEqual([
      2,
      expect.stringContaining("package.json is not a result"),
    ]);
  });

  test("peers that are not installed are skipped, each with the way to install it", () => {
    const { status, stdout, stderr } = bench(["peers"], {
      PYTHON: "/nonexistent",
      QGEN_PEERS: "/nonexistent",
    });
    expect([status, stdout]).toEqual([0, expect.stringContaining("nothing measured")]);
    for (const sentence of [
      "PyTorch is not installed: apt-get install python3-torch",
      "jax-js, wasm is not installed: npm install --prefix DIR @jax-js/jax, then QGEN_PEERS=DIR",
      "TensorFlow.js, cpu is not installed: npm install --prefix DIR @tensorflow/tfjs @tensorflow/tfjs-backend-wasm",
    ])
      expect(stderr).toContain(sentence);
  });
});
