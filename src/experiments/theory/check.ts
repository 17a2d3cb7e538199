/**
 * A statement of the paper as something that can be tried: on an example where its conditions are met, and on one
 * where a condition is dropped.
 *
 * @packageDocumentation
 */

import type { PaperRef } from "../../paper.ts";

/** Room for rounding, relative to the larger side. */
const ROUNDING = 1e-11;

export type Relation = "=" | "≤" | "<" | ">";

/** Both sides of a relation, and whether it holds between them. */
export interface Sides {
  readonly left: number;
  readonly relation: Relation;
  readonly right: number;
  readonly holds: boolean;
}

/**
 * @param tolerance - how far the sides of "=" and "≤" may be off, relative to the larger one and 1
 */
export function sides(left: number, relation: Relation, right: number, tolerance = ROUNDING): Sides {
  const room = tolerance * Math.max(1, Math.abs(left), Math.abs(right));
  const holds = {
    "=": Math.abs(left - right) <= room,
    "≤": left - right <= room,
    "<": left < right,
    ">": left > right,
  }[relation];
  return { left, relation, right, holds };
}

/** What kind of statement it is, once its conditions are written down. */
export type Standing = "definition" | "model" | "theorem" | "approximation" | "heuristic" | "hypothesis";

/** One example, in a sentence, and what comes out there. */
export interface Example {
  readonly example: string;
  readonly run: () => Sides;
}

/**
 * Does the paper ask for the condition that a counterexample drops? `named`: it does. `missing`: it does not, so
 * that the statement fails as printed. `ours`: the statement itself is not in the paper, but clears up what is.
 */
export type InPaper = "named" | "missing" | "ours";

interface Dropped {
  readonly without: string;
  readonly inPaper: InPaper;
}

export interface Check extends Example {
  readonly item: PaperRef;
  readonly standing: Standing;
  readonly statement: string;
  readonly conditions: readonly string[];
  /** An example where one condition is not met, and the statement fails. */
  readonly counterexample: Example & Dropped;
}

/** A check that was run. */
export interface Finding extends Omit<Check, "run" | "counterexample"> {
  readonly sides: Sides;
  readonly counterexample: Dropped & { readonly example: string; readonly sides: Sides };
  /** Does the statement hold on its example, and fail on its counterexample? */
  readonly passed: boolean;
}

export function perform({ run, counterexample, ...check }: Check): Finding {
  const found = run();
  const { run: runAgainst, ...against } = counterexample;
  const failing = runAgainst();
  return {
    ...check,
    sides: found,
    counterexample: { ...against, sides: failing },
    passed: found.holds && !failing.holds,
  };
}
