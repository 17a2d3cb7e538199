import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { aggregate } from "../../src/experiments/report/aggregate.ts";
import { claimsOf } from "../../src/experiments/report/claims.ts";
import { drawingsOf } from "../../src/experiments/report/drawings.ts";
import { draw, type Figure } from "../../src/experiments/report/figures.ts";
import { html } from "../../src/experiments/report/html.ts";
import { page } from "../../src/experiments/report/page.ts";
import { referenceFor } from "../../src/experiments/report/reference.ts";
import type { RunResult } from "../../src/experiments/result.ts";
import { cellsOf, type Element, elementsOf, named, parseMarkup, textOf } from "./report-markup.ts";
import { experiment, grid, layer, made, paperBits } from "./report-runs.ts";
import { attributesOf, expectSound } from "./report-sound.ts";

interface Words {
  readonly title: string;
  readonly command: string;
}
function pageOf(
  runs: readonly RunResult[],
  figures: readonly Figure[] = [],
  words: Words = { title: "A title", command: "qgen reproduce" },
): string {
  const all = aggregate(runs);
  const reference = referenceFor(all.recipe.data.name);
  const files = ["table-1.csv", "summary.json", ...figures.map(({ id }) => `figures/${id}.svg`)];
  return page({ ...words, scale: "small", all, reference, claims: claimsOf(all, reference), figures, files });
}
const paragraphs = (root: Element): string[] => named(root, "p").map(textOf);
describe("the page", () => {
  test("is well-formed and needs nothing else, whatever the runs are", () => {
    const some = fc.tuple(experiment, fc.array(fc.constantFrom("counts", "diverged"), { minLength: 14 }));
    fc.assert(
      fc.property(some, ([runs, kinds]) => {
        const results = runs.map(
          (run, i): RunResult =>
            kinds[i] === "diverged" ? { ...run, status: "diverged", reason: "the loss became NaN" } : run,
        );
        const text = pageOf(results);
        expectSound(parseMarkup(text), ["table-1.csv", "summary.json"]);
        expect(text).not.toMatch(/undefined|NaN(?!<)|\[object|Infinity|null/);
      }),
    );
  });

  test("with figures, each has a heading, what is to be seen in it, and words for those who cannot see it", async () => {
    const runs = grid(paperBits, 2);
    const figures = await draw(drawingsOf(aggregate(runs)));
    const root = parseMarkup(pageOf(runs, figures));
    expectSound(root, ["table-1.csv", "summary.json", ...figures.map(({ id }) => `figures/${id}.svg`)]);
    const drawn = named(root, "figure").filter(({ attributes }) => attributes.has("id"));
    expect(
      drawn.map((figure) => [
        figure.attributes.get("id"),
        textOf(named(figure, "h3")[0]!),
        textOf(named(figure, "figcaption")[0]!),
        named(figure, "svg")[0]!.attributes.get("aria-label"),
      ]),
    ).toEqual(figures.map(({ id, heading, caption, alt }) => [id, heading, `${caption} SVG`, alt]));
    expect(figures).toHaveLength(4);
  });

  test("shows every claim with its verdict, and counts them in its first sentence", () => {
    const runs = grid(paperBits, 3, (precision, seed) => ({ trainLoss: precision + seed, gap: precision }));
    const all = aggregate(runs);
    const claims = claimsOf(all, referenceFor("cifar10"));
    const root = parseMarkup(pageOf(runs));
    const shown = named(root, "li").filter((item) => named(item, "h3").length > 0);
    expect(
      shown.map((item) => [
        textOf(named(item, "h3")[0]!),
        elementsOf(item)
          .find(({ attributes }) => attributes.get("class")?.startsWith("verdict "))!
          .attributes.get("class"),
        named(item, "p").map(textOf),
      ]),
    ).toEqual(
      claims.map(({ statement, verdict, says, rule }) => [statement, `verdict ${verdict}`, [...says, rule]]),
    );
    expect(claims.map(({ verdict }) => verdict)).toEqual([
      "holds",
      "fails",
      "fails",
      "holds",
      "holds",
      "holds",
    ]);
    expect(paragraphs(root)).toContainEqual(
      expect.stringMatching(/^Of 6 claims, 4 hold here and 2 do not\./),
    );
  });

  test("text from outside changes no markup, whatever it is", () => {
    const outside = (text: string): string => {
      const [first] = grid([4], 1, () => ({ dataSource: text, steps: [layer(text, 4, 0)] }));
      const { environment } = first!;
      const run = { ...first!, environment: { ...environment, cpu: text, commit: text, node: text } };
      return pageOf(
        [run, made({ bits: 2, seed: 0, reason: text, dataSource: text })],
        [{ id: "figure-1", heading: text, caption: text, alt: text, inline: "", standalone: "" }],
        { title: text, command: text },
      );
    };
    const shape = (root: Element): unknown =>
      elementsOf(root).map(({ name, attributes }) => [name, [...attributes.keys()]]);
    const tame = shape(parseMarkup(outside("tame")));
    const hostile = fc.oneof(
      fc.constantFrom(
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "</style></title></pre><svg onload='x'>",
        "&lt;b&gt; &amp;amp; &#60;",
        "a\u0000b\u0007c\u001b[31m\u007f\u0085\ufffe\ud800",
      ),
      fc.string({ unit: "binary" }),
      fc.string({ unit: fc.constantFrom("<", ">", "&", '"', "'", "/", "a", " ", "=", "\n", ";") }),
    );
    fc.assert(
      fc.property(hostile, (text) => {
        const root = parseMarkup(outside(text));
        expect(shape(root)).toEqual(tame);
        // A character that no page may contain is shown as one that says so.
        const readable = [...text]
          .map((c) => (/[^\t\n\r -~\u00a0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.test(c) ? "\ufffd" : c))
          .join("");
        expect(textOf(named(root, "h1")[0]!)).toBe(readable);
        expect(named(root, "code").map(textOf)).toContain(readable);
        expect(cellsOf(named(root, "table").at(-2)!).at(-1)!.at(-1)).toBe(readable);
      }),
      { numRuns: 300 },
    );
  });

  test("names each run that is not counted, with its reason, where one looks first", () => {
    const runs = [
      ...grid([32, 8], 2),
      made({ bits: 2, seed: 5, reason: "the loss became NaN in epoch 2, step 1 of 2", epochs: 7 }),
      { ...made({ bits: 8, seed: 1 }), gap: 3 },
    ];
    const root = parseMarkup(pageOf(runs));
    expect(paragraphs(root)).toContain(
      "2 of 6 runs are in no number below, so that nothing is known of Int2: which, and why.",
    );
    const table = named(root, "table").find((t) =>
      textOf(named(t, "caption")[0]!).startsWith("2 runs in no mean"),
    )!;
    expect(cellsOf(table).slice(1)).toEqual([
      ["Int8", "1", "2 of 2", "a second run of the same precision and seed; only the first counts"],
      ["Int2", "5", "7 of 7", "the loss became NaN in epoch 2, step 1 of 2"],
    ]);
    const sound = parseMarkup(pageOf(grid([32, 8], 2)));
    expect(attributesOf(sound, "id")).not.toContain("not-counted");
    expect(textOf(sound)).not.toContain("in no number below");
  });

  test("warns where the runs do not share one recipe", () => {
    const other = made({ bits: 2, seed: 0, config: { lr: 0.01 } });
    expect(paragraphs(parseMarkup(pageOf([...grid([32], 1), other])))).toContainEqual(
      expect.stringMatching(/^These runs do not share one recipe: they differ in lr\./),
    );
    expect(pageOf(grid(paperBits, 2))).not.toContain("do not share one recipe");
  });

  test("lists all runs with their weights' hash", () => {
    const root = parseMarkup(pageOf(grid([8, 32], 2)));
    expect(cellsOf(named(root, "table").at(-1)!).slice(1)).toEqual(
      ["FP32 0", "FP32 1", "Int8 0", "Int8 1"].map((run) => [
        ...run.split(" "),
        ...["2", "0.5000", "0.7500", "0.2500", "1.5 s", "0123456789ab"],
      ]),
    );
  });
});

describe("escaping", () => {
  test("is undone by reading, in text and in attributes", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        const { children, attributes } = parseMarkup(html`<p title="${text}">${text}</p>`.markup);
        expect([children.join(""), attributes.get("title")]).toEqual([text, text]);
      }),
    );
  });

  test("is done once: markup in a hole stays markup, in a list too, and nothing is nothing", () => {
    const b = html`<b>${"<"}</b>`;
    expect(html`${b} ${[b, "&", [1, null]]}`.markup).toBe("<b>&lt;</b> <b>&lt;</b>&amp;1");
  });
});
