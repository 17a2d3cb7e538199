/**
 * A process that trains and measures one run after another, as it is told by the one that started it. When that one is
 * gone, it stops.
 *
 * @packageDocumentation
 */

import { Complaint, explained } from "../complaint.ts";
import { inMemory, loadDataset } from "../data/catalog.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Device, DeviceName } from "../device.ts";
import { measureRun } from "../measuring/measure.ts";
import { inWords, waiting } from "../measuring/text.ts";
import { openDevice } from "../node-device.ts";
import { Interrupted, run } from "../run.ts";
import { imagesOfRuns } from "../run-data.ts";
import { openRun } from "../trained.ts";
import type { Order, Outcome, Report } from "./workers.ts";

let stopped = false;
const stop = (): void => {
  stopped = true;
};
// Ctrl-C, and schedulers, reach the whole group of processes; it is for the sweep to say what that means.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => {});
// What is saved after the sweep has died would be saved beside the run that somebody else goes on with.
process.on("disconnect", () => process.exit());

const report = (message: Report): void => {
  if (process.connected) process.send!(message);
};

type Of<T extends Order["type"]> = Extract<Order, { type: T }>;

const devices = new Map<string, Device>();
const datasets = new Map<string, Dataset>();

/** One thread: there is a worker for each processor. */
async function deviceFor(kernels: string): Promise<Device> {
  const device = devices.get(kernels) ?? (await openDevice(kernels as DeviceName, 1));
  devices.set(kernels, device);
  return device;
}

async function datasetFor({ config, dataDir }: Of<"run">): Promise<Dataset> {
  const key = JSON.stringify([config.data, dataDir]);
  const { name, train, test } = config.data;
  const dataset =
    datasets.get(key) ?? (await explained(loadDataset(inMemory(name), { dir: dataDir, train, test })));
  datasets.clear();
  datasets.set(key, dataset);
  return dataset;
}

/** What there is to do, once its tools are at hand. */
type Work = () => Promise<Outcome>;

async function training(order: Of<"run">): Promise<Work> {
  const { config, out, memory } = order;
  const tools = { device: await deviceFor(config.kernels), dataset: await datasetFor(order) };
  return async () => {
    const { status, reason } = await run(config, {
      ...tools,
      out,
      existing: "resume",
      stop: () => stopped,
      onEvent(event) {
        if (event.type === "epoch") {
          const [done, of] = [event.epoch, config.epochs];
          report({ type: "step", done, of, text: `epoch ${done}/${of}` });
        }
        const used = process.memoryUsage.rss() / 2 ** 20;
        if (used > memory)
          throw new Complaint(
            `more memory was needed than a worker may have: ${Math.round(used)} of ${memory} MB. Give --memory, or fewer --workers.`,
          );
      },
    });
    return status === "diverged" ? { type: "diverged", reason: reason ?? "diverged" } : { type: "complete" };
  };
}

let imagesOf: ReturnType<typeof imagesOfRuns> | undefined;

async function measuring({ folder, settings, kernels, data, dataDir }: Of<"measure">): Promise<Work> {
  const run = openRun(folder);
  // A worker has one who starts it, and who knows one place of images.
  imagesOf ??= imagesOfRuns({ data, dataDir });
  const [device, dataset] = [await deviceFor(kernels), await imagesOf(run, settings.images)];
  return async () => {
    await measureRun({
      ...{ run, settings, device, dataset },
      stop: () => stopped,
      onWait: () => report({ type: "step", done: 0, of: 1, text: waiting }),
      onStep: inWords(settings, (done, of, text) => report({ type: "step", done, of, text })),
    });
    return { type: "complete" };
  };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function outcomeOf(order: Exclude<Order, { type: "stop" }>): Promise<Outcome> {
  let work: Work;
  try {
    work = await (order.type === "run" ? training(order) : measuring(order));
  } catch (error) {
    return { type: "hindered", reason: messageOf(error) };
  }
  try {
    return await work();
  } catch (error) {
    const reason = messageOf(error);
    if (error instanceof Interrupted) return { type: "stopped", reason };
    // A complaint with a cause is about a write, and the cause is what the system said.
    const hindered = error instanceof Complaint && error.cause !== undefined;
    return { type: hindered ? "hindered" : "failed", reason };
  }
}

process.on("message", async (order: Order) => {
  if (order.type === "stop") return stop();
  const began = performance.now();
  const outcome = await outcomeOf(order);
  report({
    type: "end",
    outcome,
    seconds: (performance.now() - began) / 1000,
    memory: process.memoryUsage.rss() / 2 ** 20,
  });
});
