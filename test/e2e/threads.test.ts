import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { RunResult } from "../../src/experiments/result.ts";
import { qgen, scratch, start, tinyRun } from "./qgen.ts";

describe("qgen train --threads", () => {
  test("gives the run of the same name the same weights, and the result says how many threads there were", {
    timeout: 60_000,
  }, async () => {
    const results: RunResult[] = [];
    for (const threads of ["1", "3"]) {
      const args = ["train", ...tinyRun, "--epochs", "1", "--out", scratch(), "--threads", threads, "--json"];
      const { code, stdout, stderr } = await qgen(...args);
      expect({ code, stderr }).toMatchObject({ code: 0 });
      results.push(JSON.parse(stdout) as RunResult);
    }
    const [one, three] = results;
    expect(three!.id).toBe(one!.id);
    expect(three!.weightsSha256).toBe(one!.weightsSha256);
    expect(results.map(({ environment }) => environment.device.threads)).toEqual([1, 3]);
  });

  test("ends with all its threads on Ctrl-C", { timeout: 60_000 }, async () => {
    const out = scratch();
    const { child, done } = start(["train", ...tinyRun, "--epochs", "500", "--out", out, "--threads", "3"]);
    await expect
      .poll(
        () => readdirSync(out).some((run) => readFileSync(join(out, run, "events.jsonl"), "utf8") !== ""),
        {
          timeout: 30_000,
        },
      )
      .toBe(true);
    child.kill("SIGINT");
    expect((await done).code).toBe(130);
  });

  test.each([
    [["--threads", "0"], "--threads 0: expected a whole number of threads, 1 to 64"],
    [
      ["--threads", "2", "--device", "reference"],
      "--threads 2: only simd computes with several, reference with one",
    ],
  ])("%j is refused in a sentence", async (options, sentence) => {
    const { code, stderr } = await qgen("train", ...tinyRun, ...options);
    expect(code).toBe(2);
    expect(stderr).toContain(sentence);
  });

  test("QGEN_THREADS that is no number is refused in a sentence", async () => {
    const { code, stderr } = await start(["train", ...tinyRun], { QGEN_THREADS: "many" }).done;
    expect(code).toBe(2);
    expect(stderr).toContain("QGEN_THREADS many: expected a whole number of threads, 1 to 64");
  });
});
