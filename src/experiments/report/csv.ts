type Cell = string | number | boolean | null;

/**
 * RFC 4180, with a header; `null` and what is not finite leave a cell empty.
 *
 * @throws RangeError on a row without one of the columns
 */
export function toCsv(columns: readonly string[], rows: readonly Readonly<Record<string, Cell>>[]): string {
  const cell = (value: Cell): string => {
    if (value === null || (typeof value === "number" && !Number.isFinite(value))) return "";
    const text = String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const cells = rows.map((row, i) =>
    columns.map((column) => {
      const value = row[column];
      if (value === undefined) throw new RangeError(`toCsv: row ${i + 1} has no "${column}"`);
      return cell(value);
    }),
  );
  return [columns.map(cell), ...cells].map((line) => `${line.join(",")}\n`).join("");
}
