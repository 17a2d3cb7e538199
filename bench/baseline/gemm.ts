// A product and nothing else, in AssemblyScript: the 4 x 8 register tile with packed panels, no transposes, no edges, no bias.
// M is a multiple of 4, N of 8. What a kernel of ours reaches is given as a share of this.

function packB(b: usize, ldb: i32, k: i32, n: i32, out: usize): void {
  for (let j = 0; j < n; j += 8)
    for (let p = 0; p < k; p++) {
      const from = b + ((<usize>(p * ldb + j)) << 2);
      v128.store(out, v128.load(from));
      v128.store(out, v128.load(from, 16), 16);
      out += 32;
    }
}

function packA(a: usize, lda: i32, m: i32, k: i32, out: usize): void {
  const row = (<usize>lda) << 2;
  for (let i = 0; i < m; i += 4) {
    let from = a + <usize>i * row;
    for (let p = 0; p < k; p++) {
      store<f32>(out, load<f32>(from));
      store<f32>(out + 4, load<f32>(from + row));
      store<f32>(out + 8, load<f32>(from + 2 * row));
      store<f32>(out + 12, load<f32>(from + 3 * row));
      from += 4;
      out += 16;
    }
  }
}

function tile(k: i32, a: usize, b: usize, c: usize, ldc: usize): void {
  let c00 = f32x4.splat(0),
    c01 = c00,
    c10 = c00,
    c11 = c00,
    c20 = c00,
    c21 = c00,
    c30 = c00,
    c31 = c00;
  for (let p = 0; p < k; p++) {
    const b0 = v128.load(b),
      b1 = v128.load(b, 16);
    let x = v128.load_splat<f32>(a);
    c00 = f32x4.add(c00, f32x4.mul(x, b0));
    c01 = f32x4.add(c01, f32x4.mul(x, b1));
    x = v128.load_splat<f32>(a, 4);
    c10 = f32x4.add(c10, f32x4.mul(x, b0));
    c11 = f32x4.add(c11, f32x4.mul(x, b1));
    x = v128.load_splat<f32>(a, 8);
    c20 = f32x4.add(c20, f32x4.mul(x, b0));
    c21 = f32x4.add(c21, f32x4.mul(x, b1));
    x = v128.load_splat<f32>(a, 12);
    c30 = f32x4.add(c30, f32x4.mul(x, b0));
    c31 = f32x4.add(c31, f32x4.mul(x, b1));
    a += 16;
    b += 32;
  }
  v128.store(c, f32x4.add(v128.load(c), c00));
  v128.store(c, f32x4.add(v128.load(c, 16), c01), 16);
  c += ldc;
  v128.store(c, f32x4.add(v128.load(c), c10));
  v128.store(c, f32x4.add(v128.load(c, 16), c11), 16);
  c += ldc;
  v128.store(c, f32x4.add(v128.load(c), c20));
  v128.store(c, f32x4.add(v128.load(c, 16), c21), 16);
  c += ldc;
  v128.store(c, f32x4.add(v128.load(c), c30));
  v128.store(c, f32x4.add(v128.load(c, 16), c31), 16);
}

/** C[m,n] += A[m,k] B[k,n], row-major; `ws` is room for packed panels. */
export function gemm(a: usize, b: usize, c: usize, m: i32, n: i32, k: i32, ws: usize): void {
  const KC = 256,
    MC = 96;
  for (let p = 0; p < k; p += KC) {
    const kc = min(KC, k - p);
    packB(b + ((<usize>(p * n)) << 2), n, kc, n, ws);
    const packedA = ws + ((<usize>(kc * n)) << 2);
    for (let i = 0; i < m; i += MC) {
      const mc = min(MC, m - i);
      packA(a + ((<usize>(i * k + p)) << 2), k, mc, kc, packedA);
      for (let j = 0; j < n; j += 8)
        for (let r = 0; r < mc; r += 4)
          tile(
            kc,
            packedA + ((<usize>(r * kc)) << 2),
            ws + ((<usize>(j * kc)) << 2),
            c + ((<usize>((i + r) * n + j)) << 2),
            (<usize>n) << 2,
          );
    }
  }
}
