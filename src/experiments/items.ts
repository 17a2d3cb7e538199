import { paperItems } from "../paper.ts";
import { Complaint } from "./complaint.ts";

/** How many letters have to be put in, taken out or changed to make b of a (Levenshtein). */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + Number(a[i - 1] !== b[j - 1])));
    row = next;
  }
  return row[b.length]!;
}

const numberIn = (text: string): number => Number(/\d+$/.exec(text)?.[0] ?? 0);

/** The known id that is written most like the text; of equals, the one with the nearest number. */
function nearest(text: string, known: readonly string[]): string {
  const rank = (id: string): readonly [number, number] => [
    editDistance(text.toLowerCase(), id.toLowerCase()),
    Math.abs(numberIn(text) - numberIn(id)),
  ];
  return known.reduce((best, id) => {
    const [[d, n], [bestD, bestN]] = [rank(id), rank(best)];
    return d < bestD || (d === bestD && n < bestN) ? id : best;
  });
}

/** `7`, `eq.7`, `h1` and `QGen.eq.7` as the id that is meant. */
export function resolveItem(text: string, known: readonly string[] = Object.keys(paperItems)): string {
  const spelled = /^\d+$/.test(text) ? `QGen.eq.${text}` : text;
  const meant = [spelled, `QGen.${spelled}`].map((id) => id.toLowerCase());
  const found = known.find((id) => meant.includes(id.toLowerCase()));
  if (found !== undefined) return found;
  const prefixed = /^(QGen|LSQ)\./i.test(spelled) ? spelled : `QGen.${spelled}`;
  throw new Complaint(`there is no item "${text}". The nearest is ${nearest(prefixed, known)}.`, 2);
}
