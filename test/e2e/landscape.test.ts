import { appendFileSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { RunResult } from "../../src/experiments/result.ts";
import { qgen, scratch, scratchOfFile, start, tinyRun } from "./qgen.ts";

const runs = scratchOfFile();
/** FP32 and Int2, from the same first weights. */
const folders = (): string[] =>
  ["fp32", "int2"].map((name) => join(runs, readdirSync(runs).find((id) => id.includes(`_${name}_`))!));
const args = (out: string, ...more: string[]): string[] => [
  "landscape",
  ...folders().toReversed(),
  "--grid",
  "5",
  "--on",
  "both",
  "--out",
  out,
  ...more,
];
/** Every file of a folder, by name. */
const contentsOf = (out: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(out, { recursive: true, encoding: "utf8" })
      .filter((name) => /\.\w+$/.test(name))
      .sort()
      .map((name) => [name, readFileSync(join(out, name), "base64")]),
  );
/** The points of the first surface of that kind. */
const pointsIn = (out: string, on: string): { j: number; loss: number }[] => {
  const name = readdirSync(join(out, "points")).find((name) => name.includes(`.${on}.`))!;
  const lines = readFileSync(join(out, "points", name), "utf8")
    .trimEnd()
    .split("\n");
  return lines.slice(1).map((line) => JSON.parse(line));
};
interface Numbers {
  readonly command: string;
  readonly words: readonly string[];
  readonly surfaces: readonly {
    readonly label: string;
    readonly on: string;
    readonly points: string;
    readonly shape: { readonly center: number; readonly highest: number };
    readonly clipped: { readonly corners: number } | null;
  }[];
}

beforeAll(async () => {
  for (const bits of ["32", "2"])
    expect(
      await qgen("train", ...tinyRun, "--train", "128", "--epochs", "2", "--bits", bits, "--out", runs),
    ).toMatchObject({
      code: 0,
    });
}, 60_000);

describe("qgen landscape", () => {
  test("draws Figure 2, once more computes nothing, and killed twice and cut short ends with the same bytes", {
    timeout: 120_000,
  }, async () => {
    const [whole, cut] = [scratch(), scratch()];
    const first = await qgen(...args(whole, "--json"));
    expect(first).toMatchObject({ code: 0 });
    const before = contentsOf(whole);
    const kinds = ["contours", "profiles", "surfaces"].flatMap((kind) => [
      `${kind}-dequantized`,
      `${kind}-latent`,
    ]);
    expect(Object.keys(before).filter((name) => !name.startsWith("points"))).toEqual([
      ...kinds.flatMap((kind) => [`figures/${kind}.png`, `figures/${kind}.svg`]),
      "landscape.html",
      "landscape.json",
    ]);
    const numbers = JSON.parse(first.stdout) as Numbers;
    expect(first.stdout).toBe(readFileSync(join(whole, "landscape.json"), "utf8"));
    expect(numbers.surfaces.map(({ label, on }) => [label, on])).toEqual([
      ["FP32", "float"],
      ["Int2", "dequantized"],
      ["Int2", "latent"],
    ]);
    const losses = folders().map(
      (folder) => (JSON.parse(readFileSync(join(folder, "result.json"), "utf8")) as RunResult).train.loss,
    );
    expect(numbers.surfaces.map(({ shape }) => shape.center)).toEqual([losses[0], losses[1], losses[1]]);
    for (const { points, shape, clipped, on } of numbers.surfaces) {
      const lines = readFileSync(join(whole, points), "utf8").trimEnd().split("\n");
      expect(lines).toHaveLength(26);
      const all = lines.slice(1).map((line) => (JSON.parse(line) as { loss: number }).loss);
      expect(shape.highest).toBe(Math.max(...all));
      expect(clipped !== null).toBe(on === "latent");
    }
    for (const png of kinds.map((kind) => readFileSync(join(whole, `figures/${kind}.png`))))
      expect([png.subarray(1, 4).toString(), png.readUInt32BE(16) > 1000]).toEqual(["PNG", true]);

    const again = await qgen(...args(whole));
    expect(again.code).toBe(0);
    expect(again.stdout.trimEnd().split("\n")).toEqual(numbers.words);
    expect(again.stderr.match(/: 0 points computed, 25 known/g)).toHaveLength(3);
    expect(contentsOf(whole)).toEqual(before);

    // A line is the middle column of the plane, to the bit.
    const line = scratch();
    expect(await qgen(...args(line, "--axes", "1"))).toMatchObject({ code: 0 });
    const drawn = Object.keys(contentsOf(line)).filter((name) => name.startsWith("figures"));
    expect(drawn).toEqual(
      ["dequantized", "latent"].flatMap((on) => [`figures/profiles-${on}.png`, `figures/profiles-${on}.svg`]),
    );
    for (const on of ["float", "dequantized", "latent"]) {
      const lossesIn = (out: string, j: number): number[] =>
        pointsIn(out, on)
          .filter((point) => point.j === j)
          .map(({ loss }) => loss);
      expect(lossesIn(line, 0)).toHaveLength(5);
      expect(lossesIn(line, 0)).toEqual(lossesIn(whole, 2));
    }

    for (const [signal, known] of [
      ["SIGKILL", 8],
      ["SIGINT", 30],
    ] as const) {
      const { child, done } = start(args(cut, "--json"));
      const points = join(cut, "points");
      const lines = (): number =>
        (existsSync(points) ? readdirSync(points) : [])
          // A file that is being written has another name, and is gone in a moment.
          .filter((name) => name.endsWith(".jsonl"))
          .map((name) => readFileSync(join(points, name), "utf8").split("\n").length - 2)
          .reduce((a, b) => a + Math.max(b, 0), 0);
      while (lines() < known && child.exitCode === null) await new Promise((r) => setTimeout(r, 3));
      child.kill(signal);
      const stopped = await done;
      expect(existsSync(join(cut, "landscape.json")), "stopped before the end").toBe(false);
      if (signal === "SIGINT") {
        expect(stopped.code).toBe(130);
        expect(stopped.stderr).toMatch(
          /\d+ points of this surface are saved in .*give the same command again/,
        );
      }
    }
    // A crash may cut a line short.
    const last = readdirSync(join(cut, "points")).find((name) => /\.dequantized\..*\.jsonl$/.test(name))!;
    appendFileSync(join(cut, "points", last), '{"i":4,"j":3,"a":1,"b":0.');
    const resumed = await qgen(...args(cut, "--json"));
    expect(resumed).toMatchObject({ code: 0, stdout: first.stdout });
    expect(resumed.stderr).toMatch(/surface 1\/3, FP32: 0 points computed, 25 known/);
    expect(contentsOf(cut)).toEqual(before);
  });

  test("what cannot be drawn is a sentence", { timeout: 60_000 }, async () => {
    const out = scratch();
    const cases: [args: string[], code: number, sentence: RegExp][] = [
      [[runs], 2, /qgen: .* is not the folder of a run: there is no .*config\.json/],
      [[folders()[0]!, "--grid", "4"], 2, /qgen: --grid 4 .*odd number of points a side, at least 3.* got 4/],
      [[folders()[0]!, "--on", "both weights"], 2, /Allowed choices are dequantized, latent, both/],
      [[folders()[0]!, "--images", "1000"], 2, /qgen: --images 1000: the run in .* trained with 128 images/],
      [[], 2, /missing required argument 'run'/],
    ];
    const finished = await Promise.all(cases.map(([more]) => qgen("landscape", ...more, "--out", out)));
    finished.forEach(({ code, stdout, stderr }, k) => {
      expect({ code, stdout }).toEqual({ code: cases[k]![1], stdout: "" });
      expect(stderr).toMatch(cases[k]![2]);
      expect(stderr).not.toContain("    at ");
    });
    expect(readdirSync(out)).toEqual([]);
  });
});
