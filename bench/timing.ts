/**
 * Times that can be compared: the cases take turns, so that a machine that slows down slows all of them.
 *
 * @packageDocumentation
 */

export interface Case {
  readonly name: string;
  /** Runs the work once. */
  run(): void | Promise<void>;
}

export interface Timing {
  readonly name: string;
  /** Median seconds of one run. */
  readonly seconds: number;
  /** How far the times lie apart: half the range of their middle half, as a share of the median. */
  readonly noise: number;
  /** Median, over the rounds, of the time of the first case over that of this one: above 1 is faster than it. */
  readonly speed: number;
}

export function median(xs: readonly number[]): number {
  const sorted = [...xs].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Half the range of the middle half of some numbers, as a share of their median. */
export function noiseOf(xs: readonly number[]): number {
  const sorted = [...xs].sort((a, b) => a - b);
  const quarter = Math.floor(sorted.length / 4);
  return (sorted[sorted.length - 1 - quarter]! - sorted[quarter]!) / 2 / median(xs);
}

/** Seconds of this process on processors: other work on the machine counts little. For work on one thread. */
export function processorSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Seconds on the wall. For work that others do: threads, a GPU. */
export const wallSeconds = (): number => performance.now() / 1000;

/**
 * Runs every case once in every round, after two rounds that do not count.
 *
 * @param least - seconds that a case runs in one round: short work is repeated
 * @param now - the clock
 */
export async function takeTurns(
  cases: readonly Case[],
  { rounds = 9, least = 0.02, now = processorSeconds } = {},
): Promise<Timing[]> {
  const timed = async ({ run }: Case, times: number): Promise<number> => {
    const began = now();
    for (let i = 0; i < times; i++) await run();
    return (now() - began) / times;
  };
  const repeats: number[] = [];
  for (const each of cases) {
    await timed(each, 1);
    repeats.push(Math.max(1, Math.ceil(least / (await timed(each, 1)))));
  }
  const taken = cases.map((): number[] => []);
  for (let round = 0; round < rounds; round++)
    for (const [i, each] of cases.entries()) taken[i]!.push(await timed(each, repeats[i]!));
  return cases.map(({ name }, i) => ({
    name,
    seconds: median(taken[i]!),
    noise: noiseOf(taken[i]!),
    speed: median(taken[i]!.map((s, round) => taken[0]![round]! / s)),
  }));
}
