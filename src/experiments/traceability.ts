/**
 * What stands behind each item of the paper: the code whose doc comment says that it implements it, and the tests
 * that say that they verify it.
 *
 * @packageDocumentation
 */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the repository. */
export const repository = fileURLToPath(new URL("../..", import.meta.url));

/** A place that speaks of an item. */
export interface Mark {
  readonly ref: string;
  /** Of an export: its name. Of a test: its statement. */
  readonly name: string;
  /** From the repository, with slashes. */
  readonly file: string;
  /** Of the export or of the test, from 1. */
  readonly line: number;
}

export interface Traceability {
  readonly code: readonly Mark[];
  readonly tests: readonly Mark[];
  /** Source files with a claim that is not above an export: it would count for nothing. */
  readonly adrift: readonly string[];
}

const read = (file: string): string => readFileSync(join(repository, file), "utf8");

function files(folder: string): string[] {
  try {
    return readdirSync(join(repository, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .map((file) => `${folder}/${file.replaceAll("\\", "/")}`)
      .sort();
  } catch {
    // An installed package has no tests.
    return [];
  }
}

const lineAt = (text: string, index: number): number => text.slice(0, index).split("\n").length;

/** `@implements <ref>` in a doc comment, with the name of the export that follows it. */
function implementations(file: string, text: string): Mark[] {
  const commented =
    /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*export (?:async )?(?:const|function\*?|interface|class|type) (\w+)/g;
  return [...text.matchAll(commented)].flatMap((match) => {
    const [whole, comment, name] = match;
    const line = lineAt(text, match.index + whole.length);
    return [...comment!.matchAll(/^\s*\*? *@implements (\S+)/gm)].map(([, ref]) => ({
      ref: ref!,
      name: name!,
      file,
      line,
    }));
  });
}

const mentions = (text: string): number => [...text.matchAll(/^\s*(?:\/\*)?\*+ @implements \S+/gm)].length;

/** `verifies("<ref>", "<statement>", …)` */
function verifications(file: string, text: string): Mark[] {
  return [...text.matchAll(/verifies\(\s*"([^"]+)",\s*(["`])((?:(?!\2)[\s\S])+)\2/g)].map((match) => ({
    ref: match[1]!,
    name: match[3]!,
    file,
    line: lineAt(text, match.index),
  }));
}

export function traceability(): Traceability {
  const sources = files("src").map((file) => ({ file, text: read(file) }));
  const marked = sources.map(({ file, text }) => ({ file, text, marks: implementations(file, text) }));
  return {
    code: marked.flatMap(({ marks }) => marks),
    tests: files("test").flatMap((file) => verifications(file, read(file))),
    adrift: marked.filter(({ text, marks }) => mentions(text) !== marks.length).map(({ file }) => file),
  };
}

/** What speaks of one item. */
export const marksOf = ({ code, tests }: Traceability, item: string) => ({
  code: code.filter(({ ref }) => ref === item),
  tests: tests.filter(({ ref }) => ref === item),
});
