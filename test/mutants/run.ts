/**
 * `npm run mutants [-- words]`: plants the errors of `mutants.ts`, one at a time, in a copy of the repository,
 * and runs the tests that should fail. With `words`, only those with `words` in the file's name or in what is
 * wrong.
 *
 * @packageDocumentation
 */

import { type ChildProcess, spawn } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import type { Mutant } from "./mutant.ts";
import { mutants } from "./mutants.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const kernels = ["build/kernels.wasm", "build/kernels-threads.wasm"];
const copied = [
  "docs",
  "src",
  "test",
  "bin",
  ...kernels,
  "package.json",
  "tsconfig.json",
  "vitest.config.ts",
];
/** What the kernels are compiled from. */
const kernelSources = ["src/tensor/kernels/simd/assembly/", "src/tensor/math.ts"];
const report = "report.json";
/** Seconds that tests get for an error. */
const patience = 120;
const vitest = [
  "node_modules/vitest/vitest.mjs",
  "run",
  "--bail=1",
  "--reporter=json",
  `--outputFile=${report}`,
  // Both would write into node_modules, which is not a copy.
  "--no-cache",
  "--configLoader=runner",
];

/** The part of vitest's report that is read. */
interface Report {
  readonly testResults: readonly {
    readonly message: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

const copy = mkdtempSync(join(realpathSync(tmpdir()), "qgen-mutants-"));
let running: ChildProcess | undefined;

/** Ends the process at hand with all that it has started: each is the head of a group of its own. */
function stop(): void {
  if (running?.pid === undefined) return;
  try {
    process.kill(-running.pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

for (const [signal, code] of [
  ["SIGHUP", 129],
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)
  process.once(signal, () => process.exit(code));
process.once("exit", () => {
  stop();
  rmSync(copy, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
});

/** Runs Node in the copy. Throws where there is no end to it. */
async function node(...args: readonly string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, args, { cwd: copy, detached: true });
  running = child;
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  let late = false;
  const alarm = setTimeout(() => {
    late = true;
    stop();
  }, patience * 1000);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject).once("close", resolve);
  });
  clearTimeout(alarm);
  running = undefined;
  if (late) throw new Error(`no end within ${patience} s: ${args.at(-1)}`);
  return { code, output };
}

async function buildKernels(): Promise<void> {
  // What is not there is built, whatever the clock says: two files written at once may have one time.
  for (const file of kernels) rmSync(join(copy, file), { force: true });
  const { code, output } = await node("bin/build-kernels.mjs");
  if (code !== 0) throw new Error(output);
}

/** The name of the first test in `files` that fails, or null. Throws where the tests cannot run. */
async function firstFailure(files: readonly string[]): Promise<string | null> {
  const missing = files.find((file) => !existsSync(join(copy, file)));
  if (missing !== undefined) throw new Error(`there is no test file ${missing}`);
  rmSync(join(copy, report), { force: true });
  const { code, output } = await node(...vitest, ...files);
  if (code === 0) return null;
  if (!existsSync(join(copy, report))) throw new Error(`the tests did not run: ${output}`);
  const { testResults } = JSON.parse(readFileSync(join(copy, report), "utf8")) as Report;
  const failed = testResults.flatMap((file) => file.assertionResults).find((t) => t.status === "failed");
  if (failed) return failed.fullName.trim();
  throw new Error(`no test failed, yet vitest did: ${testResults.find((f) => f.message)?.message ?? output}`);
}

/** `text` with the error in it. */
function withError(text: string, { file, from, to }: Mutant): string {
  const parts = text.split(from);
  if (parts.length !== 2)
    throw new Error(`expected this text once in ${file}, found it ${parts.length - 1} times: ${from}`);
  return parts.join(to);
}

/** The name of the test that catches the error, or null. Leaves the copy as it was. */
async function caughtBy(mutant: Mutant, goodKernels: readonly Uint8Array[]): Promise<string | null> {
  const path = join(copy, mutant.file);
  const text = readFileSync(path, "utf8");
  const compiled = kernelSources.some((source) => mutant.file.startsWith(source));
  writeFileSync(path, withError(text, mutant));
  try {
    if (compiled) await buildKernels();
    return await firstFailure(mutant.tests);
  } finally {
    writeFileSync(path, text);
    if (compiled) for (const [i, file] of kernels.entries()) writeFileSync(join(copy, file), goodKernels[i]!);
  }
}

/** What went wrong, without colours. */
const said = (error: unknown): string =>
  stripVTControlCharacters(error instanceof Error ? error.message : String(error)).trim();

/** @returns whether every error was caught */
async function main(words: string): Promise<boolean> {
  const chosen = mutants.filter(({ file, what }) => file.includes(words) || what.includes(words));
  if (chosen.length === 0) throw new Error(`no planted error has "${words}" in its file or description`);

  for (const name of copied) cpSync(join(root, name), join(copy, name), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"), "dir");
  await buildKernels();
  const goodKernels = kernels.map((file) => readFileSync(join(copy, file)));
  const failing = await firstFailure([...new Set(chosen.flatMap(({ tests }) => tests))]);
  if (failing !== null) throw new Error(`without any planted error, this test fails: ${failing}`);

  let caught = 0;
  for (const mutant of chosen) {
    const name = `${mutant.file}: ${mutant.what}`;
    try {
      const by = await caughtBy(mutant, goodKernels);
      if (by !== null) caught++;
      console.log(by === null ? `SURVIVED ${name} (${mutant.tests})` : `caught   ${name} (by ${by})`);
    } catch (error) {
      console.log(`FAILED   ${name}: ${said(error)}`);
    }
  }
  console.log(`${caught} of ${chosen.length} planted errors caught`);
  return caught === chosen.length;
}

try {
  process.exitCode = (await main(process.argv.slice(2).join(" "))) ? 0 : 1;
} catch (error) {
  console.error(`mutants: ${said(error)}`);
  process.exitCode = 1;
}
