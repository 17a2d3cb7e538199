/**
 * Answers that a report does not give as a claim of its own, but that follow from the numbers in its summary.
 *
 * @packageDocumentation
 */

import { blocks, precisions as printed } from "../paper/blocks.ts";
import { table2 } from "../paper/tables.ts";
import { precisionName } from "../precision.ts";
import { fixed, range, signed } from "../report/format.ts";
import type { Claimed, Summary } from "./evidence.ts";

const answer = (id: string, statement: string, verdict: Claimed["verdict"], says: string): Claimed => ({
  id,
  statement,
  verdict,
  says: [says],
});

const apart = (norms: readonly number[]): number => Math.max(...norms) / Math.min(...norms);

/** What the paper calls very different: the least factor between the precisions of one network in Table 2. */
const veryDifferent = (): number =>
  Math.min(...blocks(table2()).map((block) => apart(printed.map((name) => block.at(name).weight_l2_norm))));

function norms({ precisions }: Summary): Claimed[] {
  if (precisions.length < printed.length) return [];
  const factor = apart(precisions.map(({ weights }) => weights.mean));
  const least = veryDifferent();
  const each = precisions.map(({ bits, weights }) => `${precisionName(bits)} ${fixed(weights.mean, 2)}`);
  return [
    answer(
      "norms",
      "The norms of the weights differ between the precisions as much as in any network of Table 2",
      factor >= least ? "holds" : "fails",
      `Mean ‖w‖: ${each.join(", ")}. The largest is ${fixed(factor, 3)} times the smallest; in the paper's networks it is at least ${fixed(least, 3)} times.`,
    ),
  ];
}

/** Are all quantized levels flatter than full precision, by the measures that take magnitude into account? */
const flatter = ({ h1 = [] }: Summary): Claimed[] =>
  h1
    .filter(({ id }) => id.includes("_mag_"))
    .map(({ name, test: { levels } }) => {
      const each = levels.map(({ bits, simultaneous: { mean, low, high } }) => {
        const interval = low === null || high === null ? "no interval" : range(low, high, 3);
        return `${precisionName(bits)} ${signed(mean, 3)} (${interval})`;
      });
      const below = levels.every(({ simultaneous: { high } }) => high !== null && high < 0);
      const above = levels.some(({ simultaneous: { low } }) => low !== null && low > 0);
      return answer(
        "flatter",
        `Every quantized level is flatter than full precision by ${name}`,
        above ? "fails" : below ? "holds" : "undecided",
        `Quantized minus FP32: ${each.join("; ")}.`,
      );
    });

export const derived = (summary: Summary): Claimed[] => [...norms(summary), ...flatter(summary)];
