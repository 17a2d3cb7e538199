import type { TopLevelSpec } from "vega-lite";
import { layersOf, type Precision } from "./aggregate.ts";
import { axisOf, encoded, spread } from "./axis.ts";
import { config, looksOf } from "./look.ts";

/**
 * Figure 1 of the paper for the networks of a report: the learned step of each layer, over its depth.
 *
 * @implements QGen.fig.1
 */
export function binWidths(quantized: readonly Precision[]): TopLevelSpec {
  const look = looksOf(quantized);
  const layers = quantized.flatMap((precision) =>
    layersOf(precision).map(({ weight, index, step, initialStep }) => ({
      precision: precision.name,
      layer: weight.replace(/\.weight$/, ""),
      index,
      step: step.mean,
      low: step.min,
      high: step.max,
      initial: initialStep.mean,
    })),
  );
  const height = 320;
  const axis = axisOf(
    layers.flatMap(({ low, high, initial }) => [low, high, initial]),
    "log",
  );
  const last = quantized.flatMap(({ name }) => layers.findLast(({ precision }) => precision === name) ?? []);
  const places = spread(
    last.map(({ step }) => step),
    axis,
    height,
  );
  const x = {
    field: "layer",
    type: "nominal",
    sort: null,
    axis: { title: null, labelAngle: -35, labelLimit: 160 },
  } as const;
  const y = (field: string) => encoded(field, axis, "Bin width s (log scale)");
  return {
    config,
    width: 640,
    height,
    data: { values: layers },
    encoding: { x, color: look.color },
    layer: [
      {
        mark: { type: "line", strokeWidth: 1.75 },
        encoding: { y: y("step"), strokeDash: look.dash },
      },
      {
        mark: { type: "rule", strokeWidth: 5, opacity: 0.35 },
        encoding: { y: y("low"), y2: { field: "high" } },
      },
      {
        mark: { type: "point", filled: false, size: 60, strokeWidth: 1.4, opacity: 1 },
        encoding: { y: y("initial"), shape: look.shape },
      },
      {
        mark: { type: "point", filled: true, size: 70, opacity: 1 },
        encoding: { y: y("step"), shape: look.shape },
      },
      {
        data: { values: last.map((row, i) => ({ ...row, place: places[i]! })) },
        mark: { type: "text", align: "left", dx: 14, fontWeight: 600 },
        encoding: { y: y("place"), text: { field: "precision" }, color: { value: "currentColor" } },
      },
    ],
  };
}
