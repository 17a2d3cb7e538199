/**
 * A measure of a run as it is kept.
 *
 * @packageDocumentation
 */

import type { Measure, Measured } from "../../measures/registry/index.ts";
import type { Reported } from "../../measures/reported.ts";

/** One measure of a run. Numbers that are not finite are `null`, and `note` says what they are. */
export interface MeasuredValue {
  readonly id: string;
  readonly name: string;
  readonly equation: string | null;
  readonly source: string;
  /** x, and what is reported of it, mostly √(x/m). */
  readonly raw: number | null;
  readonly value: number | null;
  readonly note: string | null;
}

const flags = {
  negative: "below 0, so that it has no root",
  infinite: "infinite",
  undefined: "not a number",
} as const;

const noteOf = ({ needs }: Measure, flag: Reported["flag"]): string | null =>
  flag === "infinite" && needs.includes("margin")
    ? "infinite, since the margin is not above 0: more than one training image in ten is taken for another class"
    : flag && flags[flag];

export function inJson({ measure, reported, reason }: Measured): MeasuredValue {
  const { id, name, equation, source } = measure;
  const finite = (x: number | null): number | null => (x !== null && Number.isFinite(x) ? x : null);
  return {
    id,
    name,
    equation,
    source,
    raw: finite(reported?.raw ?? null),
    value: finite(reported?.value ?? null),
    note: reason ?? noteOf(measure, reported?.flag ?? null),
  };
}
