import { type Table1Row, table1, table2 } from "../paper/tables.ts";

/** What the paper prints for the networks nearest to those of a report. */
export interface Reference {
  readonly dataset: "CIFAR-10" | "CIFAR-100";
  /** Are these the numbers of the very data set that was trained on? */
  readonly sameData: boolean;
  /** Table 1, NiN: means over 243 networks each. */
  readonly table1: readonly Table1Row[];
  /** Table 2, NiN: one norm for each precision, by network. */
  readonly table2: readonly { readonly model: string; readonly norms: ReadonlyMap<string, number> }[];
  /** max − min of the test loss over the precisions of Table 1, which the paper calls "almost the same". */
  readonly testLossSpread: number;
}

/** The rows for a data set of `RunConfig`; those of CIFAR-10 where the paper has none. */
export function referenceFor(data: string): Reference {
  const dataset = data === "cifar100" ? "CIFAR-100" : "CIFAR-10";
  const rows = table1().filter((row) => row.dataset === dataset && row.model === "NiN");
  const norms = table2().filter((row) => row.dataset === dataset && row.model.startsWith("NiN"));
  const losses = rows.map(({ test_loss }) => test_loss);
  return {
    dataset,
    sameData: data === "cifar10" || data === "cifar100",
    table1: rows,
    table2: [...new Set(norms.map(({ model }) => model))].map((model) => ({
      model,
      norms: new Map(
        norms.filter((row) => row.model === model).map((row) => [row.precision, row.weight_l2_norm]),
      ),
    })),
    testLossSpread: Math.max(...losses) - Math.min(...losses),
  };
}
