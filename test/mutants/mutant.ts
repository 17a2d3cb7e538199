/** Errors that somebody could make, and the tests that are there to catch them. */

export interface Mutant {
  readonly file: string;
  /** What is wrong, in a few words. */
  readonly what: string;
  /** Source text that the file has exactly once. */
  readonly from: string;
  readonly to: string;
  /** Test files of which one has to fail. */
  readonly tests: readonly string[];
}

type Change = Pick<Mutant, "what" | "from" | "to">;

export const inFile = (
  file: string,
  tests: readonly string[],
  changes: readonly Change[],
): readonly Mutant[] => changes.map((change) => ({ file, ...change, tests }));

export const property = (...names: readonly string[]): string[] =>
  names.map((name) => `test/property/${name}.test.ts`);
export const golden = (...names: readonly string[]): string[] =>
  names.map((name) => `test/golden/${name}.test.ts`);
