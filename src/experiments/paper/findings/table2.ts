import { fixed, listed, percent } from "../../report/format.ts";
import { blocks, type precisions, quantized } from "../blocks.ts";
import { type Finding, holdsIf, tally } from "../finding.ts";
import { table2 } from "../tables.ts";

const norms = () =>
  blocks(table2()).map((block) => {
    const of = (precision: (typeof precisions)[number]): number => block.at(precision).weight_l2_norm;
    const levels = quantized.map(of);
    return {
      name: block.name,
      of,
      fromFloat: of("FP32") / of("Int8"),
      amongLevels: Math.max(...levels) / Math.min(...levels),
    };
  });

/**
 * ‖ŵ‖/‖w‖ − 1 that rounding makes at most on average: n has variance s²/12 and is uncorrelated with w, so
 * ‖ŵ‖² = ‖w‖² + N s²/12, with LSQ's first step s = 2 E|w|/√Qp of normal weights.
 */
export function roundingEffect(bits: number): number {
  const qp = 2 ** (bits - 1) - 1;
  const meanSize = Math.sqrt(2 / Math.PI);
  const step = (2 * meanSize) / Math.sqrt(qp);
  return Math.sqrt(1 + step ** 2 / 12) - 1;
}

function levels(): Finding {
  const all = norms();
  const [factors, among] = [all.map(({ fromFloat }) => fromFloat), all.map(({ amongLevels }) => amongLevels)];
  const more = all.filter(({ fromFloat, amongLevels }) => amongLevels > fromFloat);
  const largest = tally(all, ({ of }) => quantized.every((p) => of("FP32") > of(p)));
  const rest = all.filter((network) => !more.includes(network)).map(({ amongLevels }) => amongLevels);
  return {
    id: "norm-by-level",
    where: "Table 2; section 4.1",
    claim: "the magnitude of the network parameters … are very different among different quantization levels",
    says: [
      `FP32 over Int8 is ${fixed(Math.min(...factors), 2)} to ${fixed(Math.max(...factors), 2)}. Among Int8, Int4 and Int2, the largest norm is at most ${fixed(Math.max(...rest), 2)} times the smallest in ${rest.length} of ${all.length} networks (not in ${listed(more.map(({ name, amongLevels }) => `${name}, ${fixed(amongLevels, 2)}`))}).`,
      `What differs is FP32, which has the largest norm in ${largest}, from all quantized networks, not one level from another.`,
    ],
    verdict: holdsIf(more.length > all.length / 2),
    rule: "Holds where, in most networks, the quantized levels differ more among each other than FP32 from Int8.",
    numbers: {
      networks: all.length,
      levelsDifferMore: more.length,
      floatLargest: largest,
      lowestFactor: Math.min(...factors),
      highestFactor: Math.max(...factors),
      highestAmong: Math.max(...among),
    },
  };
}

function rounding(): Finding {
  const all = norms();
  const effect = roundingEffect(8);
  const smallest = Math.min(...all.map(({ fromFloat }) => fromFloat)) - 1;
  return {
    id: "norm-by-rounding",
    where: "Table 2; section 4.1",
    claim: "The huge difference among the values of different quantization levels",
    says: [
      `Rounding to 8 bits changes the norm of normal weights by ${percent(effect)} at LSQ’s first step; the smallest difference between FP32 and Int8 in Table 2 is ${percent(smallest)}, ${fixed(smallest / effect, 0)} times as much.`,
      "FP32 and quantized networks then differ in something besides the precision, such as the start, the recipe, or whether batch norm was folded into the weights. Measures with ‖w‖ in them cannot be compared across them.",
    ],
    verdict: smallest > 10 * effect ? "inconsistent" : "holds",
    rule: "Inconsistent with an effect of precision where the smallest difference is more than ten times what rounding does.",
    numbers: { rounding: effect, smallest },
  };
}

/** The claims on Table 2. */
export const onTable2 = (): readonly Finding[] => [levels(), rounding()];
