import type { TopLevelSpec } from "vega-lite";
import { type Aggregate, summaryOf } from "./aggregate.ts";
import { axisOf, encoded } from "./axis.ts";
import { fixed } from "./format.ts";
import { config, looksOf } from "./look.ts";

/** The gap of every run: one line for each seed, one column for each precision. */
export function gaps({ precisions }: Aggregate): TopLevelSpec {
  const look = looksOf(precisions);
  const means = precisions.map((precision) => {
    const gap = summaryOf(precision, "gap").mean;
    return { precision: precision.name, gap, column: `${precision.name}|mean ${fixed(gap, 3)}` };
  });
  const runs = precisions.flatMap(({ name, runs }, i) =>
    runs.map(({ gap, config: { seed } }) => ({ precision: name, column: means[i]!.column, gap, seed })),
  );
  const axis = axisOf(
    runs.map(({ gap }) => gap),
    "linear",
  );
  return {
    config,
    width: 150 * precisions.length,
    height: 300,
    data: { values: runs },
    encoding: {
      x: {
        field: "column",
        type: "nominal",
        sort: null,
        scale: { type: "point", padding: 0.5 },
        axis: { title: null, labelAngle: 0, labelExpr: "split(datum.label, '|')", labelLineHeight: 17 },
      },
      y: encoded("gap", axis, "Generalization gap in nats"),
    },
    layer: [
      {
        mark: { type: "line", color: "#8a9199", strokeWidth: 1.2, opacity: 0.75 },
        encoding: { detail: { field: "seed" } },
      },
      {
        mark: { type: "point", filled: true, size: 75, opacity: 0.95 },
        encoding: { color: look.color, shape: look.shape },
      },
      {
        data: { values: means },
        mark: { type: "tick", thickness: 2.5, width: 34, color: "currentColor" },
        encoding: {},
      },
    ],
  };
}

/** Gap against training loss, with the line along which the test loss is that of the first precision. */
export function gapAgainstLoss({ precisions }: Aggregate): TopLevelSpec {
  const look = looksOf(precisions);
  const runs = precisions.flatMap(({ name, runs }) =>
    runs.map(({ gap, train }) => ({ precision: name, gap, loss: train.loss })),
  );
  const [x, y] = [
    axisOf(
      runs.map(({ loss }) => loss),
      "linear",
    ),
    axisOf(
      runs.map(({ gap }) => gap),
      "linear",
    ),
  ];
  const testLoss = summaryOf(precisions[0]!, "testLoss").mean;
  // gap = test loss − training loss: the part of that line which lies in the frame.
  const ends = [
    Math.max(x.domain[0], testLoss - y.domain[1]),
    Math.min(x.domain[1], testLoss - y.domain[0]),
  ].map((loss) => ({ loss, gap: testLoss - loss }));
  return {
    config,
    width: 600,
    height: 320,
    data: { values: runs },
    encoding: {
      x: encoded("loss", x, "Training loss in nats"),
      y: encoded("gap", y, "Generalization gap in nats"),
    },
    layer: [
      {
        data: { values: ends[0]!.loss < ends[1]!.loss ? ends : [] },
        mark: { type: "line", color: "#8a9199", strokeDash: [4, 4], strokeWidth: 1.5 },
      },
      {
        mark: { type: "point", filled: true, size: 85, opacity: 0.95 },
        encoding: {
          color: { ...look.color, legend: { offset: 34 } },
          shape: { ...look.shape, legend: { offset: 34 } },
        },
      },
    ],
  };
}
