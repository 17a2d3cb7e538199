import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { Command } from "commander";
import { type PaperRef, paperItems } from "../../paper.ts";
import { Complaint } from "../complaint.ts";
import { resolveItem } from "../items.ts";
import { type Mark, marksOf, repository, type Traceability, traceability } from "../traceability.ts";

interface Options {
  /** `--no-run` */
  run: boolean;
  json?: true;
}

export const specCommand = (): Command =>
  new Command("spec")
    .description(
      "Tell what stands behind an item of the paper: its code, its tests, and what they say when run.",
    )
    .argument("[item]", "QGen.eq.7, eq.7 or 7, QGen.H1, LSQ.eq.3, … (default: list all)")
    .option("--no-run", "only say where code and tests are")
    .option("--json", "print it as JSON")
    .addHelpText("after", "\nExample:\n  qgen spec QGen.eq.7")
    .action(specAction);

async function specAction(text: string | undefined, options: Options): Promise<void> {
  const found = traceability();
  if (text === undefined) {
    list(found, options);
    return;
  }
  const item = resolveItem(text);
  const { code, tests } = marksOf(found, item);
  const says = paperItems[item as PaperRef];
  if (!options.json) {
    console.log(`${item}  ${says}\n`);
    print("code", code);
    print("tests", tests);
  }
  // An installed package has no tests to run.
  const passed = options.run && tests.length > 0 ? await runTests(item, tests, options) : null;
  if (options.json) console.log(JSON.stringify({ item, says, code, tests, passed }, null, 2));
  if (passed === false) throw new Complaint(`a test of ${item} fails`);
}

function list(found: Traceability, { json }: Options): void {
  const rows = Object.entries(paperItems).map(([item, says]) => {
    const { code, tests } = marksOf(found, item);
    return { item, says, code: code.length, tests: tests.length };
  });
  if (json) console.log(JSON.stringify(rows, null, 2));
  else
    for (const { item, says, code, tests } of rows)
      console.log(
        `${item.padEnd(13)} ${String(code).padStart(3)} in code ${String(tests).padStart(3)} tests  ${says}`,
      );
}

function print(what: string, marks: readonly Mark[]): void {
  console.log(marks.length === 0 ? `${what}: none here` : `${what}:`);
  for (const { name, file, line } of marks) console.log(`  ${file}:${line}  ${name}`);
  console.log();
}

/** Letters that mean something else in a regular expression. */
const literally = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");

/** Runs the tests whose names begin with the item, and nothing else of their files. */
async function runTests(item: string, tests: readonly Mark[], { json }: Options): Promise<boolean> {
  const files = [...new Set(tests.map(({ file }) => file))];
  const args = [vitest(), "run", "--testNamePattern", literally(`[${item}]`), ...files];
  // JSON has standard output to itself.
  const out = json ? process.stderr : process.stdout;
  const child = spawn(process.execPath, args, { cwd: repository, stdio: ["ignore", out, process.stderr] });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject).once("close", resolve);
  });
  return code === 0;
}

function vitest(): string {
  try {
    return join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");
  } catch {
    throw new Complaint('the tests need vitest, which is not installed: run "npm ci", or add --no-run.');
  }
}
