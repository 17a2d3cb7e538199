import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import type { Device } from "./device.ts";

/** Where a number was made. */
export interface Environment {
  readonly qgen: string;
  /** Commit of the source, with "+changes" where files differed from it; `null` outside a repository. */
  readonly commit: string | null;
  readonly node: string;
  readonly v8: string;
  readonly platform: string;
  readonly cpu: string;
  readonly memoryGB: number;
  readonly device: Device["info"];
}

const root = fileURLToPath(new URL("../..", import.meta.url));

export const version = (): string =>
  JSON.parse(readFileSync(`${root}/package.json`, "utf8")).version as string;

/** Of the source as it was when it was loaded: asked once. */
let known: string | null | undefined;
const commit = (): string | null => {
  if (known === undefined) known = askCommit();
  return known;
};

function askCommit(): string | null {
  const git = (...args: string[]): string =>
    execFileSync("git", ["-C", root, ...args], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  try {
    return (
      git("rev-parse", "--short=12", "HEAD") +
      (git("status", "--porcelain", "--untracked-files=no") === "" ? "" : "+changes")
    );
  } catch {
    return null;
  }
}

export function environment(device: Device): Environment {
  return {
    qgen: version(),
    commit: commit(),
    node: process.version,
    v8: process.versions.v8,
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus()[0]?.model ?? "unknown",
    memoryGB: Math.round(totalmem() / 2 ** 30),
    device: device.info,
  };
}
