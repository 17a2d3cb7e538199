import { cpSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { MeasuredRun } from "../../src/experiments/measuring/measure.ts";
import { qgen, scratch, scratchOfFile, start, tinyRun } from "./qgen.ts";

const runs = scratchOfFile();
/** FP32 and Int2, from the same first weights. */
const foldersIn = (of: string): string[] =>
  ["fp32", "int2"].map((name) => join(of, readdirSync(of).find((id) => id.includes(`_${name}_`))!));
/** Little work. */
const few = "--draws 3 --restarts 2 --ascent-steps 2 --ascent-batch 16 --curvature-images 0".split(" ");
const args = (of: string, out: string, ...more: string[]): string[] => [
  "measure",
  ...foldersIn(of).toReversed(),
  ...few,
  "--on",
  "both",
  "--out",
  out,
  ...more,
];
interface Numbers {
  readonly runs: readonly { readonly label: string; readonly measured: MeasuredRun }[];
}
/** All but the time that it took, and how the device was asked for: a worker is told its name. */
const numbersOf = (json: string) =>
  (JSON.parse(json) as Numbers).runs.map(({ label, measured: { seconds: _, environment, ...lasting } }) => {
    const { requested: __, why: ___, ...device } = environment.device;
    return { label, ...lasting, environment: { ...environment, device } };
  });
/** Names of what is kept in the folders of runs. */
const kept = (of: string): string[] =>
  foldersIn(of)
    .map((folder) => join(folder, "measures"))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));

beforeAll(async () => {
  for (const bits of ["32", "2"]) {
    const small = ["--train", "48", "--test", "16", "--model", "nin:1x1", "--batch-size", "16"];
    const { code } = await qgen(
      "train",
      ...tinyRun,
      ...small,
      "--epochs",
      "10",
      "--bits",
      bits,
      "--out",
      runs,
    );
    expect(code).toBe(0);
  }
}, 60_000);

describe("qgen measure", () => {
  test("is a table, a figure and numbers; once more measures nothing; two at a time and stopped twice, it ends with the same numbers", {
    timeout: 120_000,
  }, async () => {
    const [cut, out, outOfCut] = [scratch(), scratch(), scratch()];
    for (const folder of foldersIn(runs))
      cpSync(folder, join(cut, folder.slice(runs.length)), { recursive: true });

    const first = await qgen(...args(runs, out, "--json"));
    expect(first).toMatchObject({ code: 0 });
    expect(first.stdout).toBe(readFileSync(join(out, "measures.json"), "utf8"));
    expect(readdirSync(out).sort()).toEqual([
      "measures.html",
      "measures.json",
      "ranking.csv",
      "searches.svg",
    ]);
    const numbers = numbersOf(first.stdout);
    expect(numbers.map(({ label, settings: { on } }) => [label, on])).toEqual([
      ["FP32", "latent"],
      ["Int2", "latent"],
      ["Int2 ŵ", "dequantized"],
    ]);
    for (const { images, measures } of numbers) expect([images, measures.length]).toEqual([48, 40]);

    const again = await qgen(...args(runs, out));
    expect(again.code).toBe(0);
    const lines = again.stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.trim().split(/ {2,}/));
    expect(lines.slice(0, 3).map(([name]) => name)).toEqual(["FP32", "radius σ", "radius σ'"]);
    expect(lines[1]).toHaveLength(4);
    expect(lines.map(([name]) => name)).toContain("sharpness, mag-orig (eq. 22)");
    // What was measured is as it was, times and all.
    expect(readFileSync(join(out, "measures.json"), "utf8")).toBe(first.stdout);

    const two = ["--workers", "2"];
    const steps = (): number =>
      kept(cut)
        .filter((name) => name.endsWith(".jsonl"))
        .reduce((sum, name) => sum + readFileSync(name, "utf8").split("\n").length - 2, 0);
    for (const [signal, known] of [
      ["SIGKILL", 4],
      ["SIGINT", 12],
    ] as const) {
      const { child, done } = start(args(cut, outOfCut, ...two));
      while (steps() < known && child.exitCode === null) await new Promise((r) => setTimeout(r, 3));
      child.kill(signal);
      const { code, stdout, stderr } = await done;
      expect([readdirSync(outOfCut), stdout], "stopped before the end").toEqual([[], ""]);
      if (signal === "SIGINT") {
        expect(code).toBe(130);
        expect(stderr).toMatch(
          /stopped; every step of the searches is saved in .*\.steps\.jsonl\. To go on, give the same command again/,
        );
      }
    }
    const resumed = await qgen(...args(cut, outOfCut, ...two, "--json"));
    expect(resumed.code).toBe(0);
    expect(numbersOf(resumed.stdout)).toEqual(numbers);
    expect(numbersOf(readFileSync(join(outOfCut, "measures.json"), "utf8"))).toEqual(numbers);
  });

  test("two at once measure each network once, and where one is killed the other goes on from its steps", {
    timeout: 120_000,
  }, async () => {
    const copies = (): string => {
      const of = scratch();
      for (const folder of foldersIn(runs))
        cpSync(folder, join(of, folder.slice(runs.length)), { recursive: true });
      return of;
    };
    const stepsOf = (of: string): Record<string, string> =>
      Object.fromEntries(
        kept(of)
          .filter((name) => name.endsWith(".steps.jsonl"))
          .map((name) => [name.slice(of.length), readFileSync(name, "utf8")]),
      );
    // By other draws than those of the test before, so that nothing is known yet.
    const measure = (of: string) =>
      start(["measure", foldersIn(of)[1]!, ...few, "--out", scratch(), "--json", "--seed", "7"]);
    const [alone, both, killed] = [copies(), copies(), copies()];
    const undisturbed = await measure(alone).done;

    const two = await Promise.all([measure(both).done, measure(both).done]);
    for (const { code, stdout } of two) {
      expect(code).toBe(0);
      expect(numbersOf(stdout)).toEqual(numbersOf(undisturbed.stdout));
    }
    // To the time that it took: the second has what the first has found.
    expect(two[0]!.stdout).toBe(two[1]!.stdout);
    expect(stepsOf(both)).toEqual(stepsOf(alone));

    const [first, second] = [measure(killed), measure(killed)];
    const [a, b] = [first, second].map(({ child, done }) => {
      let waits = false;
      child.stderr!.on("data", (text: string) => {
        waits ||= text.includes("another process is measuring it");
      });
      return { child, done, waits: () => waits };
    });
    while (!a!.waits() && !b!.waits() && a!.child.exitCode === null)
      await new Promise((r) => setTimeout(r, 3));
    const [dies, lives] = a!.waits() ? [b!, a!] : [a!, b!];
    dies.child.kill("SIGKILL");
    await dies.done;
    const { code, stdout } = await lives.done;
    expect(code).toBe(0);
    expect(numbersOf(stdout)).toEqual(numbersOf(undisturbed.stdout));
    expect(stepsOf(killed)).toEqual(stepsOf(alone));
    for (const of of [both, killed])
      expect(
        kept(of).filter((name) => name.endsWith("work")),
        "no claim is left",
      ).toEqual([]);
  });

  test("what cannot be measured is a sentence, before anything is", { timeout: 60_000 }, async () => {
    const [of, out] = [scratch(), scratch()];
    for (const folder of foldersIn(runs))
      cpSync(folder, join(of, folder.slice(runs.length)), { recursive: true });
    const both = foldersIn(of);
    const before = kept(of);
    const cases: [args: string[], sentence: RegExp][] = [
      [[of], /qgen: .* is not the folder of a run: there is no .*config\.json/],
      [[...both, "--fold"], /qgen: --fold: the latent weights of .*_int2_.* Add --on dequantized\./],
      [[...both, "--images", "49"], /qgen: --images 49: the run in .* trained with 48 images/],
      [
        [...both, "--ascent-steps", "-1", "--target", "1"],
        /qgen: --target 1: .*<1\n +--ascent-steps -1: .*>=0/,
      ],
      [[...both, "--ball", "l1"], /Allowed choices are linf, l2/],
      [[], /missing required argument 'run'/],
    ];
    const finished = await Promise.all(cases.map(([more]) => qgen("measure", ...more, "--out", out)));
    finished.forEach(({ code, stdout, stderr }, k) => {
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toMatch(cases[k]![1]);
      expect(stderr).not.toContain("    at ");
    });
    expect([readdirSync(out), kept(of)]).toEqual([[], before]);
  });
});
