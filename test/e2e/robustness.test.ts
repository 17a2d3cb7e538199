import { spawnSync } from "node:child_process";
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { decodeNpy } from "../../src/experiments/data/npy.ts";
import type { RobustRun } from "../../src/experiments/robustness/measure.ts";
import type { RobustTable } from "../../src/experiments/robustness/table.ts";
import { qgen, scratch, scratchOfFile, start, tinyRun } from "./qgen.ts";

const runs = scratchOfFile();
const foldersIn = (of: string): string[] =>
  ["fp32", "int2"].map((name) => join(of, readdirSync(of).find((id) => id.includes(`_${name}_`))!));
const few = ["--corruptions", "contrast,shot_noise", "--severities", "1,5", "--images", "24"];
const args = (of: string, out: string, ...more: string[]): string[] => [
  "robustness",
  ...foldersIn(of).toReversed(),
  ...few,
  "--out",
  out,
  ...more,
];
const numbersOf = (json: string) => JSON.parse(json) as { tables: RobustTable[]; runs: RobustRun[] };
/** Files of the journals, and lines in them. */
const lines = (of: string): number =>
  foldersIn(of)
    .map((folder) => join(folder, "robustness"))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
    .filter((name) => name.endsWith(".jsonl"))
    .reduce((sum, name) => sum + readFileSync(name, "utf8").split("\n").length - 2, 0);

beforeAll(async () => {
  for (const bits of ["32", "2"]) {
    const { code } = await qgen("train", ...tinyRun, "--epochs", "2", "--bits", bits, "--out", runs);
    expect(code).toBe(0);
  }
}, 60_000);

describe("qgen robustness", () => {
  test("is a table and numbers; corrupted images are made once; stopped, it ends with the same numbers", {
    timeout: 120_000,
  }, async () => {
    const [cut, out] = [scratch(), scratch()];
    for (const folder of foldersIn(runs))
      cpSync(folder, join(cut, folder.slice(runs.length)), { recursive: true });

    const first = await qgen(...args(runs, out, "--json"));
    expect(first).toMatchObject({ code: 0 });
    expect(first.stdout).toBe(readFileSync(join(out, "robustness.json"), "utf8"));
    const { tables, runs: tested } = numbersOf(first.stdout);
    expect(tables).toHaveLength(1);
    expect(tables[0]!.precisions.map(({ name, cells }) => [name, cells.length])).toEqual([
      ["FP32", 4],
      ["Int2", 4],
    ]);
    expect(tables[0]!.source).toBe(
      "the first 24 test images of synthetic, corrupted here with the constants of CIFAR-10-C",
    );
    for (const { train, cells } of tested)
      for (const { gap, loss } of cells) expect(gap).toBeCloseTo(loss - train.loss, 12);
    const [cache] = readdirSync(join(runs, ".corrupted"));
    const folder = join(runs, ".corrupted", cache!);
    expect(readdirSync(folder).sort()).toEqual([
      "contrast.npy",
      "corruptions.json",
      "labels.npy",
      "shot_noise.npy",
    ]);
    expect(readFileSync(join(out, "robustness.csv"), "utf8").split("\n")).toHaveLength(1 + 8 + 1);

    // Once more: nothing is evaluated, and the times are those of the first.
    const again = await qgen(...args(runs, out));
    expect(again.code).toBe(0);
    expect(again.stdout).toMatch(/^nin:2x1 on synthetic: the first 24 test images/);
    expect(again.stdout).toMatch(/^contrast +\S+ +\S+$/m);
    expect(readFileSync(join(out, "robustness.json"), "utf8")).toBe(first.stdout);

    // The same images from a folder give the same numbers.
    const lasting = (json: string) =>
      numbersOf(json).runs.map(({ seconds: _, source: __, environment: ___, ...rest }) => rest);
    const from = await qgen(...args(runs, scratch(), "--json", "--from", folder));
    expect(from).toMatchObject({ code: 0 });
    expect(lasting(from.stdout)).toEqual(lasting(first.stdout));

    const { child, done } = start(args(cut, out));
    while (lines(cut) < 3 && child.exitCode === null) await new Promise((r) => setTimeout(r, 2));
    child.kill("SIGINT");
    const stopped = await done;
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toMatch(
      /stopped; every corruption that is done is saved in .*\.cells\.jsonl\. To go on, give the same command again/,
    );
    const known = lines(cut);
    expect(known).toBeLessThan(10);
    const resumed = await qgen(...args(cut, out, "--json"));
    expect(resumed.code).toBe(0);
    expect(lasting(resumed.stdout)).toEqual(lasting(first.stdout));
    expect(lines(cut)).toBe(10);
  });

  test("what cannot be done is a sentence", { timeout: 60_000 }, async () => {
    const out = scratch();
    const cases: [more: string[], code: number, sentence: RegExp][] = [
      [["--severities", "0"], 2, /--severities 0: expected numbers from 1 to 5/],
      [["--images", "65"], 2, /--images 65: the run in .* was tested with 64 images, and no more are taken/],
      [
        ["--from", out],
        1,
        /expected corrupted images in .*, as CIFAR-10-C and CIFAR-100-C have them, but there is no .*labels\.npy/,
      ],
      [["--glass", "break"], 2, /'--glass <how>' argument 'break' is invalid/],
    ];
    for (const [more, code, sentence] of cases) {
      const found = await qgen(...args(runs, out, ...more));
      expect([found.code, found.stdout], found.stderr).toEqual([code, ""]);
      expect(found.stderr).toMatch(sentence);
    }
  });
});

describe("qgen corrupt", () => {
  const corrupt = ["corrupt", "--data", "synthetic", "--images", "40", "--corruptions", "fog,saturate"];

  test("writes what it says, draws a sheet, goes on after Ctrl-C, and says when the disk is full", {
    timeout: 60_000,
  }, async () => {
    const [out, cut] = [scratch(), scratch()];
    const sheet = join(out, "sheet.png");
    const done = await qgen(...corrupt, "--out", join(out, "c"), "--sheet", sheet);
    expect(done).toMatchObject({ code: 0 });
    expect(done.stdout).toBe(`${sheet}\n2 files of 200 images made in ${join(out, "c")}\n`);
    expect(readFileSync(sheet).subarray(1, 4).toString()).toBe("PNG");
    const bytes = readFileSync(join(out, "c", "fog.npy"));
    expect(decodeNpy(bytes, "fog").shape).toEqual([200, 32, 32, 3]);

    const slow = [
      "corrupt",
      "--data",
      "synthetic",
      "--images",
      "1000",
      "--corruptions",
      "fog,snow",
      "--out",
      cut,
    ];
    const { child, done: stopped } = start(slow);
    while (!existsSync(join(cut, "fog.npy")) && child.exitCode === null)
      await new Promise((r) => setTimeout(r, 5));
    child.kill("SIGINT");
    expect(await stopped).toMatchObject({ code: 130, stdout: "" });
    expect(readdirSync(cut).sort()).toEqual(["corruptions.json", "fog.npy", "labels.npy"]);
    rmSync(cut, { recursive: true });

    const command = `ulimit -f 100; exec "${process.execPath}" bin/qgen.mjs ${corrupt.join(" ")} --out "${cut}"`;
    const full = spawnSync("bash", ["-c", command], { encoding: "utf8" });
    expect(full.status).toBe(1);
    expect(full.stderr).toMatch(/qgen: cannot write .*fog\.npy: the limit on the size of files is reached/);
    expect(readdirSync(cut).sort()).toEqual(["corruptions.json", "labels.npy"]);
    const again = await qgen(...corrupt, "--out", cut);
    expect(again.code).toBe(0);
    expect(readFileSync(join(cut, "fog.npy")).equals(bytes)).toBe(true);
  });

  test("what cannot be done is a sentence", { timeout: 60_000 }, async () => {
    const taken = join(scratch(), "file");
    writeFileSync(taken, "");
    const cases: [args: string[], code: number, sentence: RegExp][] = [
      [[], 2, /expected --out DIR for the images, or --sheet FILE/],
      [["--out", taken], 1, /cannot write .*: a file has the name of its folder/],
    ];
    for (const [more, code, sentence] of cases) {
      const found = await qgen(...corrupt, ...more);
      expect([found.code, found.stdout], found.stderr).toEqual([code, ""]);
      expect(found.stderr).toMatch(sentence);
    }
  });
});
