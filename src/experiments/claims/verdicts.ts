/**
 * Each claim of the paper with the paper's own evidence, ours, and the verdict that follows from ours.
 *
 * @packageDocumentation
 */

import type { Finding } from "../paper/finding.ts";
import { degenerateNotes } from "../robustness/text.ts";
import { type PaperClaim, paperClaims } from "./claims.ts";
import { derived } from "./derived.ts";
import type { Claimed, Evidence } from "./evidence.ts";

export type Verdict = "reproduced" | "contradicted" | "undecided" | "not attempted";

/** What one claim of one report says. */
export interface Answer {
  readonly from: Evidence;
  readonly claim: Claimed;
}

export interface Judged extends PaperClaim {
  readonly paper: readonly Finding[];
  readonly ours: readonly Answer[];
  readonly verdict: Verdict;
}

export const rule =
  "Reproduced where at least one of our answers holds and none fails; contradicted where at least one fails and none holds; " +
  "undecided where they contradict each other or none of them decides; not attempted where there is none. " +
  "A report in which a network has learned nothing decides nothing.";

export function verdictOf(answers: readonly { readonly claim: { readonly verdict: string } }[]): Verdict {
  if (answers.length === 0) return "not attempted";
  const has = (verdict: string): boolean => answers.some(({ claim }) => claim.verdict === verdict);
  if (has("holds") === has("fails")) return "undecided";
  return has("holds") ? "reproduced" : "contradicted";
}

/** @throws Error where a claim names a finding that does not exist */
export function judged(findings: readonly Finding[], evidence: readonly Evidence[]): Judged[] {
  const byId = new Map(findings.map((finding) => [finding.id, finding]));
  return paperClaims.map((claim) => {
    const paper = claim.findings.map((id) => {
      const finding = byId.get(id);
      if (finding === undefined) throw new Error(`claim "${claim.id}": there is no finding "${id}"`);
      return finding;
    });
    const ours = evidence.flatMap((from) =>
      [...from.claims, ...derived(from)]
        .filter(({ id }) => claim.answers.some((start) => isAnswer(id, start)))
        .map((own) => ({ from, claim: sound(from, own) })),
    );
    return { ...claim, paper, ours, verdict: verdictOf(ours) };
  });
}

/** What a report says to a claim, as far as its own networks have learned anything: one that has not is like none at all. */
function sound({ recipe, robustness = [] }: Evidence, own: Claimed): Claimed {
  const tables = robustness.filter(({ model }) => model === recipe.model);
  const notes = tables.flatMap(({ precisions }) => degenerateNotes(precisions));
  if (notes.length === 0) return own;
  return {
    ...own,
    verdict: "undecided",
    says: [...own.says, ...notes.filter((note) => !own.says.includes(note))],
  };
}

/** `h1-` begins the ids of one claim by many measures or networks; any other start is a whole id. */
const isAnswer = (id: string, start: string): boolean =>
  start.endsWith("-") ? id.startsWith(start) : id === start;
