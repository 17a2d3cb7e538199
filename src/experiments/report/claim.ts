/**
 * What the paper claims, and what the numbers of a report say to it. No verdict is ever typed.
 *
 * @packageDocumentation
 */

import type { Comparison } from "./aggregate.ts";
import { listed } from "./format.ts";

export type Verdict = "holds" | "fails" | "undecided";

/** What the paper says, and where. */
export interface Head {
  readonly id: string;
  readonly statement: string;
  readonly place: string;
}

export interface Claim extends Head {
  readonly verdict: Verdict;
  /** The numbers, in sentences. */
  readonly says: readonly string[];
  /** What the verdict follows from. */
  readonly rule: string;
  readonly comparisons: readonly Comparison[];
}

/** A claim that the runs at hand say nothing about. */
export const unanswerable = (head: Head, rule: string, needed: string): Claim => ({
  ...head,
  verdict: "undecided",
  says: [`This needs ${needed} with runs that count.`],
  rule,
  comparisons: [],
});

/** `4 hold here, 1 does not and 1 is undecided` */
export function score(claims: readonly Claim[]): string {
  const of = (verdict: Verdict): number => claims.filter((c) => c.verdict === verdict).length;
  const [holds, fails, open] = [of("holds"), of("fails"), of("undecided")];
  return listed(
    [
      [holds, `${holds} ${holds === 1 ? "holds" : "hold"} here`],
      [fails, `${fails} ${fails === 1 ? "does" : "do"} not${holds === 0 ? " hold here" : ""}`],
      [open, `${open} ${open === 1 ? "is" : "are"} undecided`],
    ].flatMap(([n, words]) => (n === 0 ? [] : [words!])),
  );
}
