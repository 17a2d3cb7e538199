import { fixed, listed } from "../../report/format.ts";
import { type Block, blocks, precisions, quantized } from "../blocks.ts";
import { type Finding, holdsIf, tally } from "../finding.ts";
import { type CorruptionRow, table4, table5, table6 } from "../tables.ts";

/** One corruption of one network, at all precisions. */
type Cell = Block<CorruptionRow>;
const cellsOf = (rows: readonly CorruptionRow[]): readonly Cell[] =>
  blocks(rows, ({ model, corruption, severity }) => [model, corruption, severity].join());
const modelsOf = (cells: readonly Cell[]): string[] => [...new Set(cells.map(({ model }) => model))];
const gap = (cell: Cell, precision: (typeof precisions)[number]): number =>
  cell.at(precision).generalization_gap;
const better = (cells: readonly Cell[], precision: (typeof quantized)[number]): number =>
  tally(cells, (cell) => gap(cell, precision) < gap(cell, "FP32"));
const mean = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0) / xs.length;

function oneTable(): Finding {
  const [a, b] = [table4(), table6()];
  const same = tally(a, (row) => {
    const twin = b.find((other) =>
      (["model", "corruption", "severity", "precision"] as const).every((key) => other[key] === row[key]),
    );
    return twin?.generalization_gap === row.generalization_gap;
  });
  return {
    id: "tables-4-and-6",
    where: "Tables 4 and 6",
    claim: "Table 6 shows the full list of experiments",
    says: [
      `${same} of the ${a.length} numbers of Table 4 stand in Table 6, which has ${b.length}: one table.`,
    ],
    verdict: same === a.length && a.length === b.length ? "fails" : "holds",
    rule: "Holds where Table 6 has a number that Table 4 does not.",
    numbers: { cells: a.length, same },
  };
}

function networks(): Finding {
  const [claimed, found] = [["ResNet-18", "ResNet-50"], modelsOf(cellsOf(table4()))];
  const more = found.filter((model) => !claimed.includes(model));
  return {
    id: "networks-of-table-4",
    where: "Section 4.3",
    claim: `Table 4 presents the generalization gaps … for ${claimed.join(" and ")}`,
    says: [`It has ${found.length} networks: ${listed(found)}.`],
    verdict: more.length > 0 ? "inconsistent" : "holds",
    rule: "Inconsistent where the table has other networks than the text.",
    numbers: { claimed: claimed.length, found: found.length },
  };
}

function mostDistortions(): Finding {
  const cells = cellsOf(table4());
  const total = quantized.reduce((n, p) => n + better(cells, p), 0);
  const floatLowest = tally(cells, (cell) => quantized.every((p) => gap(cell, "FP32") < gap(cell, p)));
  const lowest = quantized.map((p) => ({
    p,
    n: tally(cells, (cell) => precisions.every((q) => q === p || gap(cell, p) < gap(cell, q))),
  }));
  return {
    id: "most-distortions",
    where: "Section 4.3; Table 4",
    claim: "quantized models maintain their superior generalization under most of the distortions",
    says: [
      `The gap is below that of FP32 in ${quantized.map((p) => `${better(cells, p)} of ${cells.length} at ${p}`).join(", ")}: in all ${total} of ${quantized.length * cells.length}.`,
      `Alone the lowest of the four: ${lowest.map(({ p, n }) => `${p} in ${n}`).join(", ")}, FP32 in ${floatLowest}.`,
      `Mean gap: ${modelsOf(cells)
        .map((model) => {
          const own = cells.filter((cell) => cell.model === model);
          return `${model} ${precisions.map((p) => `${fixed(mean(own.map((cell) => gap(cell, p))), 3)} (${p})`).join(", ")}`;
        })
        .join("; ")}.`,
    ],
    verdict: holdsIf(total > (quantized.length * cells.length) / 2),
    rule: "Holds where most quantized cells are below FP32.",
    numbers: {
      cells: cells.length,
      total,
      floatLowest,
      ...Object.fromEntries(quantized.map((p) => [p, better(cells, p)])),
      ...Object.fromEntries(lowest.map(({ p, n }) => [`${p} lowest`, n])),
    },
  };
}

function almostAll(): Finding {
  const cells = cellsOf(table4());
  const rows = modelsOf(cells).flatMap((model) => {
    const own = cells.filter((cell) => cell.model === model);
    return (["Int8", "Int4"] as const).map((p) => ({ model, p, n: better(own, p), of: own.length }));
  });
  const enough = 0.9;
  const few = rows.filter(({ n, of }) => n < enough * of);
  const exceptions = cells.filter((cell) => gap(cell, "Int8") >= gap(cell, "FP32"));
  return {
    id: "int8-int4-almost-all",
    where: "Appendix C.5; Table 6",
    claim: "Int8 and Int4 show better generalization gaps in almost all models, distortion types, and levels",
    says: [
      `Below FP32: ${rows.map(({ model, p, n, of }) => `${model} ${p} ${n}/${of}`).join(", ")}.`,
      `Int8 is not below in ${listed(exceptions.map((cell) => `${cell.model} ${cell.at("Int8").corruption} ${cell.at("Int8").severity}`))}.`,
    ],
    verdict: holdsIf(few.length === 0),
    rule: `Holds where both are below FP32 in at least ${fixed(100 * enough, 0)}% of the cells of every network.`,
    numbers: Object.fromEntries(rows.map(({ model, p, n }) => [`${model} ${p}`, n])),
  };
}

function worstInt2(): Finding {
  const cells = cellsOf(table6()).filter(({ model }) => model.startsWith("MobileNet"));
  const worst = tally(cells, (cell) =>
    precisions.every((p) => p === "Int2" || gap(cell, "Int2") > gap(cell, p)),
  );
  const above = tally(cells, (cell) => gap(cell, "Int2") > gap(cell, "FP32"));
  return {
    id: "mobilenet-int2",
    where: "Appendix C.5; Table 6",
    claim:
      "for the MobileNet-V2 model, Int2 quantization shows the worst generalization gap in most distortion types and severity levels",
    says: [`Int2 is the worst of the four in ${worst} of ${cells.length} cells, and above FP32 in ${above}.`],
    verdict: holdsIf(worst > cells.length / 2),
    rule: "Holds where Int2 has the largest gap in most cells.",
    numbers: { cells: cells.length, worst, above },
  };
}

function allSmaller(): Finding {
  const cells = cellsOf(table5());
  const smaller = quantized.reduce((n, p) => n + better(cells, p), 0);
  const total = quantized.length * cells.length;
  return {
    id: "cifar-100-c",
    where: "Appendix C.4; Table 5",
    claim:
      "Compared to full-precision models, quantized models show smaller generalization gaps in all cases",
    says: [`${smaller} of ${total} quantized gaps are below FP32.`],
    verdict: holdsIf(smaller === total),
    rule: "Holds where all are.",
    numbers: { smaller, total },
  };
}

function constant(): Finding {
  const cells = cellsOf(table5());
  const tiny = 0.01;
  const spreads = modelsOf(cells).flatMap((model) => {
    const own = cells.filter((cell) => cell.model === model);
    const spread = (p: (typeof precisions)[number]): { low: number; high: number; width: number } => {
      const of = own.map((cell) => gap(cell, p));
      const [low, high] = [Math.min(...of), Math.max(...of)];
      return { low, high, width: high - low };
    };
    return quantized.map((p) => ({ model, p, ...spread(p), float: spread("FP32") }));
  });
  const flat = spreads.filter(({ width, float }) => width < tiny * float.width);
  return {
    id: "constant-predictor",
    where: "Table 5",
    claim: "smaller generalization gaps in all cases",
    says: [
      ...(flat.length === 0 ? ["No network has the same gap under every corruption."] : []),
      ...flat.map(
        ({ model, p, low, high, float }) =>
          `${model} ${p} has a gap of ${low} to ${high} under every one of the corruptions, where FP32 has ${float.low} to ${float.high}. A loss that no corruption changes is that of a network which gives every image the same answer, or of an error in the evaluation; it is no generalization.`,
      ),
    ],
    verdict: flat.length > 0 ? "inconsistent" : "holds",
    rule: `Inconsistent where the gap moves over the corruptions by less than ${fixed(100 * tiny, 0)}% of what it does at FP32.`,
    numbers: {
      flat: flat.length,
      ...Object.fromEntries(flat.map((f) => [`${f.model} ${f.p} width`, f.width])),
    },
  };
}

function sign(): Finding {
  const rows = [...table4(), ...table5()];
  const positive = tally(rows, ({ generalization_gap }) => generalization_gap > 0);
  return {
    id: "sign-of-gap",
    where: "Appendix C.2, C.4 and C.5",
    claim: "computed … by subtracting test loss on augmented … data from train loss",
    says: [
      `Training minus test loss is below 0 where corruption does harm. ${positive} of ${rows.length} printed gaps are above 0: they are test minus training loss.`,
    ],
    verdict: holdsIf(positive < rows.length / 2),
    rule: "Holds where most printed gaps are below 0.",
    numbers: { cells: rows.length, positive },
  };
}

/** The claims on Tables 4 to 6. */
export const onCorruptions = (): readonly Finding[] => [
  oneTable(),
  networks(),
  mostDistortions(),
  almostAll(),
  worstInt2(),
  allSmaller(),
  constant(),
  sign(),
];
