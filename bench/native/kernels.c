// Softmax cross-entropy and binary cross-entropy with logits, once for each instruction set (-DSET_…).
#include <math.h>
#include <string.h>

#include "kernels.h"
#include "vector.h"

// SCALE·eˣ = 2ⁿ⁻⁹·p(f), x·log₂e = n + f, f in [−½, ½]. p is the monic polynomial of degree 5 that is proportional to
// 2^f within 7.5e-8. Adding MAGIC leaves n, biased like an exponent less 9, in the low bits of the sum: the scale is made
// with one shift, and a row whose biased n is not in 0…255 betrays itself in the OR of these sums.
#define LOG2E 1.44269504088896341f
#define MAGIC (12582912.0f + 118.0f)
#define MAGIC_BITS 0x4b400000
#define PADDING (-81.7911f) /* becomes exactly 0 */

#if FUSED
#define SCALE (753.2118787687446 / 512)
#define MOST_SUM 0x1p60
#else
#define SCALE (753.2142736414621 / 512)
#define MOST_SUM 0x1p45
#endif

typedef struct {
  V log2e, magic, a, b, c, d, e;
} Constants;

INLINE Constants constants(void) {
#if FUSED
  return (Constants){splat(LOG2E), splat(MAGIC), splat(7.287733590553426f), splat(41.80863170464166f),
                     splat(180.93745910893128f), splat(522.0865293215155f), splat(753.2119327449929f)};
#else
  return (Constants){splat(LOG2E), splat(MAGIC), splat(4.79740286f), splat(29.2671452f), splat(-2.30705261f),
                     splat(132.106583f), splat(11.6622391f)};
#endif
}

// p and the scale s apart, so that the caller may fuse their product.
INLINE void expParts(V x, const Constants *k, I *seen, V *p, V *s) {
#if FUSED
  V z = madd(x, k->log2e, k->magic);
  V f = msub(x, k->log2e, sub(z, k->magic));
  V q = add(f, k->a);
  q = madd(q, f, k->b);
  q = madd(q, f, k->c);
  q = madd(q, f, k->d);
  *p = madd(q, f, k->e);
#else
  // Unfused, the same polynomial as ((y + b)(f + c) + d)(y + e), y = (f + a)·f, takes eight operations where Horner
  // takes nine. Coefficients searched for the least error in float32, 2.5e-7.
  V t = mul(x, k->log2e);
  V z = add(t, k->magic);
  V f = sub(t, sub(z, k->magic));
  V y = mul(add(f, k->a), f);
  *p = mul(add(mul(add(y, k->b), add(f, k->c)), k->d), add(y, k->e));
#endif
  *seen = ior(*seen, bits(z));
  *s = floats(shl(bits(z), 23));
}

INLINE int inRange(I seen) { return allEqual(shr(seen, 8), isplat(MAGIC_BITS >> 8)); }
// Neither infinite nor touched by the flush to 0 below x ≈ −81; and where rounding x·log₂e, or log₂e alone where that
// is fused, has cost the largest terms less than 1.5e-6.
INLINE int sane(double sum) { return sum > 1 / MOST_SUM && sum < MOST_SUM; }

#define BLOCK 1024 /* elements between two additions in float64 */
#define LINE 16    /* elements a cache line */
// Elements between a prefetch and the load: the processor's own prefetching stops at the end of each 4 KB page.
#define AHEAD 512
#define UNROLL 4

// SCALE·eˣ to out, where that is not null; returns their sum, where that is asked for.
INLINE double expRow(const float *x, long n, float *out, int summed, I *seen) {
  const Constants k = constants();
  double total = 0;
  I bad = *seen;
  long i = 0;
  while (i + W <= n) {
    const long end = i + BLOCK < n ? i + BLOCK : n;
    V acc[UNROLL];
#pragma GCC unroll 8
    for (int u = 0; u < UNROLL; u++) acc[u] = splat(0);
    for (; i + UNROLL * W <= end; i += UNROLL * W) {
      for (int u = 0; u < UNROLL * W; u += LINE) {
        __builtin_prefetch(x + i + u + AHEAD);
        if (out) __builtin_prefetch(out + i + u + AHEAD, 1);
      }
#pragma GCC unroll 8
      for (int u = 0; u < UNROLL; u++) {
        V p, s;
        expParts(load(x + i + u * W), &k, &bad, &p, &s);
        if (out) {
          p = mul(p, s);
          store(out + i + u * W, p);
          if (summed) acc[u] = add(acc[u], p);
        } else {
          acc[u] = madd(p, s, acc[u]);
        }
      }
    }
    for (; i + W <= end; i += W) {
      V p, s;
      expParts(load(x + i), &k, &bad, &p, &s);
      p = mul(p, s);
      if (out) store(out + i, p);
      acc[0] = add(acc[0], p);
    }
#pragma GCC unroll 8
    for (int u = 1; u < UNROLL; u++) acc[0] = add(acc[0], acc[u]);
    total += sumOf(acc[0]);
  }
  if (i < n) {
    const int rest = (int)(n - i);
    V p, s;
    expParts(orElse(loadFirst(x + i, rest), rest, splat(PADDING)), &k, &bad, &p, &s);
    p = mul(p, s);
    if (out) storeFirst(out + i, rest, p);
    total += sumOf(p);
  }
  *seen = bad;
  return total;
}

INLINE void scaleRow(float *g, long n, float factor) {
  const V m = splat(factor);
  long i = 0;
  for (; i + 4 * W <= n; i += 4 * W) {
#pragma GCC unroll 4
    for (int u = 0; u < 4; u++) store(g + i + u * W, mul(m, load(g + i + u * W)));
  }
  for (; i + W <= n; i += W) store(g + i, mul(m, load(g + i)));
  if (i < n) storeFirst(g + i, (int)(n - i), mul(m, loadFirst(g + i, (int)(n - i))));
}

// Σ log sᵢ as one logarithm of a product of mantissas.
typedef struct {
  double product;
  long exponent;
} LogSum;

INLINE void multiply(LogSum *l, double s) {
  l->product *= s;
  uint64_t b;
  memcpy(&b, &l->product, 8);
  l->exponent += (long)(b >> 52) - 1023;
  b = (b & 0xfffffffffffffull) | 0x3ff0000000000000ull;
  memcpy(&l->product, &b, 8);
}

INLINE double logOf(LogSum l) { return log(l.product) + (double)l.exponent * 0.693147180559945309; }

// The target's element is p − 1 over rows; where p is not small that cancels, and minus the sum of the others does not.
static __attribute__((noinline)) float targetElement(const float *g, long n, long y) {
  double others = 0;
  for (long j = 0; j < n; j++)
    if (j != y) others += g[j];
  return (float)-others;
}

INLINE void setTarget(float *g, long n, long y, float share) {
  const float p = g[y];
  g[y] = p > 0.85f * share ? targetElement(g, n, y) : p - share;
}

typedef struct {
  const float *x;
  const int32_t *targets;
  long rows, classes;
  float *gradient;
  float share; // 1 / rows
  // Of the rows done so far: their logarithms and how many; the targets' logits; the loss of rows done the plain way.
  LogSum logs;
  long fast;
  double hits, plain;
} Job;

INLINE void wholeRows(Job *job, long from, long to, int gradient) {
  const long n = job->classes;
  for (long r = from; r < to; r++) {
    const float *row = job->x + r * n;
    float *g = gradient ? job->gradient + r * n : 0;
    const int32_t target = job->targets[r];
    I seen = isplat(MAGIC_BITS);
    const double s = expRow(row, n, g, 1, &seen);
    if (inRange(seen) && sane(s)) {
      job->fast++;
      multiply(&job->logs, s);
      job->hits += row[target];
      if (g) {
        scaleRow(g, n, (float)(1 / (s * (double)job->rows)));
        setTarget(g, n, target, job->share);
      }
    } else {
      job->plain += plainCrossEntropyRow(row, target, n, job->share, g);
    }
  }
}

// Few classes: the exponentials of many rows as one flat array in the first-level cache, then the sums of four rows at
// a time, in 128 bits whatever the set.
#define FEW 64
#define CHUNK 2048 /* elements */
#define CHUNK_ROWS 256

// Σ over each of four consecutive rows of `quads` vectors of four, the last one cut; reads up to three elements beyond.
INLINE __m128 fourSums(const float *e, long n, long quads) {
  static const int32_t FRONT[8] = {-1, -1, -1, -1, 0, 0, 0, 0};
  const __m128 mask = _mm_loadu_ps((const float *)(FRONT + 4 * quads - n));
  __m128 s[4];
#pragma GCC unroll 4
  for (int r = 0; r < 4; r++) {
    s[r] = _mm_and_ps(_mm_loadu_ps(e + r * n + 4 * (quads - 1)), mask);
#pragma GCC unroll 4
    for (long q = 0; q < quads - 1; q++) s[r] = _mm_add_ps(s[r], _mm_loadu_ps(e + r * n + 4 * q));
  }
  return _mm_hadd_ps(_mm_hadd_ps(s[0], s[1]), _mm_hadd_ps(s[2], s[3]));
}

// g = factor·e. What is written beyond the row is written again with the next row; `room` elements are left in g.
INLINE void scaleShort(const float *e, long n, long quads, float factor, float *g, long room) {
  const V m = splat(factor);
  const long vectors = (4 * quads + W - 1) / W;
  if (room >= vectors * W) {
#pragma GCC unroll 4
    for (long v = 0; v < vectors; v++) store(g + v * W, mul(m, load(e + v * W)));
  } else {
    for (long j = 0; j < n; j += W) storeFirst(g + j, n - j < W ? (int)(n - j) : W, mul(m, load(e + j)));
  }
}

// `count` rows, a multiple of 4; false, with nothing counted, where one is out of range.
INLINE int shortRows(Job *job, long from, long count, int gradient, long quads) {
  const long n = job->classes;
  const float *x = job->x + from * n;
  const int32_t *targets = job->targets + from;
  float e[CHUNK + 2 * W];
  I seen = isplat(MAGIC_BITS);
  expRow(x, count * n, e, 0, &seen);
  if (!inRange(seen)) return 0;
  const __m128i mantissa = _mm_set1_epi32(0x007fffff), unit = _mm_set1_epi32(0x3f800000);
  const __m128 shares = _mm_set1_ps(job->share);
  __m128 product = _mm_set1_ps(1), lowest = product, highest = product;
  __m128i exponents = _mm_setzero_si128();
  float hits[4] = {0, 0, 0, 0};
  for (long r = 0; r < count; r += 4) {
    const __m128 s = fourSums(e + r * n, n, quads);
    const __m128i b = _mm_castps_si128(s);
    lowest = _mm_min_ps(lowest, s);
    highest = _mm_max_ps(highest, s);
    exponents = _mm_add_epi32(exponents, _mm_srli_epi32(b, 23));
    product = _mm_mul_ps(product, _mm_castsi128_ps(_mm_or_si128(_mm_and_si128(b, mantissa), unit)));
    float factors[4];
    if (gradient) _mm_storeu_ps(factors, _mm_div_ps(shares, s));
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) {
      const long row = r + k;
      hits[k] += x[row * n + targets[row]];
      if (!gradient) continue;
      float *g = job->gradient + (from + row) * n;
      scaleShort(e + row * n, n, quads, factors[k], g, (job->rows - from - row) * n);
      setTarget(g, n, targets[row], job->share);
    }
  }
  float mantissas[4], low[4], high[4];
  int32_t powers[4];
  _mm_storeu_ps(mantissas, product);
  _mm_storeu_ps(low, lowest);
  _mm_storeu_ps(high, highest);
  _mm_storeu_si128((__m128i *)powers, exponents);
  for (int k = 0; k < 4; k++)
    if (!sane(low[k]) || !sane(high[k])) return 0;
  for (int k = 0; k < 4; k++) {
    multiply(&job->logs, mantissas[k]);
    job->logs.exponent += powers[k];
    job->hits += hits[k];
  }
  job->logs.exponent -= 127 * count;
  job->fast += count;
  return 1;
}

INLINE void fewClasses(Job *job, int gradient, long quads) {
  const long n = job->classes, room = (CHUNK / n < CHUNK_ROWS ? CHUNK / n : CHUNK_ROWS) & ~3;
  for (long r = 0; r < job->rows;) {
    const long left = job->rows - r;
    long count = left < room ? left & ~3 : room;
    if (count == 0) wholeRows(job, r, r + (count = left), gradient);
    else if (!shortRows(job, r, count, gradient, quads)) wholeRows(job, r, r + count, gradient);
    r += count;
  }
}

INLINE void allRows(Job *job, int gradient) {
  const long quads = (job->classes + 3) / 4;
  if (job->classes > FEW) wholeRows(job, 0, job->rows, gradient);
  else if (quads == 3) fewClasses(job, gradient, 3); // 10 classes: loops without a count
  else fewClasses(job, gradient, quads);
}

static double crossEntropy(const float *x, const int32_t *targets, long rows, long classes, float *gradient) {
  Job job = {x, targets, rows, classes, gradient, (float)(1.0 / (double)rows), {1, 0}, 0, 0, 0};
  if (gradient) allRows(&job, 1);
  else allRows(&job, 0);
  return (logOf(job.logs) - (double)job.fast * log(SCALE) - job.hits + job.plain) / (double)rows;
}

// Binary: loss = log(1 + eˣ) − x·y. A lane multiplies RUN factors SCALE·(1 + eˣ), then moves the product's exponent into
// an integer: one logarithm a block. A product that overflows sends the block to the plain loop.
#define RUN 8
#define CHAINS (W == 4 ? 4 : 2)
#define GROUP (CHAINS * RUN * W)
#define BINARY_BLOCK 2048

// share/d
INLINE V shareOver(V d, V share) {
#if defined(SET_AVX512)
  // A 512-bit division takes longer than the rest of the loop.
  V r = _mm512_rcp14_ps(d);
  r = madd(nmadd(d, r, splat(1)), r, r);
  return mul(r, share);
#else
  return divide(share, d);
#endif
}

INLINE void binaryStep(const float *x, const float *y, float *g, const Constants *k, V scale, V share, I *seen,
                       V *product, V *hits) {
  V p, s, d;
  const V vx = load(x), vy = load(y);
  expParts(vx, k, seen, &p, &s);
  if (g) {
    p = mul(p, s);
    d = add(p, scale);
    // (eˣ − y·(1 + eˣ)) / (1 + eˣ): the division's error is then one of the small difference.
    store(g, mul(nmadd(vy, d, p), shareOver(d, share)));
  } else {
    d = madd(p, s, scale);
  }
  *product = mul(*product, d);
  *hits = madd(vx, vy, *hits);
}

// The sum of the losses of n elements, n a multiple of W; NaN where the plain loop has to do it.
INLINE double binaryBlock(const float *x, const float *y, long n, float share, float *g, LogSum *logs) {
  const Constants k = constants();
  const V scale = splat((float)SCALE), part = splat(share);
  const I exponentOne = isplat(0x00800000), mantissa = isplat(0x007fffff), unit = isplat(0x3f800000);
  I seen = isplat(MAGIC_BITS), overflow = isplat(0), exponents = isplat(0);
  V product[CHAINS], hits[CHAINS];
#pragma GCC unroll 4
  for (int c = 0; c < CHAINS; c++) product[c] = splat(1), hits[c] = splat(0);
  long i = 0;
  while (i < n) {
    const long end = i + GROUP < n ? i + GROUP : n;
    for (; i + CHAINS * W <= end; i += CHAINS * W) {
#pragma GCC unroll 4
      for (int c = 0; c < CHAINS; c++) {
        const long j = i + c * W;
        if (c * W % LINE == 0) {
          __builtin_prefetch(x + j + AHEAD);
          __builtin_prefetch(y + j + AHEAD);
          if (g) __builtin_prefetch(g + j + AHEAD, 1);
        }
        binaryStep(x + j, y + j, g ? g + j : 0, &k, scale, part, &seen, &product[c], &hits[c]);
      }
    }
    for (; i < end; i += W) binaryStep(x + i, y + i, g ? g + i : 0, &k, scale, part, &seen, &product[0], &hits[0]);
#pragma GCC unroll 4
    for (int c = 0; c < CHAINS; c++) {
      const I b = bits(product[c]);
      overflow = ior(overflow, iadd(b, exponentOne));
      exponents = iadd(exponents, shr(b, 23));
      product[c] = floats(ior(iand(b, mantissa), unit));
    }
  }
  if (!inRange(seen) || !allEqual(shr(overflow, 31), isplat(0))) return NAN;
  const long groups = (n + GROUP - 1) / GROUP;
  int32_t e[W];
  istore(e, exponents);
  double hit = 0, lanes = 1;
  long exponent = -127L * CHAINS * W * groups;
  for (int l = 0; l < W; l++) exponent += e[l];
#pragma GCC unroll 4
  for (int c = 0; c < CHAINS; c++) {
    float m[W];
    store(m, product[c]);
    for (int l = 0; l < W; l++) lanes *= m[l];
    hit += sumOf(hits[c]);
  }
  multiply(logs, lanes);
  logs->exponent += exponent;
  return -hit;
}

INLINE double binaryOf(const float *x, const float *y, long n, float *gradient) {
  const double share = 1.0 / (double)n;
  LogSum logs = {1, 0};
  double total = 0;
  long fast = 0;
  for (long i = 0; i < n;) {
    const long left = n - i, count = left > BINARY_BLOCK ? BINARY_BLOCK : left >= W ? left / W * W : left;
    float *g = gradient ? gradient + i : 0;
    double block = NAN;
    if (count >= W) block = binaryBlock(x + i, y + i, count, (float)share, g, &logs);
    if (block == block) fast += count;
    else block = plainBinary(x + i, y + i, count, share, g);
    total += block;
    i += count;
  }
  return (total + logOf(logs) - (double)fast * log(SCALE)) / (double)n;
}

static double binary(const float *x, const float *y, long n, float *gradient) {
  return gradient ? binaryOf(x, y, n, gradient) : binaryOf(x, y, n, 0);
}

// Of the roofline: no rows, no logarithm.
static double expSum(const float *x, long n) {
  I seen = isplat(MAGIC_BITS);
  const double s = expRow(x, n, 0, 1, &seen);
  return inRange(seen) ? s / SCALE : NAN;
}

static double sum(const float *x, long n) {
  double total = 0;
  for (long i = 0; i < n;) {
    V acc[8];
#pragma GCC unroll 8
    for (int u = 0; u < 8; u++) acc[u] = splat(0);
    const long end = i + 4096 < n ? i + 4096 : n;
    for (; i + 8 * W <= end; i += 8 * W) {
      for (int u = 0; u < 8 * W; u += LINE) __builtin_prefetch(x + i + u + 2 * AHEAD);
#pragma GCC unroll 8
      for (int u = 0; u < 8; u++) acc[u] = add(acc[u], load(x + i + u * W));
    }
    for (; i < end; i++) total += x[i];
#pragma GCC unroll 8
    for (int u = 1; u < 8; u++) acc[0] = add(acc[0], acc[u]);
    total += sumOf(acc[0]);
  }
  return total;
}

const Kernels NAME(kernels) = {
#if defined(SET_AVX512)
    "avx512",
#elif defined(SET_AVX2)
    "avx2",
#elif defined(SET_FMA128)
    "fma128",
#else
    "sse4.1",
#endif
    crossEntropy, binary, expSum, sum};
