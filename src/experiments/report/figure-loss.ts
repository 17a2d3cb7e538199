import type { TopLevelSpec } from "vega-lite";
import type { RunResult } from "../result.ts";
import { type Aggregate, unique } from "./aggregate.ts";
import { axisOf, encoded, spread } from "./axis.ts";
import { config, looksOf } from "./look.ts";
import { mean } from "./statistics.ts";

type Panel = Extract<TopLevelSpec, { hconcat: unknown }>["hconcat"][number];

/**
 * Training and test loss by epoch: mean over the runs, with their range behind it.
 *
 * @param nameOf - of a run, where the runs themselves are to be seen behind their mean
 */
export function losses({ precisions }: Aggregate, nameOf?: (run: RunResult) => string): TopLevelSpec {
  const look = looksOf(precisions);
  const [width, height] = [290, 290];
  const splits = ["train", "test"] as const;
  const points = precisions.flatMap(({ name, runs }) =>
    unique(runs.flatMap(({ curve }) => curve.map(({ epoch }) => epoch))).flatMap((epoch) =>
      splits.flatMap((split) => {
        const values = runs
          .flatMap(({ curve }) => curve.filter((record) => record.epoch === epoch))
          .map((record) => record[split].loss)
          .filter(Number.isFinite);
        if (values.length === 0) return [];
        const [low, high] = [Math.min(...values), Math.max(...values)];
        return [{ precision: name, split, epoch, loss: mean(values), low, high }];
      }),
    ),
  );
  const each = precisions.flatMap(({ name, runs }) =>
    (nameOf === undefined ? [] : runs).flatMap((run) =>
      run.curve.flatMap(({ epoch, ...record }) =>
        splits.flatMap((split) =>
          Number.isFinite(record[split].loss)
            ? [{ precision: name, split, epoch, loss: record[split].loss, about: `${nameOf!(run)}: ${name}` }]
            : [],
        ),
      ),
    ),
  );
  const selected = precisions.flatMap(({ name, runs }) =>
    runs.flatMap(({ selectedEpoch: epoch, curve }) =>
      splits.flatMap((split) => {
        const loss = curve.find((record) => record.epoch === epoch)?.[split].loss;
        return loss === undefined || !Number.isFinite(loss) ? [] : [{ precision: name, split, epoch, loss }];
      }),
    ),
  );
  const all = points.flatMap(({ low, high }) => [low, high]);
  const axis = axisOf(
    all,
    Math.min(...all) > 0 && Math.max(...all) > 8 * Math.min(...all) ? "log" : "linear",
  );
  const epochs = Math.max(...points.map(({ epoch }) => epoch));
  const x = {
    field: "epoch",
    type: "quantitative" as const,
    scale: { domain: [1, Math.max(epochs, 2)], nice: false },
    axis: { title: "Epoch", tickMinStep: 1, tickCount: 6 },
  };
  const panel = (split: (typeof splits)[number], title: string): Panel => {
    const rows = points.filter((point) => point.split === split);
    const ends = precisions.flatMap(({ name }) => rows.findLast(({ precision }) => precision === name) ?? []);
    const places = spread(
      ends.map(({ loss }) => loss),
      axis,
      height,
    );
    const y = (field: string) => encoded(field, axis, null);
    return {
      title: `${title} in nats${axis.type === "log" ? " (log scale)" : ""}`,
      width,
      height,
      data: { values: rows },
      encoding: { x, color: look.color },
      layer: [
        nameOf === undefined
          ? { mark: { type: "area", opacity: 0.16 }, encoding: { y: y("low"), y2: { field: "high" } } }
          : {
              data: { values: each.filter((point) => point.split === split) },
              mark: { type: "line", strokeWidth: 1, opacity: 0.2, aria: true },
              encoding: { y: y("loss"), detail: { field: "about" }, description: { field: "about" } },
            },
        {
          mark: { type: "line", strokeWidth: nameOf === undefined ? 1.75 : 2.5 },
          encoding: { y: y("loss"), strokeDash: look.dash },
        },
        {
          data: { values: nameOf === undefined ? selected.filter((point) => point.split === split) : [] },
          mark: { type: "point", filled: false, size: 55, strokeWidth: 1.5, opacity: 1 },
          encoding: { y: y("loss"), shape: look.shape },
        },
        {
          data: { values: ends.map((row, i) => ({ ...row, place: places[i]! })) },
          mark: { type: "text", align: "left", dx: 12, fontWeight: 600 },
          encoding: { y: y("place"), text: { field: "precision" }, color: { value: "currentColor" } },
        },
      ],
    };
  };
  return {
    config,
    spacing: 62,
    hconcat: [panel("train", "Training loss"), panel("test", "Test loss")],
  };
}
