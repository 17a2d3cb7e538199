/**
 * A statement of the paper as something that can be tried: on an example where its conditions are met, and on one where
 * a condition is dropped.
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

export interface Check extends Example {
  readonly item: PaperRef;
  readonly standing: Standing;
  readonly statement: string;
  readonly conditions: readonly string[];
  /** An example where one condition is not met, and the statement fails. */
  readonly counterexample: Example & { readonly without: string };
}

/** A check that was run. */
export interface Finding extends Omit<Check, "run" | "counterexample"> {
  readonly sides: Sides;
  readonly counterexample: {
    readonly without: string;
    readonly example: string;
    readonly sides: Sides;
  };
  /** Does the statement hold on its example, and fail on its counterexample? */
  readonly passed: boolean;
}

export function perform({ run, counterexample, ...check }: Check): Finding {
  const found = run();
  const { without, example } = counterexample;
  const against = counterexample.run();
  return {
    ...check,
    sides: found,
    counterexample: { without, example, sides: against },
    passed: found.holds && !against.holds,
  };
}
