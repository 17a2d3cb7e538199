/**
 * What pages on runs have in common.
 *
 * @packageDocumentation
 */

import type { RunResult } from "../result.ts";
import { unique } from "./aggregate.ts";
import type { Claim, Verdict } from "./claim.ts";
import type { Figure } from "./figures.ts";
import { count, duration, listed } from "./format.ts";
import { type Html, html, type Part, trusted } from "./html.ts";

const verdicts: Readonly<Record<Verdict, string>> = {
  holds: "holds here",
  fails: "does not hold here",
  undecided: "undecided",
};

const claimHtml = ({ statement, place, verdict, says, rule }: Claim): Html => html`<li>
<div><div class="verdict ${verdict}">${verdicts[verdict]}</div><div class="place">${place}</div></div>
<div><h3>${statement}</h3>
${says.map((sentence) => html`<p>${sentence}</p>\n`)}<details><summary>What the verdict follows from</summary><p>${rule}</p></details></div>
</li>
`;

export const claimList = (claims: readonly Claim[]): Html => html`<ol class="claims">
${claims.map(claimHtml)}
</ol>`;

export const figureHtml = ({ id, heading, caption, inline }: Figure): Html => html`<figure id="${id}">
<h3>${heading}</h3>
<div class="scroll" role="region" aria-label="${heading}" tabindex="0">${trusted(inline)}</div>
<figcaption>${caption} <a href="figures/${id}.svg">SVG</a></figcaption>
</figure>
`;

/** Of what, on what, and for how long runs were made. */
export function circumstances(runs: readonly RunResult[]): (readonly [string, Part])[] {
  const each = (of: (environment: RunResult["environment"]) => string): string =>
    listed(unique(runs.map(({ environment }) => of(environment))));
  return [
    [
      "Source",
      each(
        ({ qgen, commit }) =>
          `qgen ${qgen}, ${commit === null ? "outside a repository" : `commit ${commit}`}`,
      ),
    ],
    ["Versions", each(({ node, v8 }) => `Node ${node}, V8 ${v8}`)],
    [
      "Backend",
      each(
        ({ device: { backend, requested, renderer, software, threads } }) =>
          `${backend}${renderer ? ` on ${renderer}${software ? ", software" : ""}` : ""} (asked for: ${requested}), ${count(threads, "thread")}`,
      ),
    ],
    ["Machine", each(({ cpu, memoryGB, platform }) => `${cpu}, ${memoryGB} GB, ${platform}`)],
    [
      "Time",
      `${duration(runs.reduce((sum, { seconds }) => sum + seconds, 0))} of training and evaluation, all runs added up`,
    ],
  ];
}
