/** Rows of cells as lines of characters: the first `left` columns begin, the others end, in one line. */
export function inColumns(rows: readonly (readonly string[])[], left = 1): string {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  const padded = (cell: string, i: number): string =>
    i < left ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!);
  return rows.map((row) => row.map(padded).join("  ").trimEnd()).join("\n");
}
