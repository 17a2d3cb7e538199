import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { runId } from "../../src/experiments/config.ts";
import { type Claim, type Claims, openClaims } from "../../src/experiments/sweep/claim.ts";
import {
  namesIn,
  publish,
  resultIn,
  type SweepFolder,
  stateOf,
  sweepFolder,
  writeRun,
} from "../../src/experiments/sweep/folder.ts";
import { createWatch, leasesOf } from "../../src/experiments/sweep/owner.ts";
import { made } from "./report-runs.ts";

const result = made({ bits: 4, seed: 0 });
const { config, id } = result;

function folderOfTest(): SweepFolder {
  const dir = mkdtempSync(join(tmpdir(), "qgen-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return sweepFolder(dir);
}

function claims(folder: SweepFolder): Claims {
  const opened = openClaims(folder, leasesOf(60));
  onTestFinished(opened.dispose);
  return opened;
}

const claimed = (found: ReturnType<Claims["claim"]>): Claim => {
  if (typeof found === "string") throw new Error(`expected a claim, got "${found}"`);
  return found;
};

/** An owner on another machine, whose number a test counts up. */
function stranger(folder: SweepFolder, run: string, beat: number): void {
  mkdirSync(join(folder.work, "owners"), { recursive: true });
  writeFileSync(
    join(folder.work, "owners/stranger.json"),
    JSON.stringify({ place: "far away", pid: 2 ** 30, beat }),
  );
  mkdirSync(join(folder.work, run), { recursive: true });
  writeFileSync(join(folder.work, run, "owner"), "stranger");
}

describe("a claim", () => {
  test("is had by one only, and by the next one when it is released", () => {
    const folder = folderOfTest();
    const [a, b] = [claims(folder), claims(folder)];
    const mine = claimed(a.claim(config));
    expect([a.claim(config), b.claim(config)]).toEqual(["taken", "taken"]);
    mine.release(false);
    const theirs = claimed(b.claim(config));
    expect(a.claim(config)).toBe("taken");
    expect([mine.held(), theirs.held()]).toEqual([false, true]);
  });

  test("goes by the last start of a run, of many", () => {
    const folder = folderOfTest();
    stranger(folder, `${id}.10`, 1);
    for (const gone of [2, 9]) mkdirSync(join(folder.work, `${id}.${gone}`));
    for (const gone of [2, 9]) writeFileSync(join(folder.work, `${id}.${gone}`, "owner"), "nobody");
    expect(claims(folder).claim(config)).toBe("taken");
    writeFileSync(join(folder.work, `${id}.10`, "owner"), "nobody");
    expect(claimed(claims(folder).claim(config)).out).toBe(join(folder.work, `${id}.11`));
  });

  test("is free at once when its owner has left, or its process is gone", () => {
    const folder = folderOfTest();
    const [a, b] = [claims(folder), claims(folder)];
    claimed(a.claim(config));
    a.dispose();
    const second = claimed(b.claim(config));
    // The number of a process that cannot be there: above the largest one.
    const name = readFileSync(join(second.out, "owner"), "utf8");
    const file = join(folder.work, "owners", `${name}.json`);
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), pid: 2 ** 30 }));
    claimed(claims(folder).claim(config));
  });

  test("of a run that became complete in between is none", () => {
    const folder = folderOfTest();
    publish(folder, writeRun(join(folder.work, "elsewhere"), result));
    expect(claims(folder).claim(config)).toBe("done");
    expect(stateOf(folder, config)).toEqual({ state: "done", result: JSON.parse(JSON.stringify(result)) });
  });

  test("that was discarded, and in which an orphan has written once more, goes when the sweep ends", () => {
    const folder = folderOfTest();
    const opened = openClaims(folder, leasesOf(60));
    const other = { ...config, lr: 0.25 };
    const left = [`${id}.1`, `${runId(other)}.1`, `${id}.2`];
    for (const name of left) mkdirSync(join(folder.work, name), { recursive: true });
    opened.dispose();
    expect(namesIn(folder.work), "nothing is complete yet").toEqual(expect.arrayContaining(left));
    publish(folder, writeRun(join(folder.work, "elsewhere"), result));
    stranger(folder, `${id}.3`, 1);
    openClaims(folder, leasesOf(60)).dispose();
    expect(namesIn(folder.work), "somebody is at work").toEqual(expect.arrayContaining(left));
    rmSync(join(folder.work, `${id}.3`), { recursive: true });
    openClaims(folder, leasesOf(60)).dispose();
    expect(namesIn(folder.work).sort()).toEqual([left[1], "elsewhere", "owners"].sort());
  });

  test("of a run whose result is damaged sets the result aside", () => {
    const folder = folderOfTest();
    publish(folder, writeRun(join(folder.work, "elsewhere"), result));
    writeFileSync(join(folder.runs, id, "result.json"), "{");
    const mine = claimed(claims(folder).claim(config));
    expect(existsSync(join(folder.runs, id))).toBe(false);
    expect(existsSync(join(mine.out, id)), "there was no checkpoint to go on from").toBe(false);
  });
});

describe("an owner on another machine is gone", () => {
  /** Looks at the times that are given; a pair is a time, and the owner's number from then on. */
  function looks(...times: readonly (readonly [at: number, beat: number])[]): boolean[] {
    const folder = folderOfTest();
    let time = 0;
    const watch = createWatch(folder, 60, () => time);
    return times.map(([at, beat]) => {
      stranger(folder, `${id}.1`, beat);
      time = at;
      return watch.isGone(`${id}.1`);
    });
  }
  const every = (step: number, to: number, beat: (at: number) => number) =>
    Array.from({ length: to / step + 1 }, (_, i) => [i * step, beat(i * step)] as const);

  test("after its number has stood still for more than the lease, and not before", () => {
    const gone = looks(...every(1, 70, () => 5));
    expect(gone.indexOf(true)).toBe(61);
  });

  test("never while it counts, however long that is", () => {
    expect(looks(...every(10, 600, (at) => Math.floor(at / 50)))).not.toContain(true);
  });

  test("not because the one who looks was asleep for a day, and it with him", () => {
    expect(looks([0, 5], [1, 5], [86_400, 5], [86_401, 5], [86_402, 6])).not.toContain(true);
  });

  test("also where it has died between its first two steps, before it wrote its name", () => {
    const folder = folderOfTest();
    mkdirSync(join(folder.work, `${id}.1`), { recursive: true });
    let time = 0;
    const watch = createWatch(folder, 60, () => time);
    const gone = Array.from({ length: 70 }, (_, i) => {
      time = i;
      return watch.isGone(`${id}.1`);
    });
    expect(gone.indexOf(true)).toBe(61);
  });
});

describe("a result", () => {
  const from = (folder: SweepFolder, change: object) => {
    const place = writeRun(folder.work, result);
    writeFileSync(join(place, "result.json"), JSON.stringify({ ...result, ...change }));
    return resultIn(place, config);
  };

  test("arrives once: of two that are put into their place, the first stays", () => {
    const folder = folderOfTest();
    for (const seconds of [1, 2])
      publish(folder, writeRun(join(folder.work, `${seconds}`), { ...result, seconds }));
    const { seconds } = resultIn(join(folder.runs, id), config) as typeof result;
    expect(seconds).toBe(1);
  });

  test.each([
    ["another id", { id: "other" }, /is of another run/],
    ["another configuration", { config: { ...config, lr: 0.2 } }, /is of another run/],
    ["an epoch too few", { curve: result.curve.slice(1) }, /has 1 of 2 epochs/],
    ["an epoch twice", { curve: [result.curve[0], result.curve[0]] }, /has 2 of 2 epochs/],
    ["another gap", { gap: result.gap + 1e-12 }, /contradicts itself/],
    ["another test loss", { test: { ...result.test, loss: 0.7 }, gap: 0.7 - 0.5 }, /contradicts itself/],
    ["another epoch selected", { selectedEpoch: 1 }, /contradicts itself/],
  ])("with %s is not taken for one of the run", (_, change, sentence) => {
    expect(from(folderOfTest(), change)).toMatch(sentence);
  });

  test("as it was written is taken", () => {
    expect(from(folderOfTest(), {})).toEqual(JSON.parse(JSON.stringify(result)));
  });
});
