import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command, Option } from "commander";
import { Complaint, explained } from "../complaint.ts";
import type { RunConfig } from "../config.ts";
import { inMemory, loadDataset } from "../data/catalog.ts";
import { openDevice } from "../node-device.ts";
import { createProgress, type Progress } from "../progress.ts";
import { count, duration } from "../report/format.ts";
import { referenceFor } from "../report/reference.ts";
import { Interrupted } from "../run.ts";
import { type ScaleName, scaleNames } from "../scales.ts";
import { secondsOfRuns } from "../sweep/estimate.ts";
import { forgetFailure, openSweep, type SweepFolder, sweepFolder } from "../sweep/folder.ts";
import { describeGrid, finish, follower, standingText } from "../sweep/follow.ts";
import { checkedGrid, configsOf, type Grid, gridId, shardOf, table1Grid } from "../sweep/grid.ts";
import { sweepLocally } from "../sweep/local.ts";
import { leasesOf } from "../sweep/owner.ts";
import { poolText } from "../sweep/pool-text.ts";
import { writeTables } from "../sweep/report/write.ts";
import { type Standing, standings } from "../sweep/rows.ts";
import { defaultWorkers, memoryShare } from "../sweep/workers.ts";
import { number, positive, redisAddress, resolveData, wholeNumber } from "./options.ts";

interface Options {
  scale: ScaleName;
  data?: string;
  dataDir?: string;
  out?: string;
  workers?: number;
  memory?: number;
  shard?: string;
  retry?: "failed";
  redis?: string | true;
  weights?: boolean;
  lease: number;
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
    .option("--redis [url]", "let qgen worker do it, by way of this queue (default: $QGEN_REDIS)")
    .option("--weights", "with --redis: let the weights come back too")
    .option("--lease <seconds>", "a sweep or a worker that is silent for so long is gone", number, 60)
    .option("--dry-run", "show the runs, what of them is done, and how long the rest will take")
    .addHelpText("after", "\nExample:\n  qgen sweep table-1 --scale smoke --data synthetic --out sweeps/try")
    .action(sweepAction);

async function gridFrom(what: string, { scale, data, dataDir }: Options): Promise<Grid> {
  if (what === "table-1") return table1Grid(scale, await resolveData(data ?? "auto", dataDir));
  if (data !== undefined) throw new Complaint(`--data ${data}: ${what} says itself which images it wants`, 2);
  try {
    return checkedGrid(JSON.parse(readFileSync(what, "utf8")), what);
  } catch (error) {
    if (error instanceof Complaint) throw error;
    throw new Complaint(`"${what}": expected table-1 or a file with a grid; ${(error as Error).message}`, 2);
  }
}

async function sweepAction(what: string, options: Options): Promise<void> {
  const crew = workersOf(options);
  const grid = await gridFrom(what, options);
  const all = configsOf(grid);
  const configs = options.shard === undefined ? all : shardOf(all, options.shard);
  const dir = options.out ?? join("sweeps", gridId(grid));
  const progress = createProgress(process.stderr);
  const described = (rows: readonly Standing[]): string =>
    `${describeGrid(grid, rows.length)}\n${standingText(rows)} (${dir})`;
  if (options.dryRun) {
    const rows = standings(sweepFolder(dir), configs);
    console.log(`${described(rows)}\n${await estimate(openOf(rows), crew, options, progress)}`);
    return;
  }

  const folder = openSweep(dir, grid);
  if (options.retry)
    for (const { id, state } of standings(folder, configs))
      if (state.state === "failed") forgetFailure(folder, id);
  const before = standings(folder, configs);
  progress.print(described(before));
  const open = openOf(before);
  if (open.length > 0) await runAll(folder, open, crew, options, progress);

  const pool = await writeTables(dir, standings(folder, all), grid);
  console.log(poolText(pool, referenceFor(grid.data.name)));
  progress.print(`tables: ${folder.tables}; a page: qgen pool ${dir}`);
  const failed = standings(folder, configs).filter(({ state }) => state.state === "failed").length;
  if (failed > 0)
    throw new Complaint(
      `${count(failed, "run")} of ${configs.length} failed; the reasons are in ${folder.failures}. --retry failed tries again.`,
    );
}

const openOf = (rows: readonly Standing[]): readonly RunConfig[] =>
  rows.filter(({ state }) => state.state === "open").map(({ config }) => config);

type Crew = { readonly workers: number; readonly memory: number };

const workersOf = ({ workers, memory }: Options): Crew => {
  const n = wholeNumber("--workers", workers ?? defaultWorkers());
  return { workers: n, memory: wholeNumber("--memory", memory ?? memoryShare(n)) };
};

async function runAll(
  folder: SweepFolder,
  open: readonly RunConfig[],
  crew: Crew,
  options: Options,
  progress: Progress,
): Promise<void> {
  const { ended, tell } = follower(progress, open);
  const lease = positive("--lease", options.lease);
  const stopped =
    options.redis === undefined
      ? await runHere(folder, open, crew, { ...options, lease }, progress, tell)
      : await runElsewhere(folder, open, { ...options, lease }, progress, tell);
  if (stopped)
    throw new Interrupted(
      `stopped; ${ended()} of ${open.length} runs have ended, and every complete epoch of the others is saved. To go on, give the same command again (${folder.dir}).`,
    );
}

type Tell = ReturnType<typeof follower>["tell"];

async function runHere(
  folder: SweepFolder,
  open: readonly RunConfig[],
  { workers, memory }: Crew,
  { dataDir, lease }: Options,
  progress: Progress,
  tell: Tell,
): Promise<boolean> {
  const { name, train, test } = open[0]!.data;
  await explained(loadDataset(inMemory(name), { dir: dataDir, train, test }));
  const here = { workers: Math.min(workers, open.length), memory, dataDir, leases: leasesOf(lease), tell };
  return finish(() => sweepLocally(folder, open, here), progress);
}

async function runElsewhere(
  folder: SweepFolder,
  open: readonly RunConfig[],
  { redis, weights = false, lease }: Options,
  progress: Progress,
  tell: Tell,
): Promise<boolean> {
  const [{ connect, shownAddress }, { sweepByRedis }] = await Promise.all([
    import("../sweep/redis.ts"),
    import("../sweep/remote.ts"),
  ]);
  const url = redisAddress(redis);
  const connection = await connect(url, progress.print);
  const wants = { weights, lookEvery: lease / 2, tell };
  try {
    return await finish(() => {
      progress.print(`waiting for workers by way of Redis at ${shownAddress(url)}`);
      return sweepByRedis(folder, open, connection, wants);
    }, progress);
  } finally {
    await connection.close();
  }
}

async function estimate(
  open: readonly RunConfig[],
  { workers }: Crew,
  options: Options,
  progress: Progress,
): Promise<string> {
  if (open.length === 0) return "nothing is left to do";
  const { data, batchSize, kernels } = open[0]!;
  const dataset = await explained(
    loadDataset(inMemory(data.name), { dir: options.dataDir, train: batchSize, test: 1 }),
  );
  const seconds = await secondsOfRuns(open, dataset, await openDevice(kernels, 1), (done, of) =>
    progress.update(done / of, "measuring a step of each kind of network"),
  );
  progress.end();
  const total = seconds.reduce((a, b) => a + b, 0);
  return `about ${duration(total)} of one processor, or ${duration(total / workers)} with ${workers} workers, each with a processor of its own (from steps measured now)`;
}
