/** Text that is markup already. Everything else is escaped on its way into a page. */
export interface Html {
  readonly markup: string;
}

export type Part = string | number | Html | null | readonly Part[];

/** Markup from a trusted place: written here, or drawn by Vega. */
export const trusted = (markup: string): Html => ({ markup });

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** What neither a page nor a drawing may contain: control characters, halves of characters, and two that are none. */
const forbidden = /[^\t\n\r\u0020-\u007e\u00a0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

/** Text for a page or a quoted attribute. Characters that it may not contain are shown as �. */
export const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (c) => entities[c]!).replace(forbidden, "�");

const markupOf = (part: Part): string => {
  if (part === null) return "";
  if (typeof part === "string") return escaped(part);
  if (typeof part === "number") return String(part);
  return "markup" in part ? part.markup : part.map(markupOf).join("");
};

/** A template whose holes are escaped: html`<b>${name}</b>` */
export const html = (strings: TemplateStringsArray, ...parts: readonly Part[]): Html =>
  trusted(strings.map((string, i) => (i === 0 ? string : markupOf(parts[i - 1]!) + string)).join(""));
