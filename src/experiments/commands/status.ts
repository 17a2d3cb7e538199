import { setTimeout as sleep } from "node:timers/promises";
import { Command } from "commander";
import { gridOf, sweepFolder } from "../sweep/folder.ts";
import { configsOf } from "../sweep/grid.ts";
import { createLook, type Status, statusText } from "../sweep/status.ts";

export const statusCommand = (): Command =>
  new Command("status")
    .description("How far a sweep is: done, running, failed, and how long it will take.")
    .argument("<dir>", "folder of the sweep")
    .option("--json", "print it as JSON")
    .addHelpText("after", "\nExample:\n  qgen status sweeps/try")
    .action((dir: string, { json }: { json?: true }) => {
      const status = lookAt(dir)();
      console.log(json ? JSON.stringify(status, null, 2) : statusText(status));
    });

export const watchCommand = (): Command =>
  new Command("watch")
    .description("The same, again and again until all is done. Ctrl-C ends the watching, not the sweep.")
    .argument("<dir>", "folder of the sweep")
    .addHelpText("after", "\nExample:\n  qgen watch sweeps/try")
    .action(watch);

const lookAt = (dir: string): (() => Status) => createLook(sweepFolder(dir), configsOf(gridOf(dir)), 60);

async function watch(dir: string): Promise<void> {
  const look = lookAt(dir);
  const { stdout } = process;
  for (let lines = 0; ; ) {
    const status = look();
    const columns = stdout.columns ?? 100;
    const text = statusText(status, 8)
      .split("\n")
      .map((line) => (stdout.isTTY ? line.slice(0, columns - 1) : line));
    // On a terminal, over what stood there.
    stdout.write(`${lines > 0 && stdout.isTTY ? `\u001b[${lines}A\u001b[J` : ""}${text.join("\n")}\n`);
    lines = text.length;
    if (status.done + status.failed.length === status.runs) return;
    await sleep(stdout.isTTY ? 1000 : 15_000);
  }
}
