/**
 * Numbers that the paper does not print and that its tables are held against: sizes of data sets and networks,
 * and what the authors of VVTQ have published of their training. Each names its source.
 *
 * @packageDocumentation
 */

import { readFileSync } from "node:fs";
import { parseTable } from "./tables.ts";

const text = (cell: string): string => cell;
const number = (cell: string): number => {
  const value = Number(cell);
  if (cell === "" || !Number.isFinite(value)) throw new SyntaxError(`expected a number, got "${cell}"`);
  return value;
};
const unknown = (cell: string): number | null => (cell === "nan" ? null : number(cell));
const read = (name: string): string => readFileSync(new URL(name, import.meta.url), "utf8");

export interface Fact {
  readonly name: string;
  readonly value: number;
  readonly source: string;
}

const names = [
  "cifar_training_images",
  "imagenet_training_images",
  "cifar100c_images_per_corruption",
  "cifar100_test_images",
  "resnet18_parameters",
  "resnet50_parameters",
] as const;
export type FactName = (typeof names)[number];

/** The facts as they are listed, with their sources. */
export const factRows = (): readonly Fact[] =>
  parseTable<Fact>(read("facts.csv"), { name: text, value: number, source: text }, "facts.csv");

/** Every fact by name. */
export function facts(): Readonly<Record<FactName, number>> {
  const rows = factRows();
  return Object.fromEntries(
    names.map((name) => {
      const row = rows.find((fact) => fact.name === name);
      if (row === undefined) throw new RangeError(`facts.csv: there is no "${name}"`);
      return [name, row.value];
    }),
  ) as Record<FactName, number>;
}

/**
 * What the authors of VVTQ publish (github.com/HuangOwen/Quantization-Variation): the last training epoch in the
 * log of each network, and its accuracy on the validation images in their list of models.
 */
export interface VvtqRow {
  readonly model: string;
  readonly precision: string;
  readonly train_acc: number | null;
  readonly train_loss: number | null;
  readonly validation_acc: number;
}

export const vvtq = (): readonly VvtqRow[] =>
  parseTable<VvtqRow>(
    read("vvtq.csv"),
    { model: text, precision: text, train_acc: unknown, train_loss: unknown, validation_acc: number },
    "vvtq.csv",
  );
