import { Command } from "commander";
import { createProgress } from "../progress.ts";
import { Interrupted } from "../run.ts";
import { sweepFolder } from "../sweep/folder.ts";
import { finish, follower } from "../sweep/follow.ts";
import { leasesOf } from "../sweep/owner.ts";
import { defaultWorkers, memoryShare } from "../sweep/workers.ts";
import { number, positive, redisAddress, wholeNumber } from "./options.ts";

interface Options {
  redis?: string | true;
  workers?: number;
  memory?: number;
  dataDir?: string;
  out: string;
  lease: number;
}

export const workerCommand = (): Command =>
  new Command("worker")
    .description(
      "Work for sweeps by way of Redis until it is stopped (qgen sweep --redis). As many of them, on as many machines, as one likes.",
    )
    .option("--redis [url]", "the queue (default: $QGEN_REDIS)")
    .option(
      "--workers <n>",
      "processes that train, one thread each (default: one for each processor)",
      number,
    )
    .option("--memory <MB>", "that each may have (default: its share of four fifths of the machine)", number)
    .option("--data-dir <dir>", "where data sets are (default: $QGEN_DATA, else ./data)")
    .option(
      "--out <dir>",
      "this machine's own folder, to go on from when it has been stopped",
      "sweeps/worker",
    )
    .option("--lease <seconds>", "a worker that is silent for so long is gone", number, 60)
    .addHelpText("after", "\nExample:\n  QGEN_REDIS=redis://:password@host:6379 qgen worker --workers 8")
    .action(workerAction);

async function workerAction(options: Options): Promise<void> {
  const workers = wholeNumber("--workers", options.workers ?? defaultWorkers());
  const memory = wholeNumber("--memory", options.memory ?? memoryShare(workers));
  const leases = leasesOf(positive("--lease", options.lease));
  const url = redisAddress(options.redis ?? true);
  const [{ connect, shownAddress }, { serve }] = await Promise.all([
    import("../sweep/redis.ts"),
    import("../sweep/serve.ts"),
  ]);
  const progress = createProgress(process.stderr);
  const connection = await connect(url, progress.print);
  const { tell, ended } = follower(progress);
  const crew = { workers, memory, dataDir: options.dataDir, leases, tell };
  try {
    await finish(() => {
      progress.print(`${workers} at work for Redis at ${shownAddress(url)}`);
      return serve(sweepFolder(options.out), connection, crew);
    }, progress);
  } finally {
    await connection.close();
  }
  throw new Interrupted(`stopped after ${ended()} runs; what is at hand goes back to the queue.`);
}
