/** A product in plain TypeScript, as fast as it gets there: blocks of 4 rows and 4 columns, with both operands packed. */

const BLOCK = 4;

/** The blocks of four columns of `x` [k, n], one after the other; columns beyond the last are zeros. */
function packed(
  x: Float32Array,
  k: number,
  n: number,
  rowStride: number,
  columnStride: number,
): Float32Array {
  const panels = Math.ceil(n / BLOCK);
  const out = new Float32Array(panels * k * BLOCK);
  let at = 0;
  for (let panel = 0; panel < panels; panel++)
    for (let p = 0; p < k; p++)
      for (let j = panel * BLOCK; j < (panel + 1) * BLOCK; j++)
        out[at++] = j < n ? x[p * rowStride + j * columnStride]! : 0;
  return out;
}

/** C = A B for a [m, k] and b [k, n]; m and n are multiples of 4. */
export function plainGemm(a: Float32Array, b: Float32Array, m: number, n: number, k: number): Float32Array {
  const [rows, columns] = [packed(a, k, m, 1, k), packed(b, k, n, n, 1)];
  const c = new Float32Array(m * n);
  for (let j = 0; j < n; j += BLOCK)
    for (let i = 0; i < m; i += BLOCK) tile(rows, i * k, columns, j * k, k, c, i * n + j, n);
  return c;
}

function tile(
  a: Float32Array,
  ai: number,
  b: Float32Array,
  bi: number,
  k: number,
  c: Float32Array,
  ci: number,
  n: number,
): void {
  let [c00, c01, c02, c03] = [0, 0, 0, 0];
  let [c10, c11, c12, c13] = [0, 0, 0, 0];
  let [c20, c21, c22, c23] = [0, 0, 0, 0];
  let [c30, c31, c32, c33] = [0, 0, 0, 0];
  for (let p = 0; p < k; p++, ai += BLOCK, bi += BLOCK) {
    const a0 = a[ai]!;
    const a1 = a[ai + 1]!;
    const a2 = a[ai + 2]!;
    const a3 = a[ai + 3]!;
    const b0 = b[bi]!;
    const b1 = b[bi + 1]!;
    const b2 = b[bi + 2]!;
    const b3 = b[bi + 3]!;
    c00 += a0 * b0;
    c01 += a0 * b1;
    c02 += a0 * b2;
    c03 += a0 * b3;
    c10 += a1 * b0;
    c11 += a1 * b1;
    c12 += a1 * b2;
    c13 += a1 * b3;
    c20 += a2 * b0;
    c21 += a2 * b1;
    c22 += a2 * b2;
    c23 += a2 * b3;
    c30 += a3 * b0;
    c31 += a3 * b1;
    c32 += a3 * b2;
    c33 += a3 * b3;
  }
  c.set([c00, c01, c02, c03], ci);
  c.set([c10, c11, c12, c13], ci + n);
  c.set([c20, c21, c22, c23], ci + 2 * n);
  c.set([c30, c31, c32, c33], ci + 3 * n);
}
