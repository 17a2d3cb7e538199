// What 128-bit vectors without fused operations can do at most on a machine: a loop that multiplies and adds in registers and
// reads nothing, and the tile of 4 x 8 of our products, both compiled by a C compiler.
//
//   gcc -O2 -mavx -ffp-contract=off bench/peers/registers.c -o /tmp/registers && /tmp/registers
#include <immintrin.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

// Four products and the sums that they go to.
#define FOUR(a, b, c, d)                                                                                        \
  "vmulps %8,%8,%%xmm12\n vaddps %%xmm12,%" #a ",%" #a "\n vmulps %8,%8,%%xmm13\n vaddps %%xmm13,%" #b ",%" #b "\n" \
  "vmulps %8,%8,%%xmm14\n vaddps %%xmm14,%" #c ",%" #c "\n vmulps %8,%8,%%xmm15\n vaddps %%xmm15,%" #d ",%" #d "\n"

static double registers(void) {
  __m128 s[8], x = _mm_set1_ps(1e-9f);
  for (int i = 0; i < 8; i++) s[i] = x;
  const long turns = 50 * 1000 * 1000;
  const double began = now();
  for (long i = 0; i < turns; i++)
    __asm__ volatile(FOUR(0, 1, 2, 3) FOUR(4, 5, 6, 7)
                     : "+x"(s[0]), "+x"(s[1]), "+x"(s[2]), "+x"(s[3]), "+x"(s[4]), "+x"(s[5]), "+x"(s[6]), "+x"(s[7])
                     : "x"(x)
                     : "xmm12", "xmm13", "xmm14", "xmm15");
  return 64.0 * turns / (now() - began) / 1e9;
}

#define ROW(i)                                       \
  x = _mm_broadcast_ss(a + i);                       \
  c##i##0 = _mm_add_ps(c##i##0, _mm_mul_ps(x, b0));  \
  c##i##1 = _mm_add_ps(c##i##1, _mm_mul_ps(x, b1));
#define STORE(i)                       \
  _mm_storeu_ps(c + i * ldc, c##i##0); \
  _mm_storeu_ps(c + i * ldc + 4, c##i##1);

__attribute__((noinline)) static void tile(long k, const float *a, const float *b, float *c, long ldc) {
  __m128 c00 = _mm_setzero_ps(), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00, x;
  for (const float *end = a + 4 * k; a < end; a += 4, b += 8) {
    const __m128 b0 = _mm_loadu_ps(b), b1 = _mm_loadu_ps(b + 4);
    ROW(0) ROW(1) ROW(2) ROW(3)
  }
  STORE(0) STORE(1) STORE(2) STORE(3)
}

static double tiles(void) {
  enum { M = 192, N = 512, K = 256, TURNS = 60 };
  static float a[M * K], b[K * N], c[M * N];
  for (long i = 0; i < M * K; i++) a[i] = rand() / (float)RAND_MAX;
  for (long i = 0; i < K * N; i++) b[i] = rand() / (float)RAND_MAX;
  const double began = now();
  for (int turn = 0; turn < TURNS; turn++)
    for (long j = 0; j < N; j += 8)
      for (long i = 0; i < M; i += 4) tile(K, a + i * K, b + j * K, c + i * N + j, N);
  return 2.0 * M * N * K * TURNS / (now() - began) / 1e9;
}

int main(void) {
  for (int i = 0; i < 5; i++) printf("registers %.1f, tile %.1f GFLOP/s\n", registers(), tiles());
}
