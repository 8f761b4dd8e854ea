// Numbers of 16 bits in float lanes: to floats, which is exact, and back, to the nearest, ties to even, subnormals
// kept.
#pragma once

#include "arithmetic/memory.h"
#include "exact/halves.h"

namespace nonlin {
namespace {

#if VECTOR_BYTES == 64
using halves = __m256i;
#elif VECTOR_BYTES == 32
using halves = __m128i;
#else
using halves = uint16x4_t;
#endif
constexpr size_t half_lanes = vec<float>::lanes;

inline halves load_halves(const uint16_t *p) {
  halves h;
  __builtin_memcpy(&h, p, sizeof h);
  return h;
}
inline void store_halves(uint16_t *p, halves h) { __builtin_memcpy(p, &h, sizeof h); }

template <half type> vec<float> to_floats(halves h) {
#if VECTOR_BYTES == 64
  if constexpr (type == float16) return _mm512_cvtph_ps(h);
  return from_bits<float>(vec<float>::bits(_mm512_cvtepu16_epi32(h)) << 16);
#elif VECTOR_BYTES == 32
  if constexpr (type == float16) return _mm256_cvtph_ps(h);
  return from_bits<float>(vec<float>::bits(_mm256_cvtepu16_epi32(h)) << 16);
#else
  if constexpr (type == float16) return vcvt_f32_f16(vreinterpret_f16_u16(h));
  return from_bits<float>(vec<float>::bits(vshll_n_u16(h, 15)) << 1);
#endif
}

template <half type> halves to_halves(vec<float> a) {
  if constexpr (type == float16) {
#if VECTOR_BYTES == 64
    return _mm512_cvtps_ph(a.v, _MM_FROUND_TO_NEAREST_INT);
#elif VECTOR_BYTES == 32
    return _mm256_cvtps_ph(a.v, _MM_FROUND_TO_NEAREST_INT);
#else
    return vreinterpret_u16_f16(vcvt_f16_f32(a.v));
#endif
  } else {
    // Half a last place less a little, and that little where the last place is odd. The carry of a NaN would make it a
    // number: it keeps its upper half, quiet.
    using bits = vec<float>::bits;
    const bits b = to_bits(a), nearest = b + (((b >> 16) & 1) + 0x7fff);
    const bits rounded = a.v == a.v ? nearest : b | 0x400000;
#if VECTOR_BYTES == 64
    return _mm512_cvtepi32_epi16(__m512i(rounded >> 16));
#elif VECTOR_BYTES == 32
    const __m256i upper = _mm256_srli_epi32(__m256i(rounded), 16);
    return _mm256_castsi256_si128(_mm256_permute4x64_epi64(_mm256_packus_epi32(upper, upper), 0x08));
#else
    return vshrn_n_u32(uint32x4_t(rounded), 16);
#endif
  }
}

template <half type> void widen(const uint16_t *x, float *y, size_t n) {
  constexpr size_t several = 4;
  size_t i = 0;
  for (; i + several * half_lanes <= n; i += several * half_lanes) {
    vec<float> v[several];
    for (size_t j = 0; j < several; j++)
      v[j] = to_floats<type>(load_halves(x + i + j * half_lanes));
    for (size_t j = 0; j < several; j++)
      store(y + i + j * half_lanes, v[j]);
  }
  for (; i + half_lanes <= n; i += half_lanes)
    store(y + i, to_floats<type>(load_halves(x + i)));
  if (i == n) return;
  uint16_t rest[half_lanes] = {};
  __builtin_memcpy(rest, x + i, (n - i) * sizeof *x);
  store(y + i, to_floats<type>(load_halves(rest)));
}

template <half type> void narrow(const float *x, uint16_t *y, size_t n) {
  size_t i = 0;
  for (; i + half_lanes <= n; i += half_lanes)
    store_halves(y + i, to_halves<type>(load<float>(x + i)));
  if (i == n) return;
  uint16_t rest[half_lanes];
  store_halves(rest, to_halves<type>(load_some<float>(x + i, n - i)));
  __builtin_memcpy(y + i, rest, (n - i) * sizeof *y);
}

// Two vectors as floats that round to halves as they do: of the floats on both sides of a number the one whose last
// digit is 1, so that it is no middle between two halves.
inline vec<float> to_odd(vec<double> a, vec<double> b) {
#if VECTOR_BYTES == 64
  const auto odd = [](vec<double> a) -> __m256 {
    const __m256 cut = _mm512_cvt_roundpd_ps(a.v, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
    const __mmask8 lacks = _mm512_cmp_pd_mask(_mm512_cvtps_pd(cut), a.v, _CMP_NEQ_OQ);
    return __m256(_mm256_mask_or_epi32(__m256i(cut), lacks, __m256i(cut), _mm256_set1_epi32(1)));
  };
  return __builtin_shufflevector(odd(a), odd(b), 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
#elif VECTOR_BYTES == 32
  const auto odd = [](vec<double> a) -> __m128 {
    const __m128 nearest = _mm256_cvtpd_ps(a.v);
    const vec<double> back = _mm256_cvtps_pd(nearest);
    const auto lanes = [](__m256d m) {
      return __v4si(_mm_shuffle_ps(__m128(_mm256_castpd256_pd128(m)), __m128(_mm256_extractf128_pd(m, 1)), 0x88));
    };
    const __v4si more = lanes(__m256d((abs(back) > abs(a)).m));
    const __v4si other = lanes(_mm256_cmp_pd(back.v, a.v, _CMP_NEQ_OQ));
    return __m128((__v4si(nearest) + more) | (other & 1));
  };
  return _mm256_set_m128(odd(b), odd(a));
#else
  return vcombine_f32(vcvtx_f32_f64(a.v), vcvtx_f32_f64(b.v));
#endif
}

// The first half of a vector in double lanes, and the second.
inline void store_as_doubles(double *y, vec<float> a) {
  const auto store_half = [](double *y, auto half) {
#if VECTOR_BYTES == 64 // GCC 12 widens in two halves.
    store<double>(y, _mm512_cvtps_pd(half));
#else
    store<double>(y, __builtin_convertvector(half, vec<double>::native));
#endif
  };
#if VECTOR_BYTES == 64
  store_half(y, __builtin_shufflevector(a.v, a.v, 0, 1, 2, 3, 4, 5, 6, 7));
  store_half(y + 8, __builtin_shufflevector(a.v, a.v, 8, 9, 10, 11, 12, 13, 14, 15));
#elif VECTOR_BYTES == 32
  store_half(y, __builtin_shufflevector(a.v, a.v, 0, 1, 2, 3));
  store_half(y + 4, __builtin_shufflevector(a.v, a.v, 4, 5, 6, 7));
#else
  store_half(y, __builtin_shufflevector(a.v, a.v, 0, 1));
  store_half(y + 2, __builtin_shufflevector(a.v, a.v, 2, 3));
#endif
}
template <half type> void widen_to_doubles(const uint16_t *x, double *y, size_t n) {
  size_t i = 0;
  for (; i + half_lanes <= n; i += half_lanes)
    store_as_doubles(y + i, to_floats<type>(load_halves(x + i)));
  if (i == n) return;
  uint16_t rest[half_lanes] = {};
  __builtin_memcpy(rest, x + i, (n - i) * sizeof *x);
  double few[half_lanes];
  store_as_doubles(few, to_floats<type>(load_halves(rest)));
  __builtin_memcpy(y + i, few, (n - i) * sizeof *y);
}

template <half type> void narrow_doubles(const double *x, uint16_t *y, size_t n) {
  constexpr size_t lanes = vec<double>::lanes;
  const auto rounded = [](const double *x) {
    return to_halves<type>(to_odd(load<double>(x), load<double>(x + lanes)));
  };
  size_t i = 0;
  for (; i + half_lanes <= n; i += half_lanes)
    store_halves(y + i, rounded(x + i));
  if (i == n) return;
  double rest[half_lanes] = {};
  __builtin_memcpy(rest, x + i, (n - i) * sizeof *x);
  uint16_t few[half_lanes];
  store_halves(few, rounded(rest));
  __builtin_memcpy(y + i, few, (n - i) * sizeof *y);
}

} // namespace
} // namespace nonlin
