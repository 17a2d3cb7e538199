/**
 * A process that trains one run after another, as it is told by the one that started it. When that one is gone, it stops.
 *
 * @packageDocumentation
 */

import { Complaint, explained } from "../complaint.ts";
import type { RunConfig } from "../config.ts";
import { inMemory, loadDataset } from "../data/catalog.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Device } from "../device.ts";
import { openDevice } from "../node-device.ts";
import { Interrupted, run } from "../run.ts";
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

const devices = new Map<string, Device>();
const datasets = new Map<string, Dataset>();

/** One thread: there is a worker for each processor. */
async function deviceFor({ kernels }: RunConfig): Promise<Device> {
  const device = devices.get(kernels) ?? (await openDevice(kernels, 1));
  devices.set(kernels, device);
  return device;
}

async function datasetFor({ config, dataDir }: Extract<Order, { type: "run" }>): Promise<Dataset> {
  const key = JSON.stringify([config.data, dataDir]);
  const { name, train, test } = config.data;
  const dataset =
    datasets.get(key) ?? (await explained(loadDataset(inMemory(name), { dir: dataDir, train, test })));
  datasets.clear();
  datasets.set(key, dataset);
  return dataset;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function outcomeOf(order: Extract<Order, { type: "run" }>): Promise<Outcome> {
  const { config, out, memory } = order;
  let tools: { readonly device: Device; readonly dataset: Dataset };
  try {
    tools = { device: await deviceFor(config), dataset: await datasetFor(order) };
  } catch (error) {
    return { type: "hindered", reason: messageOf(error) };
  }
  try {
    const { status, reason } = await run(config, {
      ...tools,
      out,
      existing: "resume",
      stop: () => stopped,
      onEvent(event) {
        if (event.type === "epoch") report({ type: "epoch", epoch: event.epoch });
        const used = process.memoryUsage.rss() / 2 ** 20;
        if (used > memory)
          throw new Complaint(
            `more memory was needed than a worker may have: ${Math.round(used)} of ${memory} MB. Give --memory, or fewer --workers.`,
          );
      },
    });
    return status === "diverged" ? { type: "diverged", reason: reason ?? "diverged" } : { type: "complete" };
  } catch (error) {
    if (error instanceof Interrupted) return { type: "stopped" };
    // A complaint with a cause is about a write, and the cause is what the system said.
    const hindered = error instanceof Complaint && error.cause !== undefined;
    return { type: hindered ? "hindered" : "failed", reason: messageOf(error) };
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
