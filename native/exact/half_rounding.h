// Results in float lanes, which are known but for their error, to the nearest halves; those between which and their
// error there is a middle are put aside.
#pragma once

#include "exact/half_lanes.h"
#include "rows/rows.h"

namespace nonlin {
namespace {

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

// An error of floats in units of their last place, which are no shares of the size below the normal numbers.
inline int32_t units_of(float relative) { return int32_t(relative * 0x1p24f); }

// What the least and the largest that a result may be round to. It is open where these differ.
struct rounded {
  halves low, high;
};

// Whatever the numbers are.
template <half type> rounded round_any(vec<float> value, const float *x, const float *g, const float_error &known) {
  using bits = vec<float>::bits;
  constexpr int32_t infinity = 0x7f800000;
  const vec<float> size = abs(value);
  // Zeros, infinities and what is no number are certain.
  const bits b = to_bits(size), error = (b > 0) & (b < infinity) & units_of(known.relative);
  vec<float> least = from_bits<float>(b - error < 0 ? bits{} : b - error), most = from_bits<float>(b + error);
  if (known.width > 0) {
    const mask<float> beside = abs(load<float>(x) - known.zero) < known.width;
    const vec<float> share = abs(load<float>(g)) * known.beside_zero;
    least = select(beside, size - share, least);
    most = select(beside, size + share, most);
  }
  if (type == bfloat16 && known.beside_half != float_error::unknown_side) {
    // A last place from x / 2, whose bits are half of x's.
    const vec<float> from = load<float>(x);
    const bits side = to_bits(from) < 0 ? bits{} - known.beside_half : bits{} + known.beside_half;
    const vec<float> beside = from_bits<float>((to_bits(abs(from)) >> 1) + side);
    const mask<float> is_small = is_smaller(from, half_end);
    least = select(is_small, beside, least);
    most = select(is_small, beside, most);
  }
  const auto rounded = [&](vec<float> a) {
    return to_halves<type>(from_bits<float>(to_bits(a) ^ (to_bits(value) & sign_bit<float>)));
  };
  return {rounded(least), rounded(most)};
}

// Two vectors at a time are asked whether something may be open.
constexpr size_t pair_lanes = 2 * half_lanes;

// Whatever two vectors are.
template <half type>
bool store_pair(const float *y, const float *x, const float *g, uint16_t *to, const float_error &known) {
  const rounded first = round_any<type>(load<float>(y), x, g, known);
  const rounded second =
      round_any<type>(load<float>(y + half_lanes), x + half_lanes, g == nullptr ? g : g + half_lanes, known);
  store_halves(to, first.low);
  store_halves(to + half_lanes, second.low);
  return any(difference(first.low, first.high) | difference(second.low, second.high));
}

// Of values, in fewer steps: certain, if it does not say that something is open.
template <half type> bool store_values(const float *y, uint16_t *to, int32_t error) {
  using bits = vec<float>::bits;
  if constexpr (type == float16) {
    // Infinities and what is no number come out open, and put_aside has them right.
    // What is far below half of the least number is 0, before a processor that is slow with subnormal floats meets it.
    constexpr int32_t next_to_none = 0x32000000;
    const auto round = [=](vec<float> value) -> rounded {
      const bits b = to_bits(value);
      const mask<float> counts = {(b & ~sign_bit<float>) >= next_to_none};
      const bits size = to_bits(select(counts, value, from_bits<float>(b & sign_bit<float>)));
      const bits units = counts.m & error;
      return {to_halves<type>(from_bits<float>(size - units)), to_halves<type>(from_bits<float>(size + units))};
    };
    const rounded first = round(load<float>(y)), second = round(load<float>(y + half_lanes));
    store_halves(to, first.low);
    store_halves(to + half_lanes, second.low);
    return any(difference(first.low, first.high) | difference(second.low, second.high));
  } else {
    // So many of the last digits are rounded away, and in the middle between two halves these are half of all.
    constexpr int32_t ends = 0xffff, middle = (ends + 1) / 2;
    const bits a = to_bits(load<float>(y)), b = to_bits(load<float>(y + half_lanes));
    // The upper half and a half more is the number. What is no number has no digits in the lower half.
    store_upper_halves(to, a + middle, b + middle);
    const bits rest_of_a = (a + (middle + error)) & ends, rest_of_b = (b + (middle + error)) & ends;
    const bits least = rest_of_a < rest_of_b ? rest_of_a : rest_of_b;
    return any_greater(select(mask<float>{least <= 2 * error}, vec<float>(1.0f), vec<float>(0.0f)), 0.0f);
  }
}

// Where pairs of vectors begin in which something may be open, the last of which may be in part beyond the n elements.
struct doubtful_pairs {
  int32_t at[open_results::most / pair_lanes + 2];
  const size_t n;
  size_t count = 0;

  explicit doubtful_pairs(size_t n) : n(n) {}
  // Without a branch, as no processor foresees where that is.
  void add(size_t i, bool is_doubtful) {
    at[count] = int32_t(i);
    count += is_doubtful;
  }
};

// As round_any rounds them, and what is open aside.
template <half type>
[[gnu::noinline]] void put_aside(const doubtful_pairs &doubtful, const float *y, const float *x, const float *g,
                                 uint16_t *to, const float_error &known, open_results &open, size_t place) {
  const vec<float> one = 1.0f, none = 0.0f;
  size_t at = open.count;
  for (size_t k = 0; k < doubtful.count; k++)
    for (size_t j = 0; j < 2; j++) {
      const size_t i = size_t(doubtful.at[k]) + j * half_lanes;
      if (i >= doubtful.n) break;
      const size_t left = doubtful.n - i, count = left < half_lanes ? left : half_lanes;
      const rounded found = round_any<type>(load<float>(y + i), x + i, g == nullptr ? nullptr : g + i, known);
      if (count == half_lanes)
        store_halves(to + i, found.low);
      else
        __builtin_memcpy(to + i, &found.low, count * sizeof *to);
      const mask<float> differ = {to_bits(to_floats<type>(found.low)) != to_bits(to_floats<type>(found.high))};
      const some_lanes<float> some = some_lanes<float>::above(select(differ, one, none), none).first(count);
      compress(g == nullptr ? one : load<float>(g + i), some, int32_t(place + i), open.g + at, open.places + at);
      at += compress(load<float>(x + i), some, int32_t(place + i), open.x + at, open.places + at);
    }
  open.count = at;
}

// First all of them, and then once more those that may be open.
template <half type>
void round(const float *y, const float *x, const float *g, uint16_t *to, size_t n, const float_error &known,
           open_results &open, size_t place) {
  const int32_t error = units_of(known.relative);
  doubtful_pairs doubtful(n);
  size_t i = 0;
  if (known.width > 0)
    for (; i + pair_lanes <= n; i += pair_lanes)
      doubtful.add(i, store_pair<type>(y + i, x + i, g + i, to + i, known));
  else
    for (; i + pair_lanes <= n; i += pair_lanes)
      doubtful.add(i, store_values<type>(y + i, to + i, error));
  doubtful.add(i, i < n);
  put_aside<type>(doubtful, y, x, g, to, known, open, place);
}

} // namespace
} // namespace nonlin
