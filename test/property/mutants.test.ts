import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { mutants } from "../mutants/mutants.ts";

test("every planted error has its text exactly once in its file, so that it can be planted", () => {
  const counts = mutants.map(({ file, what, from }) => ({
    file,
    what,
    times: readFileSync(file, "utf8").split(from).length - 1,
  }));
  expect(counts.filter(({ times }) => times !== 1)).toEqual([]);
  expect(mutants.length).toBeGreaterThan(0);
});

test("no planted error leaves the text as it is", () => {
  expect(mutants.filter(({ from, to }) => from === to)).toEqual([]);
});
