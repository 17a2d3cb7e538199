import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

/** What each folder of `src` may import, besides itself. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  tensor: [],
  autograd: ["tensor"],
  nn: ["tensor", "autograd"],
  quant: ["tensor", "autograd", "nn"],
  measures: ["tensor", "autograd", "nn"],
  experiments: ["tensor", "autograd", "nn", "quant", "measures"],
};

const filesOf = (folder: string): string[] =>
  readdirSync(`src/${folder}`, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => `src/${folder}/${file}`);

const withoutComments = (file: string): string =>
  readFileSync(file, "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");

const targets = (file: string): string[] =>
  [...readFileSync(file, "utf8").matchAll(/(?:from|import|import\()\s*"(?:\.\.?\/)+(\w+)\//g)].map(
    ([, folder]) => folder!,
  );

describe("layers", () => {
  test.each(Object.entries(mayImport))("src/%s imports only from layers below it", (folder, allowed) => {
    for (const file of filesOf(folder))
      for (const target of targets(file).filter((name) => name in mayImport))
        expect([folder, ...allowed], `${file} imports from ${target}`).toContain(target);
  });

  test.each(Object.keys(mayImport).filter((folder) => folder !== "experiments"))(
    "src/%s knows no files, clocks, environment, console or unnamed randomness",
    (folder) => {
      const forbidden = /from "node:|\bprocess\.|\bconsole\.|\bDate\b|\bperformance\.|Math\.random/;
      for (const file of filesOf(folder)) {
        const code = withoutComments(file);
        expect(code.match(forbidden)?.[0], file).toBeUndefined();
      }
    },
  );

  test.each(Object.keys(mayImport).filter((folder) => folder !== "experiments"))(
    "src/%s uses no function whose last digits the makers of an engine may choose",
    (folder) => {
      const exact = /^(abs|ceil|clz32|floor|fround|imul|max|min|round|sign|sqrt|trunc|PI|LN2)$/;
      for (const file of filesOf(folder)) {
        const code = withoutComments(file);
        const used = [...code.matchAll(/\bMath\.(\w+)/g)].map(([, name]) => name!);
        expect(
          used.filter((name) => !exact.test(name)),
          `${file} has Math.…: see src/tensor/math.ts and angles.ts`,
        ).toEqual([]);
        // Powers of two are exact.
        expect(code.match(/(?<!\b2 )\*\*/)?.[0], `${file} has **: see square and power`).toBeUndefined();
      }
    },
  );

  test("the kernels have no memory of their own, but for wasm's variables: instances may share all of it", () => {
    for (const file of filesOf("tensor/kernels/simd/assembly"))
      expect(withoutComments(file), file).not.toMatch(/memory\.data|\bnew\b|StaticArray|\[\]/);
  });

  test("the queue and what writes Parquet are loaded only by who asks for them", () => {
    for (const file of filesOf("experiments"))
      expect(readFileSync(file, "utf8"), file).not.toMatch(
        /^import (?!type ).*"(bullmq|ioredis|hyparquet-writer)"/m,
      );
  });

  test("the kernels use no relaxed operations, whose bits differ between machines", () => {
    for (const file of filesOf("tensor/kernels/simd/assembly"))
      expect(readFileSync(file, "utf8"), file).not.toMatch(/relaxed_/);
  });
});
