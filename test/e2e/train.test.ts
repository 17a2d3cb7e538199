import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Profile } from "../../src/experiments/profile.ts";
import type { RunResult } from "../../src/experiments/result.ts";
import { qgen, scratch, start, tinyRun } from "./qgen.ts";

const run = [...tinyRun, "--epochs", "8", "--bits", "4"];

/** Waits until the run has saved a checkpoint of at least that epoch. */
async function savedEpoch(out: string, epoch: number): Promise<string> {
  for (;;) {
    const folder = existsSync(out) ? readdirSync(out)[0] : undefined;
    const events = folder && join(out, folder, "events.jsonl");
    if (events && existsSync(events) && readFileSync(events, "utf8").split("\n").length > epoch)
      return join(out, folder);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const sha = (file: string): string => createHash("sha256").update(readFileSync(file)).digest("hex");

describe("qgen train", () => {
  test("a run that is killed twice and resumed ends with the same bits as one that was not", {
    timeout: 120_000,
  }, async () => {
    const [whole, cut] = [scratch(), scratch()];
    const reference = JSON.parse((await qgen("train", ...run, "--out", whole, "--json")).stdout) as RunResult;
    for (const epoch of [2, 5]) {
      const { child, done } = start(["train", ...run, "--out", cut, "--resume"]);
      const folder = await savedEpoch(cut, epoch);
      child.kill("SIGKILL");
      await done;
      expect(existsSync(join(folder, "result.json")), "killed before the end").toBe(false);
    }
    const folder = await savedEpoch(cut, 1);
    // A crash may cut a line short, and leave a file half written.
    writeFileSync(join(folder, "checkpoint.safetensors.1.tmp"), "half");
    writeFileSync(join(folder, "events.jsonl"), '{"epoch":7,"lr":0.', { flag: "a" });
    const resumed = JSON.parse(
      (await qgen("train", ...run, "--out", cut, "--resume", "--json")).stdout,
    ) as RunResult;
    expect(resumed.weightsSha256).toBe(reference.weightsSha256);
    expect(resumed.curve).toEqual(reference.curve);
    const file = "weights.safetensors";
    expect(sha(join(folder, file))).toBe(sha(join(whole, readdirSync(whole)[0]!, file)));
    expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  test("--profile changes no bit, writes where time and memory went, and has nothing to say of a run that is complete", {
    timeout: 60_000,
  }, async () => {
    const [plain, profiled] = [scratch(), scratch()];
    const args = [...tinyRun, "--epochs", "1", "--accumulate", "2"];
    await qgen("train", ...args, "--out", plain);
    const { stdout } = await qgen("train", ...args, "--out", profiled, "--profile");
    const name = readdirSync(profiled)[0]!;
    const weights = (out: string): string => sha(join(out, name, "weights.safetensors"));
    expect(weights(profiled)).toBe(weights(plain));
    const { ms, kernels, memory } = JSON.parse(
      readFileSync(join(profiled, name, "profile.json"), "utf8"),
    ) as Profile;
    const inside = kernels.reduce((sum, use) => sum + use.ms, 0);
    expect(inside > 0 && inside < ms).toBe(true);
    expect(memory.peak > memory.needed && memory.reserved! > memory.peak).toBe(true);
    expect(stdout).toContain(`${(memory.peak / memory.needed).toFixed(2)} times as much`);
    const again = await qgen("train", ...args, "--out", profiled, "--profile", "--resume");
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining("Add --restart to begin again")]);
  });

  test("Ctrl-C stops after the step at hand, says how to go on, and exits with 130", {
    timeout: 60_000,
  }, async () => {
    const out = scratch();
    const { child, done } = start(["train", ...run, "--epochs", "500", "--out", out]);
    await savedEpoch(out, 1);
    child.kill("SIGINT");
    const { code, stderr } = await done;
    expect(code).toBe(130);
    expect(stderr).toMatch(/every complete epoch is saved in .*--resume/s);
    const again = await qgen("train", ...run, "--epochs", "500", "--out", out);
    expect(again.code).toBe(1);
    expect(again.stderr).toMatch(
      /has begun already and is complete up to epoch \d+ of 500 .* --resume to go on, or --restart/,
    );
  });

  test("a loss that is no number stops with a sentence; the next start reports the same", {
    timeout: 60_000,
  }, async () => {
    const args = ["train", ...run, "--lr", "1e38", "--out", scratch()];
    for (const { code, stdout, stderr } of [await qgen(...args), await qgen(...args)]) {
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(stderr).toMatch(
        /qgen: the loss became (NaN|Infinity|-Infinity) in epoch 1, step \d of 4, at learning rate 1e\+38/,
      );
    }
  });

  test("a damaged checkpoint is refused with its name and what is wrong", { timeout: 60_000 }, async () => {
    const out = scratch();
    const { child, done } = start(["train", ...run, "--out", out]);
    const folder = await savedEpoch(out, 2);
    child.kill("SIGKILL");
    await done;
    const checkpoint = join(folder, "checkpoint.safetensors");
    truncateSync(checkpoint, 5000);
    const { code, stderr } = await qgen("train", ...run, "--out", out, "--resume");
    expect(code).toBe(1);
    expect(stderr).toContain(`${checkpoint} cannot be read: not a complete safetensors file`);
  });

  test("a write that fails is a sentence, and leaves what was saved before", {
    timeout: 60_000,
  }, async () => {
    const nowhere = await qgen("train", ...run, "--epochs", "1", "--out", "/dev/null/runs");
    expect(nowhere.code).toBe(1);
    expect(nowhere.stderr).toMatch(/qgen: cannot write \/dev\/null\/runs.*: a part of the path is a file/);

    const out = scratch();
    // The shell's limit (blocks of 1024 bytes) lets the configuration through, but no checkpoint.
    const command = `ulimit -f 50; exec "${process.execPath}" bin/qgen.mjs train ${run.join(" ")} --out "${out}"`;
    const limited = spawnSync("bash", ["-c", command], { encoding: "utf8" });
    expect(limited.status).toBe(1);
    expect(limited.stderr).toMatch(
      /qgen: cannot write .*checkpoint\.safetensors: the limit on the size of files is reached/,
    );
    const left = readdirSync(join(out, readdirSync(out)[0]!));
    expect(left.sort()).toEqual(["config.json", "events.jsonl"]);
  });
});

describe("wrong use exits with 2 and says what would be right", () => {
  test.each([
    [["train", "--epoch", "3"], /unknown option '--epoch'\s*\(Did you mean --epochs\?\)/],
    [["tran"], /unknown command 'tran'\s*\(Did you mean train\?\)/],
    [["train", "--bits", "1"], /--bits 1: expected 2 to 8 bits, or 32 for float/],
    [["train", "--bits", "four"], /'--bits <bits>' argument 'four' is invalid\. Expected a number/],
    [["train", "--model", "resnet"], /--model "resnet": expected one of nin:DEPTHxWIDTH/],
    [["train", "--data", "mnist"], /--data mnist: expected one of auto, cifar10/],
    [["train", "--optimizer", "sgdm"], /--optimizer "sgdm": .*"sgd"\|"adam"/],
    [["train", "--epochs", "0"], /--epochs 0: /],
    [["train", "--sam", "0"], /--sam 0: Too small/],
    [["train", "--accumulate", "0"], /--accumulate 0: expected a whole number of parts, 1 or more/],
    [["train", "--sam", "0.05", "--sam-moved", "steps"], /--sam-moved "steps": .*"weights"\|"all"/],
    [["train", "--resume", "--restart"], /'--resume' cannot be used with option '--restart'/],
    [["reproduce", "--scale", "tiny"], /Allowed choices are smoke, small, paper/],
    [["data", "fetch", "cifar11"], /Allowed choices are cifar10, cifar100, fashion-mnist/],
  ] as [string[], RegExp][])("%j", async (args, sentence) => {
    const few = ["--data", "synthetic", "--train", "16", "--test", "16"];
    const { code, stdout, stderr } = await qgen(
      ...args,
      ...(args[0] === "train" && !args.includes("--data") ? few : []),
    );
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(sentence);
  });

  test("a data set that is not here says where it was looked for and how to get it", async () => {
    const { code, stderr } = await qgen("train", "--data", "cifar10");
    expect(code).toBe(1);
    expect(stderr).toMatch(/qgen: .*\/nonexistent.*qgen data fetch cifar10/s);
  });

  test.each([
    "train",
    "reproduce",
    "sweep",
    "worker",
    "status",
    "watch",
    "pool",
    "measure",
    "landscape",
    "paper",
    "theory",
    "spec",
    "data fetch",
    "data verify",
    "doctor",
  ])("%s --help shows an example", async (command) => {
    const { code, stdout } = await qgen(...command.split(" "), "--help");
    expect(code).toBe(0);
    expect(stdout).toMatch(/Example:\n {2}(QGEN_\w+=\S+ )?qgen /);
  });
});
