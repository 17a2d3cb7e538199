/** Where a cell stands, for messages: `table1.csv, line 3, column 2`. */
type Place = (line: number, column?: number) => string;

/**
 * The rows of a CSV text (RFC 4180: comma, quotes doubled inside quotes, every line ended), the header among them.
 *
 * Strict: every row must have as many cells as the header, and a quote may only stand where it means one.
 *
 * @param name - of the file, for the message
 * @throws SyntaxError that says where
 */
export function parseCsv(text: string, name = "csv"): string[][] {
  const at: Place = (line, column) =>
    `${name}, line ${line}${column === undefined ? "" : `, column ${column}`}`;
  const rows: string[][] = [];
  let [row, line]: [string[], number] = [[], 1];
  for (let i = 0; i < text.length; ) {
    const cell = cellAt(text, i, () => at(line, row.length + 1));
    row.push(cell.value);
    line += cell.value.split("\n").length - 1;
    if (text[cell.end] === ",") {
      i = cell.end + 1;
      // A comma at the very end opens a cell that the loop would not come to.
      if (i === text.length) throw new SyntaxError(`${at(line)}: expected the line to be ended, got the end`);
      continue;
    }
    const end = text.startsWith("\r\n", cell.end) ? 2 : text[cell.end] === "\n" ? 1 : 0;
    if (end === 0) throw new SyntaxError(`${at(line)}: expected the line to be ended, got the end`);
    const width = rows[0]?.length ?? row.length;
    if (row.length !== width)
      throw new SyntaxError(
        `${at(line)}: expected ${width} cells, as many as in the header, got ${row.length}`,
      );
    rows.push(row);
    row = [];
    line++;
    i = cell.end + end;
  }
  return rows;
}

function cellAt(text: string, start: number, where: () => string): { value: string; end: number } {
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = start;
    return pattern.exec(text);
  };
  if (text[start] !== '"') {
    const value = match(/[^,\r\n"]*/y)?.[0] ?? "";
    const end = start + value.length;
    if (text[end] === '"' || (text[end] === "\r" && text[end + 1] !== "\n"))
      throw new SyntaxError(`${where()}: expected quotes around a cell with a quote or a line break in it`);
    return { value, end };
  }
  const quoted = match(/"((?:[^"]|"")*)"(?=,|\r?\n|$)/y);
  if (quoted === null)
    throw new SyntaxError(`${where()}: expected a closing quote before a comma or the end of the line`);
  return { value: quoted[1]!.replaceAll('""', '"'), end: start + quoted[0].length };
}
