/** A symmetric matrix, row by row. */
export type Matrix = readonly (readonly number[])[];

/** λ₁ ≤ … ≤ λₚ, and the unit vector that belongs to each. */
export interface Eigen {
  readonly values: readonly number[];
  readonly vectors: readonly (readonly number[])[];
}

/** Far more than it ever takes: the rest shrinks quadratically from sweep to sweep. */
const SWEEPS = 60;

/**
 * All eigenvalues and eigenvectors of a small symmetric matrix, by Jacobi's rotations.
 *
 * @throws RangeError where the matrix is not symmetric
 */
export function eigen(matrix: Matrix): Eigen {
  const p = matrix.length;
  matrix.forEach((row, i) => {
    if (row.length !== p || row.some((x, j) => x !== matrix[j]?.[i]))
      throw new RangeError(`eigen: expected a symmetric matrix of ${p} rows, row ${i} is [${row}]`);
  });
  const a = matrix.map((row) => [...row]);
  const v: number[][] = matrix.map((row, i) => row.map((_, j) => Number(i === j)));
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    let off = 0;
    for (let i = 0; i < p; i++)
      for (let j = i + 1; j < p; j++) {
        off += Math.abs(a[i]![j]!);
        rotate(a, v, i, j);
      }
    if (off === 0) break;
  }
  const order = a.map((_, i) => i).sort((i, j) => a[i]![i]! - a[j]![j]!);
  return { values: order.map((i) => a[i]![i]!), vectors: order.map((i) => v.map((row) => row[i]!)) };
}

/** Turns the plane of axes i and j until a[i][j] is 0, and keeps the turns in the columns of v. */
function rotate(a: number[][], v: number[][], i: number, j: number): void {
  const between = a[i]![j]!;
  if (between === 0) return;
  const theta = (a[j]![j]! - a[i]![i]!) / (2 * between);
  const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  for (const row of a) turn(row, i, j, c, s);
  for (let k = 0; k < a.length; k++) {
    const [x, y] = [a[i]![k]!, a[j]![k]!];
    a[i]![k] = c * x - s * y;
    a[j]![k] = s * x + c * y;
  }
  a[i]![j] = 0;
  a[j]![i] = 0;
  for (const row of v) turn(row, i, j, c, s);
}

function turn(row: number[], i: number, j: number, c: number, s: number): void {
  const [x, y] = [row[i]!, row[j]!];
  row[i] = c * x - s * y;
  row[j] = s * x + c * y;
}
