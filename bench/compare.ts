/**
 * What has changed between two results of the same bench.
 *
 * @packageDocumentation
 */

import { inColumns } from "../src/experiments/report/columns.ts";
import { cell, columns, type Results, type Row } from "./results.ts";

export interface Change {
  readonly name: string;
  /** A column in which more, or less, is better. */
  readonly key: string;
  readonly before: Row;
  readonly after: Row;
  /** How many times as fast: above 1 is faster. */
  readonly factor: number;
  /** The noise of both, together; `null` where a result does not tell its own. */
  readonly noise: number | null;
  readonly verdict: "faster" | "slower" | "the same" | "unclear";
}

/** A change is one if it is larger than the noise of both results together. */
function verdictOf(factor: number, noise: number | null): Change["verdict"] {
  if (noise === null) return "unclear";
  if (Math.abs(Math.log(factor)) <= noise) return "the same";
  return factor > 1 ? "faster" : "slower";
}

/** What tells a row from the others. */
const nameOf = ({ name, device, threads }: Row): string =>
  [name, ...(device ? [device] : []), ...(threads ? [`threads ${threads}`] : [])].join(", ");

/** The changes of every row that both have, in every column that says how fast it is. */
export function changesBetween(before: readonly Row[], after: readonly Row[]): Change[] {
  const noiseOf = ({ noise }: Row): number | null => (typeof noise === "number" ? noise : null);
  return after.flatMap((now) => {
    const then = before.find((row) => nameOf(row) === nameOf(now));
    if (then === undefined) return [];
    return Object.keys(now).flatMap((key): Change[] => {
      const better = columns[key]?.better ?? null;
      const [a, b] = [then[key], now[key]];
      if (better === null || typeof a !== "number" || typeof b !== "number") return [];
      const factor = better === "more" ? b / a : a / b;
      const [mine, other] = [noiseOf(then), noiseOf(now)];
      const noise = mine === null || other === null ? null : mine + other;
      return [
        {
          name: nameOf(now),
          key,
          before: then,
          after: now,
          factor,
          noise,
          verdict: verdictOf(factor, noise),
        },
      ];
    });
  });
}

const origin = ({ environment: { commit, node, cpu } }: Results): string =>
  `commit ${commit ?? "unknown"}, Node ${node}, ${cpu}`;

/** The comparison in words, for two results and the names of their files. */
export function compareText(before: Results, after: Results): string {
  const changes = changesBetween(before.rows, after.rows);
  const names = (rows: readonly Row[]): Set<string> => new Set(rows.map(nameOf));
  const [then, now] = [names(before.rows), names(after.rows)];
  const alone = (own: Set<string>, other: Set<string>, what: string): string[] => {
    const missing = [...own].filter((name) => !other.has(name));
    return missing.length === 0 ? [] : [`${what}: ${missing.join("; ")}`];
  };
  const signed = (factor: number): string =>
    `${factor >= 1 ? "+" : "−"}${Math.abs(100 * (factor - 1)).toFixed(1)} %`;
  const differs = before.environment.cpu !== after.environment.cpu;
  return [
    `before  ${origin(before)}`,
    `after   ${origin(after)}`,
    ...(differs ? ["The machines differ: only shares and ratios can be compared."] : []),
    "",
    ...(changes.length === 0
      ? ["The two results have no row in common."]
      : [
          inColumns(
            [
              ["", "", "before", "after", "speed", "noise", ""],
              ...changes.map(({ name, key, before, after, factor, noise, verdict }) => [
                name,
                columns[key]!.title,
                cell(before, key),
                cell(after, key),
                signed(factor),
                noise === null ? "–" : `±${(100 * noise).toFixed(1)} %`,
                verdict,
              ]),
            ],
            2,
          ),
        ]),
    ...alone(then, now, "only before"),
    ...alone(now, then, "only after"),
  ].join("\n");
}
