import { precisionName } from "../../precision.ts";
import { fixed, signed } from "../../report/format.ts";
import { type Html, html } from "../../report/html.ts";
import { number, SHOWN, scrolling as scrollingTable } from "../../report/measures-html.ts";
import type { Reference } from "../../report/reference.ts";
import { columns } from "../../report/tables.ts";
import type { PoolRanking } from "../measured.ts";
import type { Cells, Pool, PoolRow } from "../pool.ts";
import { intervalOf, meanText, medianText, printedRow } from "../pool-text.ts";

const scrolling = (label: string, caption: Html, content: Html): Html =>
  html`<figure class="table"><figcaption>${caption}</figcaption>
<div class="scroll" role="region" aria-label="${label}" tabindex="0"><table>
<caption>${label}</caption>
${content}
</table></div></figure>`;

/** The mean, and below it where the true one lies. */
const withInterval = (cells: Cells, write: typeof fixed): Html[] =>
  columns.map((column) => {
    const interval = intervalOf(cells, column, write);
    return html`<td>${meanText(cells, column, write)}${interval === null ? null : html`<span class="interval">${interval.join(" to ")}</span>`}</td>`;
  });

const heads = columns.map(({ name }) => html`<th scope="col">${name}</th>`);

/** @implements QGen.tab.1 */
export function table1Html({ rows }: Pool, reference: Reference): Html {
  const counts = ({ complete, diverged, failed, open }: PoolRow): string =>
    [
      `here, n = ${complete}`,
      ...(diverged > 0 ? [`${diverged} diverged`] : []),
      ...(failed > 0 ? [`${failed} failed`] : []),
      ...(open > 0 ? [`${open} open`] : []),
    ].join(", ");
  const body = rows.map((row) => {
    const printed = printedRow(reference, row.bits);
    return html`<tbody>
<tr><th scope="rowgroup" class="row" rowspan="${printed ? 3 : 2}">${precisionName(row.bits)}</th><td class="source">${counts(row)}</td>${withInterval(row.cells, fixed)}</tr>
<tr><td class="source">median</td>${columns.map((column) => html`<td>${medianText(row.cells, column)}</td>`)}</tr>
${printed === undefined ? null : html`<tr class="paper"><td class="source">paper</td>${columns.map((column) => html`<td>${fixed(printed[column.printed], column.digits)}</td>`)}</tr>\n`}</tbody>`;
  });
  return scrolling(
    "Table 1",
    html`Means over the settings, below them their 95% bootstrap intervals, and medians. n counts runs that are complete. Rows “paper”: what the paper prints for its ${reference.dataset} NiN${reference.sameData ? "" : " (other data)"}, each the mean of 243 networks. Losses and gap in nats, without dropped or augmented images. Of each run, the epoch with the lowest training loss counts.`,
    html`<thead><tr><th scope="col" class="row">Precision</th><th scope="col" class="source">Source</th>${heads}</tr></thead>
${body}`,
  );
}

export const differencesTable = ({ differences }: Pool): Html =>
  scrolling(
    "Differences to full precision",
    html`The mean of the differences within the settings, and its 95% bootstrap interval: what makes a setting easy or hard is in none of them.`,
    html`<thead><tr><th scope="col" class="row">Difference</th><th scope="col">Settings</th>${heads}</tr></thead>
<tbody>${differences.map(({ bits, cells }) => html`<tr><th scope="row" class="row">${precisionName(bits)} − FP32</th><td>${cells?.gap.n ?? 0}</td>${withInterval(cells, signed)}</tr>\n`)}</tbody>`,
  );

/** How well the measures that do best over the whole pool do within each precision. */
export function withinTable([all, ...within]: readonly PoolRanking[]): Html {
  if (all === undefined || all.ranked.length === 0) return html``;
  const tauIn = ({ ranked }: PoolRanking, name: string): string =>
    number(ranked.find(({ measure }) => measure === name)?.granulated ?? null);
  return scrollingTable(
    "Granulated τ within each precision",
    html`<thead><tr><th scope="col" class="row">Measure</th><th scope="col">over all</th>${within.map(({ over }) => html`<th scope="col">${over}</th>`)}</tr></thead>
<tbody>${all.ranked
      .slice(0, SHOWN)
      .map(
        ({ measure, granulated }) =>
          html`<tr><th scope="row" class="row">${measure}</th><td>${number(granulated)}</td>${within.map((one) => html`<td>${tauIn(one, measure)}</td>`)}</tr>\n`,
      )}</tbody>`,
  );
}

/** The change of the gap as what it is made of. */
export function decompositionTable({ differences }: Pool): Html {
  const rows = differences.flatMap(({ bits, cells }) =>
    cells === null
      ? []
      : [
          html`<tr><th scope="row" class="row">${precisionName(bits)} − FP32</th><td>${signed(cells.testLoss.mean, 3)}</td><td>${signed(cells.trainLoss.mean, 3)}</td><td>${signed(cells.gap.mean, 3)}</td><td>${cells.gap.below} of ${cells.gap.n}</td><td>${cells.testLoss.above} of ${cells.gap.n}</td></tr>\n`,
        ],
  );
  return scrolling(
    "What the change of the gap is made of",
    html`The gap is the test loss less the training loss, and so are their changes. A gap that shrinks since the training loss has risen is another thing than one that shrinks since the test loss has fallen.`,
    html`<thead><tr><th scope="col" class="row">Change</th><th scope="col">Test loss</th><th scope="col">less training loss</th><th scope="col">is the gap</th><th scope="col">gap smaller in</th><th scope="col">test loss higher in</th></tr></thead>
<tbody>${rows}</tbody>`,
  );
}
