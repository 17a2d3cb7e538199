import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Group } from "../../src/experiments/paper/finding.ts";
import { qgen, scratch } from "./qgen.ts";

interface Found {
  readonly groups: readonly Group[];
  readonly radii: readonly { readonly sigma: { readonly matches: boolean } }[];
}

describe("qgen paper", () => {
  test("--json has every finding as data, and the radii behind Table 3", async () => {
    const { code, stdout, stderr } = await qgen("paper", "--json");
    expect([code, stderr]).toEqual([0, ""]);
    const { groups, radii } = JSON.parse(stdout) as Found;
    const findings = groups.flatMap((group) => group.findings);
    expect(new Set(findings.map(({ verdict }) => verdict))).toEqual(
      new Set(["holds", "fails", "inconsistent"]),
    );
    expect(findings.find(({ id }) => id === "972")).toMatchObject({
      verdict: "fails",
      numbers: { computed: 972, printed: 992 },
    });
    expect(radii.length).toBe(40);
    expect(radii.filter(({ sigma }) => sigma.matches).length).toBe(35);
  });

  test("tells them to a reader, and counts them in the end", async () => {
    const { code, stdout } = await qgen("paper");
    expect(code).toBe(0);
    expect(stdout).toContain("Table 3, derived again from Table 2");
    expect(stdout).toMatch(/\n\d+ claims: \d+ hold, \d+ fail and \d+ are inconsistent\.\n$/);
  });

  test("--write and --check: a document that was changed by hand is stale, and it is said what to do", async () => {
    const file = join(scratch(), "new", "errata.md");
    const missing = await qgen("paper", "--check", file);
    expect(missing).toMatchObject({
      code: 1,
      stderr: `qgen: ${file} is missing: run "qgen paper --write ${file}"\n`,
    });
    expect(await qgen("paper", "--write", file)).toMatchObject({ code: 0, stdout: "", stderr: "" });
    expect(await qgen("paper", "--check", file)).toMatchObject({ code: 0, stdout: "", stderr: "" });
    expect(readFileSync(file, "utf8")).toBe(readFileSync("docs/errata.md", "utf8"));
    writeFileSync(file, readFileSync(file, "utf8").replace("35 of 40", "36 of 40"));
    expect(await qgen("paper", "--check", file)).toMatchObject({
      code: 1,
      stderr: `qgen: ${file} is stale: run "qgen paper --write ${file}"\n`,
    });
    const folder = join(scratch(), "folder");
    mkdirSync(folder);
    const { code, stderr } = await qgen("paper", "--write", folder);
    expect([code, stderr]).toEqual([1, expect.stringContaining("it is a directory")]);
  });
});
