/** A strict reader for the pages and drawings of a report: what is not well-formed is an error. */

export interface Element {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly (Element | string)[];
}

const empty = new Set(["meta", "br", "hr", "img", "link", "input"]);
const characters: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };

function decoded(text: string): string {
  const bad = /[<>]|&(?!(?:amp|lt|gt|quot|#39);)/.exec(text) ?? control(text);
  if (bad)
    throw new SyntaxError(`${JSON.stringify(bad[0])} stands bare in ${JSON.stringify(text.slice(0, 80))}`);
  return text.replace(/&([^;]+);/g, (_, name: string) => characters[name]!);
}

/** What neither HTML nor XML may contain. */
const control = (text: string): RegExpExecArray | null =>
  /[^\t\n\r\u0020-\u007e\u00a0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.exec(text);

/**
 * The one element that a page or a drawing consists of.
 *
 * @throws SyntaxError on a tag that is not closed, not opened or not plain, an attribute without double quotes or
 * given twice, and a character that has to be escaped
 */
export function parseMarkup(markup: string): Element {
  const root: Element & { children: (Element | string)[] } = {
    name: "",
    attributes: new Map(),
    children: [],
  };
  const open = [root];
  const tag = /<(\/?)([a-zA-Z][\w-]*)((?:\s+[\w:-]+="[^"]*")*)\s*(\/?)>/y;
  let at = /^<!doctype html>\n/.exec(markup)?.[0].length ?? 0;
  while (at < markup.length) {
    const parent = open.at(-1)!;
    if (markup[at] !== "<") {
      const end = markup.indexOf("<", at);
      const text = decoded(markup.slice(at, end < 0 ? undefined : end));
      if (parent === root && text.trim() !== "") throw new SyntaxError(`text outside: ${text.slice(0, 80)}`);
      parent.children.push(text);
      at += end < 0 ? markup.length : end - at;
      continue;
    }
    tag.lastIndex = at;
    const found = tag.exec(markup);
    if (found === null) throw new SyntaxError(`no plain tag: ${markup.slice(at, at + 80)}`);
    at = tag.lastIndex;
    const [, closing, name, given, selfClosing] = found;
    if (closing) {
      if (parent.name !== name) throw new SyntaxError(`</${name}> where <${parent.name}> is open`);
      open.pop();
      continue;
    }
    const pairs = [...given!.matchAll(/([\w:-]+)="([^"]*)"/g)].map(
      ([, key, value]) => [key!, decoded(value!)] as const,
    );
    const attributes = new Map(pairs);
    if (attributes.size !== pairs.length) throw new SyntaxError(`an attribute twice: ${found[0]}`);
    const element = { name: name!, attributes, children: [] };
    parent.children.push(element);
    if (name === "style") {
      const end = markup.indexOf("</style>", at);
      element.children.push(markup.slice(at, end) as never);
      at = end + "</style>".length;
    } else if (!selfClosing && !empty.has(name!)) open.push(element);
  }
  if (open.length > 1) throw new SyntaxError(`<${open.at(-1)!.name}> is never closed`);
  const elements = root.children.filter((child) => typeof child !== "string");
  if (elements.length !== 1) throw new SyntaxError(`expected one element, got ${elements.length}`);
  return elements[0]!;
}

/** All elements below this one, itself first, in the order of the text. */
export const elementsOf = (element: Element): Element[] => [
  element,
  ...element.children.flatMap((child) => (typeof child === "string" ? [] : elementsOf(child))),
];

export const named = (element: Element, name: string): Element[] =>
  elementsOf(element).filter((candidate) => candidate.name === name);

export const textOf = (element: Element | string): string =>
  typeof element === "string" ? element : element.children.map(textOf).join("");

/** Cells of each row as text, one for each column: what spans several is there several times. */
export function cellsOf(table: Element): string[][] {
  const held = new Map<number, { text: string; rows: number }>();
  return named(table, "tr").map((row) => {
    const cells: string[] = [];
    const fill = (): void => {
      for (let above = held.get(cells.length); above; above = held.get(cells.length)) {
        if (--above.rows === 0) held.delete(cells.length);
        cells.push(above.text);
      }
    };
    for (const cell of elementsOf(row).filter(({ name }) => name === "td" || name === "th")) {
      fill();
      const span = (name: string): number => Number(cell.attributes.get(name) ?? 1);
      for (let i = 0; i < span("colspan"); i++) {
        if (span("rowspan") > 1) held.set(cells.length, { text: textOf(cell), rows: span("rowspan") - 1 });
        cells.push(textOf(cell));
      }
    }
    fill();
    return cells;
  });
}
