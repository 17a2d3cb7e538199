import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";

/** What a module imports to run: types vanish. */
const importsOf = (file: string): string[] =>
  [
    ...readFileSync(file, "utf8").matchAll(
      /^(?:import|export) (?!type )(?:([^;]*?) from )?"([^"]+)";|\bimport\("([^"]+)"\)/gm,
    ),
  ]
    // import { type A, type B } imports nothing either.
    .filter(([, names]) => names === undefined || !/^\{(?:\s*type \w+,?)+\s*\}$/.test(names))
    .map(([, , from, later]) => (from ?? later)!);

test.each(["page/main.ts", "page/worker.ts", "test/gpu/same-bits-worker.ts", "test/gpu/same-bits.gpu.ts"])(
  "%s, and all that it needs, runs in a browser: nothing of it is Node's",
  (start) => {
    const seen = new Map([[start, "the page"]]);
    for (const [file] of seen)
      for (const from of importsOf(file)) {
        expect(from, `${file}, which ${seen.get(file)} needs`).not.toMatch(/^node:/);
        if (from.startsWith(".") && from.endsWith(".ts")) {
          const next = join(dirname(file), from);
          if (!seen.has(next)) seen.set(next, file);
        }
      }
    expect(seen.size).toBeGreaterThan(5);
  },
);
