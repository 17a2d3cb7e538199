// C[i,j] = Σ a[i,p] b[j,p], where depths lie in straight lines on both sides, as the pixels of a channel do. Nothing is packed or transposed:
// the four lanes of a vector are neighbouring depths, and are added up once, at the very end.
import { bytes, rowsOf } from "./pack";

/** Rows of b that are multiplied at a time. */
const COLUMNS: i32 = 2;
/** Rows of b that stay in the first-level cache while all of a passes by. */
const BLOCK: i32 = 16;
/** Fewer rows of a than these do not divide into threes and fours. */
const LEAST: i32 = 6;

/** Can m rows be multiplied in depths of `depth` floats? */
export function canDot(m: i32, depth: i32): bool {
  return (m >= LEAST || m == 3 || m == 4) && depth % 4 == 0;
}

/** Floats of workspace for m x n sums. */
export function dotSums(m: i32, n: i32): i32 {
  return 4 * m * (n + 1);
}

@inline function add(at: usize, x: v128): void {
  v128.store(at, f32x4.add(v128.load(at), x));
}

/** Adds products of some rows of a (3 or 4, a constant) and 2 of b to the vectors at `sums`: `runs` runs of `depth` bytes, aRun and bRun apart. */
@inline function dots(
  rows: i32, a: usize, lda: usize, aRun: usize, b: usize, ldb: usize, bRun: usize, runs: i32, depth: usize, sums: usize,
): void {
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  for (; runs > 0; runs--) {
    const a1 = a + lda, a2 = a1 + lda, a3 = a2 + lda, b1 = b + ldb;
    for (let p: usize = 0; p < depth; p += 16) {
      const y0 = v128.load(b + p), y1 = v128.load(b1 + p);
      let x = v128.load(a + p);
      c00 = f32x4.add(c00, f32x4.mul(x, y0));
      c01 = f32x4.add(c01, f32x4.mul(x, y1));
      x = v128.load(a1 + p);
      c10 = f32x4.add(c10, f32x4.mul(x, y0));
      c11 = f32x4.add(c11, f32x4.mul(x, y1));
      x = v128.load(a2 + p);
      c20 = f32x4.add(c20, f32x4.mul(x, y0));
      c21 = f32x4.add(c21, f32x4.mul(x, y1));
      if (rows > 3) {
        x = v128.load(a3 + p);
        c30 = f32x4.add(c30, f32x4.mul(x, y0));
        c31 = f32x4.add(c31, f32x4.mul(x, y1));
      }
    }
    a += aRun;
    b += bRun;
  }
  add(sums, c00);
  add(sums + 16, c01);
  add(sums + 32, c10);
  add(sums + 48, c11);
  add(sums + 64, c20);
  add(sums + 80, c21);
  if (rows > 3) {
    add(sums + 96, c30);
    add(sums + 112, c31);
  }
}

/**
 * Adds to `sums` the products of m rows of a and n of b, over `runs` runs of `depth` floats. Rows and runs are lda, aRun, ldb and bRun
 * floats apart.
 */
export function addDots(
  a: usize, lda: i32, aRun: i32, m: i32, b: usize, ldb: i32, bRun: i32, n: i32, runs: i32, depth: i32, sums: usize,
): void {
  for (let block = 0; block < n; block += BLOCK)
    for (let i = 0; i < m; i += rowsOf(m - i)) {
      const from = a + bytes(i * lda);
      for (let j = block; j < min(n, block + BLOCK); j += COLUMNS) {
        // A last row of b without a partner is its own.
        const right = b + bytes(j * ldb), next = j + 1 < n ? bytes(ldb) : 0;
        if (rowsOf(m - i) == 4) dots(4, from, bytes(lda), bytes(aRun), right, next, bytes(bRun), runs, bytes(depth), sums);
        else dots(3, from, bytes(lda), bytes(aRun), right, next, bytes(bRun), runs, bytes(depth), sums);
        sums += bytes(4 * COLUMNS * rowsOf(m - i));
      }
    }
}

/** C[m,n] from the sums; its rows are ldc bytes apart. */
export function storeDots(sums: usize, m: i32, n: i32, c: usize, ldc: usize): void {
  for (let block = 0; block < n; block += BLOCK)
    for (let i = 0; i < m; i += rowsOf(m - i))
      for (let j = block; j < min(n, block + BLOCK); j += COLUMNS)
        for (let r = i; r < i + rowsOf(m - i); r++)
          for (let l = j; l < j + COLUMNS; l++) {
            const v = v128.load(sums);
            const low = f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1), high = f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3);
            if (l < n) store<f32>(c + <usize>r * ldc + bytes(l), low + high);
            sums += 16;
          }
}
