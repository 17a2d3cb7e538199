import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command, Option } from "commander";
import { Complaint, explained } from "../complaint.ts";
import type { RunConfig } from "../config.ts";
import { loadDataset } from "../data/catalog.ts";
import { openDevice } from "../node-device.ts";
import { createProgress, type Progress } from "../progress.ts";
import { count, duration } from "../report/format.ts";
import { Interrupted } from "../run.ts";
import { type ScaleName, scaleNames } from "../scales.ts";
import { secondsOfRuns } from "../sweep/estimate.ts";
import { forgetFailure, openSweep, type SweepFolder, sweepFolder } from "../sweep/folder.ts";
import { checkedGrid, configsOf, type Grid, gridId, shardOf, table1Grid } from "../sweep/grid.ts";
import { type News, sweepLocally } from "../sweep/local.ts";
import { type Standing, standings } from "../sweep/rows.ts";
import { defaultWorkers, memoryShare } from "../sweep/workers.ts";
import { number, resolveData, stopOnSignal } from "./options.ts";
import { writeTables } from "./pool.ts";

interface Options {
  scale: ScaleName;
  data?: string;
  dataDir?: string;
  out?: string;
  workers?: number;
  memory?: number;
  shard?: string;
  retry?: "failed";
  dryRun?: true;
}

export const sweepCommand = (): Command =>
  new Command("sweep")
    .description(
      "Run a grid of settings: what is complete is not run again, what was stopped goes on, what fails does not stop the others. Several such commands may share a folder.",
    )
    .argument("<grid>", "table-1, or a file with a grid (docs/sweep.md)")
    .addOption(new Option("--scale <name>", "size of table-1").choices(scaleNames).default("small"))
    .option(
      "--data <name>",
      "of table-1: auto (CIFAR-10 where it is found, else built-in images), cifar10, …",
    )
    .option("--data-dir <dir>", "where data sets are (default: $QGEN_DATA, else ./data)")
    .option("--out <dir>", "folder of the sweep (default: sweeps/ and the name of the grid)")
    .option(
      "--workers <n>",
      "processes that train, one thread each (default: one for each processor)",
      number,
    )
    .option("--memory <MB>", "that each may have (default: its share of four fifths of the machine)", number)
    .option("--shard <i/n>", "only every n-th run, from the i-th: for schedulers")
    .addOption(new Option("--retry <which>", "runs that are tried again").choices(["failed"]))
    .option("--dry-run", "show the runs, what of them is done, and how long the rest will take")
    .addHelpText("after", "\nExample:\n  qgen sweep table-1 --scale smoke --data synthetic --out sweeps/try")
    .action(sweepAction);

async function gridFrom(what: string, { scale, data, dataDir }: Options): Promise<Grid> {
  if (what === "table-1") return table1Grid(scale, await resolveData(data ?? "auto", dataDir));
  if (data !== undefined) throw new Complaint(`--data ${data}: ${what} says itself which images it wants`, 2);
  let text: string;
  try {
    text = readFileSync(what, "utf8");
  } catch (error) {
    throw new Complaint(`"${what}": expected table-1 or a file with a grid; ${(error as Error).message}`, 2);
  }
  try {
    return checkedGrid(JSON.parse(text), what);
  } catch (error) {
    throw error instanceof Complaint ? error : new Complaint(`${what}: ${(error as Error).message}`, 2);
  }
}

function atLeastOne(option: string, value: number): number {
  if (!Number.isInteger(value) || value < 1)
    throw new Complaint(`${option} ${value}: expected a whole number of at least 1`, 2);
  return value;
}

async function sweepAction(what: string, options: Options): Promise<void> {
  const grid = await gridFrom(what, options);
  const all = configsOf(grid);
  const configs = options.shard === undefined ? all : shardOf(all, options.shard);
  const dir = options.out ?? join("sweeps", gridId(grid));
  const workers = atLeastOne("--workers", options.workers ?? defaultWorkers());
  const memory = atLeastOne("--memory", options.memory ?? memoryShare(workers));
  const progress = createProgress(process.stderr);

  if (options.dryRun) {
    const rows = standings(sweepFolder(dir), configs);
    console.log(
      [describe(grid, configs), standingText(rows), await estimate(rows, workers, options, progress)].join(
        "\n",
      ),
    );
    return;
  }

  const folder = openSweep(dir, grid);
  if (options.retry)
    for (const { id, state } of standings(folder, configs))
      if (state.state === "failed") forgetFailure(folder, id);
  const before = standings(folder, configs);
  progress.print(`${describe(grid, configs)}\n${standingText(before)} (${dir})`);
  const open = before.filter(({ state }) => state.state === "open").map(({ config }) => config);
  if (open.length > 0) {
    const { name, train, test } = grid.data;
    await explained(loadDataset(name, { dir: options.dataDir, train, test }));
    await runHere(folder, open, { workers, memory, dataDir: options.dataDir }, progress);
  }

  const { text } = writeTables(folder, grid);
  console.log(text);
  const failed = standings(folder, configs).filter(({ state }) => state.state === "failed").length;
  progress.print(`tables: ${folder.tables}`);
  if (failed > 0)
    throw new Complaint(
      `${count(failed, "run")} of ${configs.length} failed; the reasons are in ${folder.failures}. --retry failed tries them again.`,
    );
}

async function runHere(
  folder: SweepFolder,
  open: readonly RunConfig[],
  options: { workers: number; memory: number; dataDir: string | undefined },
  progress: Progress,
): Promise<void> {
  const signals = stopOnSignal();
  const follow = follower(open, progress);
  const sweep = sweepLocally(folder, open, {
    ...options,
    workers: Math.min(options.workers, open.length),
    tell: follow.tell,
  });
  const look = setInterval(() => {
    if (signals.stop()) sweep.stop();
  }, 100);
  try {
    await sweep.done;
  } finally {
    clearInterval(look);
    signals.dispose();
    progress.end();
  }
  const share = sweep.busyShare();
  if (share !== null) progress.print(`workers trained ${(100 * share).toFixed(1)} % of their time`);
  if (signals.stop())
    throw new Interrupted(
      `stopped; ${follow.ended()} of ${open.length} runs have ended, and every complete epoch of the others is saved in ${folder.dir}. To go on, give the same command again.`,
    );
}

/** Shows news of runs: a line for each that ends, and how far all are. */
function follower(open: readonly RunConfig[], progress: Progress) {
  const total = open.reduce((sum, { epochs }) => sum + epochs, 0);
  const running = new Map<string, number>();
  let [ended, past] = [0, 0];
  const epochs = open[0]!.epochs;
  return {
    ended: () => ended,
    tell({ id, what, reason, epoch }: News): void {
      if (what === "begun") running.set(id, 0);
      else if (what === "epoch") running.set(id, epoch!);
      else if (what === "again") progress.print(`${id}: ${reason}; it goes on from its last epoch`);
      else {
        running.delete(id);
        if (what === "stopped") return;
        ended++;
        past += epochs;
        progress.print(`${ended}/${open.length} ${id}: ${what}${reason === undefined ? "" : `: ${reason}`}`);
      }
      const now = [...running.values()].reduce((sum, epoch) => sum + epoch, 0);
      progress.update((past + now) / total, `${ended} of ${open.length} runs, ${running.size} at work`);
    },
  };
}

function describe(grid: Grid, configs: readonly RunConfig[]): string {
  const { name, train, test } = grid.data;
  const rates = grid.optimizers.map(({ optimizer, lrs }) => `${optimizer} at ${lrs.join(", ")}`);
  return [
    `${gridId(grid)}: ${count(configs.length, "run")}`,
    `  data          ${name}, ${train} training and ${test} test images`,
    `  depth         ${grid.depths.join(", ")}`,
    `  width         ${grid.widths.join(", ")}`,
    `  optimizer     ${rates.join("; ")}`,
    `  weight decay  ${grid.weightDecays.join(", ")}`,
    `  bits          ${grid.bits.join(", ")}`,
    `  seed          ${grid.seeds.join(", ")}`,
    `  epochs        ${grid.epochs}, batches of ${grid.batchSize}, the rate times ${grid.gamma} at ${grid.milestones.join(", ")}`,
  ].join("\n");
}

function standingText(rows: readonly Standing[]): string {
  const number = (state: string): number => rows.filter((row) => row.state.state === state).length;
  return `${number("done")} done, ${number("failed")} failed, ${number("open")} to be done`;
}

async function estimate(
  rows: readonly Standing[],
  workers: number,
  { dataDir }: Options,
  progress: Progress,
): Promise<string> {
  const open = rows.filter(({ state }) => state.state === "open").map(({ config }) => config);
  if (open.length === 0) return "nothing is left to do";
  const { data, batchSize, kernels } = open[0]!;
  const dataset = await explained(loadDataset(data.name, { dir: dataDir, train: 2 * batchSize, test: 1 }));
  const seconds = await secondsOfRuns(open, dataset, await openDevice(kernels), (done, of) =>
    progress.update(done / of, "measuring a step of each kind of network"),
  );
  progress.end();
  const total = seconds.reduce((a, b) => a + b, 0);
  return `about ${duration(total)} of one worker, ${duration(total / workers)} with ${workers} on as many processors, from steps measured now`;
}
