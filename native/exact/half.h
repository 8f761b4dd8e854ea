// A double as a number of 16 bits, rounded once: for the few that the lanes leave open.
#pragma once

#include "exact/halves.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

namespace nonlin {

// To the nearest, ties to even, subnormals kept; the upper bits of a NaN.
inline uint16_t to_half(half type, double x) {
  const int digits = type == float16 ? 10 : 7, least = type == float16 ? -14 : -126;
  const uint64_t bits = std::bit_cast<uint64_t>(x);
  const uint16_t sign = uint16_t(bits >> 48 & 0x8000), infinite = type == float16 ? 0x7c00 : 0x7f80;
  const double size = std::abs(x);
  if (size != size) return uint16_t(sign | infinite | 1 << (digits - 1));
  // In units of the last place, exactly: below the normal numbers that no longer shrinks.
  const int exponent = std::max(int(bits >> 52 & 0x7ff) - 1023, least);
  const double units = std::ldexp(size, digits - exponent);
  if (units >= 0x1p30) return uint16_t(sign | infinite);
  const uint32_t whole = uint32_t(units);
  const double rest = units - whole;
  const uint32_t rounded = whole + (rest > 0.5 || (rest == 0.5 && (whole & 1)));
  // A carry goes on into the exponent, and from the largest number to infinity.
  const uint32_t half = (uint32_t(exponent - least) << digits) + rounded;
  return uint16_t(sign | (half < infinite ? half : infinite));
}

} // namespace nonlin
