// The instructions of AVX-512 that native/simd.h uses, as functions that AVX2 runs: what their manual says, lane by
// lane. Included before simd.h, it lets the code for AVX-512 be tested where no CPU has it; it is many times slower.
#pragma once

#include <immintrin.h>

namespace emulated {

typedef float floats __attribute__((vector_size(64), may_alias));
typedef double doubles __attribute__((vector_size(64), may_alias));
typedef int words __attribute__((vector_size(64), may_alias));
typedef long long longs __attribute__((vector_size(64), may_alias));

template <class V, class F> V lanes(F f) {
  V y;
  for (unsigned i = 0; i < sizeof y / sizeof y[0]; i++)
    y[i] = f(i);
  return y;
}
template <class F> unsigned mask(unsigned count, F f) {
  unsigned bits = 0;
  for (unsigned i = 0; i < count; i++)
    bits |= unsigned(bool(f(i))) << i;
  return bits;
}

// The second operand where either is NaN or both are zeros.
inline __m512 max_ps(floats a, floats b) {
  return lanes<floats>([&](int i) { return a[i] > b[i] ? a[i] : b[i]; });
}
inline __m512 min_ps(floats a, floats b) {
  return lanes<floats>([&](int i) { return a[i] < b[i] ? a[i] : b[i]; });
}
inline __m512d max_pd(doubles a, doubles b) {
  return lanes<doubles>([&](int i) { return a[i] > b[i] ? a[i] : b[i]; });
}
inline __m512d min_pd(doubles a, doubles b) {
  return lanes<doubles>([&](int i) { return a[i] < b[i] ? a[i] : b[i]; });
}

inline __m512 fmadd_ps(floats a, floats b, floats c) {
  return lanes<floats>([&](int i) { return __builtin_fmaf(a[i], b[i], c[i]); });
}
inline __m512d fmadd_pd(doubles a, doubles b, doubles c) {
  return lanes<doubles>([&](int i) { return __builtin_fma(a[i], b[i], c[i]); });
}
inline __m512 sqrt_ps(floats a) {
  return lanes<floats>([&](int i) { return __builtin_sqrtf(a[i]); });
}
inline __m512d sqrt_pd(doubles a) {
  return lanes<doubles>([&](int i) { return __builtin_sqrt(a[i]); });
}

template <int predicate, class T> bool holds(T a, T b) {
  static_assert(predicate == _CMP_GT_OQ || predicate == _CMP_EQ_OQ || predicate == _CMP_NLT_UQ ||
                predicate == _CMP_NEQ_OQ);
  return predicate == _CMP_GT_OQ    ? a > b
         : predicate == _CMP_EQ_OQ  ? a == b
         : predicate == _CMP_NEQ_OQ ? a < b || a > b
                                    : !(a < b);
}
template <int predicate> __mmask16 cmp_ps_mask(floats a, floats b) {
  return __mmask16(mask(16, [&](int i) { return holds<predicate>(a[i], b[i]); }));
}
template <int predicate> __mmask8 cmp_pd_mask(doubles a, doubles b) {
  return __mmask8(mask(8, [&](int i) { return holds<predicate>(a[i], b[i]); }));
}
template <int predicate> __mmask16 mask_cmp_ps_mask(__mmask16 some, floats a, floats b) {
  return __mmask16(some & cmp_ps_mask<predicate>(a, b));
}
template <int predicate> __mmask8 mask_cmp_pd_mask(__mmask8 some, doubles a, doubles b) {
  return __mmask8(some & cmp_pd_mask<predicate>(a, b));
}
inline __mmask16 mask_cmplt_epi32_mask(__mmask16 some, __m512i a, __m512i b) {
  return __mmask16(some & mask(16, [&](int i) { return words(a)[i] < words(b)[i]; }));
}
inline __m512 mask_mov_ps(floats others, __mmask16 some, floats a) {
  return lanes<floats>([&](int i) { return some >> i & 1 ? a[i] : others[i]; });
}
inline __m512d mask_mov_pd(doubles others, __mmask8 some, doubles a) {
  return lanes<doubles>([&](int i) { return some >> i & 1 ? a[i] : others[i]; });
}
inline __m512i min_epu32(__m512i a, __m512i b) {
  const words x = words(a), y = words(b);
  return (__m512i)lanes<words>([&](int i) { return unsigned(x[i]) < unsigned(y[i]) ? x[i] : y[i]; });
}
inline __m512i max_epu32(__m512i a, __m512i b) {
  const words x = words(a), y = words(b);
  return (__m512i)lanes<words>([&](int i) { return unsigned(x[i]) > unsigned(y[i]) ? x[i] : y[i]; });
}
inline __m512i mask_min_epu32(__m512i others, __mmask16 some, __m512i a, __m512i b) {
  const words from = words(others), x = words(a), y = words(b);
  return (__m512i)lanes<words>([&](int i) {
    return !(some >> i & 1) ? from[i] : unsigned(x[i]) < unsigned(y[i]) ? x[i] : y[i];
  });
}
inline __mmask16 test_epi8_mask(__m128i a, __m128i b) {
  const __v16qi both = __v16qi(a & b);
  return __mmask16(mask(16, [&](int i) { return both[i] != 0; }));
}

inline __m512i set1_epi32(int a) {
  return (__m512i)lanes<words>([&](int) { return a; });
}
inline __m512i add_epi32(__m512i a, __m512i b) { return (__m512i)(words(a) + words(b)); }
inline __mmask16 testn_epi32_mask(__m512i a, __m512i b) {
  const words both = words(a) & words(b);
  return __mmask16(mask(16, [&](int i) { return both[i] == 0; }));
}
inline __mmask8 testn_epi64_mask(__m512i a, __m512i b) {
  const longs both = longs(a) & longs(b);
  return __mmask8(mask(8, [&](int i) { return both[i] == 0; }));
}

template <int kinds> __mmask16 fpclass_ps_mask(floats a) {
  static_assert(kinds == 0x20); // Subnormal numbers.
  return __mmask16(mask(16, [&](int i) { return __builtin_fabsf(a[i]) < 0x1p-126f && a[i] != 0; }));
}

// Two lanes of a, then two of b, of each quarter.
template <int order> __m512 shuffle_ps(floats a, floats b) {
  return lanes<floats>([&](int i) {
    const int from = i / 4 * 4 + (order >> i % 4 * 2 & 3);
    return i % 4 < 2 ? a[from] : b[from];
  });
}
inline __mmask16 cmplt_epi32_mask(__m512i x, __m512i y) {
  const words a = words(x), b = words(y);
  return __mmask16(mask(16, [&](int i) { return a[i] < b[i]; }));
}
inline __mmask16 cmpgt_epu32_mask(__m512i x, __m512i y) {
  const words a = words(x), b = words(y);
  return __mmask16(mask(16, [&](int i) { return unsigned(a[i]) > unsigned(b[i]); }));
}
inline __mmask8 cmplt_epi64_mask(__m512i x, __m512i y) {
  const longs a = longs(x), b = longs(y);
  return __mmask8(mask(8, [&](int i) { return a[i] < b[i]; }));
}
// The lanes that a mask has, one after another, and then those of another vector.
template <class V> V compress(unsigned some, V a, V others) {
  for (unsigned i = 0, count = 0; i < sizeof a / sizeof a[0]; i++)
    if (some >> i & 1) others[count++] = a[i];
  return others;
}
inline __m512 mask_compress_ps(__m512 others, __mmask16 some, __m512 a) { return compress<floats>(some, a, others); }
inline __m512 maskz_compress_ps(__mmask16 some, __m512 a) { return compress<floats>(some, a, floats{}); }
inline __m512i maskz_compress_epi32(__mmask16 some, __m512i a) {
  return __m512i(compress<words>(some, words(a), words{}));
}
// And back again, to those lanes.
inline __m512 mask_expand_ps(floats others, __mmask16 some, floats a) {
  int count = 0;
  return lanes<floats>([&](int i) { return some >> i & 1 ? a[count++] : others[i]; });
}

inline __m512 permutexvar_ps(__m512i index, floats a) {
  return lanes<floats>([&](int i) { return a[words(index)[i] & 15]; });
}
inline __m512d permutexvar_pd(__m512i index, doubles a) {
  return lanes<doubles>([&](int i) { return a[longs(index)[i] & 7]; });
}
inline __m512d permutex2var_pd(doubles a, __m512i index, doubles b) {
  return lanes<doubles>([&](int i) {
    const int from = int(longs(index)[i] & 15);
    return from < 8 ? a[from] : b[from - 8];
  });
}

// The one smaller in size, a number rather than NaN, without its sign or with one.
template <int how> __m512 range_ps(floats a, floats b) {
  static_assert(how == 0b1010 || how == 0b1110);
  constexpr float sign = how == 0b1010 ? 1 : -1;
  return lanes<floats>([&](int i) { return sign * __builtin_fminf(__builtin_fabsf(a[i]), __builtin_fabsf(b[i])); });
}
inline __m512 broadcast_f32x8(__m256 a) {
  return lanes<floats>([&](int i) { return a[i & 7]; });
}

// a * 2^floor(b), rounded once.
inline __m512 scalef_ps(floats a, floats b) {
  return lanes<floats>([&](int i) { return float(__builtin_ldexp(a[i], int(__builtin_floorf(b[i])))); });
}
inline __m512d scalef_pd(doubles a, doubles b) {
  return lanes<doubles>([&](int i) { return __builtin_ldexp(a[i], int(__builtin_floor(b[i]))); });
}

inline __m512d cvtps_pd(__m256 a) {
  return lanes<doubles>([&](int i) { return double(a[i]); });
}
inline __m512i cvtps_epi32(__m512 a) {
  return (__m512i)lanes<words>([&](int i) { return int(__builtin_rintf(a[i])); });
}
inline __m256 cvtpd_ps(doubles a) {
  return lanes<__m256>([&](int i) { return float(a[i]); });
}
// Toward zero: where the nearest lies beyond, the next one.
template <int rounding> __m256 cvt_roundpd_ps(doubles a) {
  static_assert(rounding == (_MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC));
  return lanes<__m256>([&](int i) {
    const float nearest = float(a[i]);
    const bool beyond = __builtin_fabs(double(nearest)) > __builtin_fabs(a[i]);
    return beyond ? __builtin_bit_cast(float, __builtin_bit_cast(int, nearest) - 1) : nearest;
  });
}
inline __m256i mask_or_epi32(__m256i others, __mmask8 some, __m256i a, __m256i b) {
  typedef int eight __attribute__((vector_size(32), may_alias));
  const eight x = eight(a), y = eight(b), rest = eight(others);
  return (__m256i)lanes<eight>([&](int i) { return some >> i & 1 ? x[i] | y[i] : rest[i]; });
}

// Bytes without a sign, as integers.
inline __m512i cvtepu8_epi32(__m128i a) {
  typedef unsigned char bytes __attribute__((vector_size(16), may_alias));
  return (__m512i)lanes<words>([&](int i) { return int(bytes(a)[i]); });
}
inline __m512i cvtepu8_epi64(__m128i a) {
  typedef unsigned char bytes __attribute__((vector_size(16), may_alias));
  return (__m512i)lanes<longs>([&](int i) { return (long long)(bytes(a)[i]); });
}

typedef unsigned short shorts __attribute__((vector_size(32), may_alias));
inline __m512i cvtepu16_epi32(__m256i a) {
  return (__m512i)lanes<words>([&](int i) { return int(shorts(a)[i]); });
}
// The lower half of each.
inline __m256i cvtepi32_epi16(__m512i a) {
  return (__m256i)lanes<shorts>([&](int i) { return (unsigned short)(words(a)[i]); });
}
inline __m512 cvtph_ps(__m256i a) {
  return lanes<floats>([&](int i) { return _cvtsh_ss(shorts(a)[i]); });
}
template <int rounding> __m256i cvtps_ph(floats a) {
  static_assert(rounding == _MM_FROUND_TO_NEAREST_INT);
  return (__m256i)lanes<shorts>([&](int i) { return (unsigned short)(_cvtss_sh(a[i], rounding)); });
}

// Memory at any address, of which only the lanes in the mask are touched.
template <class V, class E> V load(unsigned some, const void *p) {
  return lanes<V>([&](int i) {
    E element = 0;
    if (some >> i & 1) __builtin_memcpy(&element, static_cast<const char *>(p) + i * sizeof(E), sizeof(E));
    return element;
  });
}
template <class V, class E> void store(void *p, unsigned some, V a) {
  for (unsigned i = 0; i < sizeof a / sizeof(E); i++) {
    const E element = a[i];
    if (some >> i & 1) __builtin_memcpy(static_cast<char *>(p) + i * sizeof(E), &element, sizeof(E));
  }
}
inline __m512 loadu_ps(const void *p) { return load<floats, float>(0xffff, p); }
inline __m512d loadu_pd(const void *p) { return load<doubles, double>(0xff, p); }
inline __m512 maskz_loadu_ps(__mmask16 some, const void *p) { return load<floats, float>(some, p); }
inline __m512d maskz_loadu_pd(__mmask8 some, const void *p) { return load<doubles, double>(some, p); }
inline __m256 maskz_loadu_ps_256(__mmask8 some, const void *p) { return load<__m256, float>(some, p); }
inline void mask_storeu_ps(void *p, __mmask16 some, floats a) { store<floats, float>(p, some, a); }
inline void mask_storeu_pd(void *p, __mmask8 some, doubles a) { store<doubles, double>(p, some, a); }
inline void mask_storeu_ps_256(void *p, __mmask8 some, __m256 a) { store<__m256, float>(p, some, a); }
// A fault where p is not aligned, as of the instruction.
inline void stream_ps(void *p, floats a) {
  if (reinterpret_cast<unsigned long long>(p) % 64 != 0) __builtin_trap();
  store<floats, float>(p, 0xffff, a);
}
inline void stream_pd(void *p, doubles a) {
  if (reinterpret_cast<unsigned long long>(p) % 64 != 0) __builtin_trap();
  store<doubles, double>(p, 0xff, a);
}

} // namespace emulated

#define _mm512_cvtepu8_epi32 emulated::cvtepu8_epi32
#define _mm512_cvtepu8_epi64 emulated::cvtepu8_epi64
#define _mm512_cvtepu16_epi32 emulated::cvtepu16_epi32
#define _mm512_cvtepi32_epi16 emulated::cvtepi32_epi16
#define _mm512_cvtph_ps emulated::cvtph_ps
#undef _mm512_cvtps_ph
#define _mm512_cvtps_ph(a, rounding) emulated::cvtps_ph<rounding>(a)
#define _mm512_max_ps emulated::max_ps
#define _mm512_min_ps emulated::min_ps
#define _mm512_max_pd emulated::max_pd
#define _mm512_min_pd emulated::min_pd
#define _mm512_fmadd_ps emulated::fmadd_ps
#define _mm512_fmadd_pd emulated::fmadd_pd
#define _mm512_sqrt_ps emulated::sqrt_ps
#define _mm512_sqrt_pd emulated::sqrt_pd
#undef _mm512_cmp_ps_mask
#define _mm512_cmp_ps_mask(a, b, predicate) emulated::cmp_ps_mask<predicate>(a, b)
#undef _mm512_cmp_pd_mask
#define _mm512_cmp_pd_mask(a, b, predicate) emulated::cmp_pd_mask<predicate>(a, b)
#undef _mm512_mask_cmp_ps_mask
#define _mm512_mask_cmp_ps_mask(some, a, b, predicate) emulated::mask_cmp_ps_mask<predicate>(some, a, b)
#undef _mm512_mask_cmp_pd_mask
#define _mm512_mask_cmp_pd_mask(some, a, b, predicate) emulated::mask_cmp_pd_mask<predicate>(some, a, b)
#define _mm512_mask_cmplt_epi32_mask emulated::mask_cmplt_epi32_mask
#define _mm512_mask_mov_ps emulated::mask_mov_ps
#define _mm512_mask_mov_pd emulated::mask_mov_pd
#define _mm512_min_epu32 emulated::min_epu32
#define _mm512_max_epu32 emulated::max_epu32
#define _mm512_mask_min_epu32 emulated::mask_min_epu32
#define _mm_test_epi8_mask emulated::test_epi8_mask
#undef _mm512_fpclass_ps_mask
#define _mm512_fpclass_ps_mask(a, kinds) emulated::fpclass_ps_mask<kinds>(a)
#define _mm512_set1_epi32 emulated::set1_epi32
#define _mm512_add_epi32 emulated::add_epi32
#define _mm512_testn_epi32_mask emulated::testn_epi32_mask
#define _mm512_testn_epi64_mask emulated::testn_epi64_mask
#undef _mm512_shuffle_ps
#define _mm512_shuffle_ps(a, b, order) emulated::shuffle_ps<order>(a, b)
#define _mm512_cmpgt_epu32_mask emulated::cmpgt_epu32_mask
#define _mm512_cmplt_epi32_mask emulated::cmplt_epi32_mask
#define _mm512_cmplt_epi64_mask emulated::cmplt_epi64_mask
#define _mm512_mask_compress_ps emulated::mask_compress_ps
#define _mm512_maskz_compress_ps emulated::maskz_compress_ps
#define _mm512_maskz_compress_epi32 emulated::maskz_compress_epi32
#define _mm512_mask_expand_ps emulated::mask_expand_ps
#define _mm512_permutexvar_ps emulated::permutexvar_ps
#define _mm512_permutexvar_pd emulated::permutexvar_pd
#define _mm512_permutex2var_pd emulated::permutex2var_pd
#undef _mm512_range_ps
#define _mm512_range_ps(a, b, how) emulated::range_ps<how>(a, b)
#define _mm512_broadcast_f32x8 emulated::broadcast_f32x8
#define _mm512_scalef_ps emulated::scalef_ps
#define _mm512_scalef_pd emulated::scalef_pd
#define _mm512_cvtps_pd emulated::cvtps_pd
#define _mm512_cvtpd_ps emulated::cvtpd_ps
#undef _mm512_cvt_roundpd_ps
#define _mm512_cvt_roundpd_ps(a, rounding) emulated::cvt_roundpd_ps<rounding>(a)
#define _mm256_mask_or_epi32 emulated::mask_or_epi32
#define _mm512_cvtps_epi32 emulated::cvtps_epi32
#define _mm512_loadu_ps emulated::loadu_ps
#define _mm512_loadu_pd emulated::loadu_pd
#define _mm512_maskz_loadu_ps emulated::maskz_loadu_ps
#define _mm512_maskz_loadu_pd emulated::maskz_loadu_pd
#define _mm256_maskz_loadu_ps emulated::maskz_loadu_ps_256
#define _mm512_mask_storeu_ps emulated::mask_storeu_ps
#define _mm512_mask_storeu_pd emulated::mask_storeu_pd
#define _mm256_mask_storeu_ps emulated::mask_storeu_ps_256
#define _mm512_stream_ps emulated::stream_ps
#define _mm512_stream_pd emulated::stream_pd
