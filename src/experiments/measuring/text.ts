/**
 * Measures of runs as characters: a row for each measure, a column for each run.
 *
 * @packageDocumentation
 */

import { inColumns } from "../report/columns.ts";
import { fixed, listed, short } from "../report/format.ts";
import type { MeasuredRun } from "./measure.ts";
import { type Following, letters, type Radius, radiusNames } from "./radii.ts";
import { displacementWords, type MeasureSettings } from "./settings.ts";

/** A run and what it is called. */
export interface Labelled {
  readonly label: string;
  readonly bits: number;
  readonly measured: MeasuredRun;
}

/** A radius, with `<` or `>` where the search ran against its end. */
export function radiusText(radius: Radius): string {
  if ("reason" in radius) return "–";
  const side = radius.saturatedLow ? "<" : radius.saturatedHigh ? ">" : "";
  return `${side}${fixed(radius.radius, 4)}`;
}

/** All measures that are there for some run. */
export function measuresText(runs: readonly Labelled[]): string {
  const names = runs[0]!.measured.measures.map(({ id, name, equation }) => ({ id, name, equation }));
  const valueIn = ({ measured }: Labelled, id: string): string => {
    const value = measured.measures.find((measure) => measure.id === id)?.value ?? null;
    return value === null ? "–" : short(value);
  };
  const rows = [
    ["", ...runs.map(({ label }) => label)],
    ...radiusNames.map((name) => [
      `radius ${letters[name]}`,
      ...runs.map(({ measured }) => radiusText(measured.radii[name])),
    ]),
    ...names.map(({ id, name, equation }) => [
      equation === null ? name : `${name} (eq. ${equation.split(".").at(-1)})`,
      ...runs.map((run) => valueIn(run, id)),
    ]),
  ];
  return inColumns(rows);
}

function append(lists: Map<string, string[]>, key: string, entry: string): void {
  lists.set(key, [...(lists.get(key) ?? []), entry]);
}

/** Everything out of the ordinary, in sentences: one for all networks and measures that share it. */
export function notesOf(runs: readonly Labelled[]): string[] {
  const sentences = new Map<string, string[]>();
  for (const { label, measured } of runs) {
    const missing = new Map<string, string[]>();
    for (const name of radiusNames) {
      const radius = measured.radii[name];
      if ("reason" in radius) append(missing, radius.reason, letters[name]);
      else if (radius.saturatedHigh)
        append(
          sentences,
          `${letters[name]} is above ${fixed(radius.radius, 4)}, where the search ends`,
          label,
        );
      else if (radius.saturatedLow)
        append(
          sentences,
          `${letters[name]} is below ${fixed(radius.radius, 4)}, the smallest that was tried`,
          label,
        );
    }
    const lacking = new Map<string, string[]>();
    for (const { id, note } of measured.measures)
      if (note !== null && !missing.has(note)) append(lacking, note, id);
    for (const [reason, names] of missing) append(sentences, `no ${listed(names)}: ${reason}`, label);
    for (const [note, ids] of lacking) append(sentences, `${listed(ids)}: ${note}`, label);
  }
  return [...sentences].map(([sentence, labels]) => `${listed(labels)}: ${sentence}`);
}

/** Said where a run is being measured already. */
export const waiting = "another process is measuring it; waiting for that";

/** Tells of the steps of the searches in words, with how many searches are done, of all. */
export const inWords =
  (
    { displacement }: MeasureSettings,
    tell: (done: number, of: number, text: string) => void,
  ): NonNullable<Following["onStep"]> =>
  (name, { radius, displacement: { low, high } }, done) => {
    const range = Number.isFinite(high)
      ? `${fixed(low, 3)} to ${fixed(high, 3)}`
      : `${fixed(low, 3)} at least`;
    tell(
      done,
      radiusNames.length,
      `search for ${letters[name]} · at ${fixed(radius, 4)} ${displacementWords[displacement].is} ${low === high ? fixed(low, 3) : range}`,
    );
  };
