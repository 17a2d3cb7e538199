import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { RobustTable } from "../../src/experiments/robustness/table.ts";
import { pictureFolder } from "../property/picture-folder.ts";
import { qgen, scratch, scratchOfFile } from "./qgen.ts";

const words = (text: string): string[] => text.split(" ");
const home = scratchOfFile();
const pictures = `imagenet:${join(home, "pictures")}`;
const small = words("--image-size 24 --model nin:1x1 --batch-size 4 --epochs 2 --lr 0.01 --bits 4");
let run: string;

beforeAll(async () => {
  await pictureFolder(join(home, "pictures"), ["ant", "bee", "cat"], 4);
  const out = join(home, "runs");
  expect(await qgen("train", "--data", pictures, ...small, "--out", out)).toMatchObject({ code: 0 });
  run = join(out, readdirSync(out)[0]!);
}, 60_000);

describe("a run of photographs", { timeout: 60_000 }, () => {
  test("is measured, and drawn, on the photographs that it learned from", async () => {
    const measured = await qgen(
      ...["measure", run, "--data", pictures, "--out", scratch(), "--json"],
      ...words("--images 12 --draws 2 --restarts 1 --ascent-steps 2 --curvature-images 4"),
    );
    expect(measured).toMatchObject({ code: 0 });
    const drawn = await qgen(
      ...["landscape", run, "--data", pictures, "--out", scratch(), "--json"],
      ...words("--grid 3 --on latent"),
    );
    expect(drawn).toMatchObject({ code: 0 });
    const { train } = JSON.parse(readFileSync(join(run, "result.json"), "utf8")) as {
      train: { loss: number };
    };
    // All of its training images: the loss in the centre is the loss of the run.
    const [surface] = JSON.parse(drawn.stdout).surfaces;
    expect(surface.shape.center).toBe(train.loss);
  });

  test("is held against corrupted ones, those made here and those of a folder alike", async () => {
    const names = ["--corruptions", "contrast,fog"];
    const robust = async (...from: string[]): Promise<RobustTable> => {
      const { code, stdout, stderr } = await qgen(
        ...["robustness", run, ...names, ...from, "--out", scratch()],
        ...words("--severities 1,5 --json"),
      );
      expect(code, stderr).toBe(0);
      return JSON.parse(stdout).tables[0];
    };
    const cache = scratch();
    const here = await robust("--data", pictures, "--cache", cache);
    expect(here.precisions.map(({ name, cells }) => [name, cells.length])).toEqual([["Int4", 4]]);
    const made = scratch();
    expect(
      await qgen("corrupt", "--data", pictures, "--image-size", "24", ...names, "--out", made),
    ).toMatchObject({ code: 0 });
    const there = await robust("--data", pictures, "--from", made);
    expect(there.precisions[0]!.cells).toEqual(here.precisions[0]!.cells);
  });

  test("needs them: without the folder, a sentence", async () => {
    const { code, stderr } = await qgen("measure", run, "--out", scratch());
    expect([code, stderr]).toEqual([2, expect.stringContaining("expected --data imagenet:FOLDER")]);
  });
});
