// A double as a number of 16 bits, rounded once: for the few that the lanes leave open.
#pragma once

#include "exact/halves.h"

#include <bit>
#include <cstdint>

namespace nonlin {

// To the nearest, ties to even, subnormals kept; the upper bits of a NaN.
inline uint16_t to_half(half type, double x) {
  const int digits = type == float16 ? 10 : 7, least = type == float16 ? -14 : -126;
  const uint64_t bits = std::bit_cast<uint64_t>(x), fraction = bits & ((uint64_t(1) << 52) - 1);
  const unsigned sign = unsigned(bits >> 48) & 0x8000, infinite = type == float16 ? 0x7c00 : 0x7f80;
  const int exponent = int(bits >> 52 & 0x7ff) - 1023;
  if (exponent == 1024 && fraction != 0) return uint16_t(sign | infinite | 1 << (digits - 1));
  if (exponent > 1 - least) return uint16_t(sign | infinite);
  // In units of the last of 53 digits, with the exponent above them; below the normal numbers digits drop out.
  const int below = exponent < least ? least - exponent : 0, cut = 52 - digits + below;
  if (cut > 62) return uint16_t(sign);
  const uint64_t size = (uint64_t(exponent - least + below) << 52) + (uint64_t(1) << 52 | fraction);
  const uint64_t rounded = (size + ((uint64_t(1) << (cut - 1)) - 1) + (size >> cut & 1)) >> cut;
  // A carry goes on into the exponent, and from the largest number to infinity.
  return uint16_t(sign | (rounded < infinite ? rounded : infinite));
}

} // namespace nonlin
