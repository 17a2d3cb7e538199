import type { Network, PaperPrecision } from "./tables.ts";

/** From the most bits to the fewest. */
export const precisions = ["FP32", "Int8", "Int4", "Int2"] as const satisfies readonly PaperPrecision[];
export const quantized = ["Int8", "Int4", "Int2"] as const satisfies readonly PaperPrecision[];

/** The rows that are alike in all but the precision. */
export interface Block<Row extends Network> {
  /** `CIFAR-10 ResNet-18` */
  readonly name: string;
  readonly dataset: string;
  readonly model: string;
  at(precision: PaperPrecision): Row;
}

const title = ({ dataset, model }: Network): string => `${dataset} ${model}`;

/** `CIFAR-10 ResNet-18 Int4` */
export const nameOf = (row: Network): string => `${title(row)} ${row.precision}`;

/** The rows of a table by network, and by what else `key` tells apart, in the order of the table. */
export function blocks<Row extends Network>(
  rows: readonly Row[],
  key: (row: Row) => string = title,
): readonly Block<Row>[] {
  const groups = new Map<string, Row[]>();
  for (const row of rows) groups.set(key(row), [...(groups.get(key(row)) ?? []), row]);
  return [...groups].map(([name, members]) => ({
    name,
    dataset: members[0]!.dataset,
    model: members[0]!.model,
    at(precision) {
      const row = members.find((member) => member.precision === precision);
      if (row === undefined) throw new RangeError(`${name}: there is no row for ${precision}`);
      return row;
    },
  }));
}
