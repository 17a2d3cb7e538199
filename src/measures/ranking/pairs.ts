/** One network of a pool: how it was trained, what a measure says of it, and how far it generalizes. */
export interface Run {
  readonly hyper: Readonly<Record<string, string | number>>;
  /** Should be larger where the gap is. Infinity is the largest. */
  readonly measure: number;
  readonly gap: number;
}

/** −1, 0 or 1, for infinities too. */
export const compare = (a: number, b: number): -1 | 0 | 1 => (a > b ? 1 : a < b ? -1 : 0);

/** The value of a hyper-parameter. */
export function valueAt({ hyper }: Run, axis: string): string | number {
  const value = hyper[axis];
  if (value === undefined)
    throw new RangeError(
      `ranking: a run has no hyper-parameter "${axis}", only ${Object.keys(hyper).join(", ")}`,
    );
  return value;
}

/** Hyper-parameters in which some runs differ. */
export function axesOf(runs: readonly Run[]): readonly string[] {
  const names = [...new Set(runs.flatMap(({ hyper }) => Object.keys(hyper)))];
  return names.filter((axis) => new Set(runs.map((run) => valueAt(run, axis))).size > 1);
}

/** @throws RangeError where a number is missing or there is nothing to rank */
export function checked(runs: readonly Run[]): readonly Run[] {
  if (runs.length < 2) throw new RangeError(`ranking: expected two runs or more, got ${runs.length}`);
  const odd = runs.findIndex(({ measure, gap }) => Number.isNaN(measure) || !Number.isFinite(gap));
  if (odd !== -1)
    throw new RangeError(
      `ranking: run ${odd} has the measure ${runs[odd]!.measure} and the gap ${runs[odd]!.gap}`,
    );
  return runs;
}

/** What tells a run from others in these hyper-parameters: a text, other for other values. */
export const keyOf = (run: Run, axes: readonly string[]): string =>
  JSON.stringify(axes.map((axis) => valueAt(run, axis)));

/** Runs with the same values of some hyper-parameters, together. */
export function groupBy(runs: readonly Run[], axes: readonly string[]): readonly (readonly Run[])[] {
  const groups = new Map<string, Run[]>();
  for (const run of runs) {
    const key = keyOf(run, axes);
    groups.set(key, [...(groups.get(key) ?? []), run]);
  }
  return [...groups.values()];
}

/** Every two runs, once. */
export function* pairs(runs: readonly Run[]): Generator<readonly [Run, Run]> {
  for (const [i, a] of runs.entries()) for (const b of runs.slice(i + 1)) yield [a, b];
}
