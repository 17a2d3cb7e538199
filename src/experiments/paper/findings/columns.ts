import { type Block, blocks, quantized } from "../blocks.ts";
import { tally } from "../finding.ts";
import { type Table3Row, table3 } from "../tables.ts";

/** Columns that do not take the size of each weight into account. */
export const plainColumns = ["pacbayes_init", "pacbayes_orig", "sharpness_init", "sharpness_orig"] as const;
/** The magnitude-aware ones, the paper's main measure. */
export const magColumns = [
  "pacbayes_mag_init",
  "pacbayes_mag_orig",
  "sharpness_mag_init",
  "sharpness_mag_orig",
] as const;
export type Column = (typeof plainColumns)[number] | (typeof magColumns)[number];

/** As Table 3 calls them. */
export const titles: Readonly<Record<Column, string>> = {
  pacbayes_init: "PAC-Bayes Init",
  pacbayes_orig: "PAC-Bayes Orig",
  pacbayes_mag_init: "PAC-Bayes Mag-Init",
  pacbayes_mag_orig: "PAC-Bayes Mag-Orig",
  sharpness_init: "Sharpness Init",
  sharpness_orig: "Sharpness Orig",
  sharpness_mag_init: "Sharpness Mag-Init",
  sharpness_mag_orig: "Sharpness Mag-Orig",
};

/** The networks of Table 3. */
export const all = (): readonly Block<Table3Row>[] => blocks(table3());

/** A cell of a quantized network beside that of FP32. */
export interface Pair {
  readonly row: Table3Row;
  readonly own: number;
  readonly float: number;
}
/** All pairs of a column. */
export const pairsOf = (column: Column): readonly Pair[] =>
  all().flatMap((block) =>
    quantized.map((precision) => {
      const row = block.at(precision);
      return { row, own: row[column], float: block.at("FP32")[column] };
    }),
  );

/** How many quantized cells are below FP32, by column. */
export const below = (column: Column): number => tally(pairsOf(column), ({ own, float }) => own < float);
/** The same over several columns. */
export const sumOf = (columns: readonly Column[]): number =>
  columns.reduce((total, column) => total + below(column), 0);
/** `PAC-Bayes Init 9/33` */
export const rate = (column: Column): string =>
  `${titles[column]} ${below(column)}/${pairsOf(column).length}`;
/** The counts by column. */
export const numbersOf = (columns: readonly Column[]): Record<string, number> =>
  Object.fromEntries(columns.map((column) => [column, below(column)]));
