import type { RunConfig } from "../../src/experiments/config.ts";
import { checkedGrid, configsOf, type Grid, table1Grid } from "../../src/experiments/sweep/grid.ts";
import type { Standing } from "../../src/experiments/sweep/rows.ts";
import { made } from "./report-runs.ts";

export const small = checkedGrid({ ...table1Grid("small", "cifar10"), depths: [2], epochs: 3 }, "the grid");
export type Change = (config: RunConfig) => { trainLoss: number; testLoss: number } | Standing["state"];

/** Every run of the grid, with numbers that follow from its configuration. */
export const poolOf = (grid: Grid, change: Change): Standing[] =>
  configsOf(grid).map((config) => {
    const { bits, seed, ...rest } = config;
    const of = change(config);
    if ("state" in of) return { ...made({ bits, seed, config: rest }), state: of } as Standing;
    const result = made({ bits, seed, config: rest, epochs: config.epochs, ...of });
    return { id: result.id, config, state: { state: "done", result } };
  });

/** SGD loses 0.2 nats more in training at 2 bits than Adam; the test loss follows by half. */
export const usual: Change = ({ bits, optimizer, lr, weightDecay }) => {
  const rise = bits === 2 ? (optimizer === "sgd" ? 0.3 : 0.1) : bits === 4 ? 0.05 : 0;
  const hard = lr + 100 * weightDecay;
  return { trainLoss: hard + rise, testLoss: hard + 0.5 + rise / 2 };
};
