import type { Finding, InPaper, Relation, Sides } from "./check.ts";

const broken: Readonly<Record<Relation, string>> = { "=": "≠", "≤": ">", "<": "≥", ">": "≤" };

function plain(x: number, digits: number): string {
  const text = x.toPrecision(digits);
  return text.includes("e") ? text : String(Number(text));
}

/**
 * `0.5588 ≤ 0.8935`: both sides, with as many digits as it takes to see that they differ, and the relation that is
 * there.
 */
export function sidesText({ left, relation, right, holds }: Sides): string {
  const at = (digits: number): readonly [string, string] => [plain(left, digits), plain(right, digits)];
  const equal = ([a, b]: readonly [string, string]): boolean => a === b;
  let digits = 4;
  if (left !== right && !(relation === "=" && holds)) while (digits < 17 && equal(at(digits))) digits++;
  const [a, b] = at(digits);
  const sign = holds ? (relation === "=" && a !== b ? "≈" : relation) : broken[relation];
  return `${a} ${sign} ${b}`;
}

const asked: Readonly<Record<InPaper, string>> = {
  named: "",
  missing: "; the paper does not ask for it",
  ours: "",
};

const WIDTH = 100;
const LABEL = 10;

/** Lines of at most WIDTH letters, under a label. */
function entry(label: string, text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > WIDTH - LABEL) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.map((line, i) => `    ${(i === 0 ? label : "").padEnd(LABEL)}${line}`);
}

/** `(7)`, `(H1)` */
const numberOf = (item: string): string => `(${item.split(".").at(-1)})`;

/**
 * One finding, as a reader wants it: the statement, its conditions, both sides; and the same where a condition is
 * dropped.
 */
export const findingText = ({ item, standing, statement, conditions, ...found }: Finding): string =>
  [
    `${numberOf(item)} ${statement}   [${standing}]`,
    ...conditions.flatMap((condition, i) => entry(i === 0 ? "if" : "and", condition)),
    ...entry("try", found.example),
    ...entry("", `${sidesText(found.sides)}   ${found.sides.holds ? "holds" : "FAILS"}`),
    ...entry("without", found.counterexample.without + asked[found.counterexample.inPaper]),
    ...entry("try", found.counterexample.example),
    ...entry(
      "",
      `${sidesText(found.counterexample.sides)}   ${found.counterexample.sides.holds ? "HOLDS ALL THE SAME" : "fails, as it should"}`,
    ),
  ].join("\n");
