/** Singular values by another way than the code's: Jacobi rotations on the Gram matrix. */

/** The eigenvalues of a symmetric matrix [n, n], largest first. */
export function eigenvalues(matrix: readonly (readonly number[])[]): number[] {
  const a = matrix.map((row) => [...row]);
  const n = a.length;
  for (let sweep = 0; sweep < 60; sweep++) {
    let off = 0;
    for (let p = 0; p < n; p++)
      for (let q = p + 1; q < n; q++) {
        const apq = a[p]![q]!;
        off += apq * apq;
        if (apq === 0) continue;
        const theta = (a[q]![q]! - a[p]![p]!) / (2 * apq);
        const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
        const c = 1 / Math.sqrt(t * t + 1);
        const s = t * c;
        for (let k = 0; k < n; k++) {
          const [x, y] = [a[k]![p]!, a[k]![q]!];
          a[k]![p] = c * x - s * y;
          a[k]![q] = s * x + c * y;
        }
        for (let k = 0; k < n; k++) {
          const [x, y] = [a[p]![k]!, a[q]![k]!];
          a[p]![k] = c * x - s * y;
          a[q]![k] = s * x + c * y;
        }
      }
    if (off < 1e-28) break;
  }
  return a.map((row, i) => row[i]!).sort((x, y) => y - x);
}

/** The largest singular value of a matrix. */
export function largestSingularValue(a: readonly (readonly number[])[]): number {
  const gram = a.map((x) => a.map((y) => x.reduce((total, v, k) => total + v * y[k]!, 0)));
  return Math.sqrt(Math.max(0, eigenvalues(gram)[0]!));
}
