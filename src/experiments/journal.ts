/**
 * Work whose parts are kept in a file as they are done: what they belong to in the first line, then a line for each part,
 * in order. A file that was cut short at any moment is gone on with to the same bytes.
 *
 * @packageDocumentation
 */

import { existsSync, readFileSync } from "node:fs";
import { Complaint } from "./complaint.ts";
import { canonicalJson } from "./config.ts";
import { appendLine, writeAtomic } from "./files.ts";

export interface Journal<T> {
  /** What has been done already. */
  readonly entries: readonly T[];
  /** Keeps one more part. */
  add(entry: T): void;
}

/** What of a line's JSON can be read; `undefined` where it was cut short. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/**
 * The journal in a file, and the file made where there is none. It holds the entries up to the first line that is none.
 *
 * @param settings - everything that decides the entries
 * @param read - the entry in a line, which is the `index`-th; `null` where it is none
 * @throws Complaint where the file is of other settings or cannot be written
 */
export function openJournal<T>(
  path: string,
  settings: object,
  read: (line: unknown, index: number) => T | null,
): Journal<T> {
  const entries: T[] = [];
  // What follows the last end of a line was cut short.
  const [first, ...lines] = existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(0, -1) : [];
  if (first !== undefined) {
    if (canonicalJson(parsed(first) ?? null) !== canonicalJson(settings))
      throw new Complaint(`${path} was written with other settings. Move it away, or choose another place.`);
    for (const line of lines) {
      const entry = read(parsed(line), entries.length);
      if (entry === null) break;
      entries.push(entry);
    }
  }
  writeAtomic(path, [settings, ...entries].map((line) => `${JSON.stringify(line)}\n`).join(""));
  return {
    entries,
    add: (entry) => appendLine(path, JSON.stringify(entry), { durable: false }),
  };
}
