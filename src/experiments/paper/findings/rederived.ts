import { count, fixed, listed } from "../../report/format.ts";
import { initialSquaredNorm } from "../architectures.ts";
import { nameOf } from "../blocks.ts";
import { type Finding, holdsIf, tally } from "../finding.ts";
import { cell, sharpness } from "../formula.ts";
import { byChance, gridStep, highest, lastDigit, type Recovered, type Recovery } from "../radii.ts";

/** Does a formula give a column of Table 3 from Table 2? */
function reproduced(
  id: string,
  equation: number,
  claim: string,
  rows: readonly Recovery[],
  of: (row: Recovery) => Recovered,
): Finding {
  const cells = rows.map(of);
  const matches = tally(cells, (c) => c.matches);
  const chance = byChance(cells);
  // Where the grid is finer than the last digit, a match says nothing.
  const telling = cells.filter(({ spacing }) => spacing > 2 * lastDigit);
  const missed = rows.filter((row) => !of(row).matches);
  const example = rows.filter((row) => of(row).matches).sort((a, b) => of(b).spacing - of(a).spacing)[0]!;
  const { k, predicted, printed, spacing } = of(example);
  const sharp = rows.filter((row) => of(row).spacing > 2 * lastDigit && of(row).matches).length;
  return {
    id,
    where: `Table 3; eq. ${equation}`,
    claim,
    says: [
      `With the norm of Table 2 in eq. ${equation} and a radius on the grid k/${1 / gridStep} of the search, √(x/m) gives ${matches} of ${cells.length} printed cells to the last digit; a grid that has nothing to do with them would meet ${fixed(chance, 1)}.`,
      `For example ${nameOf(example)}: k = ${k} gives ${fixed(predicted, 4)} (printed ${printed}), and the next radius changes it by ${fixed(spacing, 3)}.`,
      `Of the ${telling.length} cells in which one step of the grid changes more than the last digit, ${sharp} are met.`,
      `Not met: ${listed(missed.map((row) => `${nameOf(row)} (off by ${fixed(Math.abs(of(row).predicted - of(row).printed), 4)})`))}.`,
    ],
    verdict: holdsIf(matches > cells.length / 2 && sharp > telling.length / 2),
    rule: "Holds where the formula gives more than half of the cells to the last digit, and more than half of those that a coincidence cannot explain.",
    numbers: {
      cells: cells.length,
      matches,
      byChance: chance,
      telling: telling.length,
      tellingMatches: sharp,
    },
  };
}

/**
 * ‖w‖ from Table 3 alone: where w and w₀ have nothing to do with each other, (Init/Orig)² − 1 is ‖w₀‖²/‖w‖².
 */
export function normWithoutRadius({ architecture, cells }: Recovery): number {
  const ratio = (cells.pacbayes_init / cells.pacbayes_orig) ** 2;
  return Math.sqrt(initialSquaredNorm(architecture) / (ratio - 1));
}

/** The norms that do not go with the cells. */
function strangers(rows: readonly Recovery[]): Finding {
  const neither = rows.filter(({ sigma, alpha }) => !sigma.matches && !alpha.matches);
  const one = rows.filter(({ sigma, alpha }) => sigma.matches !== alpha.matches);
  const known = rows.filter(({ dataset, sigma }) => dataset !== "ImageNet-1K" && sigma.matches);
  const off = Math.max(...known.map((row) => Math.abs(normWithoutRadius(row) / row.norm - 1)));
  return {
    id: "norms-of-table-2",
    where: "Tables 2 and 3",
    claim: "L2-norm of the network weights",
    says: [
      `For ${count(neither.length, "network")}, no radius on the grid gives either cell from the norm: ${listed(neither.map(nameOf))}.`,
      `Their columns Init and Orig imply norms of ${listed(neither.map((row) => `${fixed(normWithoutRadius(row), 1)} (${row.precision}; printed ${row.norm})`))}. For the ${known.length} other CIFAR networks, the same estimate is within ${fixed(100 * off, 1)}% of Table 2.`,
      `For ${count(one.length, "network")}, the norm gives one of the two cells: ${listed(one.map(nameOf))}.`,
    ],
    verdict: neither.length > 0 ? "inconsistent" : "holds",
    rule: "Inconsistent where both columns of a network disagree with its norm.",
    numbers: { neither: neither.length, one: one.length, estimateOff: off },
  };
}

/** Searches that have stopped at an end of their range. */
function saturated(rows: readonly Recovery[]): Finding {
  const atTop = ({ alpha, norm, m, omega }: Recovery): boolean =>
    Math.abs(cell(sharpness, { squaredNorm: norm ** 2, radius: highest, m, omega }) - alpha.printed) <=
    lastDigit;
  const met = rows.filter(({ alpha }) => alpha.matches);
  const lowest = Math.min(...met.map(({ alpha }) => alpha.k));
  const low = met.filter(({ alpha }) => alpha.k === lowest);
  const high = rows.filter(atTop);
  const dataset = low[0]!.dataset;
  const ofImageNet = rows.filter((row) => row.dataset === dataset);
  return {
    id: "saturated-searches",
    where: "Table 3; after eq. 18",
    claim: "α is chosen to be the largest number such that the maximum of L̂(f_{w+u}) over |u_i| ≤ α is ≤ 0.1",
    says: [
      `${count(low.length, "cell")} have α = 1/${1 / gridStep / lowest}, the lowest radius that any search found and the lowest that ${Math.log2(highest / gridStep / lowest)} halvings of [0, ${highest}] reach: ${listed(low.map(nameOf))}. These are ${low.length} of the ${ofImageNet.length} of ${dataset}, and one number for different networks.`,
      `${count(high.length, "cell")} have α = ${highest}, the upper end, to the last digit: ${listed(high.map(nameOf))}.`,
      "At an end of the range the search has found no radius: such a cell restates the norm of the weights.",
    ],
    verdict: low.length > 1 || high.length > 0 ? "fails" : "holds",
    rule: "Fails where several searches stopped at the same end of their range.",
    numbers: { atLowest: low.length, lowestK: lowest, atHighest: high.length, cells: rows.length },
  };
}

/** How far the searches halved their range. */
function iterations(rows: readonly Recovery[]): Finding {
  const asked = 15;
  const telling = (of: readonly Recovered[]): readonly Recovered[] =>
    of.filter(({ matches, spacing }) => matches && spacing > 2 * lastDigit);
  const all = telling(rows.flatMap(({ sigma, alpha }) => [sigma, alpha]));
  const onImageNet = telling(
    rows.filter(({ dataset }) => dataset === "ImageNet-1K").map(({ alpha }) => alpha),
  );
  // The largest power of two that divides all k tells how often the range was halved at most.
  const common = (of: readonly Recovered[]): number => Math.min(...of.map(({ k }) => k & -k));
  const halvings = (of: readonly Recovered[]): number => Math.log2(highest / gridStep / common(of));
  const [most, imageNet] = [halvings(all), halvings(onImageNet)];
  return {
    id: "iterations",
    where: "Appendix B.2",
    claim: `we run the search for finding the maximum amount of possible noise (σ), for ${asked} iterations`,
    says: [
      `The ${all.length} radii that a coincidence cannot explain lie on the grid of ${most} halvings of [0, ${highest}]; after ${asked} it would be ${2 ** (asked - most)} times as fine.`,
      `The ${onImageNet.length} such α of ImageNet-1K lie on multiples of 1/${1 / gridStep / common(onImageNet)}, the grid of ${imageNet} halvings.`,
    ],
    verdict: holdsIf(most >= asked),
    rule: `Holds where some radius needs ${asked} halvings.`,
    numbers: { halvings: most, halvingsImageNet: imageNet, telling: all.length },
  };
}

/** Table 3 from Table 2. */
export const rederived = (rows: readonly Recovery[]): readonly Finding[] => [
  reproduced(
    "pac-bayes-orig",
    16,
    "All the values are normalized by calculating √(x/m)",
    rows,
    ({ sigma }) => sigma,
  ),
  reproduced(
    "sharpness-orig",
    18,
    "All the values are normalized by calculating √(x/m)",
    rows,
    ({ alpha }) => alpha,
  ),
  strangers(rows),
  saturated(rows),
  iterations(rows),
];
