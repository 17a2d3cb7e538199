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

/** Products and sums of registers alone, 14 in a turn, each in a chain of its own: as many as hide the time that one takes. */
export function registers(turns: i32, to: usize): void {
  const one = f32x4.splat(1);
  let a = one,
    b = one,
    c = one,
    d = one,
    e = one,
    f = one,
    g = one,
    h = one,
    i = one,
    j = one,
    k = one,
    l = one,
    m = one,
    n = one;
  for (let turn = 0; turn < turns; turn++) {
    a = f32x4.mul(a, one);
    h = f32x4.add(h, one);
    b = f32x4.mul(b, one);
    i = f32x4.add(i, one);
    c = f32x4.mul(c, one);
    j = f32x4.add(j, one);
    d = f32x4.mul(d, one);
    k = f32x4.add(k, one);
    e = f32x4.mul(e, one);
    l = f32x4.add(l, one);
    f = f32x4.mul(f, one);
    m = f32x4.add(m, one);
    g = f32x4.mul(g, one);
    n = f32x4.add(n, one);
  }
  const abcd = f32x4.add(f32x4.add(a, b), f32x4.add(c, d)),
    efgh = f32x4.add(f32x4.add(e, f), f32x4.add(g, h)),
    ijkl = f32x4.add(f32x4.add(i, j), f32x4.add(k, l));
  v128.store(to, f32x4.add(f32x4.add(abcd, efgh), f32x4.add(ijkl, f32x4.add(m, n))));
}

/** Moves bytes, a multiple of 64. */
export function copy(to: usize, from: usize, bytes: usize): void {
  for (const end = from + bytes; from < end; from += 64, to += 64) {
    v128.store(to, v128.load(from));
    v128.store(to, v128.load(from, 16), 16);
    v128.store(to, v128.load(from, 32), 32);
    v128.store(to, v128.load(from, 48), 48);
  }
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
