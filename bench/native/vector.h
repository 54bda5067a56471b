// One vector vocabulary for four instruction sets. W lanes of float32 (V) or of 32 bits (I).
//
//   SET_SSE41    128 bits, no fused multiply-add
//   SET_FMA128   128 bits, fused
//   SET_AVX2     256 bits, fused
//   SET_AVX512   512 bits, fused, masks
#ifndef VECTOR_H
#define VECTOR_H

#include <immintrin.h>
#include <stdint.h>

#define INLINE static inline __attribute__((always_inline))

#if defined(SET_AVX512)

#define W 16
typedef __m512 V;
typedef __m512i I;
#define NAME(f) f##_avx512
#define load(p) _mm512_loadu_ps(p)
#define store(p, v) _mm512_storeu_ps(p, v)
#define splat(c) _mm512_set1_ps(c)
#define isplat(c) _mm512_set1_epi32(c)
#define add(a, b) _mm512_add_ps(a, b)
#define sub(a, b) _mm512_sub_ps(a, b)
#define mul(a, b) _mm512_mul_ps(a, b)
#define divide(a, b) _mm512_div_ps(a, b)
#define bits(v) _mm512_castps_si512(v)
#define floats(v) _mm512_castsi512_ps(v)
#define ior(a, b) _mm512_or_si512(a, b)
#define iand(a, b) _mm512_and_si512(a, b)
#define iadd(a, b) _mm512_add_epi32(a, b)
#define shl(v, n) _mm512_slli_epi32(v, n)
#define shr(v, n) _mm512_srli_epi32(v, n)
#define istore(p, v) _mm512_storeu_si512(p, v)
#define madd(a, b, c) _mm512_fmadd_ps(a, b, c)
#define msub(a, b, c) _mm512_fmsub_ps(a, b, c)
#define nmadd(a, b, c) _mm512_fnmadd_ps(a, b, c)
// The first k lanes, the others 0; k in 0…W.
INLINE V loadFirst(const float *p, int k) { return _mm512_maskz_loadu_ps((__mmask16)((1u << k) - 1), p); }
INLINE void storeFirst(float *p, int k, V v) { _mm512_mask_storeu_ps(p, (__mmask16)((1u << k) - 1), v); }
INLINE V orElse(V v, int k, V other) { return _mm512_mask_mov_ps(other, (__mmask16)((1u << k) - 1), v); }
INLINE int allEqual(I a, I b) { return _mm512_cmpneq_epi32_mask(a, b) == 0; }

#elif defined(SET_AVX2)

#define W 8
typedef __m256 V;
typedef __m256i I;
#define NAME(f) f##_avx2
#define load(p) _mm256_loadu_ps(p)
#define store(p, v) _mm256_storeu_ps(p, v)
#define splat(c) _mm256_set1_ps(c)
#define isplat(c) _mm256_set1_epi32(c)
#define add(a, b) _mm256_add_ps(a, b)
#define sub(a, b) _mm256_sub_ps(a, b)
#define mul(a, b) _mm256_mul_ps(a, b)
#define divide(a, b) _mm256_div_ps(a, b)
#define bits(v) _mm256_castps_si256(v)
#define floats(v) _mm256_castsi256_ps(v)
#define ior(a, b) _mm256_or_si256(a, b)
#define iand(a, b) _mm256_and_si256(a, b)
#define iadd(a, b) _mm256_add_epi32(a, b)
#define shl(v, n) _mm256_slli_epi32(v, n)
#define shr(v, n) _mm256_srli_epi32(v, n)
#define istore(p, v) _mm256_storeu_si256((__m256i *)(p), v)
#define madd(a, b, c) _mm256_fmadd_ps(a, b, c)
#define msub(a, b, c) _mm256_fmsub_ps(a, b, c)
#define nmadd(a, b, c) _mm256_fnmadd_ps(a, b, c)
static const int32_t FIRST[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};
INLINE I first(int k) { return _mm256_loadu_si256((const __m256i *)(FIRST + 8 - k)); }
INLINE V loadFirst(const float *p, int k) { return _mm256_maskload_ps(p, first(k)); }
INLINE void storeFirst(float *p, int k, V v) { _mm256_maskstore_ps(p, first(k), v); }
INLINE V orElse(V v, int k, V other) { return _mm256_blendv_ps(other, v, floats(first(k))); }
INLINE int allEqual(I a, I b) { return _mm256_movemask_epi8(_mm256_cmpeq_epi32(a, b)) == -1; }

#else

#define W 4
typedef __m128 V;
typedef __m128i I;
#define load(p) _mm_loadu_ps(p)
#define store(p, v) _mm_storeu_ps(p, v)
#define splat(c) _mm_set1_ps(c)
#define isplat(c) _mm_set1_epi32(c)
#define add(a, b) _mm_add_ps(a, b)
#define sub(a, b) _mm_sub_ps(a, b)
#define mul(a, b) _mm_mul_ps(a, b)
#define divide(a, b) _mm_div_ps(a, b)
#define bits(v) _mm_castps_si128(v)
#define floats(v) _mm_castsi128_ps(v)
#define ior(a, b) _mm_or_si128(a, b)
#define iand(a, b) _mm_and_si128(a, b)
#define iadd(a, b) _mm_add_epi32(a, b)
#define shl(v, n) _mm_slli_epi32(v, n)
#define shr(v, n) _mm_srli_epi32(v, n)
#define istore(p, v) _mm_storeu_si128((__m128i *)(p), v)
#if defined(SET_FMA128)
#define NAME(f) f##_fma128
#define madd(a, b, c) _mm_fmadd_ps(a, b, c)
#define msub(a, b, c) _mm_fmsub_ps(a, b, c)
#define nmadd(a, b, c) _mm_fnmadd_ps(a, b, c)
#else
#define NAME(f) f##_sse41
#define madd(a, b, c) _mm_add_ps(_mm_mul_ps(a, b), c)
#define msub(a, b, c) _mm_sub_ps(_mm_mul_ps(a, b), c)
#define nmadd(a, b, c) _mm_sub_ps(c, _mm_mul_ps(a, b))
#endif
INLINE V loadFirst(const float *p, int k) {
  switch (k) {
    case 0: return _mm_setzero_ps();
    case 1: return _mm_load_ss(p);
    case 2: return _mm_castpd_ps(_mm_load_sd((const double *)p));
    case 3: return _mm_movelh_ps(_mm_castpd_ps(_mm_load_sd((const double *)p)), _mm_load_ss(p + 2));
    default: return load(p);
  }
}
INLINE void storeFirst(float *p, int k, V v) {
  switch (k) {
    case 0: break;
    case 1: _mm_store_ss(p, v); break;
    case 2: _mm_storel_pi((__m64 *)p, v); break;
    case 3: _mm_storel_pi((__m64 *)p, v); _mm_store_ss(p + 2, _mm_movehl_ps(v, v)); break;
    default: store(p, v);
  }
}
static const int32_t FIRST[8] = {-1, -1, -1, -1, 0, 0, 0, 0};
INLINE V orElse(V v, int k, V other) {
  return _mm_blendv_ps(other, v, _mm_loadu_ps((const float *)(FIRST + 4 - k)));
}
INLINE int allEqual(I a, I b) { return _mm_movemask_epi8(_mm_cmpeq_epi32(a, b)) == 0xffff; }

#endif

#ifdef SET_SSE41
#define FUSED 0
#else
#define FUSED 1
#endif

INLINE double sumOf(V v) {
  float lane[W];
  store(lane, v);
  double s = 0;
  for (int i = 0; i < W; i++) s += lane[i];
  return s;
}

#endif
