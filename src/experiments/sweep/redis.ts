/**
 * The queue that a sweep and its workers share: BullMQ on Redis. Loaded only where it is asked for.
 *
 * @packageDocumentation
 */

import { createHash } from "node:crypto";
import type { Queue, QueueEvents, Worker as QueueWorker } from "bullmq";
import type { Redis } from "ioredis";
import { z } from "zod";
import { Complaint } from "../complaint.ts";
import { canonicalJson, type RunConfig, runSchema } from "../config.ts";
import { version } from "../environment.ts";
import type { RunResult } from "../result.ts";

/** A run that is asked for. */
export interface Job {
  /** Of the program that asks. */
  readonly version: string;
  /** Of its configurations. */
  readonly schema: string;
  readonly config: RunConfig;
  /** Are the weights wanted too? */
  readonly weights: boolean;
}

/** What comes back. */
export type Answer =
  | { readonly type: "result"; readonly result: RunResult; readonly weights?: string }
  | { readonly type: "failed"; readonly reason: string };

/** Twelve letters that change when the schema of configurations does. */
export const schemaId = (): string =>
  createHash("sha256")
    .update(canonicalJson(z.toJSONSchema(runSchema, { unrepresentable: "any" })))
    .digest("hex")
    .slice(0, 12);

/** Why a worker of this program does not take a job; `null` where it does. */
export function refusal({ version: theirs, schema }: Job): string | null {
  if (theirs === version() && schema === schemaId()) return null;
  return `the job was made by qgen ${theirs} with configurations of schema ${schema}, this worker is qgen ${version()} with ${schemaId()}: the same code has to run on both sides.`;
}

export const jobOf = (config: RunConfig, weights: boolean): Job => ({
  version: version(),
  schema: schemaId(),
  config,
  weights,
});

const queueName = "qgen-runs";

/** The address without its secrets. */
export function shownAddress(url: string): string {
  const { protocol, hostname, port, pathname } = parsed(url);
  return `${protocol}//${hostname}:${port || 6379}${pathname === "/" ? "" : pathname}`;
}

function parsed(url: string): URL {
  const given = URL.canParse(url) ? new URL(url) : undefined;
  // The address is not repeated: there may be a password in it.
  if (given === undefined || !/^rediss?:$/.test(given.protocol) || given.hostname === "")
    throw new Complaint(
      "--redis: expected an address such as redis://host:6379, redis://user:password@host or rediss://host (TLS)",
      2,
    );
  return given;
}

export interface Connection {
  readonly queue: Queue<Job, Answer>;
  events(): QueueEvents;
  worker(
    process: (job: { id: string; data: Job; back: () => Promise<Error> }) => Promise<Answer>,
    options: { concurrency: number; lease: number },
  ): QueueWorker<Job, Answer>;
  close(): Promise<void>;
}

const connectSeconds = 5;

/**
 * Opens the queue. Where the connection is lost later, it is opened again as often as needed, and `say` tells.
 *
 * @throws Complaint where there is no Redis to be had, or it does not let us in
 */
export async function connect(url: string, say: (text: string) => void): Promise<Connection> {
  const where = shownAddress(url);
  const [bullmq, { Redis }] = await Promise.all([import("bullmq"), import("ioredis")]);
  const clients: Redis[] = [];
  let lost = false;
  const open = (): Redis => {
    const client = new Redis(url, {
      maxRetriesPerRequest: null,
      retryStrategy: (times) => Math.min(100 * times, 2000),
    });
    client.on("error", (error: Error) => {
      if (!lost)
        say(`Redis at ${where}: ${error.message || (error as NodeJS.ErrnoException).code}; trying again`);
      lost = true;
    });
    client.on("ready", () => {
      if (lost) say(`Redis at ${where}: connected`);
      lost = false;
    });
    clients.push(client);
    return client;
  };
  const first = open();
  try {
    await ready(first);
  } catch (error) {
    first.disconnect();
    throw new Complaint(`Redis at ${where} cannot be used: ${(error as Error).message}`);
  }
  // What goes wrong is said by the connection; here it only must not end the program.
  const quiet = <T extends { on(event: "error", listener: (error: Error) => void): unknown }>(made: T): T => {
    made.on("error", () => {});
    return made;
  };
  const queue = quiet(new bullmq.Queue<Job, Answer>(queueName, { connection: first }));
  const parts: { close(): Promise<unknown> }[] = [queue];
  return {
    queue,
    events() {
      const events = quiet(new bullmq.QueueEvents(queueName, { connection: open() }));
      parts.push(events);
      return events;
    },
    worker(process, { concurrency, lease }) {
      const lockSeconds = lease / 2;
      const worker = quiet(
        new bullmq.Worker<Job, Answer>(
          queueName,
          async (job, token) => {
            const renewal = setInterval(
              // A renewal that fails is made up for by the next one, or the job is somebody else's.
              () => void job.extendLock(token!, lockSeconds * 1000).catch(() => {}),
              (lockSeconds / 4) * 1000,
            );
            try {
              return await process({
                id: job.id!,
                data: job.data,
                back: async () => {
                  await job.moveToWait(token);
                  return new bullmq.WaitingError();
                },
              });
            } finally {
              clearInterval(renewal);
            }
          },
          {
            connection: open(),
            concurrency,
            lockDuration: lockSeconds * 1000,
            // BullMQ asks the wall clock whether it is time to renew, and does not when that is put back.
            skipLockRenewal: true,
            stalledInterval: lockSeconds * 1000,
            maxStalledCount: 20,
          },
        ),
      );
      parts.push(worker);
      return worker;
    },
    async close() {
      // Without Redis, there is nobody to take leave of.
      const soon = new Promise((resolve) => setTimeout(resolve, 2000).unref());
      await Promise.race([Promise.allSettled(parts.map((part) => part.close())), soon]);
      for (const client of clients) client.disconnect();
    },
  };
}

/** Waits for the first connection, and says what is wrong with it. */
function ready(client: Redis): Promise<void> {
  return new Promise((resolve, reject) => {
    let last = "no answer";
    const end = (error?: Error): void => {
      clearTimeout(timer);
      client.off("ready", done).off("error", note);
      if (error) reject(error);
      else resolve();
    };
    const done = (): void => end();
    const note = (error: Error): void => {
      last = error.message || String((error as NodeJS.ErrnoException).code);
      // To be refused once is enough.
      if (/WRONGPASS|NOAUTH|NOPERM|certificate|self-signed/i.test(last)) end(error);
    };
    const timer = setTimeout(
      () => end(new Error(`${last} (for ${connectSeconds} seconds)`)),
      connectSeconds * 1000,
    );
    client.on("ready", done).on("error", note);
  });
}
