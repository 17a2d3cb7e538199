/**
 * The results in `bench/results` as a page and a drawing, made from them and from nothing else.
 *
 * @packageDocumentation
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { cell, columns, type Results, type Row, readResults, resultsFolder, shown } from "./results.ts";
import type { Point } from "./roof.ts";
import { rooflineFigure } from "./roofline-figure.ts";
import { type SuiteName, suiteNames, suites } from "./suites.ts";

const escaped = (text: string): string => text.replaceAll("|", "\\|");

function table(rows: readonly Row[]): string[] {
  const keys = shown(rows);
  const numeric = keys.map((key) => rows.some((row) => typeof row[key] === "number"));
  const line = (cells: readonly string[]): string => `| ${cells.map(escaped).join(" | ")} |`;
  return [
    line(["", ...keys.map((key) => columns[key]?.title ?? key)]),
    line(["---", ...numeric.map((right) => (right ? "---:" : "---"))]),
    ...rows.map((row) => line([row.name, ...keys.map((key) => cell(row, key))])),
  ];
}

function section(name: SuiteName, { about, environment, rows, devices, roofs }: Results): string[] {
  const { commit, node, cpu, platform, memoryGB } = environment;
  return [
    `## ${suites[name].title}`,
    "",
    `${about[0]!.toUpperCase()}${about.slice(1)}.`,
    "",
    `\`npm run bench -- ${name}\`, on ${cpu} (${platform}, ${memoryGB} GB), Node ${node}, commit ${commit ?? "unknown"}: [${name}.json](${name}.json).`,
    "",
    ...(devices ?? []).map((device) => `- ${device}`),
    ...(devices === undefined ? [] : [""]),
    ...(roofs === undefined
      ? []
      : [
          `Registers alone: ${roofs.gflops.toFixed(1)} · 10⁹ operations a second. A copy: ${roofs.gbps.toFixed(1)} GB/s, read and written. Dotted: 0.9 of the one, 0.7 of the other.`,
          "",
          "![The rate of each kernel against its operations for each byte moved](roofline.svg)",
          "",
        ]),
    ...table(rows),
    "",
  ];
}

/** The files of the report: names and contents. */
export function reportFiles(folder = resultsFolder): Readonly<Record<string, string>> {
  const found = suiteNames.flatMap((name) => {
    const path = join(folder, `${name}.json`);
    return existsSync(path) ? [[name, readResults(path)] as const] : [];
  });
  const roofs = found.flatMap(([, { rows, roofs }]) =>
    roofs === undefined ? [] : [rooflineFigure(rows as unknown as readonly Point[], roofs)],
  );
  const text = [
    "# Results of the benches",
    "",
    "Made by `npm run bench -- report` from the files beside it. Times are medians; noise is half the range of the middle half of the times, as a share. Where two things are compared, they took turns. `npm run bench -- compare OLD NEW` tells what has changed between two of these files.",
    "",
    ...found.flatMap(([name, results]) => section(name, results)),
  ];
  return {
    "README.md": `${text.join("\n").trimEnd()}\n`,
    ...(roofs[0] === undefined ? {} : { "roofline.svg": roofs[0] }),
  };
}
