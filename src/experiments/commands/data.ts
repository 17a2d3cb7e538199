import { Argument, Command } from "commander";
import { Complaint, explained } from "../complaint.ts";
import { type DatasetName, datasetNames, findDataDir } from "../data/catalog.ts";
import { fetchDataset } from "../data/fetch.ts";
import { verifyDataset } from "../data/verify.ts";
import { createProgress } from "../progress.ts";

const names = datasetNames.filter((name) => name !== "synthetic");
const nameArgument = (): Argument => new Argument("<name>", "data set").choices(names);

export function dataCommand(): Command {
  const data = new Command("data").description("Fetch and check the public data sets.");
  data
    .command("fetch")
    .description("Download a data set from its canonical address. Goes on where an earlier download was cut.")
    .addArgument(nameArgument())
    .option("--data-dir <dir>", "where to put it (default: $QGEN_DATA, else ./data)")
    .option("--mirror <url>", "take the files from this address instead")
    .addHelpText("after", "\nExample:\n  qgen data fetch cifar10")
    .action(fetchAction);
  data
    .command("verify")
    .description("Check size and md5 of every file of a data set.")
    .addArgument(nameArgument())
    .option("--data-dir <dir>", "where it is (default: $QGEN_DATA, else ./data)")
    .option("--json", "print the rows as JSON")
    .addHelpText("after", "\nExample:\n  qgen data verify cifar10")
    .action(verifyAction);
  return data;
}

const dataDir = (given: string | undefined): string => given ?? findDataDir() ?? "data";

async function fetchAction(name: DatasetName, options: { dataDir?: string; mirror?: string }): Promise<void> {
  const dir = dataDir(options.dataDir);
  const progress = createProgress(process.stderr, { every: 5 });
  const mb = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MB`;
  const fetched = fetchDataset(name, {
    dir,
    baseUrl: options.mirror,
    onProgress(event) {
      if (event.stage === "present") progress.print(`${event.path} is there already, as published`);
      else if (event.stage === "unpack") progress.print(`unpacked ${event.file}`);
      else if (event.total !== undefined)
        progress.update(
          event.received / event.total,
          `${event.url} · ${mb(event.received)} of ${mb(event.total)}`,
        );
    },
  });
  await explained(fetched).finally(progress.end);
  console.log(`${name} is complete in ${dir}`);
}

async function verifyAction(name: DatasetName, options: { dataDir?: string; json?: true }): Promise<void> {
  const dir = dataDir(options.dataDir);
  const rows = await explained(verifyDataset(name, dir));
  if (options.json) console.log(JSON.stringify(rows, null, 2));
  else
    for (const { file, status, expected, found } of rows)
      console.log(
        status === "ok"
          ? `ok       ${file}`
          : `${status.padEnd(8)} ${file}: expected ${expected}, found ${found}`,
      );
  const wrong = rows.filter(({ status }) => status !== "ok").length;
  if (wrong > 0)
    throw new Complaint(
      `${wrong} of ${rows.length} files of ${name} in ${dir} are missing or damaged: run "qgen data fetch ${name}"`,
    );
}
