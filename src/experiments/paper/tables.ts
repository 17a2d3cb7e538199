/**
 * The tables of the paper, as printed (labels made regular; numbers untouched), and what can be recovered
 * from them.
 *
 * @packageDocumentation
 */

import { readFileSync } from "node:fs";
import { parseCsv } from "./csv.ts";

type Cell<T> = (text: string) => T;
type Columns<Row> = { readonly [Name in keyof Row]: Cell<Row[Name]> };

const text: Cell<string> = (cell) => {
  if (cell === "") throw new SyntaxError("expected a text, got nothing");
  return cell;
};
const number: Cell<number> = (cell) => {
  if (!/^-?\d+(\.\d+)?$/.test(cell)) throw new SyntaxError(`expected a decimal number, got "${cell}"`);
  return Number(cell);
};
const unknown: Cell<number | null> = (cell) => (cell === "nan" ? null : number(cell));
/** A radius on the grid of the search, `68/512`. */
const fraction: Cell<number> = (cell) => {
  const [, above, below] = /^(\d+)\/([1-9]\d*)$/.exec(cell) ?? [];
  if (above === undefined) throw new SyntaxError(`expected a fraction such as 68/512, got "${cell}"`);
  return Number(above) / Number(below);
};
const flag: Cell<boolean> = (cell) => {
  if (cell !== "0" && cell !== "1") throw new SyntaxError(`expected 0 or 1, got "${cell}"`);
  return cell === "1";
};

const precisions = ["FP32", "Int8", "Int4", "Int2"] as const;
export type PaperPrecision = (typeof precisions)[number];
const precision: Cell<PaperPrecision> = (cell) => {
  const known = precisions.find((name) => name === cell);
  if (known === undefined) throw new SyntaxError(`expected ${precisions.join(", ")}, got "${cell}"`);
  return known;
};

/**
 * The rows of a table whose header is exactly the names of `columns`, in order.
 *
 * @throws SyntaxError that says where the text is not such a table
 */
export function parseTable<Row>(csv: string, columns: Columns<Row>, name = "table"): readonly Row[] {
  const [header, ...rows] = parseCsv(csv, name);
  const names = Object.keys(columns) as (keyof Row & string)[];
  if (header?.join() !== names.join())
    throw new SyntaxError(
      `${name}: expected the columns ${names.join()}, got ${header?.join() ?? "no header"}`,
    );
  return rows.map(
    (row, i) =>
      Object.fromEntries(
        names.map((column, j) => {
          try {
            return [column, columns[column](row[j]!)];
          } catch (error) {
            throw new SyntaxError(`${name}, row ${i + 1}, ${column}: ${(error as Error).message}`);
          }
        }),
      ) as Row,
  );
}

const table = <Row>(name: string, columns: Columns<Row>): readonly Row[] =>
  parseTable(readFileSync(new URL(name, import.meta.url), "utf8"), columns, name);

/** What every row says of the network it is about. */
export interface Network {
  readonly dataset: string;
  readonly model: string;
  readonly precision: PaperPrecision;
}
const network = { dataset: text, model: text, precision };

/** Accuracies in percent, losses and their difference in nats. */
export interface Table1Row extends Network {
  readonly train_acc: number;
  readonly test_acc: number;
  readonly train_loss: number;
  readonly test_loss: number;
  readonly generalization_gap: number;
}

/** Table 1 as printed. In its ImageNet rows, training and test numbers seem to be mixed up: no targets. */
export const table1 = (): readonly Table1Row[] =>
  table("table1.csv", {
    ...network,
    train_acc: number,
    test_acc: number,
    train_loss: number,
    test_loss: number,
    generalization_gap: number,
  });

export interface Table2Row extends Network {
  readonly weight_l2_norm: number;
}

/** Table 2 as printed. */
export const table2 = (): readonly Table2Row[] => table("table2.csv", { ...network, weight_l2_norm: number });

/** The measures of Table 3, in the order of its columns. */
export const table3Columns = [
  "pacbayes_init",
  "pacbayes_orig",
  "pacbayes_mag_init",
  "pacbayes_mag_orig",
  "sharpness_init",
  "sharpness_orig",
  "sharpness_mag_init",
  "sharpness_mag_orig",
] as const;
export type Table3Column = (typeof table3Columns)[number];
export type Table3Row = Network & { readonly [Name in Table3Column]: number };

/** Table 3 as printed: √(x/m) of each measure x. */
export const table3 = (): readonly Table3Row[] =>
  table<Table3Row>("table3.csv", {
    ...network,
    ...(Object.fromEntries(table3Columns.map((name) => [name, number])) as Record<
      Table3Column,
      Cell<number>
    >),
  });

const recovered = {
  weight_norm_table2: number,
  m_used: number,
  omega_used: number,
  sigma_recovered: fraction,
  pacbayes_orig_pred: number,
  pacbayes_orig_printed: number,
  pac_match: flag,
  pac_gridgap: number,
  alpha_recovered: fraction,
  sharpness_orig_pred: number,
  sharpness_orig_printed: number,
  sharp_match: flag,
  sharp_gridgap: number,
  distinit2_minus_norm2: number,
  expected_w0_norm2: unknown,
  m_x_diff_pacmag_sq: number,
  m_x_diff_sharpmag_sq: number,
  omega4_log_ratio: number,
};
export type RecoveredRow = Network & {
  readonly [Name in keyof typeof recovered]: ReturnType<(typeof recovered)[Name]>;
};

/** The radii behind Table 3, solved for with the norms of Table 2. Not in the paper. */
export const table3Recovered = (): readonly RecoveredRow[] =>
  table<RecoveredRow>("table3_recovered.csv", { ...network, ...recovered });

/** A generalization gap under one corruption of the test images. */
export interface CorruptionRow {
  readonly dataset: string;
  readonly model: string;
  readonly corruption: string;
  readonly printed_name: string;
  /** 1 to 5; `null` where the table has one number for all. */
  readonly severity: number | null;
  readonly precision: PaperPrecision;
  readonly generalization_gap: number;
}
const corruption = { dataset: text, model: text, corruption: text, printed_name: text };
const gap = { precision, generalization_gap: number };

/** Table 4 as printed. */
export const table4 = (): readonly CorruptionRow[] =>
  table<CorruptionRow>("table4.csv", { ...corruption, severity: number, ...gap });

/** Table 5 as printed. */
export const table5 = (): readonly CorruptionRow[] =>
  table("table5.csv", { ...corruption, ...gap }).map((row) => ({ ...row, severity: null }));

/** Table 6 as printed: the same numbers as Table 4. */
export const table6 = (): readonly CorruptionRow[] =>
  table<CorruptionRow>("table6.csv", { ...corruption, severity: number, ...gap });
