/**
 * Hits (or minus the losses) of many perturbed networks on many images, counted until the verdict is certain. Which cells of the table are
 * counted first decides how soon that is, and nothing else.
 *
 * @packageDocumentation
 */

import type { Probe } from "./bisect.ts";
import {
  type Baseline,
  type Criterion,
  commonVerdict,
  displacements,
  harsher,
  type Interval,
  shareOfOne,
  type Verdict,
  verdictOf,
} from "./criterion.ts";

/** A row for each perturbed network, a column for each block of images. */
export interface Table {
  readonly rows: number;
  /**
   * Images in each block. The first block is a fair sample of all images. The others go from images that the trained
   * network gets wrong to those that it gets right by far.
   */
  readonly sizes: readonly number[];
  hits(row: number, block: number): Promise<number>;
}

/** How a table is counted: all of it, which is the definition, or until nothing can change the verdict. */
export type Thoroughness = "all" | "until-decided";

const sum = (xs: readonly number[]): number => xs.reduce((total, x) => total + x, 0);

/** Blocks after the first, those first that settle the matter soonest if it is as the sample has it. */
function blocksToward(verdict: Verdict, { sizes }: Table): number[] {
  const blocks = sizes.map((_, block) => block).slice(1);
  return verdict === "smaller" ? blocks : blocks.reverse();
}

/** What all images may add up to, given the hits so far and how many are left. */
const between = (hits: number, rest: number, { displacement }: Criterion): Interval => {
  const { low, high } = shareOfOne(displacement);
  return rest === 0 ? { low: hits, high: hits } : { low: hits + low * rest, high: hits + high * rest };
};

/** On which side of the target a sample is. */
function leaning(hits: number, of: number, base: Baseline, criterion: Criterion): Verdict {
  const { low } = displacements({ low: hits, high: hits }, of, base, criterion.displacement);
  return low > criterion.target ? "smaller" : "larger";
}

/** The verdict on the mean accuracy of all rows. */
export async function probeMean(
  table: Table,
  base: Baseline,
  criterion: Criterion,
  thoroughness: Thoroughness,
): Promise<Probe> {
  const { rows, sizes } = table;
  const of = rows * sum(sizes);
  let [hits, seen] = [0, 0];
  const bounds = (): Interval =>
    displacements(between(hits, of - seen, criterion), of, base, criterion.displacement);
  const decided = (): boolean =>
    thoroughness === "until-decided" && commonVerdict(bounds(), criterion) !== null;
  const look = async (row: number, block: number): Promise<number> => {
    const found = await table.hits(row, block);
    hits += found;
    seen += sizes[block]!;
    return found;
  };
  const answer = (): Probe => {
    const displacement = bounds();
    return {
      verdict: verdictOf(displacement.low, criterion),
      displacement,
      decidedAfter: seen,
      of,
      decidedBy: null,
    };
  };

  const sampled: { row: number; hits: number }[] = [];
  for (let row = 0; row < rows; row++) {
    sampled.push({ row, hits: await look(row, 0) });
    if (decided()) return answer();
  }
  const lean = leaning(hits, seen, base, criterion);
  const order = sampled.sort((a, b) => (lean === "smaller" ? a.hits - b.hits : b.hits - a.hits));
  for (const block of blocksToward(lean, table))
    for (const { row } of order) {
      await look(row, block);
      if (decided()) return answer();
    }
  return answer();
}

/**
 * The verdict on the least accuracy of all rows. One row that has dropped too far decides for all.
 *
 * @param first - the row to begin with
 */
export async function probeWorst(
  table: Table,
  base: Baseline,
  criterion: Criterion,
  thoroughness: Thoroughness,
  first: number | null = null,
): Promise<Probe> {
  const { rows, sizes } = table;
  const images = sum(sizes);
  const bounds = (hits: Interval): Interval => displacements(hits, images, base, criterion.displacement);
  let seen = 0;
  let harshest: { verdict: Verdict; row: number | null } = { verdict: "larger", row: null };
  const found: Interval[] = [];

  /** Counts one row until it is certain what it adds to the rows before it. */
  const judge = async (row: number): Promise<Interval> => {
    let [hits, rest] = [0, images];
    const settled = (): boolean => {
      const { low, high } = bounds(between(hits, rest, criterion));
      const [least, most] = [verdictOf(low, criterion), verdictOf(high, criterion)];
      return harsher(harshest.verdict, least) === harsher(harshest.verdict, most);
    };
    const look = async (block: number): Promise<void> => {
      hits += await table.hits(row, block);
      rest -= sizes[block]!;
      seen += sizes[block]!;
    };
    await look(0);
    for (const block of blocksToward(leaning(hits, images - rest, base, criterion), table)) {
      if (thoroughness === "until-decided" && settled()) break;
      await look(block);
    }
    return bounds(between(hits, rest, criterion));
  };

  const all = Array.from({ length: rows }, (_, row) => row);
  const order = first === null ? all : [first, ...all.filter((row) => row !== first)];
  for (const row of order) {
    const displacement = await judge(row);
    found.push(displacement);
    const verdict = harsher(harshest.verdict, verdictOf(displacement.low, criterion));
    if (verdict !== harshest.verdict) harshest = { verdict, row };
    if (thoroughness === "until-decided" && verdict === "smaller") break;
  }
  if (found.length < rows) found.push(bounds(between(0, images, criterion)));
  return {
    verdict: harshest.verdict,
    displacement: {
      low: Math.max(...found.map(({ low }) => low)),
      high: Math.max(...found.map(({ high }) => high)),
    },
    decidedAfter: seen,
    of: rows * images,
    decidedBy: harshest.row,
  };
}
