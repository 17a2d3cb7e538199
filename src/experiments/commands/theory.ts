import { Command } from "commander";
import { paperItems } from "../../paper.ts";
import { Complaint } from "../complaint.ts";
import { resolveItem } from "../items.ts";
import type { Finding } from "../theory/check.ts";

export const theoryCommand = (): Command =>
  new Command("theory")
    .description(
      "Walk through equations 1 to 14 and H1: each statement with its conditions, both sides on an example, and a counterexample where a condition is dropped.",
    )
    .argument("[items...]", "only these: 7, eq.7, QGen.eq.7 or H1 (default: all)")
    .option("--json", "print the findings as JSON")
    .addHelpText("after", "\nExample:\n  qgen theory 7 14 H1")
    .action(theoryAction);

async function theoryAction(items: readonly string[], { json }: { json?: true }): Promise<void> {
  // The examples take a moment to load, so not before they are needed.
  const [{ checkedItems, walk }, { findingText }] = await Promise.all([
    import("../theory/walk.ts"),
    import("../theory/text.ts"),
  ]);
  const chosen = items.map((text) => itemWithChecks(text, checkedItems));
  const findings = walk(chosen.length === 0 ? checkedItems : chosen);
  if (json) console.log(JSON.stringify(findings, null, 2));
  else console.log([...findings.map((finding) => `${findingText(finding)}\n`), summary(findings)].join("\n"));
  judge(findings);
}

/** @throws Complaint where a statement fails on its example, or holds on its counterexample */
export function judge(findings: readonly Finding[]): void {
  const failed = findings.filter(({ passed }) => !passed);
  if (failed.length === 0) return;
  const names = failed.map(({ item, statement }) => `${item}, ${statement}`).join("; ");
  throw new Complaint(
    `${failed.length} of ${findings.length} checks came out otherwise than they should: ${names}`,
  );
}

function summary(findings: readonly Finding[]): string {
  const passed = findings.filter((finding) => finding.passed);
  const missing = passed.filter(({ counterexample }) => counterexample.inPaper === "missing").length;
  return [
    `${passed.length} of ${findings.length} statements hold under their conditions and fail without one of them.`,
    `The condition is one that the paper does not ask for in ${missing} of them.`,
  ].join("\n");
}

/** The id that is meant. Items of the paper without an equation to try are named as such. */
function itemWithChecks(text: string, checked: readonly string[]): string {
  const known = [...checked, ...Object.keys(paperItems).filter((id) => !checked.includes(id))];
  const id = resolveItem(text, known);
  if (checked.includes(id)) return id;
  throw new Complaint(
    `there is nothing to try for ${id}, only for ${checked.map((item) => item.replace("QGen.", "")).join(", ")}. "qgen spec ${id}" tells more.`,
    2,
  );
}
