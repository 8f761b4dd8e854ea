// The logarithm of 1 + r, in double lanes.
#pragma once

#include "arithmetic/float64.h"

namespace {

// log((1 + s) / (1 - s)) as 2 s + s^3 p(s^2), for |s| <= 0.1716: 0.011 u.
constexpr double log_terms[] = {
    0x1.5555555555592p-1, 0x1.999999997ff58p-2, 0x1.24924941dc60dp-2, 0x1.c71c5218e11e7p-3,
    0x1.74663bf27e498p-3, 0x1.39a2024d03472p-3, 0x1.2f02bc1c6ca58p-3,
};
// ln 2 in two parts, of which the first has room for a product with a small exponent.
constexpr double log_2_high = 0x1.62e42ffp-1, log_2_low = -0x1.718432a1b0e26p-35;

// For r >= 0. 1 + r is 2^k f, with f between sqrt(1/2) and sqrt(2); what the sum has lost is added in the end, so that
// the result keeps its relative accuracy down to the smallest r. With d = f - 1 and s = d / (2 + d), log f is
// d - (d^2 / 2 - s (d^2 / 2 + s^2 p(s^2))), where the small term alone has been rounded often. NaN and infinity stay.
inline vec<double> log1p(vec<double> r) {
  using bits = vec<double>::bits;
  const vec<double> sum = r + 1;
  const vec<double> lost = select(r > 1, 1 - (sum - r), r - (sum - 1));
  const int64_t root_half = __builtin_bit_cast(int64_t, 0x1.6a09e667f3bcdp-1);
  const bits power = (to_bits(sum) - root_half) >> 52; // k
  const vec<double> k = from_bits<double>(power + to_bits(vec<double>(shifter<double>))) - shifter<double>;
  const vec<double> d = from_bits<double>(to_bits(sum) - (power << 52)) - 1;
  const vec<double> s = d / (d + 2), z = s * s, half = 0.5 * d * d;
  const vec<double> small =
      fma(k, log_2_low, lost * roughly_reciprocal(sum)) + s * fma(z, polynomial(log_terms, z), half);
  const vec<double> y = fma(k, log_2_high, d - (half - small));
  return select(r < __builtin_inf(), y, r);
}

} // namespace
