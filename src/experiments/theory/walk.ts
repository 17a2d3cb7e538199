/**
 * Equations 1 to 14 and H1, one after the other.
 *
 * @packageDocumentation
 */

import { ballBoundChecks } from "./ball-bounds.ts";
import { type Check, type Finding, perform } from "./check.ts";
import { gapBoundChecks } from "./gap-bounds.ts";
import { hypothesisChecks } from "./hypothesis.ts";
import { noisyLossChecks } from "./noisy-loss.ts";
import { quantizerChecks } from "./quantizer.ts";
import { regularizerChecks } from "./regularizer.ts";
import { regularizerLimitChecks } from "./regularizer-limits.ts";
import { sandwichChecks } from "./sandwich.ts";

/** All that can be tried, in the order of the paper. */
export const checks: readonly Check[] = [
  ...quantizerChecks,
  ...noisyLossChecks,
  ...regularizerChecks,
  ...regularizerLimitChecks,
  ...ballBoundChecks,
  ...sandwichChecks,
  ...gapBoundChecks,
  ...hypothesisChecks,
];

/** The items that there are checks for. */
export const checkedItems: readonly string[] = [...new Set(checks.map(({ item }) => item))];

/** Tries the statements of these items, or of all. */
export const walk = (items: readonly string[] = checkedItems): Finding[] =>
  checks.filter(({ item }) => items.includes(item)).map(perform);
