import { readFileSync } from "node:fs";
import { Command } from "commander";
import { document, tally } from "../claims/document.ts";
import { evidenceIn } from "../claims/evidence.ts";
import { judged } from "../claims/verdicts.ts";
import { Complaint } from "../complaint.ts";
import { writeAtomic } from "../files.ts";
import { groups } from "../paper/groups.ts";

interface Options {
  readonly results: string;
  readonly json?: true;
  readonly write?: string | true;
  readonly check?: string | true;
}

const place = "docs/claims.md";

export const claimsCommand = (): Command =>
  new Command("claims")
    .description(
      "Every empirical claim of the paper, with its own evidence, that of our runs, and a verdict.",
    )
    .option("--results <dir>", "folder of the folders of reports", "results")
    .option("--json", "print the claims as JSON")
    .option("--write [file]", `write them as a document (${place})`)
    .option("--check [file]", `fail when that document is stale (${place})`)
    .addHelpText("after", "\nExample:\n  qgen claims --results results")
    .action(claimsAction);

function claimsAction({ results, json, write, check }: Options): void {
  const evidence = evidenceIn(results);
  const claims = judged(
    groups().flatMap(({ findings }) => findings),
    evidence,
  );
  const text = document(claims, evidence);
  if (check !== undefined) checkDocument(check === true ? place : check, text);
  if (write !== undefined) writeAtomic(write === true ? place : write, text);
  if (json) {
    const plain = claims.map(({ paper, ours, ...claim }) => ({
      ...claim,
      paper,
      ours: ours.map(({ from, claim: own }) => ({ from: from.name, ...own })),
    }));
    console.log(JSON.stringify({ claims: plain }, null, 2));
    return;
  }
  if (write !== undefined || check !== undefined) return;
  for (const { statement, place, verdict, ours } of claims) {
    console.log(`\n  ${verdict.toUpperCase()}  ${statement} (${place})`);
    for (const { from, claim } of ours)
      console.log(`    ${claim.verdict}, ${from.name}: ${claim.says.join(" ")}`);
  }
  console.log(`\n${tally(claims)}.`);
}

function checkDocument(path: string, text: string): void {
  let written: string | null = null;
  try {
    written = readFileSync(path, "utf8");
  } catch {}
  if (written !== text)
    throw new Complaint(
      `${path} is ${written === null ? "missing" : "stale"}: run "qgen claims --write${path === place ? "" : ` ${path}`}"`,
    );
}
