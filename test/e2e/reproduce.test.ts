import type { ChildProcess } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { RunResult } from "../../src/experiments/result.ts";
import { type Finished, qgen, scratch, start } from "./qgen.ts";
import { childrenOf, sleep } from "./sweep-tools.ts";

/** Where a report and its runs go. */
interface Places {
  readonly out: string;
  readonly runs: string;
}
const places = (): Places => ({ out: scratch(), runs: scratch() });
const args = ({ out, runs }: Places, ...more: string[]): string[] => [
  "reproduce",
  "--scale",
  "smoke",
  "--data",
  "synthetic",
  "--out",
  out,
  "--runs",
  runs,
  ...more,
];
const read = ({ out }: Places, name: string): string => readFileSync(join(out, name), "utf8");

interface Summary {
  readonly command: string;
  readonly seeds: readonly number[];
  readonly precisions: readonly {
    readonly name: string;
    readonly gap: { readonly n: number; readonly mean: number };
  }[];
  readonly runs: readonly RunResult[];
}
const summaryOf = (json: string): Summary => JSON.parse(json) as Summary;
/** Of training and its tables only: seconds instead of half a minute. */
const trainingOnly = ["--no-measures", "--no-landscape", "--no-corrupted"];
/** Resolves when a command has said this. */
async function said({ stderr }: ChildProcess, words: string): Promise<void> {
  let all = "";
  stderr!.on("data", (text) => {
    all += text;
  });
  while (!all.includes(words)) await sleep(5);
}

const quick = (here: Places, ...more: string[]): string[] => args(here, ...trainingOnly, ...more);

const precisions = ["FP32", "Int8", "Int4", "Int2"];
/** What the runs were, wall time aside. */
const results = (summary: Summary) => summary.runs.map(({ seconds: _, environment: __, ...rest }) => rest);

describe("qgen reproduce", () => {
  test("prints Tables 1, 3 and 5, says how far it is, and leaves a report; once more, it only writes the report", {
    timeout: 240_000,
  }, async () => {
    const here = places();
    const { code, stdout, stderr } = await qgen(...args(here));
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const [table1, table3] = stdout.split("\n\n").map((table) =>
      table
        .trimEnd()
        .split("\n")
        .map((line) => line.trim().split(/ {2,}/)),
    );
    expect(table1![0]).toEqual(["Train acc., %", "Test acc., %", "Train loss", "Test loss", "Gap"]);
    expect(table1!.slice(1).map((row) => row.slice(0, row.length - 5))).toEqual(
      precisions.flatMap((name) => [[name, "here"], ["paper"]]),
    );
    expect(table3!.slice(1).map((row) => row.slice(0, row.length - 8))).toEqual(
      precisions.flatMap((name) => [[name, "here"], ["paper (4x10)"], ["paper (4x12)"]]),
    );
    expect(stderr).toMatch(
      /^8 runs of nin:2x1 on synthetic, .* 256 training and .*; 12 of resnet18:w4, mobilenetv1:w8, vgg19:w4 on synthetic, .* 64 training and .*\(simd\b.*\)\n/,
    );
    for (let i = 0; i < 8; i++)
      expect(stderr).toMatch(
        new RegExp(
          `^run ${i + 1}/20, ${precisions[i % 4]} seed ${Math.floor(i / 4)}: train \\d\\.\\d{3}, test`,
          "m",
        ),
      );
    expect(stderr).toMatch(/^run 20\/20, vgg19:w4 Int2 seed 0: train \d\.\d{3}, test/m);
    expect(stderr).toMatch(/^measures 8\/8, Int2 seed 1: σ .*, σ' .*, α .*, α' /m);
    expect(stderr).toMatch(/^surface 7\/7, Int2 latent: 9 points computed/m);
    expect(stderr.trimEnd().split("\n").at(-1)).toBe(`report: ${join(here.out, "report.html")}`);

    const everything = readdirSync(here.out, { recursive: true, encoding: "utf8" }).sort();
    const files = everything.filter((name) => !name.startsWith("landscape"));
    expect(everything).toContain("landscape/landscape.html");
    expect(files).toEqual(
      [
        "figure-1.csv",
        "figures",
        ...["figure-1", "figure-2-dequantized", "figure-2-latent"].map((id) => `figures/${id}.svg`),
        ...["gap-and-loss", "gaps", "losses", "searches"].map((id) => `figures/${id}.svg`),
        ...["measures.csv", "ranking.csv", "report.html", "runs.csv", "summary.json"],
        ...["table-1.csv", "table-2.csv", "table-3.csv", "table-4.csv", "table-5.csv"],
      ].sort(),
    );
    const before = Object.fromEntries(
      files.filter((name) => name.includes(".")).map((name) => [name, read(here, name)]),
    );
    const summary = summaryOf(read(here, "summary.json"));
    expect(summary.command).toBe("qgen reproduce --scale smoke --data synthetic");
    expect(summary.precisions.map(({ name, gap: { n } }) => [name, n])).toEqual(
      precisions.map((name) => [name, 2]),
    );
    // Tables 4 and 5 of each network, the paper's numbers beside them.
    const networks = ["nin:2x1", "resnet18:w4", "mobilenetv1:w8", "vgg19:w4"];
    expect(
      [...stdout.matchAll(/^(\S+) on synthetic: the first 10 test images/gm)].map(([, name]) => name),
    ).toEqual(networks);
    expect([...new Set(read(here, "table-4.csv").match(/^[^,\n]+(?=,synthetic,)/gm))]).toEqual(networks);
    for (const name of networks)
      expect(read(here, "report.html")).toContain(`<caption>Table 5, ${name}</caption>`);
    const csv = read(here, "table-1.csv").split("\n").slice(1, 5);
    expect(csv.map((line) => line.split(",").slice(0, 5).join())).toEqual(
      precisions.map((name) => `here,synthetic,nin:2x1,${name},2`),
    );
    // All precisions of a seed start from the same weights, and two seeds do not.
    const starts = (seed: number) =>
      new Set(summary.runs.filter(({ config }) => config.seed === seed).map(({ norms }) => norms.initial));
    expect([starts(0).size, starts(1).size, new Set([...starts(0), ...starts(1)]).size]).toEqual([1, 1, 2]);

    // Nothing is left to run: the same numbers, to the byte.
    const stamps = (): string[] =>
      summary.runs.map(({ id }) => readFileSync(join(here.runs, id, "result.json"), "utf8"));
    const kept = stamps();
    const again = await qgen(...args(here));
    expect([again.code, again.stdout]).toEqual([0, stdout]);
    expect(stamps()).toEqual(kept);
    for (const [name, text] of Object.entries(before)) expect(read(here, name), name).toBe(text);
  });

  test("with --json prints the summary on standard output, and nothing else there", {
    timeout: 60_000,
  }, async () => {
    const here = places();
    const { code, stdout, stderr } = await qgen(...quick(here, "--json", "--seeds", "1", "--epochs", "1"));
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stdout).toBe(read(here, "summary.json"));
    const { seeds, runs, command } = summaryOf(stdout);
    expect(seeds).toEqual([0]);
    expect(runs.map(({ config }) => [config.bits, config.epochs])).toEqual(
      [32, 8, 4, 2].map((bits) => [bits, 1]),
    );
    expect(command).toBe(
      `qgen reproduce --scale smoke --data synthetic --epochs 1 --seeds 1 ${trainingOnly.join(" ")}`,
    );
    for (const { gap, test, train, steps, config } of runs) {
      expect(gap).toBe(test.loss - train.loss);
      expect(steps.length).toBe(config.bits === 32 ? 0 : 7);
    }
  });

  test.each(["1", "2"])(
    "after Ctrl-C behind the first of four runs, %s at a time, the same command goes on to the same end",
    {
      timeout: 60_000,
    },
    async (workers) => {
      const [cut, whole] = [places(), places()];
      const more = ["--seeds", "1", "--epochs", "5", "--workers", workers];
      const { child, done } = start(quick(cut, ...more));
      await said(child, "run 1/4, FP32 seed 0: train");
      child.kill("SIGINT");
      const stopped: Finished = await done;
      expect(stopped).toMatchObject({ code: 130, stdout: "" });
      expect(stopped.stderr).toMatch(/every complete epoch is saved in .* give the same command again/);
      expect(existsSync(join(cut.out, "report.html"))).toBe(false);

      const first = readdirSync(cut.runs).filter((id) => existsSync(join(cut.runs, id, "result.json")));
      if (workers === "1") expect(first).toHaveLength(1);
      // Beside the first, another run was at work, which may have ended too. The last had not begun.
      expect(first.filter((id) => id.includes("_int2_"))).toEqual([]);
      const kept = readFileSync(join(cut.runs, first[0]!, "result.json"), "utf8");
      const resumed = await qgen(...quick(cut, ...more, "--json"));
      expect(resumed.code).toBe(0);
      expect(readFileSync(join(cut.runs, first[0]!, "result.json"), "utf8")).toBe(kept);
      const reference = await qgen(...quick(whole, ...more, "--json"));
      expect(results(summaryOf(resumed.stdout))).toEqual(results(summaryOf(reference.stdout)));
      for (const name of ["table-1.csv", "table-2.csv", "figure-1.csv", "figures/losses.svg"])
        expect(read(cut, name), name).toBe(read(whole, name));
    },
  );

  // Linux tells which processes a process has started.
  test.runIf(process.platform === "linux")(
    "a process that is killed ends the command with the name of its run, and the same command goes on",
    {
      timeout: 60_000,
    },
    async () => {
      const here = places();
      const command = quick(here, "--seeds", "1", "--epochs", "12", "--workers", "2");
      const { child, done } = start(command);
      await said(child, "epoch 1/12");
      process.kill(childrenOf(child)[0]!, "SIGKILL");
      const { code, stderr } = await done;
      expect(code).toBe(1);
      expect(stderr).toMatch(
        /run \d\/4, \w+ seed 0: its worker died \(SIGKILL\)\. To go on, give the same command again\./,
      );
      expect(existsSync(join(here.out, "report.html"))).toBe(false);
      expect(await qgen(...command)).toMatchObject({ code: 0 });
      expect(existsSync(join(here.out, "report.html"))).toBe(true);
    },
  );

  test("a precision that diverges is left out by name, and the report is written all the same", {
    timeout: 60_000,
  }, async () => {
    const here = places();
    expect((await qgen(...quick(here, "--seeds", "1", "--epochs", "1"))).code).toBe(0);
    const id = readdirSync(here.runs).find((name) => name.includes("_int2_"))!;
    const path = join(here.runs, id, "result.json");
    const result = JSON.parse(readFileSync(path, "utf8")) as RunResult;
    const reason = "the loss became NaN in epoch 1, step 1 of 2";
    writeFileSync(path, JSON.stringify({ ...result, status: "diverged", reason }));
    const { code, stdout, stderr } = await qgen(...quick(here, "--seeds", "1", "--epochs", "1"));
    expect(code).toBe(0);
    expect(stderr).toContain(`run 4/4, Int2 seed 0: diverged: ${reason}`);
    expect(stdout).toMatch(/^Int2 {2}here( +–){5}$/m);
    expect(read(here, "report.html")).toContain(`<td class="source">${reason}</td>`);
    expect(read(here, "runs.csv")).toContain(`${id},Int2,0,false,diverged,"${reason}"`);
  });

  test.each([
    [["--seeds", "0"], "--seeds 0"],
    [["--corrupted", "1.5"], "--corrupted 1.5"],
  ])("%o is a sentence", async (more, named) => {
    const { code, stderr } = await qgen(...args(places(), ...more));
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: `qgen: ${named}: expected a whole number of at least 1\n`,
    });
  });

  test("a report that has no place to go is a sentence", { timeout: 60_000 }, async () => {
    const { runs } = places();
    const here = { runs, out: "/dev/null/report" };
    const { code, stdout, stderr } = await qgen(...quick(here, "--seeds", "1", "--epochs", "1"));
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/qgen: cannot write \/dev\/null\/report.*: a part of the path is a file/);
    expect(stderr).not.toContain("    at ");
  });
});
