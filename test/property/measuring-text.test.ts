import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { searchesAlt, searchSteps } from "../../src/experiments/measuring/figure.ts";
import type { MeasuredRun } from "../../src/experiments/measuring/measure.ts";
import type { Radii, Radius } from "../../src/experiments/measuring/radii.ts";
import { settingsSchema } from "../../src/experiments/measuring/settings.ts";
import { type Labelled, measuresText, notesOf, radiusText } from "../../src/experiments/measuring/text.ts";
import type { MeasuredValue } from "../../src/experiments/measuring/values.ts";
import { searchesDrawing, writeMeasures } from "../../src/experiments/measuring/write.ts";
import type { SearchResult, Step } from "../../src/measures/search/bisect.ts";
import { cellsOf, named, parseMarkup, textOf } from "./report-markup.ts";

const step = (radius: number, verdict: Step["verdict"], low: number, high = low): Step => ({
  radius,
  verdict,
  displacement: { low, high },
  decidedAfter: 32,
  of: 64,
  decidedBy: null,
});
const trace = [step(1, "smaller", 0.3, 0.9), step(0.5, "larger", 0, 0.05), step(0.75, "stop", 0.101)];
const found = (radius: number, saturated: "low" | "high" | null = null): SearchResult => ({
  radius,
  iterations: trace.length,
  displacement: { low: 0.1, high: 0.1 },
  saturatedLow: saturated === "low",
  saturatedHigh: saturated === "high",
  trace,
});
const value = (id: string, equation: string | null, value: number | null, note: string | null = null) =>
  ({ id, name: `the ${id}`, equation, source: "somewhere", raw: value, value, note }) satisfies MeasuredValue;

const weak = { reason: "PAC-Bayes radius: the accuracy is 5 %" };
const worse = { reason: "sharpness radius: the accuracy is 5 %" };
const infinite = "infinite, since there is no margin";
const measuresOf = (bound: number | null, note: string | null): MeasuredValue[] => [
  value("bound", "QGen.eq.15", bound, note),
  value("margin", null, null, infinite),
  value("margin_too", null, null, infinite),
  value("l2", null, 1234567),
];
function labelled(
  label: string,
  radii: Radii,
  measures: readonly MeasuredValue[],
  displacement = "drop",
): Labelled {
  const measured: MeasuredRun = {
    run: `run of ${label}`,
    settings: settingsSchema.parse({ target: 0.2, displacement }),
    images: 64,
    radii,
    measures,
    seconds: 1,
    environment: {} as MeasuredRun["environment"],
  };
  return { label, bits: 32, measured };
}
const radii = (sigma: Radius, sigmaPrime: Radius, alpha: Radius, alphaPrime: Radius): Radii => ({
  sigma,
  sigmaPrime,
  alpha,
  alphaPrime,
});
const two = [
  labelled(
    "FP32",
    radii(found(0.75), found(1.996, "high"), found(0.002, "low"), found(0.5)),
    measuresOf(7.216, null),
  ),
  labelled("Int2 <b>", radii(weak, weak, worse, worse), measuresOf(null, weak.reason)),
];
const third = { ...two[0]!, label: "Int4" };
const none = [two[1]!];

describe("measures as characters", () => {
  test("have a row for each radius and each measure, and columns that end together", () => {
    const lines = measuresText(two).split("\n");
    expect(lines.map((line) => line.split(/ {2,}/))).toEqual([
      ["", "FP32", "Int2 <b>"],
      ["radius σ", "0.7500", "–"],
      ["radius σ'", ">1.9960", "–"],
      ["radius α", "<0.0020", "–"],
      ["radius α'", "0.5000", "–"],
      ["the bound (eq. 15)", "7.22", "–"],
      ["the margin", "–", "–"],
      ["the margin_too", "–", "–"],
      ["the l2", "1.2 × 10⁶", "1.2 × 10⁶"],
    ]);
    expect(new Set(lines.map(({ length }) => length)).size).toBe(1);
  });

  test("show on which side of its end a search ran out", () => {
    expect([found(1), found(1, "low"), found(1, "high"), weak].map(radiusText)).toEqual([
      "1.0000",
      "<1.0000",
      ">1.0000",
      "–",
    ]);
  });

  test("find a measure by its id, wherever it stands", () => {
    const turned = {
      ...two[0]!,
      measured: { ...two[0]!.measured, measures: measuresOf(7.216, null).toReversed() },
    };
    expect(measuresText([two[0]!, { ...turned, label: "FP32" }])).toBe(measuresText([two[0]!, two[0]!]));
  });
});

describe("notes", () => {
  test("are one sentence for all radii, measures and networks that share it", () => {
    expect(notesOf([two[0]!, third, two[1]!])).toEqual([
      "FP32 and Int4: σ' is above 1.9960, where the search ends",
      "FP32 and Int4: α is below 0.0020, the smallest that was tried",
      `FP32, Int4 and Int2 <b>: margin and margin_too: ${infinite}`,
      "Int2 <b>: no σ and σ': PAC-Bayes radius: the accuracy is 5 %",
      "Int2 <b>: no α and α': sharpness radius: the accuracy is 5 %",
    ]);
  });

  test("are none where nothing is out of the ordinary", () => {
    const all = found(0.5);
    expect(notesOf([labelled("FP32", radii(all, all, all, all), [value("l2", null, 1)])])).toEqual([]);
  });
});

describe("the figure of the searches", () => {
  test("has every step at its radius, the bounds of its drop, and a mark at what is certain", () => {
    const { data } = searchSteps(two, 0.2);
    const { values } = data as { values: Record<string, unknown>[] };
    expect(values).toHaveLength(4 * trace.length);
    expect(values.slice(0, 3)).toEqual(
      [
        { radius: 1, low: 0.3, high: 0.9, drop: 0.3, step: 1, last: false },
        { radius: 0.5, low: 0, high: 0.05, drop: 0.05, step: 2, last: false },
        { radius: 0.75, low: 0.101, high: 0.101, drop: 0.101, step: 3, last: true },
      ].map((row) => ({ network: "FP32", search: "Gaussian noise, σ", ...row })),
    );
    expect(JSON.stringify(searchSteps(two, 0.2))).toContain('"y":{"datum":0.2');
  });

  test("says in words where the searches end, and what was looked for", () => {
    expect(searchesAlt(two)).toBe(
      "Radii that were tried, with the drop of accuracy at each: FP32 ends at σ = 0.75, σ' = 1.996, α = 0.002, α' = 0.5; Int2 <b> has none.",
    );
    const { radii, measures } = two[0]!.measured;
    const error = [labelled("FP32", radii, measures, "error")];
    expect(searchesAlt(error)).toContain("with the error at each");
    expect(searchesDrawing(error).caption).toContain("above it, the error on the training images there");
    expect(searchesDrawing(two).caption).toContain("by how much the accuracy on the training images drops");
  });
});

describe("what is written", () => {
  const out = mkdtempSync(join(tmpdir(), "qgen-"));
  afterAll(() => rmSync(out, { recursive: true, force: true }));
  const text = (name: string): string => readFileSync(join(out, name), "utf8");

  test("has the ranking of a pool, as a table and as a file", async () => {
    const ranked = [
      {
        measure: "sharpness",
        runs: 2,
        axes: ["bits"],
        tau: 1,
        granulated: 0.5,
        information: null,
        meanError: 0.25,
        worstError: 0.75,
      },
    ];
    await writeMeasures(two, ranked, out);
    expect(text("ranking.csv").split("\n")[1]).toBe("sharpness,2,1,0.5,,0.25,0.75");
    expect(text("measures.html")).toMatch(/sharpness<\/th><td>1\.00<\/td><td>0\.50<\/td><td>–<\/td>/);
  });

  test("is the numbers, the figure and a page with both; the same numbers give the same bytes", async () => {
    const { html, json } = await writeMeasures(two, [], out);
    expect(readdirSync(out).sort()).toEqual([
      "measures.html",
      "measures.json",
      "ranking.csv",
      "searches.svg",
    ]);
    expect([text("measures.json"), html]).toEqual([json, join(out, "measures.html")]);
    expect(JSON.parse(json)).toEqual({ title: "Generalization measures", runs: two, ranking: [] });
    expect(text("searches.svg")).toContain(
      `aria-label="${searchesAlt(two).replace("<b>", "&lt;b&gt;").replaceAll("'", "&#39;")}"`,
    );
    const page = parseMarkup(text("measures.html"));
    expect(named(page, "table").map((table) => cellsOf(table))).toEqual([
      [
        ["radius", "FP32", "Int2 <b>"],
        ["σ", "0.7500", "–"],
        ["σ'", ">1.9960", "–"],
        ["α", "<0.0020", "–"],
        ["α'", "0.5000", "–"],
      ],
      [
        ["measure", "from", "FP32", "Int2 <b>"],
        ["the bound", "eq. 15", "7.22", "–"],
        ["the margin", "somewhere", "–", "–"],
        ["the margin_too", "somewhere", "–", "–"],
        ["the l2", "somewhere", "1.2 × 10⁶", "1.2 × 10⁶"],
      ],
    ]);
    expect(named(page, "li").map((note) => textOf(note).trim())).toEqual(notesOf(two));
    const before = [text("measures.html"), text("searches.svg")];
    await writeMeasures(two, [], out);
    expect([text("measures.html"), text("searches.svg")]).toEqual(before);
  });

  test("is also there where no network has a radius", async () => {
    await writeMeasures(none, [], out);
    expect(text("searches.svg")).toMatch(/^<svg /);
    expect(text("measures.html")).toContain("Int2 &lt;b&gt; has none");
  });
});
