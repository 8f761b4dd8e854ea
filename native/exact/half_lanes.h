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

// The numbers whose upper halves are those of two vectors: of bfloat16, when half a last place has been added.
inline void store_upper_halves(uint16_t *p, vec<float>::bits a, vec<float>::bits b) {
#if VECTOR_BYTES == 64
  store_halves(p, _mm512_cvtepi32_epi16(__m512i(a >> 16)));
  store_halves(p + half_lanes, _mm512_cvtepi32_epi16(__m512i(b >> 16)));
#elif VECTOR_BYTES == 32
  const __m256i packed = _mm256_packus_epi32(_mm256_srli_epi32(__m256i(a), 16), _mm256_srli_epi32(__m256i(b), 16));
  const __m256i both = _mm256_permute4x64_epi64(packed, 0xd8);
  __builtin_memcpy(p, &both, sizeof both);
#else
  const uint16x8_t both = vuzp2q_u16(uint16x8_t(a), uint16x8_t(b));
  __builtin_memcpy(p, &both, sizeof both);
#endif
}

// Which lanes differ: nothing where none does.
inline halves difference(halves a, halves b) { return halves(a ^ b); }
inline bool any(halves a) {
#if VECTOR_BYTES == 64
  return !_mm256_testz_si256(a, a);
#elif VECTOR_BYTES == 32
  return !_mm_testz_si128(a, a);
#else
  return vget_lane_u64(vreinterpret_u64_u16(a), 0) != 0;
#endif
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

// An error of floats in units of their last place, which are no shares of the size below the normal numbers.
inline int32_t units_of(float relative) { return int32_t(relative * 0x1p24f); }

// Whatever the numbers are. Not inlined, so that it costs the loop neither registers nor room. Up to a whole vector
// from each pointer is read, as x and y have room for one.
template <half type>
[[gnu::noinline]] void round_any(const float *y, const float *x, const float *g, uint16_t *to, size_t n,
                                 const float_error &known, open_results &open, size_t place) {
  using bits = vec<float>::bits;
  constexpr int32_t infinity = 0x7f800000;
  const int32_t units = units_of(known.relative);
  for (size_t i = 0; i < n; i += half_lanes) {
    const vec<float> value = load<float>(y + i), size = abs(value);
    // Zeros, infinities and what is no number are certain.
    const bits b = to_bits(size), error = (b > 0) & (b < infinity) & units;
    vec<float> least = from_bits<float>(b - error < 0 ? bits{} : b - error), most = from_bits<float>(b + error);
    if (known.width > 0) {
      const mask<float> beside = abs(load<float>(x + i) - known.zero) < known.width;
      const vec<float> share = abs(load<float>(g + i)) * known.beside_zero;
      least = select(beside, size - share, least);
      most = select(beside, size + share, most);
    }
    const auto rounded = [&](vec<float> a) {
      return to_halves<type>(from_bits<float>(to_bits(a) ^ (to_bits(value) & sign_bit<float>)));
    };
    const halves low = rounded(least), high = rounded(most);
    const size_t count = n - i < half_lanes ? n - i : half_lanes;
    if (count == half_lanes)
      store_halves(to + i, low);
    else
      __builtin_memcpy(to + i, &low, count * sizeof *to);
    if (!any(difference(low, high))) continue;
    const mask<float> differ = {to_bits(to_floats<type>(low)) != to_bits(to_floats<type>(high))};
    const vec<float> one = 1.0f, none = 0.0f;
    const some_lanes<float> some = some_lanes<float>::above(select(differ, one, none), none).first(count);
    const size_t at = open.count;
    compress(g == nullptr ? one : load<float>(g + i), some, int32_t(place + i), open.g + at, open.places + at);
    open.count += compress(load<float>(x + i), some, int32_t(place + i), open.x + at, open.places + at);
  }
}

template <half type>
void round(const float *y, const float *x, const float *g, uint16_t *to, size_t n, const float_error &known,
           open_results &open, size_t place) {
  using bits = vec<float>::bits;
  constexpr size_t several = 4, step = several * half_lanes;
  // So many of the last digits are rounded away, and in the middle between two halves these are half of all.
  constexpr int32_t ends = (1 << (type == float16 ? 13 : 16)) - 1, middle = (ends + 1) / 2;
  const int32_t error = units_of(known.relative);
  const bits all = bits{} + ends, window = bits{} + (middle + error), near = bits{} + 2 * error;
  // Of float16 the subnormals lose more. Counted from the least negative integer on, and zero, which is certain, last.
  constexpr int32_t size_bits = 0x7fffffff, least_normal = 0x38800000;
  size_t i = 0;
  for (; known.width == 0 && i + step <= n; i += step) {
    bits nearest = all, smallest = bits{} + size_bits;
    vec<float> v[several];
    for (size_t j = 0; j < several; j++) {
      v[j] = load<float>(y + i + j * half_lanes);
      const bits b = to_bits(v[j]), rest = (b + window) & all;
      nearest = nearest < rest ? nearest : rest;
      if constexpr (type == float16) {
        const bits size = (b & size_bits) + size_bits;
        smallest = smallest < size ? smallest : size;
      }
    }
    // The upper half of a bfloat16 and a half more is the number. What is no number has no digits in the lower half.
    for (size_t j = 0; j < several; j += type == float16 ? 1 : 2)
      if constexpr (type == float16)
        store_halves(to + i + j * half_lanes, to_halves<type>(v[j]));
      else
        store_upper_halves(to + i + j * half_lanes, to_bits(v[j]) + middle, to_bits(v[j + 1]) + middle);
    bits is_open = nearest <= near;
    if constexpr (type == float16) is_open |= smallest < least_normal - 1 + sign_bit<float>;
    if (any_greater(select(mask<float>{is_open}, vec<float>(1.0f), vec<float>(0.0f)), 0.0f)) [[unlikely]]
      round_any<type>(y + i, x + i, g == nullptr ? nullptr : g + i, to + i, step, known, open, place + i);
  }
  round_any<type>(y + i, x + i, g == nullptr ? nullptr : g + i, to + i, n - i, known, open, place + i);
}

} // namespace
} // namespace nonlin
