import type { Interval, Verdict } from "./criterion.ts";

/** What was found out about one radius. */
export interface Probe {
  readonly verdict: Verdict;
  /** Bounds; equal where every image was looked at. */
  readonly displacement: Interval;
  /** The verdict was certain after so many of `of` evaluations of an image. */
  readonly decidedAfter: number;
  readonly of: number;
  /** Which draw alone has decided, where one could. The next radius begins with it. */
  readonly decidedBy: number | null;
}

/** One step of a search. Plain data: it may be written to a file, and handed back. */
export interface Step extends Probe {
  readonly radius: number;
}

export interface SearchResult {
  readonly radius: number;
  readonly iterations: number;
  /** Of `radius`. */
  readonly displacement: Interval;
  /** No radius that was tried is small enough: the true one is below `radius`. */
  readonly saturatedLow: boolean;
  /** No radius that was tried is too large: the true one is above `radius`. */
  readonly saturatedHigh: boolean;
  readonly trace: readonly Step[];
}

export interface Bracket {
  readonly low: number;
  readonly high: number;
  /** At most so many radii are tried. */
  readonly iterations: number;
  /** The search ends with the midpoint of a bracket that is narrower than this. */
  readonly resolution: number;
  /**
   * The radius that is returned where none was in the band: the largest that was small enough (the smallest tried, if
   * none was), or the last one tried, whichever side it is on.
   */
  readonly answer: "safe" | "last";
}

/** The steps to resume are those of another search. */
export class NotResumable extends RangeError {
  override readonly name = "NotResumable";
}

/** With these, a radius is a multiple of 1/512. */
export const defaultBracket: Bracket = { low: 0, high: 2, iterations: 15, resolution: 5e-3, answer: "safe" };

/**
 * Bisection for the radius at which the displacement meets its target: try the middle of the bracket, keep the half
 * that the verdict points to, stop in the band or at the resolution.
 *
 * @param probe - asked for each radius, with the steps before it
 * @param resume - steps of an earlier search with the same settings; they are not made again
 * @returns a stream of the new steps, and at its end the result
 * @throws NotResumable where `resume` are not the steps of this search
 * @implements QGen.sec.B.2
 * @deviation The reference returns the last midpoint, which may be too large (`answer: "last"`).
 */
export async function* bisect(
  probe: (radius: number, before: readonly Step[]) => Promise<Probe>,
  options: Partial<Bracket> = {},
  resume: readonly Step[] = [],
): AsyncGenerator<Step, SearchResult> {
  const { iterations, resolution, answer, ...bracket } = { ...defaultBracket, ...options };
  let { low, high } = bracket;
  if (!(low >= 0 && low < high && high < Infinity && iterations >= 1))
    throw new RangeError(
      `bisect: expected 0 ≤ low < high and at least one iteration, got [${low}, ${high}] and ${iterations}`,
    );
  const trace: Step[] = [];
  let ended = false;
  while (!ended && trace.length < iterations) {
    const radius = (low + high) / 2;
    const made = resume[trace.length];
    if (made !== undefined && made.radius !== radius)
      throw new NotResumable(
        `bisect: step ${trace.length + 1} of the search to resume has the radius ${made.radius}, but this search tries ${radius} there`,
      );
    const step: Step = made ?? { radius, ...(await probe(radius, trace)) };
    trace.push(step);
    ended = step.verdict === "stop" || high - low < resolution;
    if (step.verdict === "smaller") high = radius;
    else low = radius;
    if (made === undefined) yield step;
  }
  if (resume.length > trace.length)
    throw new NotResumable(
      `bisect: the search to resume has ${resume.length} steps, but this search ends after ${trace.length}`,
    );
  return resultOf(trace, answer);
}

function resultOf(trace: readonly Step[], answer: Bracket["answer"]): SearchResult {
  const last = trace.at(-1)!;
  const small = trace.filter(({ verdict }) => verdict !== "smaller");
  // The bracket only shrinks: the last of the small ones is the largest, the last of the others the smallest.
  const { radius, displacement } =
    answer === "last" || last.verdict === "stop" ? last : (small.at(-1) ?? last);
  return {
    radius,
    iterations: trace.length,
    displacement,
    saturatedLow: small.length === 0,
    saturatedHigh: trace.every(({ verdict }) => verdict === "larger"),
    trace,
  };
}

/** The result of a search, when all its steps are made. */
export async function complete(search: AsyncGenerator<Step, SearchResult>): Promise<SearchResult> {
  for (;;) {
    const { done, value } = await search.next();
    if (done === true) return value;
  }
}
