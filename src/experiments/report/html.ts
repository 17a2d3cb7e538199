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

/** Text for a page or a quoted attribute. Control characters, which no page may contain, are shown as �. */
export const escaped = (text: string): string =>
  [...text.replace(/[&<>"']/g, (c) => entities[c]!)]
    .map((c) => (c < " " && !"\t\n\r".includes(c) ? "�" : c))
    .join("");

const markupOf = (part: Part): string => {
  if (part === null) return "";
  if (typeof part === "string") return escaped(part);
  if (typeof part === "number") return String(part);
  return "markup" in part ? part.markup : part.map(markupOf).join("");
};

/** A template whose holes are escaped: html`<b>${name}</b>` */
export const html = (strings: TemplateStringsArray, ...parts: readonly Part[]): Html =>
  trusted(strings.map((string, i) => (i === 0 ? string : markupOf(parts[i - 1]!) + string)).join(""));
