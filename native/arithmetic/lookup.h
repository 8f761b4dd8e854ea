// Tables of a few numbers, which stay in registers: one of them for each lane.
#pragma once

#include "arithmetic/simd.h"

namespace {

// table[i mod 16] or table[i mod 8] for each lane.
#if VECTOR_BYTES == 64
inline vec<float> lookup(const float (&table)[16], vec<float>::bits i) {
  return _mm512_permutexvar_ps(__m512i(i), _mm512_loadu_ps(table));
}
inline vec<float> lookup(const float (&table)[8], vec<float>::bits i) {
  return _mm512_permutexvar_ps(__m512i(i), _mm512_broadcast_f32x8(_mm256_loadu_ps(table)));
}
#elif VECTOR_BYTES == 32
inline vec<float> lookup(const float (&table)[16], vec<float>::bits i) {
  __m256 low = _mm256_permutevar8x32_ps(_mm256_loadu_ps(table), __m256i(i));
  __m256 high = _mm256_permutevar8x32_ps(_mm256_loadu_ps(table + 8), __m256i(i));
  return _mm256_blendv_ps(low, high, __m256(i << 28));
}
inline vec<float> lookup(const float (&table)[8], vec<float>::bits i) {
  return _mm256_permutevar8x32_ps(_mm256_loadu_ps(table), __m256i(i));
}
#elif defined(__wasm__)
inline vec<float> lookup(const float (&table)[16], vec<float>::bits i) {
  i &= 15;
  return lane<float>::vector{table[i[0]], table[i[1]], table[i[2]], table[i[3]]};
}
inline vec<float> lookup(const float (&table)[8], vec<float>::bits i) {
  i &= 7;
  return lane<float>::vector{table[i[0]], table[i[1]], table[i[2]], table[i[3]]};
}
#else
// The four bytes of each entry.
inline uint8x16_t bytes_of(vec<float>::bits i) { return uint8x16_t(i * 0x04040404 + 0x03020100); }
inline vec<float> lookup(const float (&table)[16], vec<float>::bits i) {
  return float32x4_t(vqtbl4q_u8(vld1q_u8_x4((const uint8_t *)table), bytes_of(i & 15)));
}
inline vec<float> lookup(const float (&table)[8], vec<float>::bits i) {
  return float32x4_t(vqtbl2q_u8(vld1q_u8_x2((const uint8_t *)table), bytes_of(i & 7)));
}
#endif

// table[i mod 8] for each lane, where a register holds eight doubles also table[i mod 16].
#if VECTOR_BYTES == 64
inline vec<double> lookup(const double (&table)[8], vec<double>::bits i) {
  return _mm512_permutexvar_pd(__m512i(i), _mm512_loadu_pd(table));
}
inline vec<double> lookup(const double (&table)[16], vec<double>::bits i) {
  return _mm512_permutex2var_pd(_mm512_loadu_pd(table), __m512i(i), _mm512_loadu_pd(table + 8));
}
#elif VECTOR_BYTES == 32
// table[i mod 4], from the numbers of its halves.
inline __m256d lookup_four(const double *table, __m256i halves) {
  return __m256d(_mm256_permutevar8x32_ps(__m256(_mm256_loadu_pd(table)), halves));
}
inline __m256i halves_of(vec<double>::bits i) {
  return _mm256_shuffle_epi32(__m256i(2 * i), 0xa0) + __m256i(vec<double>::bits{} + (int64_t(1) << 32));
}
inline vec<double> lookup(const double (&table)[8], vec<double>::bits i) {
  __m256i h = halves_of(i);
  return _mm256_blendv_pd(lookup_four(table, h), lookup_four(table + 4, h), __m256d(i << 61));
}
#elif defined(__wasm__)
inline vec<double> lookup(const double (&table)[8], vec<double>::bits i) {
  return lane<double>::vector{table[i[0] & 7], table[i[1] & 7]};
}
#else
// The eight bytes of each entry.
inline uint8x16_t bytes_of(vec<double>::bits i) {
  uint32x4_t low = uint32x4_t(i), both = vtrn1q_u32(low, low);
  return uint8x16_t(both * 0x08080808 + uint32x4_t{0x03020100, 0x07060504, 0x03020100, 0x07060504});
}
inline uint8x16x4_t bytes_at(const double *table) { return vld1q_u8_x4((const uint8_t *)table); }
inline vec<double> lookup(const double (&table)[8], vec<double>::bits i) {
  return float64x2_t(vqtbl4q_u8(bytes_at(table), bytes_of(i & 7)));
}
#endif

} // namespace
