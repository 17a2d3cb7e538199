import type { CorruptionName } from "../corruptions/constants.ts";
import { titleOf } from "../corruptions/corruption.ts";
import type { RobustPrecision, RobustTable } from "../robustness/table.ts";
import { degenerateNotes } from "../robustness/text.ts";
import { fixed, listed, meanSd } from "./format.ts";
import { type Html, html } from "./html.ts";
import { type Counterpart, counterparts, paperCounts } from "./robustness.ts";

const scrolling = (label: string, content: Html): Html =>
  html`<div class="scroll" role="region" aria-label="${label}" tabindex="0"><table>
<caption>${label}</caption>
${content}
</table></div>`;

/** A number, marked as better or worse than that of full precision, where that is known. */
function cell(gap: number | undefined, float: number | undefined, text: string, first = false): Html {
  const mark =
    gap === undefined || float === undefined || gap === float ? "" : gap < float ? "better" : "worse";
  const classes = `${mark}${first ? " first" : ""}`.trim();
  return classes === "" ? html`<td>${text}</td>` : html`<td class="${classes}">${text}</td>`;
}

const paperPrecisions = ["FP32", "Int8", "Int4", "Int2"] as const;

/** The paper's cells of one corruption, at a severity or over all. */
function paperCells({ rows }: Counterpart, corruption: CorruptionName, severity: number | null): Html[] {
  const own = rows.filter((row) => row.corruption === corruption && row.severity === severity);
  const at = (name: string) => own.find(({ precision }) => precision === name)?.generalization_gap;
  return paperPrecisions.map((name, i) => {
    const gap = at(name);
    return cell(
      gap,
      name === "FP32" ? undefined : at("FP32"),
      gap === undefined ? "–" : fixed(gap, 2),
      i === 0,
    );
  });
}

const heads = (
  row: string,
  { precisions }: RobustTable,
  { model }: Counterpart,
  theirs: string,
  extra: readonly string[] = [],
): Html =>
  html`<thead><tr><th rowspan="2" scope="col" class="row">${row}</th>${extra.map((name) => html`<th rowspan="2" scope="col">${name}</th>`)}<th colspan="${precisions.length}" scope="colgroup">Here</th><th colspan="4" scope="colgroup" class="first">Paper, ${model} on ${theirs}</th></tr>
<tr>${precisions.map(({ name }) => html`<th scope="col">${name}</th>`)}${paperPrecisions.map((name, i) => html`<th scope="col" class="${i === 0 ? "first" : ""}">${name}</th>`)}</tr></thead>`;

/** The precision that another one is marked against; none where either has learned nothing. */
function against(precision: RobustPrecision, { precisions }: RobustTable): RobustPrecision | undefined {
  const float = precisions.find(({ bits }) => bits === 32);
  const counts = [precision, float].every((one) => one?.degenerate.length === 0);
  return counts && precision !== float ? float : undefined;
}

function byCorruption(table: RobustTable, theirs: Counterpart): Html {
  const { names, precisions, model } = table;
  return scrolling(
    `Table 5, ${model}`,
    html`${heads("Corruption", table, theirs, "CIFAR-100-C")}
<tbody>${names.map(
      (corruption, i) =>
        html`<tr><th scope="row" class="row">${titleOf(corruption)}</th>${precisions.map((precision) => {
          const { gap } = precision.gaps[i]!;
          return cell(gap.mean, against(precision, table)?.gaps[i]?.gap.mean, fixed(gap.mean, 3));
        })}${paperCells(theirs, corruption, null)}</tr>\n`,
    )}</tbody>`,
  );
}

function bySeverity(table: RobustTable, theirs: Counterpart): Html {
  const { precisions, model } = table;
  return scrolling(
    `Table 4, ${model}`,
    html`${heads("Corruption", table, theirs, "ImageNet-C", ["Severity"])}
<tbody>${precisions[0]!.cells.map(
      ({ corruption, severity }, i) =>
        html`<tr><th scope="row" class="row">${titleOf(corruption)}</th><td>${severity}</td>${precisions.map(
          (precision) => {
            const { gap } = precision.cells[i]!;
            return cell(gap, against(precision, table)?.cells[i]?.gap, fixed(gap, 3));
          },
        )}${paperCells(theirs, corruption, severity)}</tr>\n`,
    )}</tbody>`,
  );
}

const whole = ({ precisions, model }: RobustTable): Html =>
  scrolling(
    `Corrupted images, ${model}`,
    html`<thead><tr><th scope="col" class="row">Precision</th><th scope="col">Gap</th><th scope="col">Loss</th><th scope="col">Train loss</th><th scope="col">Acc., %</th><th scope="col">Mean error, %</th><th scope="col">÷ FP32’s</th><th scope="col">Gap smaller</th><th scope="col">Loss lower</th></tr></thead>
<tbody>${precisions.map(
      ({ name, overall, trainLoss, relative, better }) =>
        html`<tr><th scope="row" class="row">${name}</th><td>${meanSd(overall.gap, 3)}</td><td>${fixed(overall.loss.mean, 3)}</td><td>${fixed(trainLoss.mean, 3)}</td><td>${fixed(100 * overall.accuracy.mean, 2)}</td><td>${fixed(100 * overall.error.mean, 2)}</td><td>${relative === null ? "–" : meanSd(relative, 3)}</td><td>${better === null ? "–" : `${better.gap} of ${better.of}`}</td><td>${better === null ? "–" : `${better.loss} of ${better.of}`}</td></tr>\n`,
    )}</tbody>`,
  );

/** Whom the paper has to stand beside it, and how often that is better than FP32. */
function besides({ model }: RobustTable): string {
  const { table4, table5 } = counterparts(model);
  return `In the paper, ${table5.model} has a smaller gap than FP32 at ${paperCounts(table5)} corruptions of CIFAR-100-C (Table 5), and ${table4.model} at ${paperCounts(table4)} cells of ImageNet-C (Table 4, which is Table 6 again).`;
}

/** The section that a report has more where its networks were tested on corrupted images. */
export const robustnessHtml = (tables: readonly RobustTable[]): Html =>
  html`<h2 id="table-5">Tables 4 and 5: corrupted images</h2>
<p>The gap is the loss on corrupted test images minus the loss on the clean training images, so that a network that fits its training images worse has a smaller one at the same loss: read it beside loss and accuracy. Green and “▾”: smaller than at FP32; “▴”: larger; without a mark: one of the two has learned nothing.</p>
${tables.map(
  (table) => html`<h3>${table.model} on ${table.data}</h3>
<p>Learned from ${listed(table.lessons)}. Tested on ${table.source}; severities ${listed(table.severities)}. ${besides(table)}</p>
${whole(table)}
${
  degenerateNotes(table.precisions).length === 0
    ? null
    : html`<ul class="plain">${degenerateNotes(table.precisions).map((note) => html`<li><strong>Degenerate:</strong> ${note}</li>\n`)}</ul>`
}
<p>The gap by corruption, the mean over the severities:</p>
${byCorruption(table, counterparts(table.model).table5)}
<details class="block"><summary>The gap by corruption and severity (Table 4)</summary>
${bySeverity(table, counterparts(table.model).table4)}</details>
`,
)}`;
