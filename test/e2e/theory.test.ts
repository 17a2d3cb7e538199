import { stripVTControlCharacters } from "node:util";
import { describe, expect, test } from "vitest";
import type { Finding } from "../../src/experiments/theory/check.ts";
import { qgen } from "./qgen.ts";

interface Spec {
  readonly item: string;
  readonly code: readonly { readonly name: string; readonly file: string; readonly line: number }[];
  readonly tests: readonly { readonly name: string; readonly file: string }[];
  readonly passed: boolean | null;
}

describe("qgen theory", () => {
  test("walks through all equations, says both sides of each, and exits with 0", {
    timeout: 60_000,
  }, async () => {
    const { code, stdout, stderr } = await qgen("theory");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const numbers = [...stdout.matchAll(/^\((\w+)\)/gm)].map(([, number]) => number);
    expect([...new Set(numbers)]).toEqual([...Array.from({ length: 14 }, (_, i) => `${i + 1}`), "H1"]);
    expect(stdout.match(/^ {14}\S+ [=≈≤<>≥≠] \S+ {3}(holds|fails, as it should)$/gm)).toHaveLength(
      2 * numbers.length,
    );
    expect(stdout).toContain(
      `${numbers.length} of ${numbers.length} statements hold under their conditions and fail without one of them.`,
    );
    expect(stdout).not.toMatch(/FAILS|HOLDS/);
  });

  test("with --json and numbers prints those findings as data, the same at each call", async () => {
    const [first, second] = [
      await qgen("theory", "12", "h1", "--json"),
      await qgen("theory", "QGen.eq.12", "H1", "--json"),
    ];
    expect(first).toMatchObject({ code: 0, stderr: "" });
    expect(second.stdout).toBe(first.stdout);
    const findings = JSON.parse(first.stdout) as Finding[];
    expect(new Set(findings.map(({ item }) => item))).toEqual(new Set(["QGen.eq.12", "QGen.H1"]));
    for (const { passed, sides, counterexample } of findings)
      expect([passed, sides.holds, counterexample.sides.holds]).toEqual([true, true, false]);
  });

  test("an equation that is not there is a sentence with the nearest one, and exit code 2", async () => {
    const { code, stdout, stderr } = await qgen("theory", "eq.1O");
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toBe('qgen: there is no item "eq.1O". The nearest is QGen.eq.1.\n');
    const table = await qgen("theory", "tab.1");
    expect(table.code).toBe(2);
    expect(table.stderr).toMatch(
      /^qgen: there is nothing to try for QGen.tab.1, only for eq.1, .*H1\. "qgen spec QGen.tab.1" tells more\.\n$/,
    );
  });
});

describe("qgen spec", () => {
  test("finds the code and the tests of an item, and runs these tests and no others", {
    timeout: 60_000,
  }, async () => {
    const { code, stdout, stderr } = await qgen("spec", "QGen.eq.10", "--json");
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const { item, code: marks, tests, passed } = JSON.parse(stdout) as Spec;
    expect([item, passed]).toEqual(["QGen.eq.10", true]);
    expect(marks.map(({ name, file }) => [name, file])).toEqual([
      ["sandwich", "src/measures/theory/bounds.ts"],
    ]);
    expect(tests.map(({ name }) => name)).toContain(
      "for L = w², w = 1 and d = −½ the left part fails: 1 ≤ ¼",
    );
    expect(stripVTControlCharacters(stderr)).toMatch(new RegExp(`Tests\\D+${tests.length} passed`));
  });

  test("with --no-run only says where they are; without an item it lists all", async () => {
    const [one, all] = [await qgen("spec", "8", "--no-run"), await qgen("spec")];
    expect(one).toMatchObject({ code: 0, stderr: "" });
    expect(one.stdout).toMatch(/^QGen\.eq\.8 {2}bound of Foret et al\./);
    expect(one.stdout).toMatch(/^ {2}src\/measures\/theory\/h\.ts:\d+ {2}h$/m);
    expect(one.stdout).toMatch(
      /^ {2}test\/property\/theory-bounds\.test\.ts:\d+ {2}it grows with ‖w‖ and falls with ρ, strictly$/m,
    );
    expect(all.code).toBe(0);
    expect(all.stdout).toMatch(/^QGen\.eq\.7 +\d+ in code +\d+ tests {2}quantization as a regularizer/m);
    expect(all.stdout).not.toMatch(/^\S+ +0 in code/m);
  });

  test("an item that is not there is a sentence with the nearest one, and exit code 2", async () => {
    const { code, stdout, stderr } = await qgen("spec", "QGen.eqq.12");
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toBe('qgen: there is no item "QGen.eqq.12". The nearest is QGen.eq.12.\n');
  });
});
