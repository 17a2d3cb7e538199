import { ACCUMULATE, block, KC, MC, MR, NC, NR, STORE } from "./tile";
import { bytes, pack } from "./pack";

/** Floats of workspace that `gemm` needs. */
export function gemmWorkspace(): i32 {
  return KC * NC + MC * KC;
}

/**
 * C[m,n] = A[m,k] B[k,n] for several A, B and C, one behind the other: the rows [from, to) of all C. Element (i,p) of A is at a + i ar + p ac (in floats), element (p,j) of B at b + p br + j bc,
 * so that transposes are only strides. C is row-major.
 */
export function gemm(
  a: usize,
  ar: i32,
  ac: i32,
  b: usize,
  br: i32,
  bc: i32,
  c: usize,
  m: i32,
  n: i32,
  k: i32,
  from: i32,
  to: i32,
  ws: usize,
): void {
  for (let z = from / m; z * m < to; z++) {
    const first = max(0, from - z * m), last = min(m, to - z * m);
    multiply(a + bytes(z * m * k + first * ar), ar, ac, b + bytes(z * k * n), br, bc, c + bytes((z * m + first) * n), last - first, n, k, ws);
  }
}

function multiply(a: usize, ar: i32, ac: i32, b: usize, br: i32, bc: i32, c: usize, m: i32, n: i32, k: i32, ws: usize): void {
  if (k == 0) memory.fill(c, 0, bytes(m * n));
  const packedA = ws + bytes(KC * NC);
  for (let j = 0; j < n; j += NC) {
    const nc = min(NC, n - j);
    for (let p = 0; p < k; p += KC) {
      const kc = min(KC, k - p);
      pack(b + bytes(p * br + j * bc), bc, br, nc, kc, NR, ws);
      for (let i = 0; i < m; i += MC) {
        const mc = min(MC, m - i);
        pack(a + bytes(i * ar + p * ac), ar, ac, mc, kc, MR, packedA);
        block(mc, nc, kc, packedA, ws, c + bytes(i * n + j), bytes(n), p == 0 ? STORE : ACCUMULATE);
      }
    }
  }
}
