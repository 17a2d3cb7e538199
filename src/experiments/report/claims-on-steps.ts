import type { LayerStep, RunResult } from "../result.ts";
import { neighbours, type Precision, unique } from "./aggregate.ts";
import { type Claim, unanswerable } from "./claim.ts";
import { count, fixed, listed, percent, short } from "./format.ts";
import { pairsOf } from "./pairs.ts";

interface Pair {
  readonly from: string;
  readonly to: string;
  readonly where: string;
  /** Step at fewer bits over step at more. */
  readonly ratio: number;
}

/** Layers that have the bits of their network: a policy may keep the first and the last at others. */
const ownSteps = ({ steps, config }: RunResult): readonly LayerStep[] =>
  steps.filter(({ bits }) => bits === config.bits);

/**
 * The steps of the same layer, from the same seed (and setting), at two neighbouring precisions.
 *
 * @implements QGen.fig.1
 */
export const binPairs = (precisions: readonly Precision[]): Pair[] =>
  neighbours(precisions.filter(({ bits }) => bits !== 32)).flatMap(([more, fewer]) =>
    pairsOf(more, fewer)
      .flat()
      .flatMap(([run, other]) => {
        return ownSteps(run).flatMap(({ weight, step }) => {
          const layer = ownSteps(other).find((candidate) => candidate.weight === weight);
          if (layer === undefined) return [];
          const where = `${weight}, ${more.unit === "seed" ? `seed ${run.config.seed}` : run.id}`;
          return [{ from: more.name, to: fewer.name, where, ratio: layer.step / step }];
        });
      }),
  );

export function widerBins(precisions: readonly Precision[]): Claim {
  const unit = precisions[0]?.unit ?? "seed";
  const head = {
    id: "bins",
    statement: "Bins are wider with fewer bits",
    place: "section 3.1; Figure 1",
  };
  const rule = `Holds where the learned step of every layer, in every ${unit}, is larger at the fewer bits of two neighbouring precisions; fails otherwise.`;
  const pairs = binPairs(precisions);
  if (pairs.length === 0) return unanswerable(head, rule, "two quantized precisions");
  const narrower = pairs.filter(({ ratio }) => !(ratio > 1));
  const between = unique(pairs.map(({ from, to }) => `${from} to ${to}`)).map((name) => {
    const ratios = pairs.filter(({ from, to }) => `${from} to ${to}` === name).map(({ ratio }) => ratio);
    return `${name}, ${short(Math.min(...ratios))} to ${short(Math.max(...ratios))} times as wide`;
  });
  return {
    ...head,
    verdict: narrower.length === 0 ? "holds" : "fails",
    says: [
      `Wider in ${pairs.length - narrower.length} of ${count(pairs.length, "comparison")} (layer by layer, ${unit} by ${unit}): ${between.join("; ")}.`,
      ...(narrower.length === 0
        ? []
        : [
            `Not wider: ${listed(narrower.slice(0, 5).map(({ from, to, where }) => `${where}, ${from} to ${to}`))}${narrower.length > 5 ? " and others" : ""}.`,
          ]),
    ],
    rule,
    comparisons: [],
  };
}

/**
 * |Δ| ≤ s/2, in steps, with the slack that float32 leaves: w/s and ŵ = w̄ s are rounded at up to 2ᵇ⁻¹ steps
 * from zero, each by a relative 2⁻²⁴.
 *
 * @implements QGen.eq.3
 */
export const keepsToHalfStep = ({ bits, largestError }: Pick<LayerStep, "bits" | "largestError">): boolean =>
  largestError <= 0.5 + 2 ** (bits - 24);

export function noiseBound(precisions: readonly Precision[]): Claim {
  const head = {
    id: "noise-bound",
    statement: "Quantization moves a weight by half a step at most, |Δ|\u00a0≤\u00a0s/2",
    place: "section 3.1, which has no condition on clipping",
  };
  const rule =
    "Holds where no weight inside the range of the levels is moved by more than half a step, up to float32 rounding; fails otherwise.";
  const layers = precisions.flatMap(({ runs }) => runs.flatMap(({ steps }) => steps));
  if (layers.length === 0) return unanswerable(head, rule, "a quantized precision");
  const beyond = layers.filter((layer) => !keepsToHalfStep(layer));
  const most = (of: (layer: LayerStep) => number): number => Math.max(...layers.map(of));
  const clipped = most(({ clipped }) => clipped);
  return {
    ...head,
    verdict: beyond.length === 0 ? "holds" : "fails",
    says: [
      `The largest error of a weight that is not clipped is ${fixed(
        most(({ largestError }) => largestError),
        4,
      )} steps, over ${count(layers.length, "layer")} of all quantized runs.`,
      ...(beyond.length === 0 ? [] : [`Beyond half a step in ${count(beyond.length, "layer")}.`]),
      clipped === 0
        ? "No weight is clipped."
        : `Up to ${percent(clipped)} of a layer’s weights are clipped; they are moved by more than that.`,
    ],
    rule,
    comparisons: [],
  };
}
