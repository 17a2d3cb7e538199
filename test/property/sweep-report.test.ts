import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { recipeText } from "../../src/experiments/claims/document.ts";
import { evidenceIn } from "../../src/experiments/claims/evidence.ts";
import { writeAtomic } from "../../src/experiments/files.ts";
import { settingsSchema } from "../../src/experiments/measuring/settings.ts";
import { referenceFor } from "../../src/experiments/report/reference.ts";
import { sweepFolder } from "../../src/experiments/sweep/folder.ts";
import { measuredIn, poolRanking } from "../../src/experiments/sweep/measured.ts";
import { aggregateOf, poolOf as tableOf } from "../../src/experiments/sweep/pool.ts";
import { differencesIn, marginals } from "../../src/experiments/sweep/report/settings.ts";
import { writePool } from "../../src/experiments/sweep/report/write.ts";
import { scratch } from "../e2e/qgen.ts";
import { verifies } from "../spec.ts";
import { cellsOf, named, parseMarkup, textOf } from "./report-markup.ts";
import { measuredAs } from "./report-measured.ts";
import { expectSound } from "./report-sound.ts";
import { type Change, poolOf, small, usual } from "./sweep-runs.ts";

const mixed: Change = (config) => {
  if (config.bits === 2 && config.lr === 0.1) return { state: "failed", reason: 'its worker died <"&' };
  if (config.bits === 4 && config.lr === 0.05) return { state: "open" };
  return usual(config);
};

describe("which settings differ how", () => {
  test("is the mean over the settings with one value: what they were made of comes back", () => {
    const rows = marginals(aggregateOf(poolOf(small, usual))!);
    const of = (value: string, metric: string) =>
      rows.find((row) => row.precision === "Int2" && row.value === value && row.metric === metric)!;
    expect(of("SGD", "trainLoss").mean).toBeCloseTo(0.3, 12);
    expect(of("Adam", "trainLoss").mean).toBeCloseTo(0.1, 12);
    expect(of("SGD", "testLoss").mean).toBeCloseTo(0.15, 12);
    expect(of("SGD 0.05", "gap").mean).toBeCloseTo(-0.15, 12);
    expect([of("SGD", "gap").settings, of("SGD 0.05", "gap").settings]).toEqual([8, 4]);
    // Half of the settings of each decay are SGD's.
    expect(of("decay 0", "trainLoss").mean).toBeCloseTo(0.2, 12);
    expect(new Set(rows.map(({ axis }) => axis)), "there is one depth").toEqual(
      new Set(["optimizer", "rate", "decay", "width"]),
    );
  });

  test("counts only settings that are complete at both precisions", () => {
    const differences = differencesIn(aggregateOf(poolOf(small, mixed))!);
    const of = (name: string) => differences.filter(({ precision }) => precision === name).length;
    expect([of("Int8"), of("Int4"), of("Int2")]).toEqual([16, 12, 12]);
  });
});

describe("the report of a pool", () => {
  const written = async (change: Change) => {
    const directory = join(scratch(), "pool");
    const rows = poolOf(small, change);
    await writePool(directory, rows, small);
    const read = (name: string): string => readFileSync(join(directory, name), "utf8");
    // The script is no part of what the strict reader reads.
    const page = read("report.html").replace(/<script>.*?<\/script>\n?/s, "");
    const hrefs = [...page.matchAll(/href="([^"#]+)"/g)].map(([, href]) => href!);
    return { directory, rows, read, page, root: parseMarkup(page), hrefs };
  };

  test("is well-formed, links to what is there, and needs nothing else", { timeout: 60_000 }, async () => {
    const { root, hrefs, directory, page, read } = await written(mixed);
    expectSound(root, hrefs);
    expect(hrefs.filter((href) => !existsSync(join(directory, href)))).toEqual([]);
    expect(page).not.toMatch(/undefined|NaN(?!<)|\[object|Infinity|>null/);
    expect(read("report.html")).not.toMatch(/https?:\/\/(?!www\.w3\.org)/);
  });

  verifies(
    "QGen.tab.1",
    "has on the page of a pool the mean, the median and the paper's number of each cell",
    async () => {
      const { root, rows } = await written(usual);
      const table = named(root, "table").find((one) => textOf(named(one, "caption")[0]!) === "Table 1")!;
      const lines = cellsOf(table).map((row) => row.map(textOf));
      const { cells } = tableOf(rows).rows.find(({ bits }) => bits === 2)!;
      const printed = referenceFor("cifar10").table1.find(({ precision }) => precision === "Int2")!;
      const at = lines.findIndex(([name]) => name === "Int2");
      expect(lines[at]!.at(-1)).toContain(cells!.gap.mean.toFixed(3));
      expect(lines[at]!.at(-1)).toContain(`${cells!.gap.low!.toFixed(3)} to ${cells!.gap.high!.toFixed(3)}`);
      expect(lines[at + 1]!.at(-1)).toBe(cells!.gap.median.toFixed(3));
      expect(lines[at + 2]!.at(-1)).toBe(printed.generalization_gap.toFixed(3));
    },
  );

  test("says what is open, and what has failed and why", { timeout: 60_000 }, async () => {
    const { root } = await written(mixed);
    expect(textOf(root)).toContain("4 runs of 64 are still to be done, and 4 runs could not be completed");
    const table = named(root, "table").find((one) => textOf(named(one, "caption")[0]!).startsWith("4 runs"))!;
    expect(cellsOf(table).at(-1)!.map(textOf)).toEqual([
      "Int2",
      "SGD 0.1, decay 0.0001, depth 2, width 2",
      "failed",
      'its worker died <"&',
    ]);
  });

  test("names the setting of each dot, by which a page shows it in all drawings", {
    timeout: 60_000,
  }, async () => {
    const { root } = await written(usual);
    const labels = named(root, "svg").map((svg) =>
      [...named(svg, "path")].flatMap(({ attributes }) => attributes.get("aria-label") ?? []),
    );
    const setting = "Adam 0.0005, decay 0, depth 2, width 1: Int2";
    const about = `${setting} less FP32, training loss +0.100, test loss +0.050, gap −0.050`;
    // Three panels of differences, one of what they are made of, two of curves.
    expect(labels.map((all) => all.filter((label) => label.startsWith(setting)).length)).toEqual([
      3, 1, 2, 0,
    ]);
    expect(labels[1]).toContain(about);
  });

  test("is evidence for the paper's claims, and says so of settings", { timeout: 60_000 }, async () => {
    const { directory } = await written(usual);
    const [pool] = evidenceIn(join(directory, ".."));
    expect(pool!.claims.find(({ id }) => id === "training-loss")).toMatchObject({ verdict: "holds" });
    expect(pool!.claims.find(({ id }) => id === "gap")!.says[0]).toMatch(/16 settings/);
    expect([pool!.settings, recipeText(pool!)]).toEqual([
      16,
      "16 settings of NiN 2 deep and 1 and 2 wide, 5,000 images of CIFAR-10, 3 epochs, one seed, FP32, Int8, Int4 and Int2",
    ]);
    expect(pool!.recipe.model).toBe("NiN 2 deep and 1 and 2 wide");
  });

  test("gives the same bytes for the same results", { timeout: 60_000 }, async () => {
    const [a, b] = [await written(usual), await written(usual)];
    for (const name of ["report.html", "summary.json", "figures/paired.svg", "tables/by-setting.csv"])
      expect(a.read(name)).toBe(b.read(name));
  });

  test("is a page, too, before any run has ended", async () => {
    const { root, hrefs, directory } = await written(() => ({ state: "open" }));
    expectSound(root, hrefs);
    expect(textOf(root)).toContain("No run has ended yet.");
    expect(existsSync(join(directory, "summary.json"))).toBe(false);
  });
});

describe("the measures of a pool", () => {
  /** Each run measured: most by the gap itself, whose order is then known. */
  const rows = poolOf(small, usual);
  const results = rows.flatMap(({ state }) => (state.state === "done" ? [state.result] : []));
  const byGap = new Map(results.map((run) => [run.id, measuredAs(run, run.gap)]));
  const byBits = new Map(results.map((run) => [run.id, measuredAs(run, 10 + run.config.bits)]));
  const all = aggregateOf(rows)!;

  test("are ranked over all runs and within each precision: what follows the bits alone tells nothing there", () => {
    const tauOf = (measured: typeof byGap, over: string) => {
      const { ranked } = poolRanking(all, measured).find((ranking) => ranking.over === over)!;
      return ranked.find(({ measure }) => measure === "measure 0")?.granulated ?? null;
    };
    expect(poolRanking(all, byGap).map(({ over }) => over)).toEqual(["all", "FP32", "Int8", "Int4", "Int2"]);
    expect([tauOf(byGap, "Int2"), tauOf(byGap, "all")]).toEqual([1, 1]);
    expect(tauOf(byBits, "all")!).toBeGreaterThan(0);
    expect(tauOf(byBits, "Int2")).toBe(0);
  });

  test("are those of one kind of settings: that which most runs have", () => {
    const folder = sweepFolder(scratch());
    const keep = (run: (typeof results)[number], name: string, images: number) => {
      const measured = { ...measuredAs(run, 1), settings: settingsSchema.parse({ images }) };
      writeAtomic(join(folder.runs, run.id, "measures", name), JSON.stringify(measured));
    };
    for (const run of results.slice(0, 3)) keep(run, "a.json", 100);
    for (const run of results.slice(0, 5)) keep(run, "b.json", 200);
    writeAtomic(join(folder.runs, results[7]!.id, "measures/c.json"), '{"run":');
    // A file of another run is none of this one.
    keep({ ...results[1]!, id: results[8]!.id }, "d.json", 200);
    writeAtomic(
      join(folder.runs, results[9]!.id, "measures/e.json"),
      JSON.stringify({ ...measuredAs(results[1]!, 1), settings: settingsSchema.parse({ images: 200 }) }),
    );
    const measured = measuredIn(folder, rows);
    expect([...measured.keys()].sort()).toEqual(
      [...results.slice(0, 5), results[8]!].map(({ id }) => id).sort(),
    );
    expect([...measured.values()].every(({ settings }) => settings.images === 200)).toBe(true);
    expect(measuredIn(sweepFolder(scratch()), rows).size).toBe(0);
  });

  test("are on the page, in the tables and in the summary", { timeout: 60_000 }, async () => {
    const directory = join(scratch(), "pool");
    await writePool(directory, rows, small, byGap);
    const read = (name: string): string => readFileSync(join(directory, name), "utf8");
    const page = read("report.html").replace(/<script>.*?<\/script>\n?/s, "");
    const root = parseMarkup(page);
    expectSound(
      root,
      [...page.matchAll(/href="([^"#]+)"/g)].map(([, href]) => href!),
    );
    const captions = named(root, "caption").map(textOf);
    for (const caption of ["Table 3", "Hypothesis 1", "Granulated τ within each precision"])
      expect(captions).toContain(caption);
    expect(textOf(root)).toContain("paired by setting");
    expect(read("tables/measures.csv").trim().split("\n").length).toBe(1 + 64);
    expect(read("tables/ranking.csv")).toMatch(/^Int2,measure 0,16,/m);
    const [evidence] = evidenceIn(join(directory, ".."));
    expect(evidence!.claims.find(({ id }) => id === "h1-pacbayes_mag_init")!.says[0]).toMatch(
      /at or below FP32 in 16 of 16 settings/,
    );
    expect(evidence!.h1!.length).toBe(8);
  });
});
