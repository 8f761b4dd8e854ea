// Which doubles an error may round to another float: those of which a middle between two floats lies within it.
#pragma once

#include "arithmetic/simd.h"

namespace {

// Whether any of four vectors has a middle within such an error, or is no normal float: neither zero nor between 2^-125
// and infinity. Of 53 bits 29 are rounded away; in the middle these are 2^28. What is added for the question may carry
// into the exponent, but not from below 2^-126.
template <int32_t error> bool any_doubtful(vec<double> a, vec<double> b, vec<double> c, vec<double> d) {
  constexpr int32_t middle = 1 << 28, mask = 2 * middle - 2 * error;
  constexpr int64_t from_least = int64_t(1024 - (1023 - 125)) << 52;
  if (!any_without(from_least + middle + error, mask, a, b, c, d)) [[likely]]
    return false;
  // Zeros counted. Here what is added is negative, so that they have every bit.
  const vec<double> scale = 0x1p126;
  if (any_without(error - middle, mask, a * scale, b * scale, c * scale, d * scale)) return true;
  // The exponent of what is infinite or NaN overflows into the sign.
  return any_greater(0.0, from_bits<double>(to_bits(abs((a + b) + (c + d))) + (int64_t(2) << 52)));
}
// The same of many vectors of nothing below zero, one after another, for one question.
template <int32_t error> class doubts {
  static constexpr int32_t middle = 1 << 28, mask = 2 * middle - 2 * error;
  static constexpr int64_t from_least = int64_t(1024 - (1023 - 125)) << 52, second = int64_t(1) << 62;
  vec<float>::bits low = ~vec<float>::bits{};
  vec<double>::bits exponents = ~vec<double>::bits{};

public:
  void see(vec<double> a) {
    const vec<double> some = select(a > vec<double>(0.0), a, vec<double>(1.0)); // Zero and NaN are in no doubt.
    const vec<double>::bits bits = to_bits(some) + (from_least + middle + error);
    exponents &= bits;
    low = smaller_unsigned(low, vec<float>::bits((bits & int64_t(mask)) | (int64_t(-1) << 32)));
  }
  bool any() const { return count_lanes<float>({low == 0}) + count_lanes<double>({(exponents & second) == 0}) > 0; }
};
// The lanes, a bit for each, where numbers within the error round to different floats, whatever they are; never NaN.
inline unsigned open_lanes(vec<double> y, vec<double> error) { return lanes_less_as_float(y - error, y + error); }
inline unsigned open_lanes(vec<double> y, int32_t error) { return open_lanes(y, abs(y) * (error * 0x1p-52)); }

} // namespace
