/**
 * The drawings of a pool. Each mark of a setting has its name as `description`, by which a page finds it again.
 *
 * @packageDocumentation
 */

import type { TopLevelSpec } from "vega-lite";
import type { Aggregate } from "../../report/aggregate.ts";
import { axisOf, encoded } from "../../report/axis.ts";
import { signed } from "../../report/format.ts";
import { config, looksOf } from "../../report/look.ts";
import type { Pool } from "../pool.ts";
import { type Difference, differed, quantizedOf } from "./settings.ts";

export type Panel = Extract<TopLevelSpec, { hconcat: unknown }>["hconcat"][number];

export const titles = { trainLoss: "Training loss", testLoss: "Test loss", gap: "Gap" } as const;
const grey = "#8a9199";
export const zeroLine = (on: "x" | "y") => ({
  data: { values: [{ zero: 0 }] },
  mark: { type: "rule" as const, color: grey, strokeWidth: 1.5, strokeDash: [4, 4] },
  encoding: { [on]: { field: "zero", type: "quantitative" as const } },
});

/** What is said of one mark. */
const about = ({ setting, precision, of }: Difference): string =>
  `${setting}: ${precision} less FP32, training loss ${signed(of.trainLoss, 3)}, test loss ${signed(of.testLoss, 3)}, gap ${signed(of.gap, 3)}`;

/** One dot a setting, by precision: what it differs by from FP32 in both losses and in the gap. */
export function paired(
  { precisions }: Aggregate,
  differences: readonly Difference[],
  pool: Pool,
): TopLevelSpec {
  const quantized = quantizedOf(precisions);
  const look = looksOf(quantized);
  const axis = axisOf(
    differences.flatMap(({ of }) => differed.map((metric) => of[metric])),
    "linear",
  );
  const place = new Map(quantized.map(({ name }, i) => [name, i]));
  // Beside each other in the order of the grid, so that dots on top of each other can be told apart.
  const settings = [...new Set(differences.map(({ setting }) => setting))];
  const aside = (setting: string): number =>
    settings.length < 2 ? 0 : 0.44 * (settings.indexOf(setting) / (settings.length - 1) - 0.5);
  const x = {
    field: "place",
    type: "quantitative" as const,
    scale: { domain: [-0.5, quantized.length - 0.5], nice: false },
    axis: {
      title: null,
      values: quantized.map((_, i) => i),
      labelExpr: `${JSON.stringify(quantized.map(({ name }) => name))}[datum.value]`,
    },
  };
  const panel = (metric: (typeof differed)[number]): Panel => {
    const y = (field: string) => encoded(field, axis, null);
    return {
      title: `${titles[metric]}, change in nats`,
      width: 220,
      height: 300,
      layer: [
        zeroLine("y"),
        {
          data: {
            values: differences.map((one) => ({
              precision: one.precision,
              place: place.get(one.precision)! + aside(one.setting),
              value: one.of[metric],
              about: about(one),
            })),
          },
          mark: { type: "point", filled: true, size: 44, opacity: 0.65, aria: true },
          encoding: {
            x,
            y: y("value"),
            color: look.color,
            shape: look.shape,
            description: { field: "about" },
          },
        },
        {
          data: {
            values: pool.differences.flatMap(({ bits, cells }) => {
              const i = quantized.findIndex((precision) => precision.bits === bits);
              if (cells === null || i === -1) return [];
              const { mean, low, high } = cells[metric];
              return [{ place: i + 0.36, mean, low: low ?? mean, high: high ?? mean }];
            }),
          },
          encoding: { x },
          layer: [
            {
              mark: { type: "rule", color: ink, strokeWidth: 2 },
              encoding: { y: y("low"), y2: { field: "high" } },
            },
            {
              mark: { type: "point", filled: true, shape: "circle", size: 60, color: ink, opacity: 1 },
              encoding: { y: y("mean") },
            },
          ],
        },
      ],
    };
  };
  return { config, spacing: 46, hconcat: differed.map(panel) };
}

const ink = "currentColor";

/** What the gap's change is made of: that of the test loss against that of the training loss. */
export function decomposed({ precisions }: Aggregate, differences: readonly Difference[]): TopLevelSpec {
  const look = looksOf(quantizedOf(precisions));
  const [x, y] = [
    axisOf(
      differences.map(({ of }) => of.trainLoss),
      "linear",
    ),
    axisOf(
      differences.map(({ of }) => of.testLoss),
      "linear",
    ),
  ];
  const ends = [Math.max(x.domain[0], y.domain[0]), Math.min(x.domain[1], y.domain[1])].map((at) => ({
    train: at,
    test: at,
  }));
  const xOf = encoded("train", x, "Change of the training loss in nats");
  const yOf = encoded("test", y, "Change of the test loss in nats");
  return {
    config,
    width: 600,
    height: 330,
    encoding: { x: xOf, y: yOf },
    layer: [
      {
        data: { values: ends[0]!.train < ends[1]!.train ? ends : [] },
        mark: { type: "line", color: grey, strokeWidth: 1.5 },
      },
      {
        data: { values: [{ test: 0 }] },
        mark: { type: "rule", color: grey, strokeWidth: 1.5, strokeDash: [4, 4] },
        encoding: { x: { value: 0 }, x2: { value: "width" } },
      },
      {
        data: {
          values: differences.map((one) => ({
            precision: one.precision,
            train: one.of.trainLoss,
            test: one.of.testLoss,
            about: about(one),
          })),
        },
        mark: { type: "point", filled: true, size: 60, opacity: 0.75, aria: true },
        encoding: {
          color: { ...look.color, legend: { offset: 34 } },
          shape: { ...look.shape, legend: { offset: 34 } },
          description: { field: "about" },
        },
      },
    ],
  };
}
