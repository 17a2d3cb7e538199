import type { MeasuredRun } from "../../src/experiments/measuring/measure.ts";
import { settingsSchema } from "../../src/experiments/measuring/settings.ts";
import type { MeasuredValue } from "../../src/experiments/measuring/values.ts";
import { table3Columns } from "../../src/experiments/paper/tables.ts";
import type { RunResult } from "../../src/experiments/result.ts";

const found = {
  radius: 0.5,
  iterations: 1,
  displacement: { low: 0.1, high: 0.1 },
  saturatedLow: false,
  saturatedHigh: false,
  trace: [],
};

/** The eight measures of a run: `value` in the first column, and one more in each that follows. */
export const measuredAs = (run: Pick<RunResult, "id">, value: number | null): MeasuredRun => ({
  run: run.id,
  settings: settingsSchema.parse({}),
  images: 256,
  radii: { sigma: found, sigmaPrime: found, alpha: found, alphaPrime: found },
  measures: [...table3Columns, "extra"].map(
    (id, i): MeasuredValue => ({
      id,
      name: `measure ${i}`,
      equation: null,
      source: "made up",
      raw: value,
      value: value === null ? null : value + i,
      note: value === null ? "infinite" : null,
    }),
  ),
  seconds: 1,
  environment: {} as MeasuredRun["environment"],
});
