/**
 * How a pool was made, on its page.
 *
 * @packageDocumentation
 */

import { canonicalJson } from "../../config.ts";
import { precisionName } from "../../precision.ts";
import { type Aggregate, unique } from "../../report/aggregate.ts";
import { count, fixed, listed, signed } from "../../report/format.ts";
import { type Html, html, type Part } from "../../report/html.ts";
import { circumstances } from "../../report/parts.ts";
import { optimizerName } from "../../report/words.ts";
import type { Grid } from "../grid.ts";
import type { PoolPage } from "./page.ts";
import { settingName } from "./settings.ts";

export function howMade({ command, grid, ended, files }: PoolPage): Html {
  const facts: readonly (readonly [string, Part])[] = [
    ["Command", html`<pre><code>${command}</code></pre>`],
    ...gridFacts(grid),
    ...(ended === null ? [] : circumstances(ended.all.runs)),
    ["Files", files.map((file, i) => html`${i === 0 ? "" : ", "}<a href="${file}">${file}</a>`)],
  ];
  const recipe = ended?.all.recipe;
  return html`<dl>${facts.map(([name, fact]) => html`<dt>${name}</dt><dd>${fact}</dd>\n`)}</dl>
<details class="block"><summary>The grid</summary>
<pre><code>${JSON.stringify(grid, null, 2)}</code></pre></details>
${recipe === undefined ? null : everyRun(ended!.all)}`;
}

const gridFacts = ({
  depths,
  widths,
  optimizers,
  weightDecays,
  seeds,
  milestones,
  gamma,
}: Grid): [string, Part][] => [
  ["Depth", listed(depths)],
  ["Width", listed(widths)],
  [
    "Learning rate",
    optimizers
      .map(
        ({ optimizer, momentum, lrs }) =>
          `${optimizerName(optimizer)}${momentum > 0 ? ` with momentum ${momentum}` : ""} at ${listed(lrs)}`,
      )
      .join("; "),
  ],
  [
    "Schedule",
    milestones.length === 0 ? "none" : `times ${gamma} after ${listed(unique(milestones))} epochs`,
  ],
  ["Weight decay", listed(weightDecays)],
  ["Seeds", listed(seeds)],
];

const everyRun = ({
  runs,
}: Aggregate): Html => html`<details class="block"><summary>All ${count(runs.length, "run")} that have ended</summary>
<div class="scroll" role="region" aria-label="All runs" tabindex="0"><table>
<caption>All runs</caption>
<thead><tr><th scope="col" class="row">Precision</th><th scope="col" class="source">Setting</th><th scope="col">Seed</th><th scope="col">Epoch</th><th scope="col">Train loss</th><th scope="col">Test loss</th><th scope="col">Gap</th></tr></thead>
<tbody>${runs.map(({ config, selectedEpoch, train, test, gap }) => {
  const number = (x: number): string => (Number.isFinite(x) ? fixed(x, 3) : "–");
  return html`<tr><th scope="row" class="row">${precisionName(config.bits)}</th><td class="source">${settingName(config)}</td><td>${config.seed}</td><td>${selectedEpoch}</td><td>${number(train.loss)}</td><td>${number(test.loss)}</td><td>${Number.isFinite(gap) ? signed(gap, 3) : "–"}</td></tr>\n`;
})}</tbody>
</table></div></details>`;

/** The command that makes the sweep: `table-1`, or a file with its grid. */
export function commandOf(grid: Grid, known: (scale: "smoke" | "small" | "paper") => Grid): string {
  const scale = (["smoke", "small", "paper"] as const).find(
    (scale) => canonicalJson(known(scale)) === canonicalJson(grid),
  );
  return scale === undefined
    ? "qgen sweep sweep.json"
    : `qgen sweep table-1 --scale ${scale} --data ${grid.data.name}`;
}
