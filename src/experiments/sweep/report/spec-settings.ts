import type { TopLevelSpec } from "vega-lite";
import type { Aggregate } from "../../report/aggregate.ts";
import { axisOf, encoded } from "../../report/axis.ts";
import { config, looksOf } from "../../report/look.ts";
import { differed, type Marginal, quantizedOf } from "./settings.ts";
import { type Panel, titles, zeroLine } from "./specs.ts";

/** The mean differences by value of each hyper-parameter. */
export function bySetting({ precisions }: Aggregate, rows: readonly Marginal[]): TopLevelSpec {
  const quantized = quantizedOf(precisions);
  const look = looksOf(quantized);
  const legend = { offset: 30 };
  const color = { ...look.color, legend };
  const values = [...new Set(rows.map(({ value }) => value))];
  const y = {
    field: "value",
    type: "nominal" as const,
    sort: values,
    scale: { paddingInner: 0.25 },
  };
  const panel = (metric: (typeof differed)[number], i: number): Panel => {
    const some = rows.filter((row) => row.metric === metric);
    const x = axisOf([0, ...some.flatMap(({ mean, low, high }) => [low ?? mean, high ?? mean])], "linear");
    const yOffset = { field: "precision", sort: quantized.map(({ name }) => name) };
    return {
      title: `${titles[metric]}, change`,
      width: 190,
      height: 30 * values.length,
      data: {
        values: some.map((row) => ({ ...row, low: row.low ?? row.mean, high: row.high ?? row.mean })),
      },
      layer: [
        zeroLine("x"),
        {
          mark: { type: "rule", strokeWidth: 2 },
          encoding: {
            x: encoded("low", x, null),
            x2: { field: "high" },
            y: { ...y, axis: i === 0 ? { title: null } : null },
            yOffset,
            color,
          },
        },
        {
          mark: { type: "point", filled: true, size: 46, opacity: 1 },
          encoding: {
            x: encoded("mean", x, null),
            y: { ...y, axis: i === 0 ? { title: null } : null },
            yOffset,
            color,
            shape: { ...look.shape, legend },
          },
        },
      ],
    };
  };
  return { config, spacing: 30, hconcat: differed.map(panel) };
}
