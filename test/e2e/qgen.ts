import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, onTestFinished } from "vitest";

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command, as a user starts it; standard output and error are no terminal. */
export function start(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): { child: ChildProcess; done: Promise<Finished> } {
  const child = spawn(process.execPath, ["bin/qgen.mjs", ...args], {
    env: { ...process.env, QGEN_DATA: "/nonexistent", ...env },
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const done = new Promise<Finished>((resolve) =>
    child.on("close", (code) => resolve({ code, stdout, stderr })),
  );
  return { child, done };
}

export const qgen = (...args: string[]): Promise<Finished> => start(args).done;

/** A folder that is gone after the test. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), "qgen-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A folder that is gone after the last test of the file. */
export function scratchOfFile(): string {
  const folder = mkdtempSync(join(tmpdir(), "qgen-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A run of a few seconds, on built-in images. */
export const tinyRun = [
  "--data",
  "synthetic",
  "--train",
  "256",
  "--test",
  "64",
  "--model",
  "nin:2x1",
  "--batch-size",
  "64",
];
