// Exponents with a parameter in them, to twice the digits: what rounding took from one would be one of as many ulps in
// the exponential as the exponent is large.
#pragma once

#include "arithmetic/primitives.h"

namespace {

// x with its sign changed where b is negative.
template <class T> vec<T> times_sign(vec<T> x, vec<T> b) {
  return from_bits<T>(to_bits(x) ^ (to_bits(b) & sign_bit<T>));
}

// x b between -least and most, and what rounding takes from it; of what is cut off nothing.
template <class T> pair<T> product_within(vec<T> x, vec<T> b, T least, T most) {
  const vec<T> high = min(max(x * b, -least), most), low = fma(x, b, -high);
  return {high, select(abs(low) < 1, low, vec<T>(T(0)))};
}
// x / c as `value`, no farther from 0 than the end, and x - c value; where that is cut off, nothing.
template <class T> struct rounded_quotient {
  vec<T> value, rest;
  // The reciprocal is the same for all x.
  rounded_quotient(vec<T> x, vec<T> c, T end)
      : value(max(min(x * min(1 / c, largest<T>), end), -end)),
        rest(select(abs(value) < end, fma(-value, c, x), vec<T>(T(0)))) {}
};
// The same as a sum of two.
template <class T> pair<T> quotient_within(vec<T> x, vec<T> c, T end) {
  const rounded_quotient<T> z(x, c, end);
  return {z.value, z.rest * min(1 / c, largest<T>)};
}

} // namespace
