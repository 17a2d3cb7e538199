import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { Complaint } from "../../src/experiments/complaint.ts";
import { type Journal, openJournal } from "../../src/experiments/journal.ts";

const root = mkdtempSync(join(tmpdir(), "qgen-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const path = join(root, "deep", "journal.jsonl");

interface Square {
  readonly n: number;
  readonly square: number;
  readonly name?: string;
}
const settings = { of: "Δ", numbers: [1, 2], more: { b: 1, a: null } };
/** Squares in order, and nothing else. */
const read = (line: unknown, index: number): Square | null => {
  const entry = line as Square | undefined;
  return entry?.n === index && entry.square === index ** 2 ? entry : null;
};
const open = (of: object = settings): Journal<Square> => openJournal(path, of, read);
const all: Square[] = [0, 1, 2, 3].map((n) => ({ n, square: n ** 2, ...(n === 2 ? { name: "σ²" } : {}) }));

/** Adds what is missing, and returns what was there. */
function fill(): readonly Square[] {
  const journal = open();
  const before = [...journal.entries];
  for (const entry of all.slice(before.length)) journal.add(entry);
  return before;
}

describe("a journal", () => {
  test("is one line of settings and a line for each entry, whose folder is made", () => {
    expect(fill()).toEqual([]);
    const lines = readFileSync(path, "utf8").split("\n");
    expect(lines.map((line) => (line === "" ? null : JSON.parse(line)))).toEqual([settings, ...all, null]);
    expect(fill()).toEqual(all);
    expect(readdirSync(join(root, "deep"))).toEqual(["journal.jsonl"]);
  });

  test("that was cut at any byte keeps the entries that are whole, and is gone on with to the same bytes", () => {
    fill();
    const bytes = readFileSync(path);
    const seen = new Set<number>();
    for (let length = 0; length <= bytes.length; length++) {
      writeFileSync(path, bytes.subarray(0, length));
      const ends = bytes.subarray(0, length).filter((byte) => byte === 10).length;
      const kept = Math.max(ends - 1, 0);
      expect(fill(), `cut at ${length}`).toEqual(all.slice(0, kept));
      expect(readFileSync(path).equals(bytes), `cut at ${length}`).toBe(true);
      seen.add(kept);
    }
    expect([...seen]).toEqual([0, 1, 2, 3, 4]);
  });

  test("ends before the first line that is no entry, and forgets what follows it", () => {
    rmSync(path, { force: true });
    fill();
    const lines = readFileSync(path, "utf8").split("\n");
    for (const wrong of ["", "null", "{", '{"n":1,"square":2}', lines[1]!, lines[3]!]) {
      writeFileSync(path, [...lines.slice(0, 2), wrong, ...lines.slice(3)].join("\n"));
      expect(open().entries, wrong).toEqual(all.slice(0, 1));
      expect(readFileSync(path, "utf8")).toBe(`${lines[0]}\n${lines[1]}\n`);
    }
    // Also where what follows could be an entry.
    const any = (line: unknown) => (line as object | undefined) ?? null;
    for (const wrong of ["", "null", "{"]) {
      writeFileSync(path, [...lines.slice(0, 2), wrong, ...lines.slice(3)].join("\n"));
      expect(openJournal(path, settings, any).entries, wrong).toEqual(all.slice(0, 1));
    }
  });

  test("of other settings is refused with its name, and left as it is; the order of keys is no setting", () => {
    rmSync(path, { force: true });
    fill();
    const before = readFileSync(path);
    for (const other of [{ ...settings, of: "D" }, { ...settings, numbers: [2, 1] }, { of: "Δ" }, {}]) {
      expect(() => open(other)).toThrow(
        new Complaint(`${path} was written with other settings. Move it away, or choose another place.`),
      );
      expect(readFileSync(path).equals(before)).toBe(true);
    }
    const { more, ...rest } = settings;
    expect(open({ more: { a: more.a, b: more.b }, ...rest }).entries).toEqual(all);
  });

  test("is not taken from a file that is none", () => {
    for (const text of ["a diary\n", "null\n", '{"of":\n']) {
      writeFileSync(path, text);
      expect(() => open(), text).toThrow("was written with other settings");
      expect(readFileSync(path, "utf8")).toBe(text);
    }
  });
});
