import { count, fixed, listed } from "../../report/format.ts";
import { type Block, nameOf, precisions, quantized } from "../blocks.ts";
import { type Finding, holdsIf, tally } from "../finding.ts";
import type { Table3Row } from "../tables.ts";
import {
  all,
  type Column,
  magColumns,
  numbersOf,
  pairsOf,
  plainColumns,
  rate,
  sumOf,
  titles,
} from "./columns.ts";

function flatter(): Finding {
  const columns = [...plainColumns, ...magColumns];
  const total = columns.reduce((n, column) => n + pairsOf(column).length, 0);
  return {
    id: "flatter",
    where: "Section 4.1; Table 3",
    claim: "over a variety of network backbones, the quantized models enjoy flatter loss landscapes",
    says: [
      `Quantized cells below FP32: ${columns.map(rate).join(", ")}; in all ${sumOf(columns)} of ${total}.`,
    ],
    verdict: holdsIf(sumOf(columns) === total),
    rule: "Holds where every quantized cell is below that of FP32.",
    numbers: { ...numbersOf(columns), total },
  };
}

function flatterMag(): Finding {
  const exceptions = magColumns.flatMap((column) => {
    const out = pairsOf(column).filter(({ own, float }) => own >= float);
    return out.map(({ row, own, float }) => `${titles[column]} of ${nameOf(row)}, ${own} ≥ ${float}`);
  });
  const int8 = magColumns.reduce(
    (n, column) =>
      n + tally(pairsOf(column), ({ row, own, float }) => row.precision === "Int8" && own < float),
    0,
  );
  return {
    id: "flatter-mag",
    where: "Section 4.1; Table 3",
    claim:
      "when the magnitude of the parameters is taken into account, quantization does actually improve flatness",
    says: [
      `Quantized cells below FP32: ${magColumns.map(rate).join(", ")}; those of Int8 ${int8}/${magColumns.length * all().length}.`,
      `Not below: ${exceptions.join("; ")}.`,
    ],
    verdict: holdsIf(exceptions.length === 0),
    rule: "Holds where every quantized cell of the four magnitude-aware columns is below that of FP32.",
    numbers: { ...numbersOf(magColumns), exceptions: exceptions.length, int8 },
  };
}

function misleading(): Finding {
  const above = (columns: readonly Column[]): number =>
    columns.reduce((n, column) => n + tally(pairsOf(column), ({ own, float }) => own > float), 0);
  const [pac, sharp] = [
    above(["pacbayes_init", "pacbayes_orig"]),
    above(["sharpness_init", "sharpness_orig"]),
  ];
  const half = pairsOf("pacbayes_init").length;
  return {
    id: "misleading-without-magnitude",
    where: "Section 4.1; Table 3",
    claim:
      "relying solely on sharpness or PAC-Bayesian measures … might create the assumption that quantization does increase the network sharpness",
    says: [
      `Without magnitudes, quantized cells are above FP32 in ${pac} of ${2 * half} for PAC-Bayes, but in ${sharp} of ${2 * half} for sharpness.`,
    ],
    verdict: holdsIf(pac > half && sharp > half),
    rule: "Holds where more than half of the quantized cells are above FP32, for both kinds.",
    numbers: { pacAbove: pac, sharpAbove: sharp, of: 2 * half },
  };
}

function byBits(): Finding {
  const falls = (block: Block<Table3Row>, column: Column): boolean =>
    precisions.every((p, i) => i === 0 || block.at(p)[column] <= block.at(precisions[i - 1]!)[column]);
  const lowest = (block: Block<Table3Row>, column: Column): string =>
    precisions.reduce((a, p) => (block.at(p)[column] < block.at(a)[column] ? p : a));
  const n = all().length;
  const counts = magColumns.map((column) => ({
    column,
    falling: tally(all(), (block) => falls(block, column)),
    at: precisions.map((p) => ({ p, n: tally(all(), (block) => lowest(block, column) === p) })),
  }));
  const falling = counts.reduce((total, c) => total + c.falling, 0);
  return {
    id: "flatter-with-fewer-bits",
    where: "Section 4; Table 3",
    claim: "lower bit resolution quantization results in better flatness around the minima",
    says: [
      `Of ${n} networks, the measure falls at every step from FP32 to Int2 in ${counts.map((c) => `${c.falling} (${titles[c.column]})`).join(", ")}.`,
      `The lowest is at ${counts.map((c) => `${listed(c.at.filter(({ n }) => n > 0).map(({ p, n }) => `${p} in ${n}`))} (${titles[c.column]})`).join("; ")}.`,
    ],
    verdict: holdsIf(falling === n * magColumns.length),
    rule: "Holds where all four magnitude-aware measures fall, or stay, at every step of every network.",
    numbers: {
      networks: n,
      falling,
      ...Object.fromEntries(
        counts.flatMap((c) => c.at.map(({ p, n }) => [`${c.column} lowest at ${p}`, n] as const)),
      ),
    },
  };
}

function onPar(): Finding {
  const share = 0.1;
  const columns = [...plainColumns, ...magColumns];
  const ratios = columns.map((column) => {
    const of = all().map((block) => block.at("Int8")[column] / block.at("FP32")[column]);
    return {
      column,
      near: tally(of, (r) => Math.abs(r - 1) <= share),
      low: Math.min(...of),
      high: Math.max(...of),
    };
  });
  const near = ratios.reduce((n, r) => n + r.near, 0);
  const total = columns.length * all().length;
  return {
    id: "int8-on-par-table-3",
    where: "Section 4.2; Table 3",
    claim: "8-bit quantization is almost on par … This is also evident in Table 3",
    says: [
      `Int8 is within ${fixed(100 * share, 0)}% of FP32 in ${near} of ${total} cells. Int8 over FP32: ${ratios.map(({ column, low, high }) => `${titles[column]} ${fixed(low, 2)} to ${fixed(high, 2)}`).join(", ")}.`,
    ],
    verdict: holdsIf(near > total / 2),
    rule: `Holds where more than half of the cells are within ${fixed(100 * share, 0)}%.`,
    numbers: { near, total },
  };
}

/** H1 on the paper's own numbers: some bit width is as flat as FP32. */
function someBitWidth(): Finding {
  const columns = [...plainColumns, ...magColumns];
  const exists = (block: Block<Table3Row>, column: Column): boolean =>
    quantized.some((p) => block.at(p)[column] <= block.at("FP32")[column]);
  const counts = columns.map((column) => ({ column, n: tally(all(), (block) => exists(block, column)) }));
  const mag = counts.filter(({ column }) => column.includes("_mag_"));
  const n = all().length;
  return {
    id: "h1",
    where: "Hypothesis 1; Table 3",
    claim:
      "there exists a quantization level at which the quantized model converges to a flatter minimum than its full-precision model",
    says: [
      `Some bit width is at or below FP32 in ${counts.map((c) => `${c.n}/${n} (${titles[c.column]})`).join(", ")}.`,
      "Each cell is one network, so that none of this has an error.",
    ],
    verdict: holdsIf(mag.every((c) => c.n === n)),
    rule: "Holds where, in the four magnitude-aware columns, the paper’s main measure, every network has such a bit width.",
    numbers: { networks: n, ...Object.fromEntries(counts.map((c) => [c.column, c.n])) },
  };
}

function figure2(): Finding {
  const block = all().find(({ dataset, model }) => dataset === "CIFAR-10" && model === "ResNet-18")!;
  const cells = magColumns.flatMap((column) =>
    quantized.map((p) => ({ p, column, own: block.at(p)[column], float: block.at("FP32")[column] })),
  );
  const lower = tally(cells, ({ own, float }) => own < float);
  return {
    id: "figure-2",
    where: "Figure 2; Table 3, CIFAR-10 ResNet-18",
    claim: "Referring to Table 3, it is observed that quantized models possess flatter minima",
    says: [
      `For ${block.name}, ${lower} of ${count(cells.length, "quantized cell")} of the magnitude-aware columns are below FP32.`,
    ],
    verdict: holdsIf(lower === cells.length),
    rule: "Holds where all of them are.",
    numbers: { cells: cells.length, lower },
  };
}

/** The claims on Table 3. */
export const onTable3 = (): readonly Finding[] => [
  flatter(),
  flatterMag(),
  misleading(),
  byBits(),
  onPar(),
  someBitWidth(),
  figure2(),
];
