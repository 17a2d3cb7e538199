/**
 * What the paper says, held against its own numbers. No verdict and no number of a finding is ever typed.
 *
 * @packageDocumentation
 */

/**
 * `holds`: the numbers bear the claim out. `fails`: for some or all of what it is about, they say otherwise.
 * `inconsistent`: two things that are printed cannot both be true.
 */
export type Verdict = "holds" | "fails" | "inconsistent";

export interface Finding {
  readonly id: string;
  /** Section, table or equation. */
  readonly where: string;
  /** The paper's words, shortened. */
  readonly claim: string;
  /** What the numbers say, in sentences. */
  readonly says: readonly string[];
  readonly verdict: Verdict;
  /** What the verdict follows from. */
  readonly rule: string;
  /** The numbers behind the sentences, by name. */
  readonly numbers: Readonly<Record<string, number>>;
}

/** Findings about one part of the paper. */
export interface Group {
  readonly title: string;
  readonly findings: readonly Finding[];
}

export const holdsIf = (condition: boolean): Verdict => (condition ? "holds" : "fails");

/** How many members a predicate is true of. */
export const tally = <T>(items: readonly T[], is: (item: T) => boolean): number => items.filter(is).length;
