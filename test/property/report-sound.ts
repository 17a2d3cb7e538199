import { expect } from "vitest";
import { cellsOf, type Element, elementsOf, named, textOf } from "./report-markup.ts";

export const attributesOf = (root: Element, name: string): string[] =>
  elementsOf(root).flatMap(({ attributes }) => attributes.get(name) ?? []);

/** Asks nothing of the network or of the reader's browser, leads nowhere that is not there, and can be read aloud. */
export function expectSound(root: Element, files: readonly string[]): void {
  const names = new Set(elementsOf(root).map(({ name }) => name));
  for (const active of ["script", "img", "link", "iframe", "object", "image", "use", "base", "form"])
    expect(names).not.toContain(active);
  for (const { attributes } of elementsOf(root))
    for (const [name, value] of attributes) {
      expect(name).not.toMatch(/^(src|srcset|on|xlink:href)/);
      if (!name.startsWith("xmlns")) expect(value).not.toMatch(/https?:|javascript:|url\((?!#)/i);
    }
  expect(textOf(named(root, "style")[0]!)).not.toMatch(/@import|url\(|http/);

  const ids = attributesOf(root, "id");
  expect(ids).toEqual([...new Set(ids)]);
  for (const href of attributesOf(root, "href"))
    if (href.startsWith("#")) expect(ids).toContain(href.slice(1));
    else expect(files).toContain(href);

  expect(named(root, "h1").map(textOf)).toEqual(named(root, "title").map(textOf));
  const depths = elementsOf(root).flatMap(({ name }) => /^h(\d)$/.exec(name)?.[1] ?? []);
  expect(depths[0]).toBe("1");
  for (const [i, depth] of depths.slice(1).entries())
    expect(Number(depth) - Number(depths[i])).toBeLessThan(2);
  for (const table of named(root, "table")) {
    const widths = new Set(cellsOf(table).map((row) => row.length));
    expect(widths.size).toBe(1);
    expect(textOf(named(table, "caption")[0]!)).not.toBe("");
  }
  for (const element of elementsOf(root).filter(({ attributes }) => attributes.has("tabindex")))
    expect(element.attributes.get("aria-label")).toMatch(/\S/);
  for (const svg of named(root, "svg")) {
    expect(svg.attributes.get("role")).toBe("img");
    expect(svg.attributes.get("aria-label")).toMatch(/\S/);
  }
}
