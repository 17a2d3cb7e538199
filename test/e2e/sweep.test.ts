import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createRng } from "../../src/tensor/random.ts";
import { qgen, scratch, scratchOfFile, start } from "./qgen.ts";
import { childrenOf, endedIn, namesIn, sleep, tablesOf, until, writeGrid } from "./sweep-tools.ts";

const seconds = (n: number): { timeout: number } => ({ timeout: n * 1000 });

const home = scratchOfFile();
const grid = writeGrid(home);
const undisturbed = join(home, "undisturbed");
let tables: Record<string, string>;

beforeAll(async () => {
  const { code, stderr } = await qgen("sweep", grid, "--out", undisturbed);
  expect(stderr).toMatch(/40 to be done/);
  expect(code).toBe(0);
  tables = tablesOf(undisturbed);
}, 120_000);

/** All runs are there once, the tables are those of the undisturbed sweep, and nobody is at work. */
function expectWhole(dir: string): void {
  expect(tablesOf(dir)).toEqual(tables);
  expect(namesIn(join(dir, "runs")).sort()).toEqual(namesIn(join(undisturbed, "runs")).sort());
  expect(namesIn(join(dir, "failures"))).toEqual([]);
  expect(namesIn(join(dir, "work")).filter((name) => name !== "owners")).toEqual([]);
}

describe("qgen sweep", () => {
  test("what is complete is not run again", seconds(60), async () => {
    const before = readFileSync(
      join(undisturbed, "runs", namesIn(join(undisturbed, "runs"))[0]!, "result.json"),
    );
    const { code, stdout, stderr } = await qgen("sweep", grid, "--out", undisturbed);
    expect(code).toBe(0);
    expect(stderr).toMatch(/40 done, 0 failed, 0 to be done/);
    expect(endedIn(stderr)).toEqual([]);
    expect(stdout).toMatch(/^FP32 +mean +10 +0 +0 +0 /m);
    expect(
      readFileSync(join(undisturbed, "runs", namesIn(join(undisturbed, "runs"))[0]!, "result.json")),
    ).toEqual(before);
  });

  test(
    "a dry run shows the grid, what is done and how long the rest takes, and writes nothing",
    seconds(60),
    async () => {
      const [done, new_] = await Promise.all([
        qgen("sweep", grid, "--out", undisturbed, "--dry-run"),
        qgen("sweep", grid, "--out", join(home, "never"), "--dry-run"),
      ]);
      expect(done.stdout).toMatch(
        /tiny_[0-9a-f]{12}: 40 runs\n.*bits +32, 8, 4, 2\n.*40 done, 0 failed, 0 to be done.*\nnothing is left/s,
      );
      expect(new_.stdout).toMatch(
        /0 done, 0 failed, 40 to be done .*\nabout [\d.]+ s of one processor, or [\d.]+ s with \d+ workers/,
      );
      expect(namesIn(join(home, "never"))).toEqual([]);
    },
  );

  test(
    "runs that diverge are rows with their reasons, and no failure of the sweep",
    seconds(60),
    async () => {
      const folder = scratch();
      const wild = writeGrid(folder, {
        optimizers: [{ optimizer: "sgd", momentum: 0.9, lrs: [0.1, 1e38] }],
        weightDecays: [0],
        bits: [32, 4],
      });
      const { code, stdout, stderr } = await qgen("sweep", wild, "--out", join(folder, "out"));
      expect(code).toBe(0);
      expect(stdout).toMatch(/^FP32 +mean +1 +1 +0 +0 /m);
      expect(stderr).toMatch(/diverged: the loss became .* at learning rate 1e\+38/);
      const rows = readFileSync(join(folder, "out/tables/runs.jsonl"), "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
      expect(rows.map(({ status }) => status).sort()).toEqual([
        "complete",
        "complete",
        "diverged",
        "diverged",
      ]);
      expect(rows.find(({ status }) => status === "diverged").reason).toMatch(/^the loss became /);
    },
  );

  test(
    "a run that fails is a row, the others go on, and --retry failed tries it again",
    seconds(90),
    async () => {
      const folder = scratch();
      const some = writeGrid(folder, { bits: [32, 4], weightDecays: [0] });
      const out = join(folder, "out");
      const args = ["sweep", some, "--out", out, "--workers", "1"];
      const failed = await qgen(...args, "--memory", "60", "--shard", "1/5");
      expect(failed.code).toBe(1);
      expect(failed.stderr).toMatch(/2 runs of 2 failed; the reasons are in .*failures/);
      const [first] = namesIn(join(out, "failures"));
      expect(JSON.parse(readFileSync(join(out, "failures", first!), "utf8")).reason).toMatch(
        /more memory was needed than a worker may have: \d+ of 60 MB/,
      );
      const rest = await qgen(...args);
      expect(rest.code, "the failed runs are rows still").toBe(1);
      expect(endedIn(rest.stderr).length).toBe(8);
      expect((await qgen("status", out)).stdout).toMatch(
        /8 of 10 runs done, 0 running, 0 waiting, 2 failed.*failed:\n {2}nin-/s,
      );
      const retried = await qgen(...args, "--retry", "failed");
      expect(retried.code).toBe(0);
      expect(endedIn(retried.stderr).length).toBe(2);
    },
  );
});

describe("nothing is lost, nothing is done twice", () => {
  test("while workers, and twice the sweep itself, are killed at random", seconds(180), async () => {
    const out = scratch();
    const rng = createRng(7);
    let kills = 0;
    for (const rounds of [3, 3, 2]) {
      const { child, done } = start(["sweep", grid, "--out", out]);
      let over = false;
      void done.then(() => {
        over = true;
      });
      // A worker is left alone until three runs have come, so that on a busy machine, too, it gets to its work.
      const runsThere = (): number => namesIn(join(out, "runs")).length;
      const since = new Map<number, number>();
      for (let round = 0; round < rounds && !over; ) {
        await sleep(20 + rng.below(100));
        for (const pid of childrenOf(child)) since.set(pid, since.get(pid) ?? runsThere());
        const ripe = childrenOf(child).filter((pid) => runsThere() >= since.get(pid)! + 3);
        if (ripe.length === 0) continue;
        process.kill(ripe[rng.below(ripe.length)]!, "SIGKILL");
        kills++;
        round++;
      }
      if (rounds === 3) child.kill("SIGKILL");
      const { code } = await done;
      if (rounds === 2) expect(code).toBe(0);
    }
    expect(kills).toBeGreaterThan(4);
    expectWhole(out);
  });

  test("a run that is killed in its third epoch goes on there", seconds(120), async () => {
    const folder = scratch();
    const long = writeGrid(folder, {
      optimizers: [{ optimizer: "sgd", momentum: 0.9, lrs: [0.1] }],
      weightDecays: [0],
      bits: [4],
      epochs: 15,
      data: { name: "synthetic", train: 128, test: 64 },
    });
    const [whole, cut] = [join(folder, "whole"), join(folder, "cut")];
    await qgen("sweep", long, "--out", whole);
    const [id] = namesIn(join(whole, "runs"));
    const epochs = (n: number): number => {
      try {
        return (
          readFileSync(join(cut, "work", `${id}.${n}`, id!, "events.jsonl"), "utf8").split("\n").length - 1
        );
      } catch {
        return 0;
      }
    };
    const first = start(["sweep", long, "--out", cut]);
    await until(() => epochs(1) >= 3);
    first.child.kill("SIGKILL");
    await first.done;
    const saved = epochs(1);
    const second = start(["sweep", long, "--out", cut]);
    await until(() => namesIn(join(cut, "work", `${id}.2`, id!)).includes("events.jsonl"));
    expect(epochs(2), "at most the epoch in flight is lost").toBeGreaterThanOrEqual(saved - 1);
    expect((await second.done).code).toBe(0);
    expect(tablesOf(cut)).toEqual(tablesOf(whole));
    expect(readFileSync(join(cut, "runs", id!, "weights.safetensors"))).toEqual(
      readFileSync(join(whole, "runs", id!, "weights.safetensors")),
    );
  });

  test("while two sweeps share a folder, and their clocks jump by days", seconds(120), async () => {
    const out = scratch();
    const clock = { NODE_OPTIONS: `--import ${pathToFileURL("test/e2e/jumping-clock.mjs")}` };
    const both = [1, 2].map(() =>
      start(["sweep", grid, "--out", out, "--workers", "1", "--lease", "20"], clock),
    );
    const [a, b] = await Promise.all(both.map(({ done }) => done));
    expect([a!.code, b!.code]).toEqual([0, 0]);
    const ended = [...endedIn(a!.stderr), ...endedIn(b!.stderr)];
    expect(ended.length, "each run once").toBe(40);
    expect(new Set(ended).size).toBe(40);
    expectWhole(out);
  });

  test("Ctrl-C ends after the step at hand, and the next start goes on at once", seconds(120), async () => {
    const out = scratch();
    const { child, done } = start(["sweep", grid, "--out", out]);
    await until(() => namesIn(join(out, "runs")).length >= 3);
    child.kill("SIGINT");
    const { code, stderr } = await done;
    expect(code).toBe(130);
    expect(stderr).toMatch(/stopped; \d+ of 40 runs have ended.*give the same command again/);
    expect(namesIn(join(out, "work/owners"))).toEqual([]);
    expect((await qgen("sweep", grid, "--out", out)).code).toBe(0);
    expectWhole(out);
  });

  test(
    "when results are cut short, or have a wrong digit: those runs are done again, and no other",
    seconds(120),
    async () => {
      const out = join(scratch(), "copy");
      cpSync(undisturbed, out, { recursive: true });
      const [cut, wrong, gone] = namesIn(join(out, "runs"))
        .sort()
        .map((id) => join(out, "runs", id, "result.json"));
      truncateSync(cut!, 700);
      const text = readFileSync(wrong!, "utf8");
      writeFileSync(
        wrong!,
        text.replace(/("gap": -?\d\.\d{2})(\d)/, (_, head, digit) => `${head}${(Number(digit) + 1) % 10}`),
      );
      expect(readFileSync(wrong!, "utf8")).not.toBe(text);
      writeFileSync(gone!, "");
      const { code, stderr } = await qgen("sweep", grid, "--out", out);
      expect(code).toBe(0);
      expect(stderr).toMatch(/37 done, 0 failed, 3 to be done/);
      expect(endedIn(stderr).length).toBe(3);
      expectWhole(out);
    },
  );

  const disk = join(home, "small-disk");
  mkdirSync(disk);
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=700k", "tmpfs", disk]).status === 0;
  if (!mounted) console.log("a small disk cannot be mounted here: what needs it is skipped");
  afterAll(() => {
    if (mounted) spawnSync("umount", [disk]);
  });
  test.skipIf(!mounted)(
    "when the disk is full: the sweep stops, says so, and goes on when there is room",
    seconds(120),
    async () => {
      const out = join(disk, "sweep");
      const full = await qgen("sweep", grid, "--out", out);
      expect(full.code).toBe(1);
      expect(full.stderr).toMatch(
        /qgen: cannot write .*: no space is left on the device.*give the same command again/,
      );
      expect(namesIn(join(out, "failures"))).toEqual([]);
      expect(namesIn(join(out, "runs")).length).toBeGreaterThan(1);
      execFileSync("mount", ["-o", "remount,size=60m", disk]);
      const { code, stderr } = await qgen("sweep", grid, "--out", out);
      expect(code).toBe(0);
      expect(endedIn(stderr).length).toBeLessThan(40);
      expectWhole(out);
    },
  );
});

describe("wrong use of a sweep exits with 2 and says what would be right", () => {
  test.each([
    [["sweep", "table-2"], /"table-2": expected table-1 or a file with a grid/],
    [["sweep", writeGrid(scratchOfFile(), { bits: [1] })], /is not a grid: bits\.0: expected 2 to 8 bits/],
    [
      ["sweep", writeGrid(scratchOfFile(), { epochs: 3 }), "--out", undisturbed],
      /is the folder of the sweep tiny_[0-9a-f]+, not of tiny_[0-9a-f]+\. Choose another --out/,
    ],
    [
      ["sweep", grid, "--out", join(home, "x"), "--redis", "http://me:secret@host"],
      /--redis: expected an address such as redis:\/\/host:6379/,
    ],
    [["status", "/nonexistent"], /\/nonexistent is not the folder of a sweep/],
    [["worker"], /--redis: expected an address, here or in QGEN_REDIS/],
  ] as [string[], RegExp][])("%j", async (args, sentence) => {
    const { code, stdout, stderr } = await start(args, { QGEN_REDIS: "" }).done;
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(sentence);
    expect(stderr).not.toMatch(/secret/);
  });
});
