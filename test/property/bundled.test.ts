import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, onTestFinished, test } from "vitest";

/** A repository of two files, and what its program prints. */
function repository() {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "qgen-")));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, "src/inner"), { recursive: true });
  const write = (name: string, text: string): void => writeFileSync(join(root, "src", name), text);
  write("main.ts", 'import { says, at } from "./inner/says.ts"; console.log(says, at);');
  const bundled = new URL("../../bin/bundled.mjs", import.meta.url);
  const program = `const { bundled } = await import("${bundled}"); await import(await bundled("src/main.ts", ${JSON.stringify(root)}))`;
  const run = (): Promise<{ stdout: string; stderr: string }> =>
    new Promise((resolve) => {
      const child = spawn(process.execPath, ["--input-type=module", "--eval", program]);
      const said = { stdout: "", stderr: "" };
      for (const name of ["stdout", "stderr"] as const)
        child[name].setEncoding("utf8").on("data", (text: string) => {
          said[name] += text;
        });
      child.on("close", () => resolve(said));
    });
  return { root, write, run };
}

const says = (word: string): string => `export const says: string = "${word}", at = import.meta.url;`;

test("a program is bundled anew when a file has changed; modules keep their addresses", async () => {
  const { root, write, run } = repository();
  const at = pathToFileURL(join(root, "src/inner/says.ts")).href;
  write("inner/says.ts", says("one"));
  expect((await run()).stdout).toBe(`one ${at}\n`);
  expect((await run()).stdout).toBe(`one ${at}\n`);
  write("inner/says.ts", says("two"));
  expect((await run()).stdout).toBe(`two ${at}\n`);
});

test("many at once bundle it, and nothing is left but the bundle", async () => {
  const { root, write, run } = repository();
  write("inner/says.ts", says("one"));
  const said = await Promise.all(Array.from({ length: 4 }, run));
  expect(new Set(said.map(({ stdout }) => stdout.split(" ")[0]))).toEqual(new Set(["one"]));
  expect(readdirSync(join(root, "build/programs")).sort()).toEqual(["main.mjs", "main.mjs.map"]);
});

test("an error shows the file and the line that were written", async () => {
  const { root, write, run } = repository();
  write("inner/says.ts", '\n\nthrow new Error("broken");');
  expect((await run()).stderr).toContain(`${join(root, "src/inner/says.ts")}:3:`);
});
