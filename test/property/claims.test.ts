import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { paperClaims } from "../../src/experiments/claims/claims.ts";
import { derived } from "../../src/experiments/claims/derived.ts";
import { document, tally } from "../../src/experiments/claims/document.ts";
import { type Evidence, evidenceIn } from "../../src/experiments/claims/evidence.ts";
import { judged, verdictOf } from "../../src/experiments/claims/verdicts.ts";
import { groups } from "../../src/experiments/paper/groups.ts";
import { scratch } from "../e2e/qgen.ts";

const findings = groups().flatMap((group) => group.findings);
const own = (id: string, verdict: "holds" | "fails" | "undecided") => ({
  id,
  statement: `${id} is so`,
  verdict,
  says: [`The numbers of ${id}.`],
});
const evidence = (name: string, claims: Evidence["claims"], more: Partial<Evidence> = {}): Evidence => ({
  name,
  command: "qgen reproduce --seeds 3",
  seeds: [0, 1, 2],
  recipe: { model: "nin:2x2", epochs: 30, data: { name: "cifar10", train: 5000 } },
  precisions: [32, 8, 4, 2].map((bits) => ({ name: `Int${bits}`, bits, weights: { mean: 10 } })),
  claims,
  ...more,
});
const verdicts = (all: readonly Evidence[]): Record<string, string> =>
  Object.fromEntries(judged(findings, all).map(({ id, verdict }) => [id, verdict]));

describe("the verdict on a claim", () => {
  test.each([
    [[], "not attempted"],
    [["holds"], "reproduced"],
    [["holds", "undecided"], "reproduced"],
    [["fails", "undecided"], "contradicted"],
    [["undecided"], "undecided"],
    [["holds", "fails"], "undecided"],
  ] as const)("of answers %o is %s", (answers, expected) => {
    expect(verdictOf(answers.map((verdict) => ({ claim: { verdict } })))).toBe(expected);
  });

  test("is of the answers to this claim only, from all reports", () => {
    const all = [
      evidence("a", [own("gap", "holds"), own("h1-x", "undecided"), own("corrupted-gap-nin:2x1", "holds")]),
      evidence("b", [own("gap", "fails"), own("h1-y", "fails"), own("test-loss", "fails")]),
    ];
    expect(verdicts(all)).toMatchObject({
      gap: "undecided",
      h1: "contradicted",
      "test-loss": "contradicted",
      "corrupted-gap": "reproduced",
      "mobilenet-int2": "not attempted",
      int8: "not attempted",
    });
  });
});

describe("a report in which a network has learned nothing", () => {
  const of = (model: string, ...why: string[]) =>
    evidence("a", [own("bins", "fails"), own("gap", "holds")], {
      robustness: [
        { model, precisions: [{ name: "Int4", degenerate: why.map((each) => ({ seed: 0, why: each })) }] },
      ],
    });
  const bins = (from: Evidence) => judged(findings, [from]).find(({ id }) => id === "bins")!;

  test("decides nothing, and says why", () => {
    const found = bins(of("nin:2x2", "it guesses"));
    expect(found.verdict).toBe("undecided");
    expect(found.ours[0]!.claim.says).toEqual(["The numbers of bins.", "Int4 seed 0: it guesses."]);
    expect(bins(of("nin:2x2")).verdict).toBe("contradicted");
  });

  test("counts where it is another network than the report's own", () => {
    expect(bins(of("vgg19:w4", "it guesses")).verdict).toBe("contradicted");
  });
});

describe("the claims", () => {
  test("have distinct ids, and every finding that they name exists", () => {
    expect(new Set(paperClaims.map(({ id }) => id)).size).toBe(paperClaims.length);
    expect(judged(findings, []).every(({ verdict }) => verdict === "not attempted")).toBe(true);
    expect(() => judged([], [])).toThrow(/claim "regularization": there is no finding "training-loss"/);
  });
});

describe("what follows from the numbers of a summary", () => {
  const withNorms = (...means: number[]): Evidence =>
    evidence("a", [], {
      precisions: [32, 8, 4, 2].map((bits, i) => ({ name: "", bits, weights: { mean: means[i]! } })),
    });
  const level = (bits: number, low: number, high: number) => ({
    bits,
    simultaneous: { mean: (low + high) / 2, low, high },
  });
  const withLevels = (...levels: ReturnType<typeof level>[]): Evidence =>
    evidence("a", [], {
      h1: [
        { id: "sharpness_mag_orig", name: "sharpness, mag-orig", test: { levels } },
        { id: "sharpness_orig", name: "sharpness, orig", test: { levels: [level(8, 5, 6)] } },
      ],
    });

  test("norms differ as in the paper from a factor of its least one on, and not below it", () => {
    const least = Number(/at least ([\d.]+) times/.exec(derived(withNorms(1, 1, 1, 1))[0]!.says[0]!)![1]);
    expect(least).toBeGreaterThan(1);
    expect(derived(withNorms(least + 0.001, 1, 1, 1))[0]!.verdict).toBe("holds");
    expect(derived(withNorms(1, 1, 1, least - 0.001))[0]!.verdict).toBe("fails");
  });

  test("flatter is every level below zero; one above contradicts; measures without magnitude do not count", () => {
    const verdict = (...levels: ReturnType<typeof level>[]) =>
      derived(withLevels(...levels))
        .filter(({ id }) => id === "flatter")
        .map((answer) => answer.verdict);
    expect(verdict(level(8, -2, -1), level(2, -3, -0.1))).toEqual(["holds"]);
    expect(verdict(level(8, -2, -1), level(2, 0.1, 3))).toEqual(["fails"]);
    expect(verdict(level(8, -2, -1), level(2, -0.1, 3))).toEqual(["undecided"]);
  });
});

describe("the document", () => {
  test("has every claim with both kinds of evidence and its verdict, and counts them", () => {
    const all = [evidence("pool", [own("gap", "holds")])];
    const claims = judged(findings, all);
    const text = document(claims, all);
    for (const { statement, verdict } of claims) expect(text).toContain(`## ${statement}: ${verdict}`);
    expect(text).toContain(
      "[pool](../results/pool/report.html): nin:2x2, 5,000 images of CIFAR-10, 30 epochs, 3 seeds",
    );
    expect(text).toContain(
      "- **holds**, [pool](../results/pool/report.html): gap is so. The numbers of gap.",
    );
    expect(text).toContain("([smaller-gap](errata.md#smaller-gap-holds))");
    expect(tally(claims)).toBe("11 claims: 1 reproduced, 1 contradicted, 0 undecided and 9 not attempted");
  });

  test("links to headings of the errata that exist", () => {
    const errata = readFileSync("docs/errata.md", "utf8");
    for (const { paper } of judged(findings, []))
      for (const { id, verdict } of paper) expect(errata).toContain(`### ${id}: ${verdict}\n`);
  });
});

describe("the folder of results", () => {
  const folder = (files: Record<string, string>): string => {
    const directory = scratch();
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(directory, name));
      writeFileSync(join(directory, name, "summary.json"), text);
    }
    return directory;
  };
  test("is read by name; what is no report is left out", () => {
    const { name: _, ...summary } = evidence("x", [own("gap", "holds")]);
    const directory = folder({ b: JSON.stringify(summary), a: JSON.stringify({ ...summary, more: 1 }) });
    mkdirSync(join(directory, "notes"));
    expect(evidenceIn(directory).map(({ name }) => name)).toEqual(["a", "b"]);
  });
  test("that is missing, or has a broken summary, is a sentence", () => {
    expect(() => evidenceIn("/nowhere")).toThrow(/cannot read the results in \/nowhere: ENOENT/);
    expect(() => evidenceIn(folder({ a: "{" }))).toThrow(
      /a\/summary.json is not the summary of a report: it is no JSON/,
    );
    expect(() => evidenceIn(folder({ a: '{"command":1}' }))).toThrow(
      /is not the summary of a report: .*command/s,
    );
  });
});
