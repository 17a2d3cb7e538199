/**
 * What the commands share: options, their errors as sentences, and stopping on Ctrl-C.
 *
 * @packageDocumentation
 */

import { InvalidArgumentError, Option } from "commander";
import { z } from "zod";
import { Complaint } from "../complaint.ts";
import { type RunConfig, runSchema } from "../config.ts";
import { type DatasetName, findDataDir, isPresent } from "../data/catalog.ts";
import type { Device } from "../device.ts";
import { defaultWorkers } from "../sweep/workers.ts";
import { checkedThreads, saidThreads } from "../threads.ts";

/** A number, or the complaint that commander shows with the name of the option. */
export function number(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new InvalidArgumentError("Expected a number.");
  return value;
}

export const numbers = (text: string): number[] => (text.trim() === "" ? [] : text.split(",").map(number));

export const threadsOption = (): Option =>
  new Option(
    "--threads <n>",
    "threads of simd; the bits are the same (default: $QGEN_THREADS, else one for each physical core if that is faster)",
  ).argParser((text) => checkedThreads(text, "--threads"));

export const workersOption = (what: string): Option =>
  new Option(
    "--workers <n>",
    `${what}, on one thread each (default: one for each processor; 1 with --threads, or on a GPU)`,
  ).argParser(number);

/** A GPU has room for one run; who says how many threads compute wants them for one. */
export function workersFor(
  { workers, threads }: { readonly workers?: number | undefined; readonly threads?: number | undefined },
  { kernels }: Device,
): number {
  if (workers !== undefined) return wholeNumber("--workers", workers);
  return kernels.name === "simd" && threads === undefined && saidThreads() === null ? defaultWorkers() : 1;
}

export const photographsOption = (): Option =>
  new Option("--data <folder>", "where the photographs of runs of ImageNet are, as imagenet:FOLDER");

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** The checked configuration. Option names are those of its fields. */
export function checkedConfig(input: unknown): RunConfig {
  const { success, data, error } = runSchema.safeParse(input);
  if (success) return data;
  const sentences = error.issues.map((issue) => {
    const option = kebab(
      issue.path
        .filter((part) => part !== "policy" && part !== "name" && part !== "rho")
        .join(".")
        .replace("sam.", "sam-")
        .replace("schedule.floor", "min-lr")
        .replace("folder.size", "image-size")
        .replace("schedule.", ""),
    );
    const found = issue.path.reduce<unknown>(
      (value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key],
      input,
    );
    return `--${option.replace("data.", "") || "data"} ${JSON.stringify(found)}: ${issue.message}`;
  });
  throw new Complaint(sentences.join("\n      "), 2);
}

export const dataNames = ["auto", "cifar10", "cifar100", "fashion-mnist", "synthetic"] as const;
export const dataNameSchema = z.enum(dataNames);

/** `auto`: CIFAR-10 where it is to be found, otherwise the built-in images. */
export async function resolveData(name: string, dir: string | undefined): Promise<DatasetName> {
  const parsed = dataNameSchema.safeParse(name);
  if (!parsed.success) throw new Complaint(`--data ${name}: expected one of ${dataNames.join(", ")}`, 2);
  if (parsed.data !== "auto") return parsed.data;
  const where = dir ?? findDataDir();
  return where !== undefined && (await isPresent("cifar10", where)) ? "cifar10" : "synthetic";
}

/** Has Ctrl-C been pressed? The first asks to stop after the step at hand; a second one kills. */
export function stopOnSignal(): { readonly stop: () => boolean; readonly dispose: () => void } {
  let stopped = false;
  const ask = (): void => {
    if (stopped) process.exit(130);
    stopped = true;
    process.stderr.write("\nstopping after this step (once more to stop at once)\n");
  };
  process.on("SIGINT", ask);
  process.on("SIGTERM", ask);
  return {
    stop: () => stopped,
    dispose: () => {
      process.off("SIGINT", ask);
      process.off("SIGTERM", ask);
    },
  };
}

/** @throws Complaint with the name of the option */
export function wholeNumber(option: string, value: number): number {
  if (!Number.isInteger(value) || value < 1)
    throw new Complaint(`${option} ${value}: expected a whole number of at least 1`, 2);
  return value;
}

/** @throws Complaint with the name of the option */
export function positive(option: string, value: number): number {
  if (!(value > 0)) throw new Complaint(`${option} ${value}: expected a number above 0`, 2);
  return value;
}

/** The address of Redis: given, or of the environment, where other users of the machine do not see it. */
export function redisAddress(given: string | true | undefined): string {
  const url = typeof given === "string" ? given : process.env.QGEN_REDIS;
  if (!url) throw new Complaint("--redis: expected an address, here or in QGEN_REDIS", 2);
  return url;
}
