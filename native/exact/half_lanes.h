// Numbers of 16 bits in float lanes: to floats, which is exact, and back, to the nearest, ties to even, subnormals
// kept.
#pragma once

#include "arithmetic/simd.h"
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

inline bool differ(halves a, halves b) {
#if VECTOR_BYTES == 64
  return _mm256_movemask_epi8(_mm256_cmpeq_epi16(a, b)) != -1;
#elif VECTOR_BYTES == 32
  return _mm_movemask_epi8(_mm_cmpeq_epi16(a, b)) != 0xffff;
#else
  return vget_lane_u64(vreinterpret_u64_u16(vceq_u16(a, b)), 0) != ~uint64_t(0);
#endif
}

template <half type> void widen(const uint16_t *x, float *y, size_t n) {
  size_t i = 0;
  for (; i + half_lanes <= n; i += half_lanes)
    store(y + i, to_floats<type>(load_halves(x + i)));
  if (i == n) return;
  uint16_t rest[half_lanes] = {};
  __builtin_memcpy(rest, x + i, (n - i) * sizeof *x);
  store(y + i, to_floats<type>(load_halves(rest)));
}

// Not inlined, so that it costs the loop neither registers nor room.
[[gnu::noinline, gnu::cold]] inline void put_aside(halves low, halves high, const float *x, const float *g, size_t n,
                                                   open_results &open, size_t place) {
  uint16_t lows[half_lanes], highs[half_lanes];
  store_halves(lows, low);
  store_halves(highs, high);
  for (size_t i = 0; i < n; i++) {
    if (lows[i] == highs[i]) continue;
    open.places[open.count] = uint32_t(place + i);
    open.x[open.count] = x[i];
    open.g[open.count++] = g == nullptr ? 1 : g[i];
  }
}

// Up to a whole vector from each pointer is read, as far as x and y have room for one.
template <half type>
void round(const float *y, const float *x, const float *g, uint16_t *to, size_t n, const uncertainty &u,
           open_results &open, size_t place) {
  // Below the normal numbers an error is no share of the size, but zeros and infinities have to stay what they are.
  const vec<float> relative = u.relative, least = 0x1p-146f, most = 0x1p108f, zero = u.zero, width = u.width;
  for (size_t i = 0; i < n; i += half_lanes) {
    const vec<float> value = load<float>(y + i);
    const vec<float> size = abs(value);
    vec<float> error = min(min(fma(size, relative, least), size), most);
    if (u.width > 0) {
      const vec<float> here = load<float>(x + i), by = g == nullptr ? vec<float>(1.0f) : load<float>(g + i);
      const mask<float> beside = abs(here - zero) < width;
      error = select(beside, fma(abs(by), u.beside, error), error);
    }
    const auto signed_halves = [&](vec<float> a) {
      return to_halves<type>(from_bits<float>(to_bits(a) ^ (to_bits(value) & sign_bit<float>)));
    };
    const halves low = signed_halves(size - error), high = signed_halves(size + error);
    const size_t count = n - i < half_lanes ? n - i : half_lanes;
    if (count == half_lanes) {
      store_halves(to + i, low);
    } else {
      uint16_t rest[half_lanes];
      store_halves(rest, low);
      __builtin_memcpy(to + i, rest, count * sizeof *to);
    }
    if (differ(low, high)) [[unlikely]]
      put_aside(low, high, x + i, g == nullptr ? nullptr : g + i, count, open, place + i);
  }
}

} // namespace
} // namespace nonlin
