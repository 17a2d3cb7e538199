/**
 * A process that trains one run after another, as it is told by the one that started it. When that one is gone, it stops.
 *
 * @packageDocumentation
 */

import { Complaint, explained } from "../complaint.ts";
import { loadDataset } from "../data/catalog.ts";
import type { Dataset } from "../data/dataset.ts";
import { openDevice } from "../node-device.ts";
import { Interrupted, run } from "../run.ts";
import type { Order, Outcome, Report } from "./workers.ts";

let stopped = false;
const stop = (): void => {
  stopped = true;
};
// Ctrl-C reaches the whole group of processes; it is for the sweep to say what it means.
process.on("SIGINT", () => {});
process.on("disconnect", stop);

const report = (message: Report): void => {
  if (process.connected) process.send!(message);
};

const datasets = new Map<string, Dataset>();

async function datasetFor({ config, dataDir }: Extract<Order, { type: "run" }>): Promise<Dataset> {
  const key = JSON.stringify([config.data, dataDir]);
  const { name, train, test } = config.data;
  const dataset = datasets.get(key) ?? (await explained(loadDataset(name, { dir: dataDir, train, test })));
  datasets.clear();
  datasets.set(key, dataset);
  return dataset;
}

async function outcomeOf(order: Extract<Order, { type: "run" }>): Promise<Outcome> {
  const { config, out, memory } = order;
  try {
    const { status, reason } = await run(config, {
      device: await openDevice(config.kernels),
      dataset: await datasetFor(order),
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
    const reason = error instanceof Error ? error.message : String(error);
    // The cause of a complaint is what the system said to a write.
    const cannotWrite = error instanceof Complaint && error.cause !== undefined;
    return { type: cannotWrite ? "cannot write" : "failed", reason };
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
