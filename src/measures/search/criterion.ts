/**
 * When a radius is right: the accuracy has gone down by 0.1, within 0.01. Counts of hits that are not complete give
 * bounds, and bounds on one side of the band decide as well as the count itself.
 *
 * @packageDocumentation
 */

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Where the search has to go on: the displacement is below the band, in it, or above it. */
export type Verdict = "larger" | "stop" | "smaller";

export interface Criterion {
  /**
   * What is compared with `target`: how much the accuracy has dropped, not below 0; by how much it has changed, up or
   * down; the error itself; or how much the loss has risen, in nats.
   */
  readonly displacement: "drop" | "absolute" | "error" | "loss";
  readonly target: number;
  /** The search stops where |displacement − target| < tolerance. */
  readonly tolerance: number;
}

/**
 * @deviation The paper's E[L̂(f_{w+u})] ≤ 0.1 bounds the error itself (`"error"`), which a network with more than 10 %
 *   training error cannot fulfil. Every known implementation bounds the change from the trained network.
 */
export const defaultCriterion: Criterion = { displacement: "drop", target: 0.1, tolerance: 0.01 };

/** The hits of the trained network among so many images; where losses count, minus the sum of its losses. */
export interface Baseline {
  readonly hits: number;
  readonly count: number;
}

/** The least and the most that one image can add to the hits, or to what counts in their place. */
export const shareOfOne = (how: Criterion["displacement"]): Interval =>
  how === "loss" ? { low: -Infinity, high: 0 } : { low: 0, high: 1 };

/** The displacement of `hits` among `of` images. */
export function displacementOf(
  hits: number,
  of: number,
  base: Baseline,
  how: Criterion["displacement"],
): number {
  if (how === "error") return 1 - hits / of;
  const drop = base.hits / base.count - hits / of;
  if (how === "loss") return drop;
  return how === "absolute" ? Math.abs(drop) : Math.max(0, drop);
}

/**
 * The least and the greatest displacement that a number of hits between two bounds can have. Floating-point division
 * and subtraction never reverse an order, so no count in between gets past them.
 */
export function displacements(
  { low, high }: Interval,
  of: number,
  base: Baseline,
  how: Criterion["displacement"],
): Interval {
  const ends = [high, low].map((hits) => displacementOf(hits, of, base, how)) as [number, number];
  // The change of the accuracy is 0 somewhere between an increase and a decrease.
  const crosses =
    how === "absolute" && low / of <= base.hits / base.count && base.hits / base.count <= high / of;
  return { low: crosses ? 0 : Math.min(...ends), high: Math.max(...ends) };
}

export function verdictOf(displacement: number, { target, tolerance }: Criterion): Verdict {
  if (Math.abs(displacement - target) < tolerance) return "stop";
  return displacement > target ? "smaller" : "larger";
}

/** The verdict that every displacement between the bounds has, or null where they differ. */
export function commonVerdict({ low, high }: Interval, criterion: Criterion): Verdict | null {
  const verdict = verdictOf(low, criterion);
  return verdict === verdictOf(high, criterion) ? verdict : null;
}

const order: readonly Verdict[] = ["larger", "stop", "smaller"];

/** Of several networks, the one with the largest displacement decides. */
export const harsher = (a: Verdict, b: Verdict): Verdict => (order.indexOf(a) < order.indexOf(b) ? b : a);

/** The network does too badly for any radius to fulfil the criterion. */
export class Unreachable extends RangeError {
  override readonly name = "Unreachable";
}

/** @throws Unreachable where no radius can fulfil the criterion */
export function checkReachable(what: string, base: Baseline, { displacement, target }: Criterion): void {
  if (displacement === "loss") return;
  const accuracy = base.hits / base.count;
  const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
  if (displacement === "error" && 1 - accuracy > target)
    throw new Unreachable(
      `${what}: the error on the ${base.count} training images is ${percent(1 - accuracy)} without any noise, which is above the ${percent(target)} that the search looks for`,
    );
  if (displacement !== "error" && accuracy < target)
    throw new Unreachable(
      `${what}: the accuracy on the ${base.count} training images is ${percent(accuracy)}, so it cannot drop by ${percent(target)}; train the network first`,
    );
}
