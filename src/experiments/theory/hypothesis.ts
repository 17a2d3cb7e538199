import { existsFlatter, type Flatness } from "../../measures/theory/h1.ts";
import {
  type PaperPrecision,
  type Table3Column,
  type Table3Row,
  table3,
  table3Columns,
} from "../paper/tables.ts";
import { type Check, sides } from "./check.ts";

const bitsOf: Readonly<Record<PaperPrecision, number>> = { FP32: 32, Int8: 8, Int4: 4, Int2: 2 };

/** What one network of Table 3 says to H1, by one measure. */
export interface Case extends Flatness {
  readonly dataset: string;
  readonly model: string;
  readonly measure: Table3Column;
}

/** H1 on every network of Table 3, by every measure. */
export function casesOfTable3(): readonly Case[] {
  const networks = new Map<string, Table3Row[]>();
  for (const row of table3()) {
    const key = `${row.dataset}, ${row.model}`;
    networks.set(key, [...(networks.get(key) ?? []), row]);
  }
  return [...networks.values()].flatMap((rows) =>
    table3Columns.map((measure) => {
      const { dataset, model, ...full } = rows.find(({ precision }) => precision === "FP32")!;
      const quantized = rows
        .filter(({ precision }) => precision !== "FP32")
        .map((row) => ({ bits: bitsOf[row.precision], sharpness: row[measure] }));
      return { dataset, model, measure, ...existsFlatter(full[measure], quantized) };
    }),
  );
}

const magnitudeAware = ({ measure }: Case): boolean => measure.includes("_mag_");
const count = (cases: readonly Case[], of: (one: Case) => boolean): number => cases.filter(of).length;

/** Hypothesis H1, on the numbers that the paper prints. */
export const hypothesisChecks: readonly Check[] = [
  {
    item: "QGen.H1",
    standing: "hypothesis",
    statement: "at some number of bits, the quantized minimum is no sharper than that of full precision",
    conditions: ["sharpness is measured relative to the magnitude of the weights"],
    example: "Table 3, the four magnitude-aware measures: cases where it holds, of all networks and measures",
    run: () => {
      const cases = casesOfTable3().filter(magnitudeAware);
      return sides(
        count(cases, ({ some }) => some),
        "=",
        cases.length,
      );
    },
    counterexample: {
      without: "the magnitude",
      inPaper: "named",
      example: "the four other measures of the same networks",
      run: () => {
        const cases = casesOfTable3().filter((one) => !magnitudeAware(one));
        return sides(
          count(cases, ({ some }) => some),
          "=",
          cases.length,
        );
      },
    },
  },
  {
    item: "QGen.H1",
    standing: "hypothesis",
    statement: "8 bits are enough for it: the minimum is no sharper than that of full precision",
    conditions: ["8 bits, and a magnitude-aware measure"],
    example: "Table 3: cases where it holds, of all networks and measures",
    run: () => {
      const cases = casesOfTable3().filter(magnitudeAware);
      return sides(
        count(cases, ({ flatter }) => flatter.includes(8)),
        "=",
        cases.length,
      );
    },
    counterexample: {
      without: "“some”: quantized models are flatter at every number of bits, as section 4.1 has it",
      inPaper: "ours",
      example: "the same cases: ResNet-50 on CIFAR, and DeiT-T, are sharper at 4 or 2 bits",
      run: () => {
        const cases = casesOfTable3().filter(magnitudeAware);
        return sides(
          count(cases, ({ every }) => every),
          "=",
          cases.length,
        );
      },
    },
  },
];
