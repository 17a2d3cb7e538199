import { readFileSync } from "node:fs";
import { Command } from "commander";
import { Complaint } from "../complaint.ts";
import { writeAtomic } from "../files.ts";
import { errata, summary } from "../paper/errata.ts";
import { groups } from "../paper/groups.ts";
import { recoveries } from "../paper/radii.ts";

interface Options {
  readonly json?: true;
  readonly write?: string | true;
  readonly check?: string | true;
}

const place = "docs/errata.md";

export const paperCommand = (): Command =>
  new Command("paper")
    .description("Hold the paper's claims against its own tables, and derive Table 3 from Table 2.")
    .option("--json", "print the findings as JSON")
    .option("--write [file]", `write them as a document (${place})`)
    .option("--check [file]", `fail when that document is stale (${place})`)
    .addHelpText("after", "\nExample:\n  qgen paper --json")
    .action(paperAction);

function written(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

function paperAction({ json, write, check }: Options): void {
  const found = groups();
  const rows = recoveries();
  if (check !== undefined) {
    const path = check === true ? place : check;
    const text = written(path);
    if (text !== errata(found, rows))
      throw new Complaint(
        `${path} is ${text === null ? "missing" : "stale"}: run "qgen paper --write${check === true ? "" : ` ${check}`}"`,
      );
  }
  if (write !== undefined) writeAtomic(write === true ? place : write, errata(found, rows));
  if (json) {
    console.log(
      JSON.stringify(
        { groups: found, radii: rows.map(({ cells: _, architecture: __, ...row }) => row) },
        null,
        2,
      ),
    );
    return;
  }
  if (write !== undefined || check !== undefined) return;
  for (const { title, findings } of found) {
    console.log(`\n${title}`);
    for (const { where, claim, says, verdict } of findings)
      console.log(
        [`\n  ${verdict.toUpperCase()}  “${claim}” (${where})`, ...says.map((line) => `    ${line}`)].join(
          "\n",
        ),
      );
  }
  console.log(`\n${summary(found)}.`);
}
